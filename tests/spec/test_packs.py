"""Pack files and control files: presets, conditions, limits, and what is answered to bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.api import Compiled, compile_specs
from generator.findings import SpecError
from generator.render.docs import docs_files
from generator.spec.load import load_platform
from generator.spec.packs import SHIPPED, read_packs

PLATFORM = """\
version: 1
fallback: hook
channels: {hook: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
escalation: {only: [{notify: [hook]}]}
defaults: {routing: {critical: only, warning: only, info: only}}
packs: {queue: {broker: kafka}}
"""
PACK = """\
version: 1
pack: queue
title: Queue
category: system
description: Messages that wait.
compliance: ["soc2:A1.1"]
parameters:
  broker:
    type: string
    enum: [rabbitmq, kafka]
    default: rabbitmq
    description: Whose metrics.
    presets:
      rabbitmq: {waiting: rabbitmq_queue_messages_ready, by: queue}
      kafka: {waiting: kafka_consumergroup_lag, by: topic}
  waiting: {type: metric, default: queue_length, description: Gauge of messages.}
  by: {type: label, default: queue, description: Label of the queue.}
  most: {type: integer, default: 100, minimum: 1, maximum: 1000, description: Most messages.}
metrics:
  "[[ waiting ]]": {type: gauge}
  rabbitmq_alarms: {type: gauge, when: broker == 'rabbitmq'}
recordings:
  - {record: "queue:alarms:sum", expr: sum(rabbitmq_alarms), when: broker == 'rabbitmq'}
alerts:
  Backlog:
    threshold: {expr: "sum by ([[ by ]]) ([[ waiting ]])", above: "[[ most ]]"}
    for: 5m
    compliance: ["iso27001:A.8.6"]
  Alarm:
    when: broker == 'rabbitmq'
    expr: rabbitmq_alarms > 0
    for: 5m
"""
TENANT = """\
version: 1
tenant: acme
owner: {team: core}
compliance: [soc2]
services:
"""


def repository(root: Path, **files: str) -> Path:
    """A repository with the pack `queue`; `files` replace or add: platform, pack, controls."""
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "specs" / "packs").mkdir()
    (root / "specs" / "platform.yaml").write_text(files.get("platform", PLATFORM))
    (root / "specs" / "packs" / "queue.yaml").write_text(files.get("pack", PACK))
    if "controls" in files:
        (root / "specs" / "controls.yaml").write_text(files["controls"])
    return root


def acme(root: Path, services: str, head: str = TENANT) -> Compiled:
    (root / "specs" / "tenants" / "acme.yaml").write_text(head + services)
    return compile_specs(root).tenants["acme"]


def service(given: str) -> str:
    return f"  mail: {{selector: {{job: mail}}, packs: {{queue: {given}}}}}\n"


def rules(one: Compiled) -> dict[str, str]:
    assert one.build is not None, one.findings
    return {
        getattr(rule, "alert", getattr(rule, "record", "")): rule.expr
        for group in one.build.groups
        for rule in group.rules
    }


@pytest.mark.parametrize(
    ("given", "selected", "names"),
    [
        ("{}", "sum by (topic) (kafka_consumergroup_lag{", {"Backlog"}),
        ("{by: group}", "sum by (group) (kafka_consumergroup_lag{", {"Backlog"}),
        (
            "{broker: rabbitmq, waiting: my_queue}",
            "sum by (queue) (my_queue{",
            {"Backlog", "Alarm", "queue:alarms:sum"},
        ),
    ],
)
def test_own_values_win_over_presets_and_conditions_leave_out(
    tmp_path: Path, given: str, selected: str, names: set[str]
) -> None:
    """The platform chose kafka for everybody; a service may choose otherwise."""
    found = rules(acme(repository(tmp_path), service(given)))
    assert found["Backlog"].startswith(selected)
    assert set(found) == names


def test_the_packs_controls_are_those_of_alerts_that_name_none(tmp_path: Path) -> None:
    one = acme(repository(tmp_path), service("{broker: rabbitmq}"))
    assert one.build is not None
    told = {entry.alert: entry.compliance for entry in one.build.docs.runbooks}
    assert told == {"Backlog": ("iso27001:A.8.6",), "Alarm": ("soc2:A1.1",)}


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("by: topic}", "bye: topic}", "pack-preset", "sets 'bye', which is no parameter"),
        ("      kafka: {", "      kafak: {", "pack-preset", "cannot be 'kafak'"),
        ("default: 100,", "default: 0,", "bad-parameter", "the default of most: 0 is below 1"),
        ("maximum: 1000", "maximum: lots", "bad-parameter", "the maximum of most: 'lots'"),
        ("by: queue}", "by: 9}", "bad-parameter", "rabbitmq: by: 9 is not a label's name"),
        ('["soc2:A1.1"]', '["soc2:A.1.1"]', "unknown-control", "'soc2:A.1.1'"),
        ('["iso27001:A.8.6"]', '["iso:A.8.6"]', "unknown-control", "'iso:A.8.6'"),
    ],
)
def test_a_bad_pack_is_refused_at_its_place(
    tmp_path: Path, old: str, new: str, code: str, words: str
) -> None:
    assert old in PACK
    root = repository(tmp_path, pack=PACK.replace(old, new, 1))
    with pytest.raises(SpecError) as refused:
        load_platform(root)
    [finding] = refused.value.findings
    assert finding.code == code and words in finding.message
    assert finding.place is not None and finding.place.file == "specs/packs/queue.yaml"
    line = root.joinpath(finding.place.file).read_text().splitlines()[finding.place.line - 1]
    assert new.strip() in line or "most" in line


def test_no_parameter_takes_the_place_of_attached_panels(tmp_path: Path) -> None:
    own = "parameters:\n  panels: {type: number, default: 1, description: How many}\n"
    root = repository(tmp_path, pack=PACK.replace("parameters:\n", own, 1))
    with pytest.raises(SpecError) as refused:
        load_platform(root)
    [finding] = refused.value.findings
    assert finding.code == "pack-parameter" and "panels" in finding.message
    assert finding.place is not None and finding.place.file == "specs/packs/queue.yaml"


def test_a_condition_that_fails_is_told(tmp_path: Path) -> None:
    broken = PACK.replace("    when: broker == 'rabbitmq'", "    when: brokr == 'rabbitmq'", 1)
    one = acme(repository(tmp_path, pack=broken), service("{}"))
    assert [f.code for f in one.findings] == ["pack-template"]
    assert "brokr" in one.findings[0].message


CONTROLS = """\
version: 1
frameworks:
  pci:
    title: PCI DSS 4.0
    controls: {"10.2": Audit logs are enabled, "10.7": Failures of controls are noticed}
  soc2: {controls: {X1.1: One of ours}}
"""


def test_a_repository_adds_frameworks_and_controls(tmp_path: Path) -> None:
    pack = PACK.replace('["soc2:A1.1"]', '["pci:10.7", "soc2:X1.1"]')
    head = TENANT.replace("[soc2]", "[pci]")
    root = repository(tmp_path, controls=CONTROLS, pack=pack)
    one = acme(root, service("{broker: rabbitmq}"), head)
    assert one.build is not None
    rows = {c.control: c for c in one.build.docs.controls}
    assert rows["pci:10.7"].title == "Failures of controls are noticed"
    assert rows["pci:10.7"].alerts and not rows["pci:10.7"].gap
    assert rows["soc2:X1.1"].framework_title == "SOC 2, Trust Services Criteria"
    assert "pci:10.2" not in rows, "no pack could show it"


def test_bad_controls_are_refused(tmp_path: Path) -> None:
    root = repository(tmp_path, controls=CONTROLS.replace("title:", "titel:"))
    with pytest.raises(SpecError) as refused:
        load_platform(root)
    assert "did you mean 'title'?" in str(refused.value.findings[0].hint)


def test_gaps_name_the_pack_that_would_close_them(tmp_path: Path) -> None:
    one = acme(repository(tmp_path), service("{broker: rabbitmq}"))
    assert one.build is not None
    rows = {c.control: c for c in one.build.docs.controls}
    bringing = {
        control
        for pack in read_packs(SHIPPED)[0].values()
        for _, _, alert in pack.root.at(("alerts",)).values()
        for control in alert.data().get("compliance", pack.compliance)
        if control.startswith("soc2:")
    }
    assert {c for c in rows if c.startswith("soc2:")} == bringing
    assert [c for c, row in rows.items() if not row.gap] == ["soc2:A1.1", "iso27001:A.8.6"]
    assert rows["soc2:CC6.7"].gap and rows["soc2:CC6.7"].packs == ("network",)
    page = {a.path: a.content.decode() for a in docs_files(one.build.docs)}["docs/compliance.md"]
    assert f"1 of {len(bringing)} controls have evidence" in page
    assert "| soc2:CC6.7 | Protected transmission" in page
    assert "`network` |" in page.split("## Gaps")[1]
    assert "soc2:A1.1" not in page.split("## Gaps")[1]
    alarm = "[Alarm (mail)](runbooks.md#alarm-mail)"
    assert f"| soc2:A1.1 | Capacity monitored and planned for | {alarm} |" in page
    assert "[technical: Alarm (mail)](" in page


def test_a_gap_closes_when_the_pack_is_attached(tmp_path: Path) -> None:
    network = "  edge: {selector: {job: edge}, packs: {network: {}}}\n"
    one = acme(repository(tmp_path), service("{}") + network)
    assert one.build is not None
    rows = {c.control: c for c in one.build.docs.controls}
    assert not rows["soc2:CC6.7"].gap
    assert [name for name, _, _ in rows["soc2:CC6.7"].alerts] == [
        "CertificateEnds (edge)",
        "CertificateEndsSoon (edge)",
    ]
    assert [name for name, _ in rows["soc2:CC6.7"].dashboards] == [
        "security: CertificateEnds (edge)",
        "security: CertificateEndsSoon (edge)",
    ]
