"""Lints of a tenant's alerts and SLOs as a whole: twins, shadows, waiting times, swapped SLIs.

Lints of one expression are in `promql.lints`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.compile.plan import PlannedAlert
from generator.findings import Finding, Level, Place, Text, error, info, warning
from generator.lints import declare
from generator.promql.implication import covers, narrows
from generator.promql.parser import parse
from generator.promql.presence import fixed_labels
from generator.promql.problems import PromqlError
from generator.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Expr,
    unwrapped,
    vector_selectors,
)
from generator.promql.types import type_of
from generator.spec.model import Absent, Alert, EventsSli, Expression, Platform, Tenant, Threshold

_COMPARED_KINDS = frozenset({"threshold", "forecast", "absent", "expr"})


@dataclass(frozen=True, slots=True)
class Whole:
    """A tenant with its compiled alerts, as a lint sees it."""

    tenant: Tenant
    platform: Platform
    alerts: Sequence[PlannedAlert]


Finder = Callable[[Whole], Iterator[Finding]]
FINDERS: list[Finder] = []


def lint(codes: Mapping[str, Level]) -> Callable[[Finder], Finder]:
    """Enters a lint with its codes and the worst level of each."""
    declare(codes)

    def register(finder: Finder) -> Finder:
        FINDERS.append(finder)
        return finder

    return register


def tenant_lints(
    tenant: Tenant, platform: Platform, alerts: Sequence[PlannedAlert]
) -> tuple[Finding, ...]:
    """Every doubt about the tenant's compiled alerts and its SLOs."""
    whole = Whole(tenant, platform, alerts)
    return tuple(finding for finder in FINDERS for finding in finder(whole))


# twins and shadows ------------------------------------------------------------------------


@lint({"alert-duplicate": Level.WARNING, "alert-shadowed": Level.WARNING})
def _shadows(whole: Whole) -> Iterator[Finding]:
    """Alerts that fire whenever another of the same severity and escalation does."""
    alike: dict[tuple[str, str | None], list[PlannedAlert]] = defaultdict(list)
    for alert in whole.alerts:
        if alert.kind in _COMPARED_KINDS:
            alike[alert.severity, alert.policy].append(alert)
    for alerts in alike.values():
        yield from _among(alerts)


def _among(alerts: Sequence[PlannedAlert]) -> Iterator[Finding]:
    """Only alerts that read nothing else can cover one: found by the first metric they read."""
    read = [_metrics(parse(alert.rule.expr)) for alert in alerts]
    by_metric: dict[str, list[int]] = defaultdict(list)
    for index, names in enumerate(read):
        by_metric[min(names, default="")].append(index)
    for index, names in enumerate(read):
        others = [i for name in sorted(names | {""}) for i in by_metric[name] if i != index]
        for other in others:
            found = read[other] <= names and _shadowed(alerts, index, other)
            if found:
                yield found
                break


def _metrics(tree: Expr) -> frozenset[str]:
    return frozenset(node.name or "" for node in vector_selectors(tree))


def _shadowed(alerts: Sequence[PlannedAlert], index: int, other: int) -> Finding | None:
    """What is said of the alert at `index` next to the one at `other`."""
    narrow, wide = alerts[index], alerts[other]
    inner, outer = parse(narrow.rule.expr), parse(wide.rule.expr)
    if wide.rule.for_ > narrow.rule.for_ or not covers(outer, inner):
        return None
    name, line = wide.rule.alert, wide.place.line
    where = f"{name} (line {line})" if wide.place.file == narrow.place.file else name
    if wide.rule.for_ == narrow.rule.for_ and covers(inner, outer):
        if other > index:
            return None
        if narrow.place == wide.place and narrow.service != wide.service:
            return _told_of_both(narrow, wide)
        message = f"{narrow.rule.alert} fires exactly when {where} does"
        return warning("alert-duplicate", message, narrow.place, "remove one of the two")
    message = f"whenever {narrow.rule.alert} fires, {where} fires already, as {wide.severity}"
    hint = "give the two different severities, or remove one"
    return warning("alert-shadowed", message, narrow.place, hint)


def _told_of_both(one: PlannedAlert, other: PlannedAlert) -> Finding:
    """One alert of a pack that two services with the same series use."""
    services = f"{other.service} and {one.service}"
    message = f"{one.rule.alert} fires for {services} at once: both select the same series"
    hint = "give the services selectors that tell them apart, or the pack to one of them"
    return warning("alert-duplicate", message, one.place, hint)


# waiting ----------------------------------------------------------------------------------


@lint({"alert-absent-for": Level.WARNING})
def _impatient(whole: Whole) -> Iterator[Finding]:
    """Absence that is told at once: a restart or one failed scrape is enough."""
    for alert in whole.tenant.alerts:
        if not alert.for_.ms and _asks_absence(alert):
            message = f"{alert.name} fires as soon as one scrape is missing"
            hint = "wait with for: 5m or more, so that a restart is not told"
            yield warning("alert-absent-for", message, alert.place, hint)


def _asks_absence(alert: Alert) -> bool:
    if isinstance(alert.signal, Absent):
        return True
    if not isinstance(alert.signal, Expression):
        return False
    tree = _read(alert.signal.expr)
    return tree is not None and any(
        isinstance(node, Call) and node.function == "absent" for node in _alternatives(tree)
    )


def _all_of(text: Text) -> Place:
    """A text's first line, from its first to its last character."""
    return text.at(0, len(text.value.partition("\n")[0]))


def _read(text: Text) -> Expr | None:
    """An author's tree; None when its fault is told elsewhere."""
    try:
        return parse(text.value)
    except PromqlError:
        return None


def _alternatives(expr: Expr) -> Iterator[Expr]:
    inner = unwrapped(expr)
    if isinstance(inner, Binary) and inner.op in ("or", "and", "=="):
        yield from _alternatives(inner.lhs)
        if inner.op == "or":
            yield from _alternatives(inner.rhs)
    else:
        yield inner


@lint({"alert-short-for": Level.WARNING})
def _rounded(whole: Whole) -> Iterator[Finding]:
    """A waiting time that ends between two evaluations is rounded up to the next one."""
    step = whole.platform.evaluation_interval
    for alert in whole.tenant.alerts:
        if 0 < alert.for_.ms < step.ms:
            message = f"rules are evaluated every {step}: for {alert.for_} waits {step} too"
            hint = f"write for: {step}, or leave it out"
            place = alert.for_place or alert.place
            yield warning("alert-short-for", message, place, hint)


# texts ------------------------------------------------------------------------------------


@lint({"alert-unnamed": Level.INFO})
def _unnamed(whole: Whole) -> Iterator[Finding]:
    """An alert for each of several series whose text does not say which."""
    for alert in whole.tenant.alerts:
        if not isinstance(alert.signal, Threshold | Expression) or not alert.summary.value:
            continue
        if "abels" in alert.summary.value + alert.description.value:
            continue
        tree = _read(alert.signal.expr)
        labels = _grouped(tree) if tree is not None else []
        if labels:
            told = "each " + ", ".join(labels)
            message = f"{alert.name} fires for {told}, and its texts do not say for which"
            hint = f"add {{{{ $labels.{labels[0]} }}}} to the summary"
            yield info("alert-unnamed", message, _all_of(alert.summary), hint)


def _grouped(expr: Expr) -> list[str]:
    """The labels that the value is plainly grouped by."""
    inner = unwrapped(expr)
    while isinstance(inner, Binary) and "scalar" in (type_of(inner.lhs), type_of(inner.rhs)):
        inner = unwrapped(inner.lhs if type_of(inner.rhs) == "scalar" else inner.rhs)
    if not isinstance(inner, Aggregate) or inner.grouping != "by":
        return []
    return sorted(set(inner.labels) - fixed_labels(inner).keys())


# SLOs -------------------------------------------------------------------------------------


@lint({"slo-retention": Level.WARNING})
def _forgotten(whole: Whole) -> Iterator[Finding]:
    """An SLO over a longer time than samples are kept: its budget forgets its own beginning."""
    kept = whole.platform.retention
    for slo in whole.tenant.slos.values():
        if kept is not None and slo.window > kept:
            message = f"{slo.name} looks back over {slo.period}, and samples are kept for {kept}"
            hint = "shorten its window, or keep samples longer and say so in retention:"
            yield warning("slo-retention", message, slo.place, hint)


@lint({"slo-swapped": Level.ERROR})
def _swapped(whole: Whole) -> Iterator[Finding]:
    """An SLI whose part counts as much as its total, or more."""
    for slo in whole.tenant.slos.values():
        if not isinstance(slo.sli, EventsSli):
            continue
        part = slo.sli.errors or slo.sli.good
        assert part is not None
        word = "errors" if slo.sli.errors else "good"
        total, counted = _read(slo.sli.total), _read(part)
        if total is None or counted is None or not narrows(total, counted):
            continue
        if narrows(counted, total):
            message, hint = f"total and {word} count the same", f"narrow {word} with a matcher"
        else:
            message = f"total is a part of {word}: the two are swapped"
            hint = f"total counts every event, {word} some of them"
        yield error("slo-swapped", message, _all_of(part), hint)
