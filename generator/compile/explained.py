"""What the compilers know of an alert or an SLO, in the words of whoever asks."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from generator.compile.burn_rate import Burn, burns, error_budget
from generator.compile.sli import texts_of
from generator.findings import Place
from generator.ir.explained import PairAnswer, SloAnswer
from generator.ir.rules import AlertRule
from generator.spec.model import (
    Absent,
    Alert,
    CompositeSli,
    Correlate,
    EventsSli,
    LatencySli,
    Platform,
    Slo,
    Tenant,
)
from generator.values import Duration, plain

_KINDS = {
    "EventsSli": "events",
    "LatencySli": "latency",
    "RatioSli": "ratio",
    "ProbeSli": "probe",
    "CompositeSli": "its parts, all of which must be good",
}


def written_expressions(tenant: Tenant, platform: Platform, rule: AlertRule) -> tuple[str, ...]:
    """The author's own texts behind a rule; none for what Tocsin makes by itself."""
    names = platform.labels
    slo = tenant.slos.get(rule.labels.get(names.slo, ""))
    if slo is not None:
        parts = slo.sli.members if isinstance(slo.sli, CompositeSli) else texts_of(slo)
        return tuple(text.value for text in parts)
    service = rule.labels.get(names.service)
    for alert in tenant.alerts:
        same_service = alert.service == service or alert.service is None
        if same_service and rule.alert == alert.name:
            return _texts(alert)
    model = tenant.severity_model
    if model is not None and rule.origin == model.place:
        return tuple(
            f.expr.value if f.expr else f"burn of the SLO {f.slo} over {f.window}"
            for f in model.features
        )
    return ()


def slo_answer(tenant: Tenant, slo: Slo, alerts: tuple[str, ...]) -> SloAnswer:
    """Windows, factors and thresholds of an SLO's alerts, and what its budget is worth."""
    budget = error_budget(slo)
    counted = isinstance(slo.sli, EventsSli | LatencySli)
    return SloAnswer(
        tenant=tenant.id,
        slo=slo.name,
        service=slo.service,
        origin=place_text(slo.place),
        pack=slo.pack,
        description=slo.description,
        objective=f"{plain(slo.objective)} %",
        window=slo.window,
        period=slo.period,
        sli=_sli(slo),
        kind=_KINDS.get(type(slo.sli).__name__, "condition"),
        allowed=Duration(int(budget * slo.window.ms) // 1000 * 1000),
        events=plain((budget * 1_000_000).quantize(Decimal("0.1"))) if counted else "",
        min_events=plain(slo.min_events) if slo.min_events else "",
        group_by=slo.group_by,
        pairs=tuple(_pair(slo, burn) for burn in burns(slo)[0]),
        alerts=alerts,
    )


def place_text(place: Place | None) -> str:
    """`file:line:column`, empty for no place."""
    return f"{place.file}:{place.line}:{place.column}" if place else ""


def _pair(slo: Slo, burn: Burn) -> PairAnswer:
    pair = burn.pair
    lasts = int(Decimal(slo.window.ms) / burn.factor)
    return PairAnswer(
        long=pair.long,
        short=pair.short,
        factor=plain(burn.factor),
        threshold=plain((burn.threshold * 100).quantize(Decimal("0.0001")).normalize()),
        budget=plain((pair.budget * 100).quantize(Decimal("0.01"), ROUND_DOWN)),
        severity=pair.severity,
        hold=pair.for_,
        gone_after=Duration(lasts // 60_000 * 60_000),
    )


def _sli(slo: Slo) -> tuple[tuple[str, str], ...]:
    sli = slo.sli
    if isinstance(sli, EventsSli):
        parts = (("all events", sli.total), ("bad events", sli.errors), ("good events", sli.good))
        return tuple((what, text.value) for what, text in parts if text is not None)
    if isinstance(sli, CompositeSli):
        return tuple(("good while", member.value) for member in sli.members)
    (text,) = texts_of(slo)
    below = f"good below {sli.below}" if isinstance(sli, LatencySli) else "measured"
    return ((below, text.value),)


def _texts(alert: Alert) -> tuple[str, ...]:
    signal = alert.signal
    if isinstance(signal, Correlate):
        return tuple(member.value for member in signal.members)
    if isinstance(signal, Absent):
        return (signal.selector.value,)
    return (signal.expr.value,)
