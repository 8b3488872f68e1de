"""Later steps: rules of the same name that read the first one's ALERTS."""

from __future__ import annotations

import pytest

from generator.compile.alertmanager import tenant_config
from generator.compile.escalation import MUTES_LABEL, escalated, in_words, policy_of
from generator.compile.routing import compile_routing
from generator.values import Duration
from generator.verify.notify import inhibited_by
from tests.builders import platform, service, tenant
from tests.compile_routing.planned import planned, policy, step

THREE = policy("urgent", step("chat"), step("sms", after="15m"), step("mail", after="1h30m"))


def test_without_a_policy_the_alert_stands_alone() -> None:
    alert = planned()
    assert escalated(alert, None, platform()) == (alert.rule,)
    assert escalated(alert, policy("p", step("chat")), platform()) == (alert.rule,)


def test_each_later_step_follows_the_first_under_its_name() -> None:
    alert = planned()
    first, second, third = escalated(alert, THREE, platform())
    assert first is alert.rule
    assert "escalation_level" not in first.labels
    assert [r.alert for r in (second, third)] == ["QueueBacklog", "QueueBacklog"]
    assert [r.for_ for r in (second, third)] == [Duration.parse("15m"), Duration.parse("1h30m")]
    assert [r.labels["escalation_level"] for r in (second, third)] == ["2", "3"]
    assert second.labels.items() - {("escalation_level", "2")} == first.labels.items()


def test_a_step_reads_exactly_its_alert() -> None:
    _, second = escalated(planned(), policy("p", step("a"), step("b", after="5m")), platform())
    assert "".join(second.expr.split()) == (
        'maxwithout(alertstate)(ALERTS{tenant="acme",alertname="QueueBacklog",'
        'alertstate="firing",service="api",severity="critical",team="core",escalation_level=""})'
    )


def test_labels_that_hold_templates_come_through_the_series() -> None:
    alert = planned(labels={"shard": "{{ $labels.queue }}"})
    _, second = escalated(alert, policy("p", step("a"), step("b", after="5m")), platform())
    assert "shard" not in second.labels
    assert "shard" not in second.expr


@pytest.mark.parametrize(
    ("expr", "mutes"),
    [
        ("sum by (queue) (queue_depth) > 10", True),
        ("up == 0", False),
        ('slo:sli_error:ratio_rate1h{slo="a"} > 0.1', True),
        ("absent(queue_depth)", True),
    ],
)
def test_a_step_mutes_earlier_ones_only_when_all_labels_are_known(expr: str, mutes: bool) -> None:
    _, second = escalated(
        planned(expr=expr), policy("p", step("a"), step("b", after="5m")), platform()
    )
    assert (second.labels.get(MUTES_LABEL) is None) == mutes


def test_a_step_does_not_mute_one_that_waits_for_its_window() -> None:
    waiting = policy("p", step("a", during="office"), step("b", after="1d"), step("c", after="2d"))
    _, second, third = escalated(planned(), waiting, platform())
    assert second.labels[MUTES_LABEL] == third.labels[MUTES_LABEL] == "none"


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        ("Queue {{ $labels.queue }} is long", "Queue {{ $labels.queue }} is long"),
        ("{{ $labels.queue }}: {{ $value | humanize }} left", "{{ $labels.queue }}: … left"),
        ("{{ .Labels.queue }} {{- .Value -}} x", '{{ .Labels.queue }} {{- "…" -}} x'),
        ("{{ if gt $value 9.0 }}long{{ end }}", "QueueBacklog of api is still firing"),
        ("{{ $v := $value }}{{ $v }}", "QueueBacklog of api is still firing"),
        ('{{ printf "%.1f }} $value" $value }}', "…"),
        ('{{ "$value" }}', '{{ "$value" }}'),
        ("{{ with $labels.queue }}{{ . }}{{ end }}", "{{ with $labels.queue }}{{ . }}{{ end }}"),
        ("{{ . }}", "…"),
        ("", "QueueBacklog"),
    ],
)
def test_the_summary_tells_the_wait_and_no_value(summary: str, told: str) -> None:
    alert = planned(annotations={"summary": summary})
    _, second = escalated(alert, policy("p", step("a"), step("b", after="15m")), platform())
    assert second.annotations["summary"] == f"Not acknowledged for 15 minutes: {told}"


def test_a_description_that_depends_on_the_value_is_left_out() -> None:
    texts = {"summary": "s", "description": "{{ if $value }}x{{ end }}", "runbook_url": "https://r"}
    _, second = escalated(
        planned(annotations=texts), policy("p", step("a"), step("b", after="15m")), platform()
    )
    assert second.annotations == {
        "summary": "Not acknowledged for 15 minutes: s",
        "runbook_url": "https://r",
    }


@pytest.mark.parametrize(
    ("length", "words"),
    [("15m", "15 minutes"), ("1m", "1 minute"), ("90m", "1 hour 30 minutes"), ("2d", "2 days")],
)
def test_waits_are_told_in_words(length: str, words: str) -> None:
    assert in_words(Duration.parse(length)) == words


def test_a_step_that_may_wait_for_its_own_window_mutes_nobody() -> None:
    told = policy("p", step("a"), step("b", after="1h", during="office"), step("c", after="2h"))
    _, second, third = escalated(planned(), told, platform())
    assert second.labels[MUTES_LABEL] == third.labels[MUTES_LABEL] == "none"


@pytest.mark.parametrize(
    ("own", "of_service", "expected"),
    [
        (None, {}, "urgent"),
        (None, {"critical": "relaxed"}, "relaxed"),
        (None, {"warning": "relaxed"}, "urgent"),
        ("third", {"critical": "relaxed"}, "third"),
    ],
)
def test_an_alerts_own_policy_wins_over_its_services_over_its_severitys(
    own: str | None, of_service: dict[str, str], expected: str
) -> None:
    names = ("urgent", "relaxed", "third")
    spec = tenant(
        services={"api": service(escalation=of_service)},
        escalation={name: policy(name, step("chat")) for name in names},
    )
    found = policy_of(planned(policy=own), spec)
    assert found is not None and found.name == expected


def test_no_step_follows_a_notice_of_flapping() -> None:
    told = policy("p", step("a"), step("b", after="5m"))
    _, second = escalated(planned(), told, platform(), watched=True)
    assert 'kind!="flapping"' in second.expr


def test_any_number_of_steps() -> None:
    """Ten of them: each is a rule, and once told it mutes all before it."""
    steps = [step("chat"), *(step("chat", after=f"{n}h") for n in range(1, 10))]
    spec = tenant(escalation={"urgent": policy("urgent", *steps)}, routing={"critical": "urgent"})
    rules = escalated(planned(), spec.escalation["urgent"], platform())
    assert [r.labels.get("escalation_level", "1") for r in rules] == [str(n) for n in range(1, 11)]
    config = tenant_config(platform(), compile_routing(spec, platform(), [planned()])[0])
    told = [dict(rule.labels, alertname=rule.alert, queue="a") for rule in rules]
    for index, labels in enumerate(told):
        muted = [bool(inhibited_by(config, other, [labels])) for other in told]
        assert muted == [True] * index + [False] * (10 - index)
