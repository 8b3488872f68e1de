"""Notices of flapping: what they say, and when promtool says that they fire."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from generator.compile.flapping import flapping_notice, without_notices
from generator.compile.tenant import alert_groups
from generator.ir.rules import AlertRule
from generator.render.prometheus import rule_files
from generator.spec.model import Flapping
from generator.tools import Tool, run
from generator.values import Duration
from tests.builders import platform, tenant
from tests.compile_routing.planned import planned

OFTEN = Flapping(3, Duration.parse("30m"))


def test_the_notice_has_the_alerts_name_severity_and_labels_and_counts_its_beginnings() -> None:
    alert = planned(labels={"area": "queues"})
    notice = flapping_notice(alert, OFTEN, platform())
    assert notice is not None and notice.alert == "QueueBacklog"
    assert notice.labels == {**alert.rule.labels, "kind": "flapping"}
    own = (
        '{tenant="acme",alertname="QueueBacklog",area="queues",service="api",severity="critical",'
        'team="core",kind="",escalation_level=""'
    )
    assert "".join(notice.expr.split()) == (
        f"changes(ALERTS_FOR_STATE{own}}}[30m])>=2andignoring(alertstate)"
        f'max_over_time(ALERTS{own},alertstate="firing"}}[30m])'
    )
    assert notice.annotations["summary"] == (
        "Flaps, muted until it is calm (began {{ $value }} times anew within 30m): "
        "Queue {{ $labels.queue }} is long"
    )


def test_an_outage_that_flaps_is_no_outage_twice() -> None:
    notice = flapping_notice(planned(labels={"kind": "outage"}), OFTEN, platform())
    assert notice is not None and notice.labels["kind"] == "flapping"
    assert 'kind="outage"' in notice.expr


@pytest.mark.parametrize(
    ("changes", "flapping"),
    [({}, None), ({"flapping": False}, OFTEN), ({"expr": "up == 0"}, OFTEN)],
)
def test_who_is_not_watched(changes: dict[str, object], flapping: Flapping | None) -> None:
    expr = str(changes.pop("expr", "sum by (queue) (queue_depth) > 10"))
    assert flapping_notice(planned(expr=expr, **changes), flapping, platform()) is None


def test_incidents_are_told_without_notices() -> None:
    groups = alert_groups(tenant(flapping=OFTEN), platform(), [planned()])
    assert [len(g.rules) for g in groups] == [2]
    assert [len(g.rules) for g in without_notices(groups, "kind")] == [1]
    assert all(isinstance(r, AlertRule) for g in groups for r in g.rules)


TEST = """\
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'queue_depth{tenant="acme", queue="a"}', values: "99 0 99 0 99 0 0x40"}
      - {series: 'queue_depth{tenant="acme", queue="b"}', values: "0 0 99 0 99 0 0x40"}
      - {series: 'queue_depth{tenant="acme", queue="c"}', values: "99x50"}
    promql_expr_test:
      - {expr: 'count(ALERTS{kind="flapping"})', eval_time: 3m, exp_samples: []}
      - {expr: 'count by (queue) (ALERTS{kind="flapping", alertstate="firing"})', eval_time: 4m,
         exp_samples: [{labels: '{queue="a"}', value: 1}]}
      - {expr: 'count by (queue) (ALERTS{kind="flapping", alertstate="firing"})', eval_time: 20m,
         exp_samples: [{labels: '{queue="a"}', value: 1}]}
      - {expr: 'count(ALERTS{kind="flapping"})', eval_time: 40m, exp_samples: []}
"""


@pytest.mark.tools
def test_the_third_time_is_flapping_and_half_an_hour_later_it_is_over(
    tools: Mapping[str, Tool], tmp_path: Path
) -> None:
    groups = alert_groups(tenant(flapping=OFTEN), platform(), [planned()])
    (artifact,) = rule_files(groups, "a spec")
    rules = yaml.safe_load(artifact.content)
    for group in rules["groups"]:
        del group["interval"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    (tmp_path / "test.yml").write_text(TEST)
    answer = run(tools["promtool"], ["test", "rules", str(tmp_path / "test.yml")])
    assert answer.returncode == 0, answer.stdout + answer.stderr
