"""Random on-call schedules as a spec writes them, and who is on call by their definition.

The second half reads the plain mappings minute by minute. It shares no code with the compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

PEOPLE = ("ann", "bob", "cat", "dan", "eve")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WINDOW = {"weekdays": ["tuesday:thursday"], "times": [{"from": "08:00", "until": "20:30"}]}
WINDOW_ZONE = "America/New_York"
Spec = Mapping[str, Any]

CHANGES = {
    "Europe/Paris": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "America/New_York": ("2026-03-08T07:00", "2026-11-01T06:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00", "2026-10-03T15:30"),  # by half an hour
    "Pacific/Apia": ("2011-12-30T10:00",),  # there was no 30 December
    "America/Santiago": ("2026-04-05T03:00", "2026-09-06T04:00"),  # at midnight
    "Asia/Kolkata": ("2027-01-01T00:00",),  # none: an offset of half an hour
}
"""Zones with an instant (UTC) at which their clocks change."""
ZONES = tuple(CHANGES)


# --------------------------------------------------------------------------- what is written


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


clocks = st.one_of(
    st.sampled_from(("00:00", "00:30", "01:15", "01:45", "02:00", "02:15", "02:30", "03:00")),
    st.builds(
        lambda hour, minute: f"{hour:02}:{minute:02}",
        st.integers(0, 23),
        st.sampled_from((0, 15, 30, 45)),
    ),
)
"""Times of day; many of those at which clocks change."""
members = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4)
moments_of_week = st.builds(lambda day, clock: f"{day} {clock}", st.sampled_from(DAYS), clocks)


@st.composite
def weekdays(draw: st.DrawFn) -> list[str]:
    first, last = sorted(draw(st.tuples(st.integers(0, 6), st.integers(0, 6))))
    return [DAYS[first] if first == last else f"{DAYS[first]}:{DAYS[last]}"]


@st.composite
def durings(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(("window", "weekly", "days", "times", "both")))
    if kind == "window":
        return "office"
    if kind == "weekly":
        return {"from": draw(moments_of_week), "until": draw(moments_of_week)}
    found: dict[str, Any] = {}
    if kind != "times":
        found["weekdays"] = draw(weekdays())
    if kind != "days":
        pairs = st.tuples(clocks, clocks).filter(lambda pair: pair[0] != pair[1])
        drawn = draw(st.lists(pairs, min_size=1, max_size=2))
        found["times"] = [{"from": start, "until": end} for start, end in drawn]
    return found


@st.composite
def rotations(draw: st.DrawFn) -> dict[str, Any]:
    every = draw(st.sampled_from(("1h", "5h", "8h", "12h", "1d", "36h", "2d", "1w", "2w")))
    found = {"every": every, "members": draw(members)}
    hand_over = draw(st.sampled_from(("", "clock", "day")))
    if hand_over == "day" and every.endswith("w"):
        found["hand_over"] = draw(moments_of_week)
    elif hand_over:
        found["hand_over"] = draw(clocks)
    return found


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    """One schedule with everything that it may have; instants carry their offset."""
    home = draw(st.sampled_from(ZONES))
    change = draw(st.sampled_from([_moment(f"{text}+00:00") for text in CHANGES[home]]))
    begins = change - timedelta(minutes=15 * draw(st.integers(0, 4 * 96)))
    length = timedelta(minutes=15 * draw(st.integers(4, 30 * 96)))
    minutes = st.integers(0, 30 * 1440).map(lambda m: begins + timedelta(minutes=m))
    layers = []
    for number in range(draw(st.integers(1, 4))):
        layer: dict[str, Any] = {"name": f"l{number}", "rotation": draw(rotations())}
        if draw(st.integers(0, 3)) == 0:
            layer["timezone"] = draw(st.sampled_from(ZONES))
        if draw(st.integers(0, 3)) > (0 if number else 2):
            layer["during"] = draw(durings())
        if draw(st.integers(0, 3)) == 0:
            starts = begins + timedelta(minutes=draw(st.integers(0, 5 * 1440)))
            layer["rotation"]["starts"] = _iso(starts)
            layer["rotation"]["until"] = _iso(starts + length)
        layers.append(layer)
    return {
        "timezone": home,
        "starts": _iso(begins),
        "until": _iso(begins + length),
        "layers": layers,
        "holidays": [draw(_holidays(begins)) for _ in range(draw(st.integers(0, 2)))],
        "overrides": [
            {"from": _iso(min(pair)), "until": _iso(max(pair)), "member": who}
            for *pair, who in draw(
                st.lists(
                    st.tuples(minutes, minutes, st.sampled_from(PEOPLE)).filter(
                        lambda drawn: drawn[0] != drawn[1]
                    ),
                    max_size=3,
                )
            )
        ],
        "allow_gaps": True,
    }


@st.composite
def _holidays(draw: st.DrawFn, begins: datetime) -> dict[str, Any]:
    days: list[Any] = []
    for _ in range(draw(st.integers(1, 3))):
        first = begins.date() + timedelta(days=draw(st.integers(0, 14)))
        more = draw(st.integers(0, 3))
        last = first + timedelta(days=more)
        days.append({"first": str(first), "last": str(last)} if more else str(first))
    who: dict[str, Any] = draw(
        st.one_of(
            st.sampled_from(PEOPLE).map(lambda name: {"member": name}),
            members.map(lambda names: {"members": names}),
            st.just({"nobody": True}),
            rotations().map(lambda rotation: {"rotation": rotation}),
        )
    )
    found = {"days": days, **who}
    if draw(st.booleans()):
        found["hand_over"] = draw(clocks)
    return found


# --------------------------------------------------------------------------- what it means


def doubtful(spec: Spec) -> list[datetime]:
    """Every quarter of an hour around the changes of clocks in the schedule's time and zone."""
    changes = [_moment(f"{text}+00:00") for text in CHANGES[spec["timezone"]]]
    begins, ends = span(spec)
    near = [change for change in changes if begins <= change < ends]
    return [change + timedelta(minutes=15 * m) for change in near for m in range(-9, 9)]


def span(spec: Spec) -> tuple[datetime, datetime]:
    """From the beginning of the first layer to the end of the last."""
    found = [_bounds(layer["rotation"], spec) for layer in spec["layers"]]
    return min(start for start, _ in found), max(end for _, end in found)


def expected(spec: Spec, at: datetime) -> str:
    """Who is on call at a moment; empty: nobody."""
    begins, ends = span(spec)
    if not begins <= at < ends:
        return ""
    for override in reversed(spec["overrides"]):
        if _moment(override["from"]) <= at < _moment(override["until"]):
            return str(override["member"])
    for rule in reversed(spec["holidays"]):
        who = _on_holiday(rule, spec, at)
        if who is not None:
            return who
    for layer in reversed(spec["layers"]):
        zone = layer.get("timezone", spec["timezone"])
        if _active(layer.get("during"), zone, at):
            who = _in_turn(layer["rotation"], zone, _bounds(layer["rotation"], spec), at)
            if who is not None:
                return who
    return ""


def _on_holiday(rule: Spec, spec: Spec, at: datetime) -> str | None:
    """Who is on call by a rule; empty: nobody; None: the rule says nothing of this moment."""
    shown = _shown(at, spec["timezone"])
    clock = time.fromisoformat(rule.get("hand_over", "00:00"))
    ranges = sorted(
        (date.fromisoformat(d["first"]), date.fromisoformat(d["last"]))
        if isinstance(d, dict)
        else (date.fromisoformat(d), date.fromisoformat(d))
        for d in rule["days"]
    )
    inside = [
        index
        for index, (first, last) in enumerate(ranges)
        if datetime.combine(first, clock)
        <= shown
        < datetime.combine(last + timedelta(days=1), clock)
    ]
    if not inside:
        return None
    if "rotation" in rule:
        begins, ends = span(spec)
        return _in_turn(rule["rotation"], spec["timezone"], (begins, ends), at)
    if "nobody" in rule:
        return ""
    names = rule.get("members") or [rule["member"]]
    return str(names[inside[-1] % len(names)])


def _in_turn(
    rotation: Spec, zone: str, bounds: tuple[datetime, datetime], at: datetime
) -> str | None:
    """Whose turn it is by what the clock has shown; turns are counted from the one at `starts`."""
    if not bounds[0] <= at < bounds[1]:
        return None
    every = _length(rotation["every"])
    first = bounds[0].astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    anchor = first
    if "hand_over" in rotation:
        day, _, clock = rotation["hand_over"].rpartition(" ")
        anchor = datetime.combine(first.date(), time.fromisoformat(clock))
        while anchor > first or (day and DAYS[anchor.weekday()] != day):
            anchor -= timedelta(days=1)
    turn = (_shown(at, zone) - anchor) // every - (first - anchor) // every
    return str(rotation["members"][turn % len(rotation["members"])])


def _active(during: Any, zone: str, at: datetime) -> bool:
    if during is None:
        return True
    if during == "office":
        during, zone = WINDOW, WINDOW_ZONE
    local = at.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M}"
    if "from" in during:
        week = [(DAYS.index(d), c) for d, c in (during[k].split() for k in ("from", "until"))]
        now = (local.weekday(), clock)
        start, end = week
        return start <= now < end if start < end else now >= start or now < end
    today, yesterday = (
        _weekday_in(during.get("weekdays"), (local.weekday() - back) % 7) for back in (0, 1)
    )
    for part in during.get("times", [{"from": "00:00", "until": "24:00"}]):
        start, end = part["from"], part["until"]
        if start < end and today and start <= clock < end:
            return True
        if start > end and ((today and clock >= start) or (yesterday and clock < end)):
            return True
    return False


def _weekday_in(texts: list[str] | None, day: int) -> bool:
    if texts is None:
        return True
    ranges = [text.split(":") for text in texts]
    return any(DAYS.index(r[0]) <= day <= DAYS.index(r[-1]) for r in ranges)


@lru_cache(maxsize=100_000)
def _shown(at: datetime, zone: str) -> datetime:
    """The latest time that the zone's clocks have shown so far: they may have gone back since."""
    local = ZoneInfo(zone)
    now, earlier = at.astimezone(local), (at - timedelta(hours=3)).astimezone(local)
    if now.replace(tzinfo=None) - earlier.replace(tzinfo=None) >= timedelta(hours=3):
        return now.replace(tzinfo=None)
    readings = ((at - timedelta(minutes=m)).astimezone(local) for m in range(181))
    return max(reading.replace(tzinfo=None) for reading in readings)


def _bounds(rotation: Spec, spec: Spec) -> tuple[datetime, datetime]:
    begins, ends = (_moment(rotation.get(key, spec[key])) for key in ("starts", "until"))
    return begins, ends


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _length(text: str) -> timedelta:
    unit = {"h": "hours", "d": "days", "w": "weeks"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})
