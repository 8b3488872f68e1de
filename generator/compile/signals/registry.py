"""Where the compilers of alert kinds are registered, and what they share. No kind is known here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from generator.compile.annotations import alert_annotations, literal, template_findings
from generator.compile.context import Context
from generator.compile.kinds import FLAPPING
from generator.compile.naming import alert_panel_key, test_slug
from generator.compile.plan import Compiled, Graph, Line, PlannedAlert
from generator.compile.wording import ONE_PER_TARGET, certain, drawn_view, legend_of, told_labels
from generator.findings import Finding, Text, error, has_errors
from generator.ir.rules import AlertRule, RecordingRule
from generator.promql.build import label_name, selector
from generator.promql.labels import LabelSet, output_labels
from generator.promql.parser import parse
from generator.promql.problems import PromqlError
from generator.promql.tree import Expr, VectorSelector, unwrapped
from generator.promql.types import type_of
from generator.spec.model import Alert, Platform, Signal, Tenant
from generator.values import Duration

Compiler = Callable[[Alert, Context], Compiled]
COMPILERS: dict[type, Compiler] = {}


def compiles(kind: type[Signal]) -> Callable[[Compiler], Compiler]:
    """Registers the compiler of one kind of signal."""

    def register(compiler: Compiler) -> Compiler:
        COMPILERS[kind] = compiler
        return compiler

    return register


@dataclass(frozen=True, slots=True)
class Draft:
    """What a kind says about its alert; `finished` adds what all kinds have.

    `expr` is a construction around texts that `authored` accepted. `value`, `level`, `clear` and
    `lines` are what its panel draws. `summary` and `description` are templates for alerts whose
    author wrote none.
    """

    expr: str
    kind: str
    source: Text
    summary: str
    description: str
    value: str = ""
    level: float | None = None
    above: bool = True
    clear: float | None = None
    shape: str = ""
    """An expression with the labels of `value`, where that reads what is recorded of it."""
    lines: tuple[tuple[str, str], ...] = ()
    """(expression, legend) of what its panel draws beside the value."""
    records: tuple[tuple[str, str, dict[str, str]], ...] = ()
    """(record, expression, labels besides tenant and service), in order."""
    least_for: Duration = Duration(0)
    """`for` where the author gives none."""


def compile_alert(alert: Alert, tenant: Tenant, platform: Platform) -> Compiled:
    """One alert of the spec or of a pack, by its kind."""
    return COMPILERS[type(alert.signal)](alert, Context(tenant, platform))


def of_service(alert: Alert, context: Context) -> list[tuple[str, str, str]]:
    """Matchers that tell the alert's series from its namesakes' on other services.

    An alert without a service keeps whatever service its expression's series have.
    """
    label = context.platform.labels.service
    if alert.service:
        return [(label, "=", alert.service)]
    namesakes = {other.service for other in context.tenant.alerts if other.name == alert.name}
    return [(label, "!=", service) for service in sorted(filter(None, namesakes))]


def while_firing(alert: Alert, context: Context) -> str:
    """The right side of an `and`: the series for which the first step of this alert fires already.

    `ALERTS` carries the expression's own labels plus the rule's; the rule's are ignored. It tells
    the evaluation before, so it forgets when five minutes pass without one.
    """
    names = context.platform.labels
    fixed = context.labels(alert.service, alert.severity, alert.labels)
    ignored = ", ".join(map(label_name, ["alertname", "alertstate", *sorted(fixed)]))
    firing = selector(
        "ALERTS",
        [
            ("alertname", "=", alert.name),
            *of_service(alert, context),
            (names.severity, "=", alert.severity),
            (names.level, "=", ""),
            *not_flapping(context),
            ("alertstate", "=", "firing"),
        ],
    )
    return f"ignoring ({ignored}) {firing}"


def not_flapping(context: Context) -> list[tuple[str, str, str]]:
    """Matchers of `ALERTS` that leave out notices of flapping, which bear their alert's name."""
    watched = context.tenant.flapping is not None
    return [(context.platform.labels.kind, "!=", FLAPPING)] if watched else []


def read(
    text: Text,
    context: Context,
    *,
    condition: bool = False,
    level: tuple[str, float] | None = None,
) -> tuple[Expr | None, tuple[Finding, ...]]:
    """The tree of an author's expression, None when it cannot be used.

    It must return an instant vector: a scalar makes no alert, a range cannot be compared.
    `condition`: the expression alone decides whether the alert fires; `level`: it is compared with
    this (operator, number).
    """
    expr, findings = context.author(text, alert=condition, level=level)
    if expr is None:
        return None, findings
    tree = parse(text.value)
    kind = type_of(tree)
    if kind != "instant vector":
        message = f"an instant vector is needed here, this is a {kind}"
        hint = "compare or aggregate series; wrap a scalar in vector()"
        wrong = error("promql-type", message, text.at(tree.start, tree.end - tree.start), hint)
        return None, (*findings, wrong)
    return tree, findings


def plain_selector(tree: Expr) -> VectorSelector | None:
    """The selector that an expression is, None when it is anything else."""
    inner = unwrapped(tree)
    return inner if isinstance(inner, VectorSelector) else None


def finished(
    draft: Draft, alert: Alert, context: Context, findings: Iterable[Finding] = ()
) -> Compiled:
    """The draft isolated, labelled, annotated and planned, with everything wrong about it."""
    found = list(findings)
    try:
        expr = context.own(draft.expr)
        records = tuple(_record(record, alert, context) for record in draft.records)
    except PromqlError as failure:
        place = draft.source.place
        found += [error(p.code, p.message, place, p.hint) for p in failure.problems]
        return Compiled((), tuple(found))
    labels = context.labels(alert.service, alert.severity, alert.labels)
    out = output_labels(parse(expr), context.catalogue.known())
    found += template_findings(context, (alert.summary, alert.description), out, labels)
    if has_errors(found):
        return Compiled((), tuple(found))
    rule = AlertRule(
        alert=alert.name,
        expr=expr,
        labels=labels,
        annotations=_annotations(draft, alert, context, out),
        for_=alert.for_ if alert.for_.ms else draft.least_for,
        keep_firing_for=alert.keep_firing_for,
        origin=alert.place,
    )
    return Compiled((_planned(draft, alert, context, rule, records),), tuple(found))


def _annotations(draft: Draft, alert: Alert, context: Context, out: LabelSet) -> dict[str, str]:
    where = f" on {literal(alert.service)}" if alert.service else ""
    names = context.platform.labels
    series = told_labels(out, (names.tenant, names.service, "alertname", "alertstate", "anomaly"))
    summary = alert.summary.value or f"{alert.name}{where}: {draft.summary}{series}"
    return alert_annotations(
        context,
        alert=alert.name,
        service=alert.service,
        summary=summary,
        description=alert.description.value or draft.description,
        view=drawn_view(context.tenant, alert.view),
        panel_key=alert_panel_key(alert.service, alert.name),
        runbook=alert.runbook,
        dashboard=alert.dashboard,
        compliance=alert.compliance,
    )


def _named(legend: str, out: LabelSet, known: Collection[str], name: str) -> str:
    """The legend of an alert's value; `name` where labels alone may say nothing."""
    return legend if out.open or certain(out, known) else f"{name} {legend}".strip()


def _planned(
    draft: Draft,
    alert: Alert,
    context: Context,
    rule: AlertRule,
    records: tuple[RecordingRule, ...],
) -> PlannedAlert:
    graph, names = None, context.platform.labels
    if draft.value:
        value = context.own(draft.value, constant=True)
        known = (names.tenant, names.service, "alertname", "alertstate", "anomaly")
        shape = context.own(draft.shape, constant=True) if draft.shape else value
        out = output_labels(parse(shape), {**ONE_PER_TARGET, **context.catalogue.known()})
        legend = legend_of(out, known)
        lines = tuple(
            Line(context.own(expr), f"{legend} {told}".strip()) for expr, told in draft.lines
        )
        graph = Graph(
            value,
            alert.unit or "short",
            draft.level,
            draft.above,
            _named(legend, out, known, alert.service or alert.name),
            clear=draft.clear,
            lines=lines,
        )
    return PlannedAlert(
        rule=rule,
        kind=draft.kind,
        service=alert.service,
        severity=alert.severity,
        slug=test_slug(alert.name, alert.service or ""),
        view=drawn_view(context.tenant, alert.view),
        panel_key=alert_panel_key(alert.service, alert.name),
        graph=graph,
        scenarios=(),
        policy=alert.escalation,
        compliance=alert.compliance,
        runbook_text=alert.runbook_text,
        pack=alert.pack,
        place=alert.place,
        records=records,
        flapping=alert.flapping,
    )


def _record(
    record: tuple[str, str, dict[str, str]], alert: Alert, context: Context
) -> RecordingRule:
    name, expr, own = record
    labels = dict(sorted({**own, **context.record_labels(alert.service)}.items()))
    return RecordingRule(name, context.own(expr), labels, alert.place)
