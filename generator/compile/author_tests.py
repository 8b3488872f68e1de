"""The tests that authors write for their alerts, with the tenant added to their series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.compile.context import Context
from generator.compile.escalation import policy_of
from generator.compile.plan import PlannedAlert
from generator.compile.scenarios import SILENT, counted, told
from generator.findings import Finding, error, warning
from generator.ir.checks import (
    AlertExpectation,
    Expectation,
    ExpectedAlert,
    InputSeries,
    Scenario,
)
from generator.promql.build import matchers_added
from generator.promql.problems import PromqlError
from generator.spec.model import Alert, ExpectedAt, ExpectedFiring, UserTest


def author_scenarios(
    planned: PlannedAlert, author: Alert | None, context: Context
) -> tuple[list[Scenario], list[Finding]]:
    """Every test of the author's that can be run, and what is wrong with them."""
    scenarios: list[Scenario] = []
    findings: list[Finding] = []
    for test in author.tests if author is not None else ():
        wrong = _wrong(test, planned, context)
        findings += wrong
        if not wrong:
            scenarios.append(_scenario(test, planned, context))
            findings += _never_fires(test)
    return scenarios, findings


# --------------------------------------------------------------------------- what is wrong


def _wrong(test: UserTest, planned: PlannedAlert, context: Context) -> list[Finding]:
    findings: list[Finding] = []
    for name, _ in test.series:
        try:
            matchers_added(name, [(context.platform.labels.tenant, "=", context.tenant.id)])
        except PromqlError as failure:
            message = f"the series {name} of this test cannot be read: {failure}"
            findings.append(error("bad-test", message, test.place, 'write name{label="value"}'))
    if not test.fires_at and not test.silent_at and not test.expect:
        message, hint = "this test expects nothing", "add expect:, fires_at: or silent_at:"
        findings.append(error("bad-test", message, test.place, hint))
    for moment in test.expect:
        for alert in moment.alerts:
            findings += _impossible(alert, planned)
            findings += _unrendered(alert, moment, planned)
        findings += _too_late(moment, planned, context)
    return findings


def _impossible(alert: ExpectedFiring, planned: PlannedAlert) -> list[Finding]:
    """Labels that the alert always has with another value."""
    findings: list[Finding] = []
    for name, value in alert.labels.items():
        fixed = planned.rule.labels.get(name, value)
        if name == "alertname":
            fixed = planned.rule.alert
        if fixed != value and "{{" not in fixed:
            message = f"{planned.rule.alert} never has {name}={value}: it is always {fixed}"
            hint = f"leave {name} out; what all its alerts share is added"
            findings.append(error("bad-test", message, alert.place, hint))
    return findings


def _unrendered(alert: ExpectedFiring, moment: ExpectedAt, planned: PlannedAlert) -> list[Finding]:
    """promtool compares all annotations or none: those with templates need the author's text."""
    if not any(other.annotations for other in moment.alerts):
        return []
    missing = [
        name
        for name, text in sorted(planned.rule.annotations.items())
        if "{{" in text and name not in alert.annotations
    ]
    if not missing:
        return []
    message = f"texts are compared all or not at all: {', '.join(missing)} is missing here"
    hint = f"add {missing[0]}: as people will read it, or leave all texts of this time out"
    return [error("bad-test", message, alert.place, hint)]


def _too_late(moment: ExpectedAt, planned: PlannedAlert, context: Context) -> list[Finding]:
    """Texts are compared of all alerts of a name, and a later step is one with texts of its own."""
    policy = policy_of(planned, context.tenant)
    later = policy.steps[1].after if policy is not None and len(policy.steps) > 1 else None
    if later is None or not any(alert.annotations for alert in moment.alerts):
        return []
    speaks = planned.rule.for_ + later
    if moment.at < speaks:
        return []
    message = f"by {moment.at} a later step of the escalation may speak, in words of its own"
    hint = f"compare texts before {speaks}, or leave them out at this time"
    return [error("bad-test", message, moment.place, hint)]


def _never_fires(test: UserTest) -> list[Finding]:
    """Silence alone proves nothing: a misspelt series is silent too."""
    if test.fires_at or any(moment.alerts for moment in test.expect):
        return []
    message = "this test only expects silence: it passes as well when its series are misspelt"
    hint = "let its data make the alert fire at some time and say so with expect: or fires_at:"
    return [warning("silent-test", message, test.place, hint)]


# --------------------------------------------------------------------------- scenarios


def _scenario(test: UserTest, planned: PlannedAlert, context: Context) -> Scenario:
    names = context.platform.labels
    added = [(names.tenant, "=", context.tenant.id)]
    series = tuple(InputSeries(matchers_added(name, added), values) for name, values in test.series)
    firing = counted(planned.rule.alert, planned.rule.labels, names)
    some = f"{firing} > bool 0"
    expected = [Expectation(at, some, told(1)) for at in test.fires_at]
    expected += [Expectation(at, firing, SILENT) for at in test.silent_at]
    for moment in test.expect:
        expected.append(Expectation(moment.at, firing, told(len(moment.alerts))))
        expected += _each(moment, planned, context)
    ordered = tuple(sorted(expected, key=lambda e: e.at.ms))
    rendered = tuple(
        AlertExpectation(moment.at, _rendered(moment.alerts, planned))
        for moment in test.expect
        if any(alert.annotations for alert in moment.alerts)
    )
    return Scenario(test.name, test.interval, series, ordered, rendered)


def _each(moment: ExpectedAt, planned: PlannedAlert, context: Context) -> list[Expectation]:
    """Each alert by the labels that its author gives; the count of all tells the rest."""
    fixed = {k: v for k, v in planned.rule.labels.items() if "{{" not in v}
    found = []
    for alert in moment.alerts:
        labels = {**fixed, **{k: v for k, v in alert.labels.items() if k != "alertname"}}
        if alert.labels:
            firing = counted(planned.rule.alert, labels, context.platform.labels)
            found.append(Expectation(moment.at, f"{firing} > bool 0", told(1)))
    return found


def _rendered(alerts: Sequence[ExpectedFiring], planned: PlannedAlert) -> tuple[ExpectedAlert, ...]:
    """All labels and annotations, as `exp_alerts` wants them."""

    def whole(fixed: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
        literal = {k: v for k, v in fixed.items() if "{{" not in v}
        return dict(sorted({**literal, **given}.items()))

    rule = planned.rule
    return tuple(
        ExpectedAlert(
            whole(rule.labels, {k: v for k, v in alert.labels.items() if k != "alertname"}),
            whole(rule.annotations, alert.annotations),
        )
        for alert in alerts
    )
