"""SLOs of a spec or a pack: objectives, periods, SLIs and what their alerts differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from generator.findings import Place, Text
from generator.spec.model import (
    BurnRatePair,
    CompositeSli,
    ConditionSli,
    EventsSli,
    LatencySli,
    PairChange,
    ProbeSli,
    RatioSli,
    Sli,
    Slo,
)
from generator.spec.read_signals import Around, items_of, service_of, severity_of
from generator.spec.scalars import (
    Reading,
    decimal,
    duration,
    flag,
    ratio,
    static_labels,
    string,
    strings,
    text,
)
from generator.spec.source import Node
from generator.spec.validate import one_of
from generator.values import Duration

SLI_KINDS = ("events", "latency", "ratio", "probe", "condition")
DAY = Duration.of(days=1)
CALENDARS: Mapping[str, Duration] = {
    "month": Duration.of(days=30),
    "quarter": Duration.of(days=90),
}
"""Usual length of a calendar period: what burn-rate pairs are scaled with."""


def read_slos(node: Node | None, around: Around, reading: Reading) -> dict[str, Slo]:
    """SLOs by name; a pack's are named `<service>-<name>`."""
    local = frozenset(node.entries) if node else frozenset()
    slos: dict[str, Slo] = {}
    for name, place, value in node.values() if node else ():
        if not reading.usable(*around.base, "slos", name):
            continue
        slo = _slo(_full(name, around), place, value, around, reading)
        if slo is None:
            continue
        if isinstance(slo.sli, CompositeSli) and around.service:
            slo = replace(slo, sli=_within_pack(slo.sli, local, around))
        slos[slo.name] = slo
    return slos


def _full(name: str, around: Around) -> str:
    return f"{around.service}-{name}" if around.service else name


def _within_pack(sli: CompositeSli, local: frozenset[str], around: Around) -> CompositeSli:
    """A pack names its own SLOs without the service."""
    return CompositeSli(
        tuple(
            Text(_full(m.value, around), m.starts) if m.value in local else m for m in sli.members
        )
    )


def check_composites(
    slos: Mapping[str, Slo], known: Mapping[str, object], reading: Reading
) -> None:
    """Members exist, measure something themselves, and keep the same calendar.

    `known` has every name that the spec declares, also of SLOs that cannot be used.
    """
    for slo in slos.values():
        for member in slo.sli.members if isinstance(slo.sli, CompositeSli) else ():
            reading.reference(member.value, known, "SLO", member.place)
            part = slos.get(member.value)
            if part is None:
                continue
            if isinstance(part.sli, CompositeSli):
                message = f"{member.value} is composite itself: it measures nothing of its own"
                hint = "name its parts instead"
                reading.error("composite-nested", message, member.place, hint)
            elif slo.calendar and part.calendar != slo.calendar:
                message = f"{member.value} is not kept by calendar {slo.calendar}"
                hint = f"give {member.value} calendar: {slo.calendar}, or {slo.name} a window"
                reading.error("composite-calendar", message, member.place, hint)


def _slo(name: str, place: Place, node: Node, around: Around, reading: Reading) -> Slo | None:
    objective_node = node.get("objective")
    assert objective_node is not None
    sli = _measured(node, around, reading)
    objective = _objective(objective_node, reading)
    alerting, defaults = node.get("alerting"), around.slo_defaults
    calendar = string(node.get("calendar"))
    window = _window(node, defaults, calendar, reading)
    service = around.service or service_of(node, around, reading)
    if sli is None or objective is None or service is None or window is None:
        return None

    def setting(key: str) -> Node | None:
        own = alerting.get(key) if alerting else None
        return own or (defaults.get(key) if defaults else None)

    severities = around.severities
    second = severities[min(1, len(severities) - 1)]
    return Slo(
        name=name,
        service=service,
        objective=objective,
        window=window,
        sli=sli,
        group_by=strings(node.get("group_by")),
        pairs=_pairs(alerting.get("pairs") if alerting else None, window, around, reading),
        page_severity=severity_of(setting("page"), severities[0], around, reading),
        ticket_severity=severity_of(setting("ticket"), second, around, reading),
        min_events=decimal(setting("min_events"), Decimal(0), reading),
        description=string(node.get("description")),
        labels=static_labels(node.get("labels"), reading, around.reserved),
        compliance=strings(node.get("compliance")),
        runbook=string(node.get("runbook")),
        place=place,
        objective_place=objective_node.place,
        pack=around.pack,
        calendar=calendar,
        exclude_maintenance=string(node.get("exclude")) == "maintenance",
        changes=_changes(alerting, around, reading),
    )


def _objective(node: Node, reading: Reading) -> Decimal | None:
    number = ratio(node, reading, "objective")
    if number is None:
        return None
    percent = number * 100 if string(node).endswith("%") or number < 1 else number
    if not 0 < percent < 100:
        message = f"an objective lies between 0 and 100 %, both excluded, not at {string(node)}"
        reading.error("bad-objective", message, node.place, "write 99.9%")
        return None
    return percent


def _window(node: Node, defaults: Node | None, calendar: str, reading: Reading) -> Duration | None:
    """The period's length; of a calendar's, the usual one."""
    own = node.get("window")
    if calendar:
        if own is not None:
            message = "an SLO has a window or a calendar, not both"
            reading.error("slo-period", message, node.key_place("calendar"), "keep one of them")
        return CALENDARS.get(calendar)
    window_node = own or (defaults.get("window") if defaults else None)
    window = duration(window_node, Duration.of(days=30))
    if window < DAY:
        assert window_node is not None
        hint = "write 7d, 28d or 30d"
        message = f"an SLO's window is at least 1d, not {window}"
        reading.error("bad-window", message, window_node.place, hint)
        return None
    return window


# --------------------------------------------------------------------------- SLIs


def _measured(node: Node, around: Around, reading: Reading) -> Sli | None:
    composite, sli = node.get("composite"), node.get("sli")
    if composite is None and sli is None:
        hint = "add sli: {events: {total: <counter>, errors: <its errors>}}"
        reading.error("missing-key", "an SLO needs sli, or composite", node.place, hint)
        return None
    if composite is None or sli is not None:
        reading.findings += one_of(node, ("sli", "composite"), "an SLO", "sli-kind")
        assert sli is not None
        return _sli(sli, around, reading)
    group_by = node.get("group_by")
    if group_by is not None:
        message = "a composite SLO has one error ratio for the whole journey"
        reading.error("slo-group-by", message, node.key_place("group_by"), "remove group_by")
    if node.get("exclude") is not None:
        message = "a composite SLO measures nothing itself that could be left out"
        place = node.key_place("exclude")
        reading.error("slo-exclude", message, place, "give exclude to its parts")
    return CompositeSli(tuple(text(item) for item in items_of(composite.get("all"))))


def _sli(node: Node, around: Around, reading: Reading) -> Sli | None:
    wrong = one_of(node, SLI_KINDS, "an SLI", "sli-kind")
    if wrong:
        reading.findings += wrong
        return None
    kind = next(k for k in SLI_KINDS if node.get(k))
    given = node.get(kind)
    assert given is not None
    if kind == "events":
        wrong = one_of(given, ("errors", "good"), "an SLI of events", "sli-kind")
        reading.findings += wrong
        errors, good = given.get("errors"), given.get("good")
        total = text(given.get("total"))
        return None if wrong else EventsSli(total, _maybe(errors), _maybe(good))
    if kind == "latency":
        return _latency(given, around, reading)
    if kind == "ratio":
        return RatioSli(text(given.get("errors")))
    if kind == "probe":
        return ProbeSli(text(given.get("metric")))
    return ConditionSli(text(given.get("expr")))


def _latency(node: Node, around: Around, reading: Reading) -> LatencySli:
    below, histogram = node.get("below"), text(node.get("histogram"))
    assert below is not None
    declared = around.metrics.get(histogram.value.partition("{")[0].strip())
    native = declared is not None and declared.type == "native_histogram"
    limit = duration(below)
    if limit.ms == 0:
        reading.error("bad-value", "below should be more than 0", below.place)
    return LatencySli(histogram, limit, below.place, flag(node.get("native"), native))


def _maybe(node: Node | None) -> Text | None:
    return text(node) if node is not None else None


# --------------------------------------------------------------------------- burn-rate pairs


def _pairs(
    node: Node | None, window: Duration, around: Around, reading: Reading
) -> tuple[BurnRatePair, ...] | None:
    if node is None:
        return None
    pairs = []
    for item in node.items:
        long_node, budget_node = item.get("long"), item.get("budget")
        assert long_node is not None and budget_node is not None
        long = duration(long_node)
        short = duration(item.get("short"), Duration(long.ms // 12))
        budget = _budget(budget_node, reading)
        if not short < long <= window or short.ms == 0:
            message = f"the windows should rise: short {short}, long {long}, SLO {window}"
            reading.error("bad-window", message, item.place)
            continue
        severity = severity_of(item.get("severity"), around.severities[0], around, reading)
        if budget is not None:
            hold = duration(item.get("for"))
            pairs.append(BurnRatePair(long, short, budget, severity, hold, item.place))
    return tuple(pairs)


def _budget(node: Node, reading: Reading) -> Decimal | None:
    budget = ratio(node, reading, "budget")
    if budget is not None and not 0 < budget < 1:
        message = f"budget lies between 0 and 100 %, both excluded, not at {string(node)}"
        reading.error("bad-ratio", message, node.place)
        return None
    return budget


def _changes(alerting: Node | None, around: Around, reading: Reading) -> tuple[PairChange, ...]:
    """What is dropped, then what is changed; neither goes with pairs of one's own."""
    if alerting is None:
        return ()
    drop, change = alerting.get("drop"), alerting.get("change")
    for key in ("drop", "change"):
        if alerting.get("pairs") is not None and alerting.get(key) is not None:
            message = f"{key} is about the workbook's pairs, and this SLO has pairs of its own"
            place = alerting.key_place(key)
            reading.error("slo-pairs", message, place, f"remove {key}, or pairs")
            return ()
    changes = [PairChange(text(item), drop=True) for item in items_of(drop)]
    for name, place, item in change.values() if change else ():
        severity, budget, hold = (item.get(k) for k in ("severity", "budget", "for"))
        changes.append(
            PairChange(
                Text(name, (place.over(len(name)),)),
                severity=severity_of(severity, "", around, reading) if severity else None,
                for_=duration(hold) if hold is not None else None,
                budget=_budget(budget, reading) if budget is not None else None,
            )
        )
    return tuple(changes)
