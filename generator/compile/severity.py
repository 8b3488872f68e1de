"""`severity_model`: a score in [0,1] as one recording rule, and an alert per level.

The inhibition between levels is the severities' own, in `inhibition`.
"""

from __future__ import annotations

from generator.compile.annotations import alert_annotations
from generator.compile.burn_rate import error_budget
from generator.compile.context import Context
from generator.compile.naming import TENANT_FILE, alert_panel_key, group_name, test_slug
from generator.compile.plan import Compiled, Graph, PlannedAlert
from generator.compile.signals.registry import read
from generator.compile.wording import drawn_view, listed
from generator.findings import Finding
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.build import selector
from generator.spec.model import Feature, Platform, SeverityModel, Tenant
from generator.values import Duration, plain

SCORE = "tenant:severity_score:logistic"
ALERT = "IncidentSeverity"
HOLD = Duration.of(minutes=2)


def compile_severity(tenant: Tenant, platform: Platform) -> tuple[tuple[RuleGroup, ...], Compiled]:
    """The score's rule in a group of its own and the level alerts, most urgent first."""
    model = tenant.severity_model
    if model is None:
        return (), Compiled()
    context = Context(tenant, platform)
    findings: list[Finding] = []
    usable = True
    for feature in model.features:
        if feature.expr is not None:
            tree, told = read(feature.expr, context)
            findings += told
            usable = usable and tree is not None
    if not usable:
        return (), Compiled((), tuple(findings))
    rule = RecordingRule(
        record=SCORE,
        expr=context.own(score(model, context), constant=True),
        labels=context.record_labels(),
        origin=model.place,
    )
    group = RuleGroup(
        file=TENANT_FILE,
        name=group_name(tenant.id, "severity"),
        interval=platform.evaluation_interval,
        rules=(rule,),
        comment="Severity score: 1 / (1 + exp(-(intercept + Σ weight · feature)))",
    )
    alerts = tuple(
        _level(severity, plain(level), model, context) for severity, level in model.levels
    )
    return (group,), Compiled(alerts, tuple(findings))


def score(model: SeverityModel, context: Context) -> str:
    """The logistic score. Every feature always has a value, so the score always has one."""
    terms = [plain(model.intercept)]
    terms += [f"{plain(f.weight)} * {_feature(f, context)}" for f in model.features]
    return f"1 / (1 + exp(-({' + '.join(terms)})))"


def _feature(feature: Feature, context: Context) -> str:
    """Its worst series, clamped; the imputed value when there is none or it is no number.

    Clamping keeps NaN, comparing with the upper bound does not.
    """
    low, high = plain(feature.low), plain(feature.high)
    if feature.expr is not None:
        text = feature.expr.value
        value = f"max({text}\n)" if "#" in text else f"max({text})"
    else:
        slo = context.tenant.slos[feature.slo or ""]
        matcher = [(context.platform.labels.slo, "=", slo.name)]
        ratio = selector(f"slo:sli_error:ratio_rate{feature.window}", matcher)
        value = f"max({ratio}) / {plain(error_budget(slo))}"
    clamped = f"clamp({value}, {low}, {high}) <= {high}"
    return f"({clamped} or vector({plain(feature.missing)}))"


def _level(severity: str, level: str, model: SeverityModel, context: Context) -> PlannedAlert:
    view, key = drawn_view(context.tenant, "executive"), alert_panel_key(None, ALERT)
    rule = AlertRule(
        alert=ALERT,
        expr=context.own(f"{SCORE} > {level}"),
        labels=context.labels(None, severity, {}),
        annotations=alert_annotations(
            context,
            alert=ALERT,
            service=None,
            summary=f"The severity score is {{{{ $value | humanizePercentage }}}}: {severity}",
            description=f"Weighed together, {listed(f.name for f in model.features)} "
            f"{'come' if len(model.features) > 1 else 'comes'} to a score above {level}.",
            view=view,
            panel_key=key,
        ),
        for_=HOLD,
        origin=model.place,
    )
    return PlannedAlert(
        rule=rule,
        kind="severity",
        service=None,
        severity=severity,
        slug=test_slug(ALERT, severity),
        view=view,
        panel_key=key,
        graph=Graph(context.own(SCORE), "percentunit", float(level), True, "score"),
        scenarios=(),
        policy=None,
        compliance=(),
        runbook_text=_RUNBOOK,
        pack="",
        place=model.place,
    )


_RUNBOOK = """\
**What it means.** Several signals together say that users suffer, even where each alone is below
its own alert.

**First checks.**
1. Which feature drives the score? Its panel shows each.
2. Follow the alert of that signal where one fires.

**Who.** Whoever is on call for the tenant.
"""
