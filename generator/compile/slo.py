"""SLOs to recording rules and alerts.

The event rates are recorded once; every ratio is a sum of them over a window, so that quiet hours
weigh what they weigh (docs/slo-mathematics.md). The mathematics of the alerts is in `burn_rate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from generator.compile.annotations import alert_annotations, literal
from generator.compile.burn_rate import Burn, budget, burns
from generator.compile.context import Context
from generator.compile.naming import SLO_FILE, group_name, slo_panel_key, test_slug
from generator.compile.plan import Compiled, Graph, PlannedAlert
from generator.compile.sli import Rates, sli_rates
from generator.compile.slo_tests import (
    absent_scenarios,
    budget_scenarios,
    burn_scenarios,
    excess_scenarios,
)
from generator.findings import Finding
from generator.ir.checks import Scenario
from generator.ir.rules import AlertRule, RecordingRule, RuleGroup
from generator.promql.build import selector
from generator.spec.model import EventsSli, Platform, Slo, Tenant
from generator.values import Duration, plain

BURN_ALERT = "SLOErrorBudgetBurn"
SPENT_ALERT = "SLOErrorBudgetSpent"
ABSENT_ALERT = "SLOMetricAbsent"
EXCESS_ALERT = "SLOErrorsExceedTotal"

ERRORS, TOTAL = "slo:sli_errors:rate5m", "slo:sli_total:rate5m"
REMAINING = "slo:period_error_budget_remaining:ratio"

LONG_INTERVAL = Duration.of(minutes=2)
"""How often windows of a day and more are summed: cheaper, and inside the five-minute lookback."""


def compile_slos(tenant: Tenant, platform: Platform) -> tuple[tuple[RuleGroup, ...], Compiled]:
    """Recording groups of all SLOs and their alerts."""
    context = Context(tenant, platform)
    groups: list[RuleGroup] = []
    alerts: list[PlannedAlert] = []
    findings: list[Finding] = []
    for slo in tenant.slos.values():
        rates, told = sli_rates(slo, context)
        findings += told
        if rates is None:
            continue
        pairs, told = burns(slo, platform.scrape_interval)
        findings += told
        groups += _groups(slo, pairs, rates, context)
        alerts += _alerts(slo, pairs, rates, context)
    return tuple(groups), Compiled(tuple(alerts), tuple(findings))


def ratio_record(window: Duration) -> str:
    """The name of the recorded error ratio over a window: `slo:sli_error:ratio_rate1h`."""
    return f"slo:sli_error:ratio_rate{window}"


def read(record: str, slo: Slo, context: Context) -> str:
    """A recorded series of one SLO, as text that still has to be isolated."""
    return selector(record, [(context.platform.labels.slo, "=", slo.name)])


# --------------------------------------------------------------------------- recordings


def _groups(
    slo: Slo, pairs: tuple[Burn, ...], rates: Rates, context: Context
) -> tuple[RuleGroup, RuleGroup]:
    base = {Duration.of(minutes=5), *(w for p in pairs for w in (p.long, p.short))}
    day = Duration.of(days=1)
    short = sorted(w for w in base if w < day)
    long = sorted({w for w in base if w >= day} | {slo.window})
    recorder = _Recorder(slo, context)
    first = [recorder.rule(TOTAL, rates.total), recorder.rule(ERRORS, rates.errors)]
    first += [recorder.ratio(window) for window in short]
    second = [recorder.ratio(window) for window in long]
    second += recorder.metadata() + recorder.budgets()
    interval = context.platform.evaluation_interval
    percent = plain(slo.objective)
    return (
        RuleGroup(
            SLO_FILE,
            group_name(context.tenant.id, "slo", slo.name, "sli"),
            interval,
            tuple(first),
            f"{slo.name}: {percent} % of {slo.service} over {slo.window}",
        ),
        RuleGroup(
            SLO_FILE,
            group_name(context.tenant.id, "slo", slo.name, "budget"),
            max(interval, LONG_INTERVAL),
            tuple(second),
        ),
    )


class _Recorder:
    """Recording rules of one SLO: all carry the same static labels."""

    def __init__(self, slo: Slo, context: Context) -> None:
        self.slo = slo
        self.context = context
        self.labels = context.record_labels(slo.service, slo.name)

    def rule(self, record: str, expr: str, more: Mapping[str, str] | None = None) -> RecordingRule:
        constant = expr.startswith("vector(")
        isolated = self.context.own(expr, constant=constant)
        labels = dict(sorted({**self.labels, **(more or {})}.items()))
        return RecordingRule(record, isolated, labels, self.slo.place)

    def read(self, record: str) -> str:
        return read(record, self.slo, self.context)

    def ratio(self, window: Duration) -> RecordingRule:
        errors, total = self.read(ERRORS), self.read(TOTAL)
        expr = f"sum_over_time({errors}[{window}]) / (sum_over_time({total}[{window}]) > 0)"
        return self.rule(ratio_record(window), expr)

    def metadata(self) -> list[RecordingRule]:
        slo = self.slo
        days = plain(slo.window.seconds / 86400)
        info = {"objective": plain(slo.objective), "window": str(slo.window)}
        return [
            self.rule("slo:objective:ratio", f"vector({plain(slo.objective / 100)})"),
            self.rule("slo:error_budget:ratio", f"vector({plain(budget(slo))})"),
            self.rule("slo:time_period:days", f"vector({days})"),
            self.rule("slo_info", "vector(1)", info),
        ]

    def budgets(self) -> list[RecordingRule]:
        allowed = plain(budget(self.slo))
        now = self.read(ratio_record(Duration.of(minutes=5)))
        period = self.read(ratio_record(self.slo.window))
        seconds = plain(self.slo.window.seconds)
        burn = self.read("slo:current_burn_rate:ratio")
        return [
            self.rule("slo:current_burn_rate:ratio", f"{now} / {allowed}"),
            self.rule("slo:period_burn_rate:ratio", f"{period} / {allowed}"),
            self.rule(REMAINING, f"1 - {self.read('slo:period_burn_rate:ratio')}"),
            self.rule(
                "slo:error_budget_exhaustion:seconds",
                f"{self.read(REMAINING)} * {seconds} / ({burn} > 0)",
            ),
        ]


# --------------------------------------------------------------------------- alerts


def _alerts(
    slo: Slo, pairs: tuple[Burn, ...], rates: Rates, context: Context
) -> list[PlannedAlert]:
    planner = _Planner(slo, rates, context)
    alerts = [planner.burn(pair) for pair in pairs]
    alerts.append(planner.spent())
    if rates.can_be_absent and pairs:
        alerts.append(planner.absent(pairs[0]))
    if isinstance(slo.sli, EventsSli) and slo.sli.errors is not None:
        alerts.append(planner.excess())
    return alerts


class _Planner:
    """Alerts of one SLO."""

    def __init__(self, slo: Slo, rates: Rates, context: Context) -> None:
        self.slo = slo
        self.rates = rates
        self.context = context
        self.names = context.platform.labels

    def read(self, record: str) -> str:
        return read(record, self.slo, self.context)

    def gate(self, window: Duration) -> str:
        """The traffic gate: enough events in the window, counted from the recorded rate."""
        if self.slo.min_events <= 0:
            return ""
        step = plain(self.context.platform.evaluation_interval.seconds)
        events = f"sum_over_time({self.read(TOTAL)}[{window}]) * {step}"
        return f" and {events} >= {plain(self.slo.min_events)}"

    def burn(self, pair: Burn) -> PlannedAlert:
        limit = f"{plain(pair.factor)} * {plain(budget(self.slo))}"
        long, short = ratio_record(pair.long), ratio_record(pair.short)
        expr = f"{self.read(long)} > {limit} and {self.read(short)} > {limit}{self.gate(pair.long)}"
        factor = plain(pair.factor)
        name = literal(self.slo.description or self.slo.name)
        groups = "".join(f" {{{{ $labels.{g} }}}}" for g in self.slo.group_by)
        return self.plan(
            BURN_ALERT,
            expr,
            pair.severity,
            for_=pair.for_,
            labels={self.names.pair: pair.name},
            slug=test_slug(BURN_ALERT, self.slo.name, pair.name),
            kind="burn-rate",
            summary=(
                f"{literal(self.slo.service)}{groups}: {{{{ $value | humanizePercentage }}}} of "
                f"events fail, {factor} times what the objective allows"
            ),
            description=(
                f"{name}: over {pair.long} and over {pair.short} the error budget of "
                f"{self.slo.window} burns {factor} times too fast or faster. At this pace it is "
                f"spent in {_spent_in(self.slo, pair)}."
            ),
            panel="burn",
            graph=Graph(
                self.context.own(self.read(long)),
                "percentunit",
                float(pair.factor * budget(self.slo)),
                True,
            ),
            scenarios=burn_scenarios(self.slo, pair, self.rates, self.context),
            runbook_text=_BURN_RUNBOOK,
        )

    def spent(self) -> PlannedAlert:
        expr = f"{self.read(REMAINING)} <= 0{self.gate(self.slo.window)}"
        return self.plan(
            SPENT_ALERT,
            expr,
            self.slo.ticket_severity,
            for_=Duration.of(minutes=15),
            labels={},
            slug=test_slug(SPENT_ALERT, self.slo.name),
            kind="slo",
            summary=(
                f"{literal(self.slo.service)}: the error budget of "
                f"{literal(self.slo.name)} is spent"
            ),
            description=(
                f"Over {self.slo.window} more events failed than "
                f"{plain(self.slo.objective)} % allows."
            ),
            panel="budget",
            graph=Graph(self.context.own(self.read(REMAINING)), "percentunit", 0.0, False),
            scenarios=budget_scenarios(self.slo, self.rates, self.context),
            runbook_text=_SPENT_RUNBOOK,
        )

    def absent(self, fastest: Burn) -> PlannedAlert:
        """`for` is the time in which the fastest pair would notice a total outage."""
        step = self.context.platform.evaluation_interval.ms
        share = fastest.factor * budget(self.slo) * fastest.long.ms
        wait = Duration(max(120_000, -(-int(share) // step) * step))
        return self.plan(
            ABSENT_ALERT,
            f"absent({self.read(TOTAL)})",
            self.slo.ticket_severity,
            for_=wait,
            labels={},
            slug=test_slug(ABSENT_ALERT, self.slo.name),
            kind="slo",
            summary=(
                f"{literal(self.slo.service)}: nothing is measured for {literal(self.slo.name)}"
            ),
            description="The metric of the SLO has disappeared; its alerts are blind.",
            panel="ratio",
            graph=None,
            scenarios=absent_scenarios(self.slo, self.rates, wait, self.context),
            runbook_text=_ABSENT_RUNBOOK,
        )

    def excess(self) -> PlannedAlert:
        expr = f"{self.read(ERRORS)} > {self.read(TOTAL)} * 1.001"
        return self.plan(
            EXCESS_ALERT,
            expr,
            self.slo.ticket_severity,
            for_=Duration.of(minutes=15),
            labels={},
            slug=test_slug(EXCESS_ALERT, self.slo.name),
            kind="slo",
            summary=(
                f"{literal(self.slo.service)}: {literal(self.slo.name)} counts more errors "
                "than events"
            ),
            description="The selectors of errors and total do not fit: the SLO cannot be right.",
            panel="ratio",
            graph=None,
            scenarios=excess_scenarios(self.slo, self.rates, self.context),
            runbook_text=_EXCESS_RUNBOOK,
        )

    def plan(
        self,
        name: str,
        expr: str,
        severity: str,
        *,
        for_: Duration,
        labels: dict[str, str],
        slug: str,
        kind: str,
        summary: str,
        description: str,
        panel: str,
        graph: Graph | None,
        scenarios: tuple[Scenario, ...],
        runbook_text: str,
    ) -> PlannedAlert:
        slo, context = self.slo, self.context
        key = slo_panel_key(slo.name, panel)
        own = {**slo.labels, self.names.slo: slo.name, **labels}
        rule = AlertRule(
            alert=name,
            expr=context.own(expr),
            labels=context.labels(slo.service, severity, own),
            annotations=alert_annotations(
                context,
                alert=name,
                service=slo.service,
                summary=summary,
                description=description,
                view="executive",
                panel_key=key,
                runbook=slo.runbook,
                compliance=slo.compliance,
            ),
            for_=for_,
            origin=slo.place,
        )
        return PlannedAlert(
            rule=rule,
            kind=kind,
            service=slo.service,
            severity=severity,
            slug=slug,
            view="executive",
            panel_key=key,
            graph=graph,
            scenarios=scenarios,
            policy=None,
            compliance=slo.compliance,
            runbook_text=runbook_text,
            pack=slo.pack,
            place=slo.place,
        )


def _spent_in(slo: Slo, pair: Burn) -> str:
    """How long the whole budget lasts at the pair's pace, to the minute."""
    minutes = int(Decimal(slo.window.ms) / pair.factor / 60_000)
    return str(Duration.of(minutes=minutes))


_BURN_RUNBOOK = """**What it means.** Users see so many failures that the promise will be broken.

**First checks.**
1. Did a release or a change of configuration coincide with the rise? Undo it first, ask later.
2. Which route, method or instance fails? Break the errors down.
3. Is a dependency down? Its own alerts say so.

**Who.** The team that owns the service; a fast burn pages, a slow one can wait for the morning."""
_SPENT_RUNBOOK = """**What it means.** The promise of the period is broken.

**First checks.**
1. Is it still burning? Then the burn-rate alerts come first.
2. Agree to put reliability before features until the budget recovers.

**Who.** The owner of the service and its product manager."""
_ABSENT_RUNBOOK = """**What it means.** Nobody knows whether the promise is kept.

**First checks.**
1. Is the service scraped? Does it export the metric?
2. Was the metric or a label renamed by a release?

**Who.** The team that owns the service."""
_EXCESS_RUNBOOK = """**What it means.** The SLO's selectors do not fit: it counts more errors than events.

**First checks.**
1. Compare the selectors of `errors` and `total` in the spec.

**Who.** The author of the SLO."""
