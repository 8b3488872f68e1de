"""On-call schedules of a spec: rotations, layers, holidays, overrides.

Wall-clock times become instants here; who is on call when is `compile.oncall`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from generator.findings import Place
from generator.spec.model import (
    Holiday,
    Layer,
    Rotation,
    Schedule,
    Shift,
    TimeWindow,
)
from generator.spec.read_during import read_during
from generator.spec.read_notify import WEEKDAYS
from generator.spec.scalars import Reading, duration, flag, moment, string, strings, zone
from generator.spec.source import Node
from generator.spec.validate import one_of
from generator.spec.wallclock import first_at
from generator.values import Duration

Days = tuple[tuple[date, date], ...]
"""Holidays as written: first and last day of each, both included."""

_KINDS = ("rotation", "layers", "shift_from")
_WHO = ("member", "members", "rotation", "nobody")
_LONGEST = timedelta(days=3653)
_HOUR = Duration.of(hours=1).ms
_WEEK = Duration.of(days=7).ms


@dataclass(frozen=True, slots=True)
class Staffing:
    """What schedules may refer to, and the zone of wall-clock times that name none.

    The `*_names` hold every name that is written, the others those that can be used.
    """

    people: Mapping[str, object]
    windows: Mapping[str, TimeWindow]
    window_names: Mapping[str, object]
    holidays: Mapping[str, Days]
    holiday_names: Mapping[str, object]
    timezone: str


@dataclass(frozen=True, slots=True)
class _Span:
    """When the rotations of a schedule run that do not say it themselves."""

    starts: datetime | None
    until: datetime | None


def read_holidays(node: Node | None, reading: Reading) -> dict[str, Days]:
    """Calendars of holidays by name."""
    found: dict[str, Days] = {}
    for name, _, value in node.values() if node else ():
        if reading.usable("holidays", name):
            found[name] = _days(value, reading)
    return found


def read_schedules(node: Node | None, staffing: Staffing, reading: Reading) -> dict[str, Schedule]:
    """On-call schedules by name."""
    schedules: dict[str, Schedule] = {}
    followers: list[tuple[str, Place, Node]] = []
    written = node.entries if node else {}
    for name, place, value in node.values() if node else ():
        if not reading.usable("oncall", name):
            continue
        wrong = one_of(value, _KINDS, "a schedule", "schedule-kind")
        reading.findings += wrong
        if wrong:
            continue
        if value.get("shift_from") is not None:
            followers.append((name, place, value))
            continue
        schedule = _schedule(name, place, value, staffing, reading)
        if schedule is not None:
            schedules[name] = schedule
    for name, place, value in followers:
        schedule = _follower(name, place, value, schedules, written, staffing, reading)
        if schedule is not None:
            schedules[name] = schedule
    return {name: schedules[name] for name in written if name in schedules}


# --------------------------------------------------------------------------- layers


def _schedule(
    name: str, place: Place, node: Node, staffing: Staffing, reading: Reading
) -> Schedule | None:
    local = _zone(node, staffing.timezone, place, reading)
    span = _Span(*(_moment(node.get(key), local, reading) for key in ("starts", "until")))
    if node.get("offset") is not None:
        hint = "write shift_from: <schedule>, or change the order of the members"
        message = "offset belongs to shift_from"
        reading.error("bad-rotation", message, node.key_place("offset"), hint)
    layers = _layers(node, local, span, staffing, reading)
    if not layers:
        return None
    starts = min(layer.rotation.starts for layer in layers)
    until = max(layer.rotation.until for layer in layers)
    base = Schedule(name, local.key, starts, until, layers, (), place)
    return _with_exceptions(base, node, staffing, reading)


def _layers(
    node: Node, local: ZoneInfo, span: _Span, staffing: Staffing, reading: Reading
) -> tuple[Layer, ...]:
    """The layers, none of them when any cannot be used."""
    single, several = node.get("rotation"), node.get("layers")
    if single is not None:
        rotation = _rotation(single, local, span, staffing, reading)
        return (Layer("", rotation, None),) if rotation else ()
    layers: list[Layer | None] = []
    for number, item in enumerate(several.items if several else (), 1):
        layer_zone = _zone(item, local.key, item.place, reading)
        rotation_node = item.get("rotation")
        assert rotation_node is not None
        rotation = _rotation(rotation_node, layer_zone, span, staffing, reading)
        during = read_during(
            item.get("during"), layer_zone, staffing.windows, staffing.window_names, reading
        )
        name = string(item.get("name"), f"layer {number}")
        if any(layer is not None and layer.name == name for layer in layers):
            message = f"two layers are named {name!r}"
            reading.error("duplicate-name", message, item.place, "give each a name of its own")
        usable = rotation is not None and (during is not None or item.get("during") is None)
        layers.append(Layer(name, rotation, during) if rotation and usable else None)
    found = tuple(layer for layer in layers if layer is not None)
    return found if len(found) == len(layers) else ()


def _rotation(
    node: Node, local: ZoneInfo, span: _Span, staffing: Staffing, reading: Reading
) -> Rotation | None:
    members, every_node = node.get("members"), node.get("every")
    for member in members.items if members else ():
        reading.reference(string(member), staffing.people, "person", member.place)
    assert every_node is not None
    every = duration(every_node)
    if every.ms == 0 or every.ms % _HOUR:
        message = f"a turn lasts whole hours, days or weeks, not {every}"
        reading.error("bad-rotation", message, every_node.place, "write 8h, 12h, 1d, 1w or 2w")
        return None
    starts = _edge(node, "starts", span.starts, local, reading)
    until = _edge(node, "until", span.until, local, reading)
    if starts is None or until is None:
        return None
    end_place = (node.get("until") or node).place
    if until <= starts:
        reading.error("bad-order", "the rotation ends before it starts", end_place)
        return None
    if until - starts > _LONGEST:
        hint = "plan a year or two: its end is warned about from four weeks before"
        reading.error("bad-rotation", "the rotation runs for over ten years", end_place, hint)
        return None
    anchor = _anchor(node.get("hand_over"), every, starts, local, reading)
    return Rotation(local.key, every, anchor, starts, until, strings(members))


def _edge(
    node: Node, key: str, default: datetime | None, local: ZoneInfo, reading: Reading
) -> datetime | None:
    written = node.get(key)
    if written is not None:
        return _moment(written, local, reading)
    if default is None:
        hint = f"add {key} here, or to the schedule for all its layers"
        reading.error("missing-key", f"the rotation needs {key}", node.place, hint)
    return default


def _anchor(
    node: Node | None, every: Duration, starts: datetime, local: ZoneInfo, reading: Reading
) -> datetime:
    """The last hand-over that is not after `starts`, on the wall clock."""
    first = starts.astimezone(local).replace(tzinfo=None)
    if node is None:
        return first
    day, _, clock = string(node).rpartition(" ")
    back = (first.weekday() - WEEKDAYS.index(day)) % 7 if day else 0
    found = datetime.combine(first.date() - timedelta(days=back), time.fromisoformat(clock))
    if found > first:
        found -= timedelta(days=7 if day else 1)
    if day and every.ms % _WEEK:
        message = f"turns of {every} cannot all begin on {day}"
        hint = f"write {clock} alone, or turns of whole weeks"
        reading.error("bad-rotation", message, node.place, hint)
    length = timedelta(milliseconds=every.ms)
    return found + (first - found) // length * length


# --------------------------------------------------------------------------- shifted


def _follower(
    name: str,
    place: Place,
    node: Node,
    schedules: Mapping[str, Schedule],
    written: Mapping[str, tuple[Place, Node]],
    staffing: Staffing,
    reading: Reading,
) -> Schedule | None:
    """A schedule with another's layers, whose members are some turns ahead of it."""
    source = node.get("shift_from")
    assert source is not None
    for key in ("timezone", "starts", "until"):
        if node.get(key) is not None:
            message = f"{name} takes {key} from {string(source)}"
            reading.error("bad-rotation", message, node.key_place(key), "remove it")
    if not reading.reference(string(source), written, "on-call schedule", source.place):
        return None
    if written[string(source)][1].get("shift_from") is not None:
        message = f"{string(source)} is shifted itself"
        hint = "shift from the schedule that has the members, with offset: 2"
        reading.error("bad-rotation", message, source.place, hint)
        return None
    line = schedules.get(string(source))
    if line is None:
        return None
    offset_node = node.get("offset")
    offset = int(string(offset_node)) if offset_node is not None else 1
    layers = tuple(replace(x, rotation=_ahead(x.rotation, offset)) for x in line.layers)
    base = replace(
        line,
        name=name,
        layers=layers,
        place=place,
        overrides=(),
        holidays=(),
        shifted_from=line.name,
        allow_gaps=line.allow_gaps,
    )
    return _with_exceptions(base, node, staffing, reading)


def _ahead(rotation: Rotation, offset: int) -> Rotation:
    turn = offset % len(rotation.members)
    return replace(rotation, members=rotation.members[turn:] + rotation.members[:turn])


# --------------------------------------------------------------------------- exceptions


def _with_exceptions(
    base: Schedule, node: Node, staffing: Staffing, reading: Reading
) -> Schedule | None:
    """The schedule with its own holidays and overrides."""
    holidays = node.get("holidays")
    rules = [_holiday(item, base, staffing, reading) for item in _items(holidays)]
    return replace(
        base,
        holidays=tuple(rule for rule in rules if rule is not None),
        overrides=_overrides(node.get("overrides"), base, staffing, reading),
        allow_gaps=flag(node.get("allow_gaps"), base.allow_gaps),
    )


def _overrides(
    node: Node | None, base: Schedule, staffing: Staffing, reading: Reading
) -> tuple[Shift, ...]:
    local = ZoneInfo(base.timezone)
    shifts = []
    for item in _items(node):
        start_node, end_node, member = (item.get(k) for k in ("from", "until", "member"))
        assert start_node is not None and end_node is not None and member is not None
        reading.reference(string(member), staffing.people, "person", member.place)
        start, end = moment(start_node, local, reading), moment(end_node, local, reading)
        if start is None or end is None:
            continue
        if end <= start:
            reading.error("bad-order", "the override ends before it starts", end_node.place)
        elif end <= base.starts or start >= base.until:
            message = "the override lies outside the rotation"
            reading.warning("override-outside", message, start_node.place)
        else:
            begins, ends = max(start, base.starts), min(end, base.until)
            shifts.append(Shift(begins, ends, string(member), "override"))
    return tuple(shifts)


def _holiday(node: Node, base: Schedule, staffing: Staffing, reading: Reading) -> Holiday | None:
    wrong = one_of(node, _WHO, "a holiday", "holiday-kind")
    reading.findings += wrong
    days, clock = node.get("days"), string(node.get("hand_over"), "00:00")
    assert days is not None
    found, calendar = _named_days(days, staffing, reading)
    who, rotation = _stand_ins(node, base, staffing, reading)
    if wrong or found is None or who is None:
        return None
    at = time.fromisoformat(clock)
    shifts = []
    for index, (first, last) in enumerate(sorted(found)):
        begins, ends = (
            first_at(datetime.combine(day, at), base.timezone)
            for day in (first, last + timedelta(days=1))
        )
        if begins < base.until and ends > base.starts:
            person = who[index % len(who)]
            shift = Shift(max(begins, base.starts), min(ends, base.until), person, "holiday")
            shifts.append(replace(shift, layer=calendar))
    if found and not shifts:
        message = f"none of these days is within {base.name}"
        reading.warning("holiday-outside", message, days.place)
    return Holiday(tuple(shifts), rotation) if shifts else None


def _named_days(node: Node, staffing: Staffing, reading: Reading) -> tuple[Days | None, str]:
    """The days of a list, or of a calendar by its name; with that name."""
    if node.kind == "list":
        return _days(node, reading), ""
    name = string(node)
    known = reading.reference(name, staffing.holiday_names, "calendar of holidays", node.place)
    return staffing.holidays.get(name) if known else None, name


def _stand_ins(
    node: Node, base: Schedule, staffing: Staffing, reading: Reading
) -> tuple[tuple[str, ...] | None, Rotation | None]:
    """Who takes over, a holiday each in turn: nobody is empty. None when that cannot be used."""
    one, several, rotation = (node.get(key) for key in ("member", "members", "rotation"))
    named = [one] if one is not None else list(_items(several))
    for member in named:
        reading.reference(string(member), staffing.people, "person", member.place)
    if rotation is not None:
        span = _Span(base.starts, base.until)
        made = _rotation(rotation, ZoneInfo(base.timezone), span, staffing, reading)
        return (("",), made) if made else (None, None)
    return tuple(string(member) for member in named) or ("",), None


def _days(node: Node, reading: Reading) -> Days:
    found: list[tuple[date, date]] = []
    for item in node.items:
        ends = [item] if item.kind == "scalar" else [item.get("first"), item.get("last")]
        days = [_day(end, reading) for end in ends if end is not None]
        first, last = days[0], days[-1]
        if first is None or last is None:
            continue
        if last < first:
            reading.error("bad-order", "the holiday ends before it starts", item.place)
        else:
            found.append((first, last))
    return tuple(found)


def _day(node: Node, reading: Reading) -> date | None:
    try:
        return date.fromisoformat(string(node))
    except ValueError:
        hint = "write 2026-12-25"
        reading.error("bad-time", f"there is no day {string(node)}", node.place, hint)
        return None


# --------------------------------------------------------------------------- parts


def _zone(node: Node, default: str, place: Place, reading: Reading) -> ZoneInfo:
    written = node.get("timezone")
    return zone(string(written, default), written.place if written else place, reading)


def _moment(node: Node | None, local: ZoneInfo, reading: Reading) -> datetime | None:
    return moment(node, local, reading) if node is not None else None


def _items(node: Node | None) -> Iterable[Node]:
    return node.items if node is not None else ()
