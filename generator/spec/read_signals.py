"""Alerts, severity models and panels of a spec or a pack; SLOs are `read_slos`'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from generator.findings import Place, Text
from generator.spec.model import (
    Absent,
    Alert,
    Anomaly,
    Correlate,
    ExpectedAt,
    ExpectedFiring,
    Expression,
    Feature,
    Forecast,
    Metric,
    SeverityModel,
    Signal,
    Threshold,
    UserTest,
)
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
from generator.spec.source import Node, Path
from generator.spec.validate import did_you_mean, one_of
from generator.values import Duration

ALERT_KINDS = ("threshold", "forecast", "anomaly", "absent", "correlate", "expr")
HOUR = Duration.of(hours=1)
WEEK = Duration.of(days=7)


@dataclass(frozen=True, slots=True)
class Around:
    """What alerts, SLOs and panels need to know about their surroundings."""

    services: Mapping[str, object]
    policies: Mapping[str, object]
    severities: tuple[str, ...]
    reserved: frozenset[str]
    metrics: Mapping[str, Metric]
    slo_defaults: Node | None
    base: Path
    """Path of the enclosing value in its file: () for a tenant's own."""
    service: str | None = None
    """The service of a pack's content; None: each names its own."""
    pack: str = ""

    def of_pack(self, service: str, pack: str) -> Around:
        """The same for what a pack brings to a service."""
        return replace(self, base=(), service=service, pack=pack)


def read_alerts(node: Node | None, around: Around, reading: Reading) -> tuple[Alert, ...]:
    """Alerts in the file's order."""
    alerts = []
    for name, place, value in node.values() if node else ():
        if reading.usable(*around.base, "alerts", name):
            alert = _alert(name, place, value, around, reading)
            if alert is not None:
                alerts.append(alert)
    return tuple(alerts)


def _alert(name: str, place: Place, node: Node, around: Around, reading: Reading) -> Alert | None:
    wrong = one_of(node, ALERT_KINDS, "an alert", "alert-kind")
    if wrong:
        reading.findings += wrong
        return None
    kind = next(k for k in ALERT_KINDS if node.get(k))
    given = node.get(kind)
    assert given is not None
    signal = _SIGNALS[kind](given, reading)
    if signal is None:
        return None
    default = "info" if kind == "anomaly" else "warning"
    if default not in around.severities:
        default = around.severities[-1]
    policy = node.get("escalation")
    if policy is not None:
        reading.reference(string(policy), around.policies, "escalation policy", policy.place)
    return Alert(
        name=name,
        signal=signal,
        service=around.service or service_of(node, around, reading),
        for_=duration(node.get("for")),
        keep_firing_for=duration(node.get("keep_firing_for")),
        severity=severity_of(node.get("severity"), default, around, reading),
        labels=static_labels(node.get("labels"), reading, around.reserved),
        summary=text(node.get("summary")),
        description=text(node.get("description")),
        runbook=string(node.get("runbook")),
        runbook_text=string(node.get("runbook_text")),
        dashboard=string(node.get("dashboard")),
        compliance=strings(node.get("compliance")),
        escalation=string(policy) if policy else None,
        unit=string(node.get("unit")),
        view=string(node.get("view"), "technical"),
        tests=tuple(_user_test(name, t) for t in items_of(node.get("tests"))),
        place=place,
        pack=around.pack,
        flapping=flag(node.get("flapping"), True),
        for_place=waits.place if (waits := node.get("for")) else None,
    )


def items_of(node: Node | None) -> tuple[Node, ...]:
    """The items of a list, none when there is no list."""
    return node.items if node is not None else ()


def service_of(node: Node, around: Around, reading: Reading) -> str | None:
    """The service that a value names; None and a finding when there is none of that name."""
    service = node.get("service")
    if service is None:
        return None
    known = reading.reference(string(service), around.services, "service", service.place)
    return string(service) if known else None


def severity_of(node: Node | None, default: str, around: Around, reading: Reading) -> str:
    """One of the platform's severities; the default, with a finding, when it is none."""
    if node is None:
        return default
    name = string(node)
    if name not in around.severities:
        hint = did_you_mean(name, around.severities)
        listed = f"it is one of: {', '.join(around.severities)}"
        reading.error(
            "unknown-severity", f"there is no severity {name!r}", node.place, hint or listed
        )
        return default
    return name


def _user_test(alert: str, node: Node) -> UserTest:
    series = node.get("series")
    assert series is not None
    return UserTest(
        name=string(node.get("name"), f"{alert} with the author's data"),
        interval=duration(node.get("interval"), Duration.of(minutes=1)),
        series=tuple((key, string(value)) for key, _, value in series.values()),
        fires_at=tuple(duration(n) for n in items_of(node.get("fires_at"))),
        silent_at=tuple(duration(n) for n in items_of(node.get("silent_at"))),
        place=node.place,
        expect=tuple(_expected(n) for n in items_of(node.get("expect"))),
    )


def _expected(node: Node) -> ExpectedAt:
    alerts = tuple(_expected_firing(n) for n in items_of(node.get("alerts")))
    return ExpectedAt(duration(node.get("at")), alerts, node.place)


def _expected_firing(node: Node) -> ExpectedFiring:
    labels = node.get("labels")
    found = {key: string(value) for key, _, value in labels.values()} if labels else {}
    texts = {name: string(node.get(name)) for name in ("summary", "description") if node.get(name)}
    return ExpectedFiring(found, texts, node.place)


# --------------------------------------------------------------------------- kinds of alert


def _level(node: Node, reading: Reading, what: str) -> tuple[str, Decimal] | None:
    wrong = one_of(node, ("above", "below"), what, "alert-level")
    if wrong:
        reading.findings += wrong
        return None
    above, below = node.get("above"), node.get("below")
    side = above if above is not None else below
    return (">" if above is not None else "<"), decimal(side, Decimal(0), reading)


def _threshold(node: Node, reading: Reading) -> Signal | None:
    level = _level(node, reading, "a threshold")
    if level is None:
        return None
    op, value = level
    fitting, other = ("clear_below", "clear_above") if op == ">" else ("clear_above", "clear_below")
    if node.get(other) is not None:
        side = "above" if op == ">" else "below"
        message = f"a threshold with {side} clears with {fitting}"
        reading.error("bad-clear", message, node.key_place(other), f"write {fitting}")
    clear_node = node.get(fitting)
    clear = decimal(clear_node, value, reading) if clear_node else None
    if clear is not None and (clear >= value if op == ">" else clear <= value):
        assert clear_node is not None
        side = "below" if op == ">" else "above"
        message = f"{fitting} should lie {side} the level {value}, not at {clear}"
        reading.error("bad-clear", message, clear_node.place)
        clear = None
    return Threshold(text(node.get("expr")), op, value, clear)


def _forecast(node: Node, reading: Reading) -> Signal | None:
    level = _level(node, reading, "a forecast")
    if level is None:
        return None
    within = duration(node.get("within"))
    for key in ("within", "from"):
        given = node.get(key)
        if given is not None and duration(given).ms == 0:
            reading.error("bad-value", f"{key} should be more than 0", given.place)
    capacity = node.get("capacity")
    return Forecast(
        text(node.get("expr")),
        level[0],
        level[1],
        within,
        duration(node.get("from"), within),
        _guard(node, reading),
        text(capacity) if capacity else None,
    )


def _guard(node: Node, reading: Reading) -> Decimal | None:
    """A value; where a capacity is given, a part of it, between 0 and 100 %."""
    guard, capacity = node.get("guard"), node.get("capacity")
    if capacity is None:
        if guard is not None and string(guard).endswith("%"):
            hint = "add capacity, as in capacity: node_filesystem_size_bytes"
            message = f"{string(guard)} of what? a guard in percent needs a capacity"
            reading.error("bad-guard", message, guard.place, hint)
            return None
        return decimal(guard, Decimal(0), reading) if guard else None
    if guard is None:
        message = "a capacity without a guard changes nothing"
        reading.error("bad-guard", message, node.key_place("capacity"), "add guard: 15%")
        return None
    part = ratio(guard, reading, "guard")
    if part is not None and not 0 < part < 1:
        message = f"a part of the capacity lies between 0 and 100 %, not at {string(guard)}"
        reading.error("bad-guard", message, guard.place, "write 15%")
        return None
    return part


def _anomaly(node: Node, reading: Reading) -> Signal:
    cessation = node.get("cessation")
    season = node.get("season")
    if season is not None and string(node.get("method")) != "seasonal":
        message = "season is for the method seasonal"
        reading.error("bad-value", message, node.key_place("season"), "remove it")
    elif season is not None and duration(season) < HOUR:
        message = f"a season is at least 1h, not {string(season)}"
        reading.error("bad-value", message, season.place, "write 1d or 1w")
    return Anomaly(
        text(node.get("expr")),
        string(node.get("method")),
        duration(season, WEEK),
        decimal(node.get("sensitivity"), Decimal(3), reading),
        string(node.get("direction"), "both"),
        decimal(node.get("minimum"), Decimal("0.001"), reading),
        decimal(cessation, Decimal(0), reading) if cessation else None,
        _margin(node.get("margin"), reading),
    )


def _margin(node: Node | None, reading: Reading) -> Decimal:
    """Part of the usual value, 10 % where nothing is said."""
    margin = ratio(node, reading, "margin") if node is not None else None
    if node is None or margin is None:
        return Decimal("0.1")
    if not 0 <= margin < 1:
        message = f"a margin lies between 0 and 100 % of the usual value, not at {string(node)}"
        reading.error("bad-ratio", message, node.place, "write 10%")
    return margin


def _absent(node: Node, reading: Reading) -> Signal:
    return Absent(text(node.get("selector")))


def _correlate(node: Node, reading: Reading) -> Signal | None:
    wrong = one_of(node, ("all", "any", "at_least"), "a correlation", "correlate-kind")
    if wrong:
        reading.findings += wrong
        return None
    within = duration(node.get("within"))
    every, some, least = node.get("all"), node.get("any"), node.get("at_least")
    if every is not None:
        members = _members(every, reading)
        return Correlate("all", len(members), members, within)
    if some is not None:
        return Correlate("any", 1, _members(some, reading), within)
    assert least is not None
    members = _members(least.get("of"), reading)
    count_node = least.get("count")
    count = int(decimal(count_node, Decimal(1), reading))
    if count > len(members):
        assert count_node is not None
        message = f"{count} of {len(members)} alerts can never fire together"
        reading.error("bad-value", message, count_node.place)
    return Correlate("at_least", count, members, within)


def _members(node: Node | None, reading: Reading) -> tuple[Text, ...]:
    """The alerts of a correlation; one that is named twice would count as two."""
    members = tuple(text(n) for n in items_of(node))
    for index, member in enumerate(members):
        if member.value in [earlier.value for earlier in members[:index]]:
            message = f"{member.value} is named twice, and would count as two alerts"
            reading.error("duplicate-member", message, member.place, "remove one")
    return members


def _expression(node: Node, reading: Reading) -> Signal:
    return Expression(text(node))


_SIGNALS = {
    "threshold": _threshold,
    "forecast": _forecast,
    "anomaly": _anomaly,
    "absent": _absent,
    "correlate": _correlate,
    "expr": _expression,
}


# --------------------------------------------------------------------------- severity, panels


def read_severity_model(
    node: Node | None, slos: Mapping[str, object], around: Around, reading: Reading
) -> SeverityModel | None:
    """The severity score, its features in the file's order."""
    if node is None or not reading.usable("severity_model"):
        return None
    features_node, weights = node.get("features"), node.get("weights")
    assert features_node is not None and weights is not None
    for key, place, _ in weights.values():
        reading.reference(key, features_node.entries, "feature", place)
    features = []
    for name, place, item in features_node.values():
        weight = weights.get(name)
        if weight is None:
            hint = f"add weights: {{{name}: 1.0}}"
            reading.error("missing-weight", f"the feature {name!r} has no weight", place, hint)
        feature = _feature(name, place, item, slos, reading)
        if feature is not None and weight is not None:
            features.append(_weighted(feature, decimal(weight, Decimal(0), reading)))
    levels_node = node.get("levels")
    assert levels_node is not None
    return SeverityModel(
        tuple(features),
        decimal(node.get("intercept"), Decimal(0), reading),
        _levels(levels_node, around, reading),
        node.place,
    )


def _levels(node: Node, around: Around, reading: Reading) -> tuple[tuple[str, Decimal], ...]:
    scores: dict[str, Decimal] = {}
    for name, place, value in node.values():
        if name not in around.severities:
            listed = f"it is one of: {', '.join(around.severities)}"
            message = f"there is no severity {name!r}"
            reading.error("unknown-severity", message, place, listed)
        else:
            scores[name] = decimal(value, Decimal(0), reading)
    ordered = tuple((s, scores[s]) for s in around.severities if s in scores)
    for (urgent, high), (mild, low) in pairwise(ordered):
        if high <= low:
            message = f"{urgent} should begin at a higher score than {mild} ({low})"
            reading.error("bad-order", message, node.key_place(urgent))
    return ordered


def _feature(
    name: str, place: Place, node: Node, slos: Mapping[str, object], reading: Reading
) -> Feature | None:
    wrong = one_of(node, ("expr", "slo"), "a feature", "feature-kind")
    if wrong:
        reading.findings += wrong
        return None
    slo = node.get("slo")
    if slo is not None and not reading.reference(string(slo), slos, "SLO", slo.place):
        return None
    bounds = [decimal(n, Decimal(0), reading) for n in items_of(node.get("clamp"))]
    low, high = (bounds[0], bounds[1]) if bounds else (Decimal(0), Decimal(1))
    if slo is not None and not bounds:
        high = Decimal("14.4")
    if low >= high:
        clamp = node.get("clamp")
        assert clamp is not None
        reading.error("bad-order", "clamp is [lowest, highest]", clamp.place)
    return Feature(
        name=name,
        expr=text(node.get("expr")) if node.get("expr") else None,
        slo=string(slo) if slo else None,
        window=duration(node.get("window"), Duration.of(hours=1)) if slo else None,
        low=low,
        high=high,
        missing=decimal(node.get("missing"), low, reading),
        weight=Decimal(0),
        place=place,
    )


def _weighted(feature: Feature, weight: Decimal) -> Feature:
    return replace(feature, weight=weight)
