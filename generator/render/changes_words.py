"""What a change means, in sentences: sections of lines that text and Markdown lay out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from generator.compile.kinds import (
    DEPENDENCY_INFO,
    MAINTENANCE_ALERT,
    MARKER,
    TENANT_MAINTENANCE_ALERT,
)
from generator.ir.change import (
    AlertChange,
    Changes,
    CostChange,
    DashboardChange,
    Facet,
    InhibitionChange,
    JobChange,
    Recipient,
    RecordingChange,
    RoutingChange,
    SloChange,
    Sort,
    Telling,
    TenantChange,
    ToldChange,
)
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import Number, walk
from generator.render.cost import told as number_text
from generator.values import Duration

MARKS = {Sort.ADDED: "+", Sort.REMOVED: "-", Sort.CHANGED: "~"}
_MAINTENANCE = frozenset({MAINTENANCE_ALERT, TENANT_MAINTENANCE_ALERT})
_EPOCH = 1_000_000_000
"""Numbers above it are times."""
_NAMED = 6
"""Alerts that a line names before it counts the rest."""
_LONG = 160
"""Characters of a text that is shown within a line."""
_COMPARED = {
    ">": "above", ">=": "at or above", "<": "below", "<=": "at or below",
    "==": "equal to", "!=": "unlike",
}  # fmt: skip
_SIZES = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_QUIET = frozenset({"description", "options", "custom", "mappings", "transformations", "links"})
"""Facets of panels that are named and not quoted."""
_TITLES = frozenset({"title", "row", "legend", "label"})
"""Facets whose texts are quoted: they may hold anything."""
_WORDS = {
    "keep_firing_for": "kept firing for",
    "interval": "evaluated every",
    "period": "window",
    "pairs": "burn-rate pairs",
    "kind": "drawn as",
    "time_from": "shows from",
    "include_all": "offers all",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; `mark` is +, - or ~ or empty, `code` are expressions to show below it."""

    mark: str
    text: str
    code: tuple[tuple[str, str], ...] = ()
    """(caption, PromQL)."""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a title; what matters most comes first."""

    title: str
    lines: tuple[Line, ...]


def sections(change: TenantChange) -> tuple[Section, ...]:
    """Everything that changes for a tenant, the most important first; no section is empty."""
    alerts = [one for one in change.alerts if one.kind != MARKER]
    slos = {one.slo for one in change.slos}
    found = (
        Section("SLOs", tuple(map(_slo, change.slos))),
        Section("Alerts", tuple(_alerts(alerts))),
        Section("Who is told", tuple(_routing(change))),
        Section("Pending state that is lost", tuple(_state(change.alerts))),
        Section("Muting", tuple(_muting(change))),
        Section("Recorded series", tuple(_recordings(change.recordings, slos))),
        Section("Dashboards", tuple(line for d in change.dashboards for line in _dashboard(d))),
        Section("Scraping", tuple(map(_job, change.jobs))),
        Section("Cost", tuple(_cost(change.cost))),
    )
    return tuple(section for section in found if section.lines)


def fleet_sections(changes: Changes) -> tuple[Section, ...]:
    """What changes for all tenants together."""
    settings = [_setting(facet) for facet in changes.fleet]
    muting = [_inhibition(one) for one in changes.inhibitions]
    found = (Section("Settings", tuple(settings)), Section("Muting", tuple(muting)))
    return tuple(section for section in found if section.lines)


def summary(change: TenantChange) -> str:
    """One line: `2 alerts added, 1 alert loosened, who is told changes for 3 alerts, 4 panels`."""
    if change.sort is not Sort.CHANGED:
        said = "a new tenant" if change.sort is Sort.ADDED else "the tenant is gone"
        alerts = sum(one.kind != MARKER for one in change.alerts)
        return f"{said}, with {_count(alerts, 'alert')} and {_count(len(change.slos), 'SLO')}"
    told = [one for one in change.routing if one.sort is Sort.CHANGED]
    panels = sum(len(one.panels) or 1 for one in change.dashboards)
    lost = sum(bool(one.state) for one in change.alerts)
    parts = [
        *_counted(change.alerts),
        _plural(len(change.slos), "SLO changed", "SLOs changed"),
        _told_of(sum(len(one.alerts) for one in told)),
        _plural(len(change.receivers), "message changed", "messages changed"),
        _plural(lost, "alert loses its pending state", "alerts lose their pending state"),
        _plural(_others(change), "recorded series", "recorded series"),
        _plural(len(change.inhibitions), "muting rule", "muting rules"),
        _plural(panels, "panel", "panels"),
        _plural(len(change.jobs), "scrape job", "scrape jobs"),
    ]
    return ", ".join(part for part in parts if part)


# --------------------------------------------------------------------------- alerts and SLOs


def _counted(alerts: Iterable[AlertChange]) -> Iterator[str]:
    """`2 alerts added, 1 tightened`."""
    kinds: dict[str, int] = {}
    for one in alerts:
        if one.kind == MARKER:
            continue
        kind = one.sort.value
        if one.sort is Sort.CHANGED:
            kind = "renamed" if one.renamed_from else one.effect.value or "changed"
        kinds[kind] = kinds.get(kind, 0) + 1
    for kind in ("added", "removed", "renamed", "tightened", "loosened", "changed"):
        if kind in kinds:
            yield _count(kinds[kind], "alert") + f" {kind}"


def _alerts(alerts: Sequence[AlertChange]) -> Iterator[Line]:
    """Alerts with the same difference are told together; so are those of one SLO that only read
    something else."""
    reading: dict[tuple[str, tuple[str, ...]], list[AlertChange]] = {}
    alike: dict[object, list[AlertChange]] = {}
    for one in alerts:
        if one.sort is not Sort.CHANGED or one.renamed_from:
            alike[id(one)] = [one]
        elif one.facets:
            same = (one.effect, tuple(facet_texts(one.facets)), one.inputs, _code(one.facets))
            alike.setdefault(same, []).append(one)
        elif one.inputs:
            reading.setdefault((one.slo, one.inputs), []).append(one)
    yield from map(_alert, alike.values())
    for (_, inputs), some in reading.items():
        read = _named(inputs)
        names = _named([one.alert for one in some])
        means = "means" if len(inputs) == 1 else "mean"
        yield Line("~", f"{names}: {read}, which {_s(len(some), 'it reads', 'they read')}, "
                   f"{means} something else")  # fmt: skip


def _alert(alike: Sequence[AlertChange]) -> Line:
    one = alike[0]
    about = ", ".join(filter(None, (one.service, one.severity)))
    name = f"{one.alert} ({about})" if about else one.alert
    if len(alike) > 1:
        name = _named([other.alert for other in alike])
    mark = MARKS[one.sort]
    if one.sort is not Sort.CHANGED:
        held = f", for {one.hold}" if one.hold.ms else ""
        return Line(mark, f"{name}{held}", (("", one.expr),))
    effect = f" {one.effect.value}" if one.effect else ""
    parts = [f"was {one.renamed_from}"] if one.renamed_from else []
    parts += facet_texts(one.facets)
    if one.inputs:
        parts.append(f"reads {_named(one.inputs)}, changed too")
    return Line(mark, f"{name}{effect}: {'; '.join(parts)}", _code(one.facets))


def _slo(one: SloChange) -> Line:
    promise = f"{one.objective} % over {one.window}" if one.objective else ""
    name = f"{one.slo} ({one.service})" if one.service else one.slo
    if one.sort is not Sort.CHANGED:
        return Line(MARKS[one.sort], f"{name}: {promise}")
    parts = facet_texts(one.facets)
    if one.series:
        parts.append(f"{one.series} of its recorded series")
    return Line("~", f"{name}: {'; '.join(parts)}", _code(one.facets))


def _state(alerts: Iterable[AlertChange]) -> Iterator[Line]:
    """Alerts that begin to wait anew, by the reason."""
    reasons: dict[tuple[str, ...], list[str]] = {}
    for one in alerts:
        if one.state:
            reasons.setdefault(one.state, []).append(one.alert)
    for reason, names in reasons.items():
        what = _and(_reason(one) for one in reason)
        yield Line("", f"{_named(names)}: pending and firing alerts start anew, for {what} changed")


def _reason(one: str) -> str:
    kind, _, name = one.partition(" ")
    return f"the label {name}" if kind == "label" else f"the rule's {kind}"


# --------------------------------------------------------------------------- who is told


def _routing(change: TenantChange) -> Iterator[Line]:
    for one in sorted(change.routing, key=lambda one: list(Sort).index(one.sort)):
        who = _whose(one)
        if one.sort is Sort.ADDED:
            text = f"new: {who}: {_tells(one, 1)}"
        elif one.sort is Sort.REMOVED:
            text = f"gone: {who}: no longer {_tells(one, 0)}"
        else:
            text = f"{who}: {'; '.join(_told(c) for c in one.changes)}"
        yield Line(MARKS[one.sort], text)
    for receiver in change.receivers:
        fields = ", ".join(receiver.fields)
        yield Line("~", f"{who_text(receiver.recipient)} is told otherwise: {fields}")


def _whose(one: RoutingChange) -> str:
    """`all 32 critical alerts`, or their names with the severity."""
    severity = f"{one.severity} " if one.severity else ""
    if one.sort is Sort.CHANGED and len(one.alerts) == one.of > 3:
        return f"all {one.of} {severity}alerts"
    return f"{severity}{_named(one.alerts)}"


def _tells(one: RoutingChange, side: int) -> str:
    tellings = [(c.before, c.after)[side] for c in one.changes]
    return ", ".join(_telling(t) for t in tellings if t is not None)


def _told(change: ToldChange) -> str:
    before, after = change.before, change.after
    if before is None:
        assert after is not None
        return f"+ {_telling(after)}"
    if after is None:
        return f"- {_telling(before)}"
    parts = []
    if before.after != after.after:
        parts.append(f"{_after(before.after)} -> {_after(after.after)}")
    if before.when != after.when:
        parts.append(f"{before.when or 'always'} -> {after.when or 'always'}")
    elif change.first is not None:
        parts.append(f"at other times, from {change.first:%a %Y-%m-%d %H:%M} UTC on")
    if before.repeat != after.repeat:
        parts.append(f"repeated every {before.repeat} -> {after.repeat}")
    if before.wait != after.wait:
        parts.append(f"first message waits {before.wait} -> {after.wait}")
    at = "" if before.after != after.after else f" {_after(after.after)}"
    who, whom = before.recipient, after.recipient
    if who != whom:
        parts.insert(0, f"{who.way} {who.address} -> {whom.way} {whom.address}")
        return f"{whom.name}{at}: {', '.join(parts)}"
    return f"{who_text(whom)}{at}: {', '.join(parts)}"


def who_text(one: Recipient) -> str:
    """`chat (Slack #shop)`, `ann, on call (Email ann@example.com)`."""
    where = f"{one.way} {one.address}".strip()
    if not one.name:
        return where
    return f"{one.name}{', on call' if one.on_call else ''} ({where})"


def _telling(one: Telling) -> str:
    when = f" {one.when}" if one.when else ""
    return f"{who_text(one.recipient)} {_after(one.after)}{when}"


def _after(after: Duration) -> str:
    return f"after {after}" if after.ms else "at once"


# --------------------------------------------------------------------------- muting and the rest


def _muting(change: TenantChange) -> Iterator[Line]:
    for marker in (one for one in change.alerts if one.kind == MARKER):
        if _base(marker.alert) in _MAINTENANCE:
            yield from _maintenance(marker)
            continue
        parts = facet_texts(marker.facets)
        if marker.inputs:
            parts.append(f"reads {_named(marker.inputs)}, changed too")
        told = f": {'; '.join(parts)}" if parts else ""
        if marker.sort is Sort.CHANGED and not parts:
            continue
        code = _code(marker.facets) if marker.sort is Sort.CHANGED else (("", marker.expr),)
        yield Line(MARKS[marker.sort], f"marker {marker.alert}{told}", code)
    for one in change.recordings:
        if one.record == DEPENDENCY_INFO and one.sort is not Sort.CHANGED:
            labels = dict(one.labels)
            service, upstream = labels.get("service", ""), labels.get("upstream", "")
            now = "is muted" if one.sort is Sort.ADDED else "is muted no longer"
            yield Line(MARKS[one.sort], f"{service} {now} while {upstream} is down")
    for inhibition in change.inhibitions:
        yield _inhibition(inhibition)


def _maintenance(marker: AlertChange) -> Iterator[Line]:
    """Windows that are planned, by the times in a marker's expression."""
    was, now = _windows(marker.was), _windows(marker.expr)
    if marker.sort is Sort.REMOVED:
        now = ()
    whose = f"of {marker.service}" if marker.service else "of everything"
    for window in (one for one in now if one not in was):
        yield Line("+", f"maintenance {whose}: {window}")
    for window in (one for one in was if one not in now):
        yield Line("-", f"maintenance {whose}: {window}")
    if was == now:
        told = "; ".join(facet_texts(marker.facets))
        yield Line("~", f"marker {marker.alert}: {told}", _code(marker.facets))


def _windows(expr: str) -> tuple[str, ...]:
    """`Sat 2026-12-05 22:00 to Sun 2026-12-06 02:00 UTC`, for each pair of times."""
    try:
        numbers = [int(n.value) for n in walk(parse(expr)) if isinstance(n, Number)]
    except PromqlError:
        return ()
    times = [datetime.fromtimestamp(n, UTC) for n in numbers if _EPOCH < n < 5 * _EPOCH]
    pairs = zip(times[::2], times[1::2], strict=False)
    return tuple(f"{a:%a %Y-%m-%d %H:%M} to {b:%a %Y-%m-%d %H:%M} UTC" for a, b in pairs)


def _base(alert: str) -> str:
    return alert.partition("{")[0]


def _inhibition(one: InhibitionChange) -> Line:
    if one.sort is not Sort.CHANGED:
        text = f"{one.source} mutes {one.target}, where they agree in {', '.join(one.equal)}"
        return Line(MARKS[one.sort], text)
    parts = [f"must now agree in {', '.join(one.added)}"] if one.added else []
    parts += [f"need not agree in {', '.join(one.removed)}"] if one.removed else []
    rest = f" and {_count(one.rules - 1, 'more rule')}" if one.rules > 1 else ""
    return Line("~", f"what mutes and what is muted {' and '.join(parts)}: "
                f"{one.source} mutes {one.target}{rest}")  # fmt: skip


def _recordings(recordings: Iterable[RecordingChange], slos: AbstractSet[str]) -> Iterator[Line]:
    """All but those of SLOs that are told already."""
    for one in recordings:
        if one.record == DEPENDENCY_INFO and one.sort is not Sort.CHANGED:
            continue
        if one.slo in slos:
            continue
        labels = ", ".join(f'{k}="{v}"' for k, v in one.labels)
        parts = facet_texts(one.facets)
        if one.read_by:
            parts.append(f"read by {_named(one.read_by)}")
        told = f": {'; '.join(parts)}" if parts else ""
        code = _code(one.facets) if one.sort is Sort.CHANGED else (("", one.expr),)
        yield Line(MARKS[one.sort], f"{one.record}{{{labels}}}{told}", code)


def _dashboard(one: DashboardChange) -> Iterator[Line]:
    if one.sort is not Sort.CHANGED:
        yield Line(MARKS[one.sort], f"view {one.view} with {_count(one.count, 'panel')}")
    elif one.facets:
        yield Line("~", f"view {one.view}: {'; '.join(facet_texts(one.facets))}")
    for panel in one.panels:
        kind = panel.kind if panel.kind in ("variable", "annotation") else "panel"
        told = "; ".join(facet_texts(panel.facets))
        text = f"{one.view}: {kind} {panel.title}"
        yield Line(MARKS[panel.sort], f"{text}: {told}" if told else text, _code(panel.facets))


def _job(one: JobChange) -> Line:
    told = "; ".join(facet_texts(one.facets))
    return Line(MARKS[one.sort], f"{one.job}: {told}" if told else one.job)


def _cost(cost: CostChange | None) -> Iterator[Line]:
    if cost is None:
        return
    what = {
        "alerts": "alerts",
        "rules": "rules",
        "groups": "groups",
        "recorded_series": "recorded series",
        "samples_per_second": "samples read per second",
    }
    parts = []
    for key, name in what.items():
        before, after = (number_text(getattr(side, key)) for side in (cost.before, cost.after))
        if before != after:
            parts.append(f"{before} -> {after} {name}")
    if parts:
        yield Line("~", f"at most {', '.join(parts)}")


def _setting(facet: Facet) -> Line:
    mark = "+" if not facet.before else "-" if not facet.after else "~"
    return Line(mark, f"{facet.about}: {_moved(facet)}")


# --------------------------------------------------------------------------- facets


def facet_texts(facets: Sequence[Facet]) -> list[str]:
    """Each difference in a few words, none twice."""
    texts: list[str] = []
    moves: set[tuple[str, ...]] = set()
    for facet in facets:
        if facet.aspect in ("threshold", "operator"):
            move = (facet.before, facet.after, facet.op, facet.later_op)
            if move in moves:
                continue
            moves.add(move)
        if facet.aspect != "annotation" or not facet.after:
            texts.append(_facet(facet))
    says = [f.about for f in facets if f.aspect == "annotation" and f.after]
    if says:
        texts.append(f"says another {_and(says)}")
    return list(dict.fromkeys(texts))


def _facet(facet: Facet) -> str:
    match facet.aspect:
        case "threshold" | "operator":
            return _threshold(facet)
        case "number":
            return f"{facet.before} -> {facet.after}"
        case "expression":
            return "another expression"
        case "steps":
            return f"{facet.about} follows it otherwise"
        case "condition":
            return _condition(facet)
        case "metric":
            return f"reads {facet.before or 'a pattern'} -> {facet.after or 'a pattern'}"
        case "selector":
            parts = [f"without {facet.before}"] if facet.before else []
            parts += [f"with {facet.after}"] if facet.after else []
            return f"{facet.about} {', '.join(parts)}".strip()
        case "grouping":
            return f"grouped {facet.before} -> {facet.after}"
        case "objective":
            return f"objective {facet.before} % -> {facet.after} %"
        case "annotation":
            return f"says no {facet.about}"
        case "label":
            return f"label {facet.about} {_moved(facet)}"
        case "targets":
            parts = [f"+ {facet.after}"] if facet.after else []
            parts += [f"- {facet.before}"] if facet.before else []
            return f"targets {' '.join(parts)}"
        case "query":
            return "another query" if facet.before else "one more query"
        case aspect if aspect in _QUIET:
            return f"another {aspect}"
        case _:
            name = facet.about if facet.aspect == "setting" else ""
            return f"{name or _WORDS.get(facet.aspect, facet.aspect)} {_moved(facet)}"


def _threshold(facet: Facet) -> str:
    whose = _short(facet.about) if facet.about else "fires"
    left, right = (value_text(text, facet.unit) for text in (facet.before, facet.after))
    if facet.op != facet.later_op:
        words = [_COMPARED[op] for op in (facet.op, facet.later_op)]
        return f"{whose} {words[0]} {left} -> {words[1]} {right}"
    return f"{whose} {_COMPARED[facet.op]} {left} -> {right}"


def _condition(facet: Facet) -> str:
    if facet.after:
        return f"condition added: {_short(facet.after)}"
    return f"condition removed: {_short(facet.before)}"


def _moved(facet: Facet) -> str:
    quoted = "'" if facet.aspect in _TITLES else ""
    texts = (_short(text) for text in (facet.before, facet.after))
    left, right = (f"{quoted}{text}{quoted}" if text else "none" for text in texts)
    return f"{left} -> {right}"


def value_text(text: str, unit: str) -> str:
    """A number with its unit for people: `3 %`, `300 ms`, `2 GiB`; text that is none as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    match unit:
        case "percentunit":
            return f"{_plain(number * 100)} %"
        case "percent":
            return f"{_plain(number)} %"
        case "s":
            return _seconds(number)
        case "ms":
            return _seconds(number / 1000)
        case "bytes" | "decbytes":
            return _bytes(number)
        case _:
            return _plain(number)


def _seconds(number: float) -> str:
    ms = number * 1000
    if number < 0 or ms != ms or ms > 1e15 or abs(ms - round(ms)) > 1e-6:
        return f"{_plain(number)} s"
    return str(Duration(round(ms)))


def _bytes(number: float) -> str:
    for name, size in _SIZES:
        if abs(number) >= size:
            return f"{_plain(number / size)} {name}"
    return f"{_plain(number)} B"


def _plain(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        return str(number)
    short = Decimal(f"{number:.10g}")
    return f"{short.normalize():,f}"


def _code(facets: Sequence[Facet]) -> tuple[tuple[str, str], ...]:
    """Expressions of which words say too little."""
    wordless = [f for f in facets if f.aspect in ("expression", "query", "steps")]
    found = [(what, text) for f in wordless for what, text in (("was", f.before), ("is", f.after))]
    return tuple(dict.fromkeys((what, text) for what, text in found if text))


# --------------------------------------------------------------------------- small words


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _named(names: Sequence[str]) -> str:
    """Up to `_NAMED` names, the rest counted."""
    if len(names) <= _NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _and(parts: Iterable[str]) -> str:
    found = list(parts)
    return " and ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else "".join(found)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _s(number: int, one: str, several: str) -> str:
    return one if number == 1 else several


def _plural(number: int, one: str, several: str) -> str:
    return f"{number} {_s(number, one, several)}" if number else ""


def _others(change: TenantChange) -> int:
    """Recorded series that no SLO is told with."""
    slos = {one.slo for one in change.slos}
    return sum(one.slo not in slos for one in change.recordings)


def _told_of(number: int) -> str:
    return f"who is told changes for {_count(number, 'alert')}" if number else ""
