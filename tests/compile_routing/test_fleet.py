"""The fleet's alertmanager.yml: what one tenant's edit touches, and that real tools accept many."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from generator.compile.naming import shard_of
from generator.compile.plan import PlannedAlert
from generator.compile.routing import compile_routing
from generator.ir.routing import AlertmanagerConfig
from generator.render.alertmanager import alertmanager_files, alertmanager_yml
from generator.spec.model import Sharding, Step, Tenant
from generator.tools import Tool, run
from generator.verify.notify import inhibited_by
from tests.builders import channel, platform, service, tenant
from tests.compile_routing.planned import person, planned, policy, rota, step, window
from tests.fleets import whole_config

ALERTS = (planned(), planned(severity="warning"))


def member(name: str) -> Tenant:
    return tenant(
        id=name,
        channels={"chat": channel(), "mail": channel("mail", "email")},
        people={n: person(n) for n in ("ann", "bob")},
        oncall={"primary": rota()},
        time_windows={"office": window()},
        escalation={
            "urgent": policy("urgent", step("chat", "oncall:primary"), step("mail", after="15m")),
            "relaxed": policy("relaxed", step("chat", during="office"), step("mail", after="1d")),
        },
    )


def fleet(changed: Tenant | None = None, *more: PlannedAlert) -> AlertmanagerConfig:
    """Five tenants; one of them changed, with more alerts than the others."""
    tenants = {name: member(name) for name in (f"tenant-{n}" for n in range(5))}
    alerts = dict.fromkeys(tenants, ALERTS)
    if changed is not None:
        tenants[changed.id], alerts[changed.id] = changed, (*ALERTS, *more)
    found = {n: compile_routing(t, platform(), alerts[n])[0] for n, t in tenants.items()}
    return whole_config(platform(), found)


def text(config: AlertmanagerConfig) -> list[str]:
    return alertmanager_yml(config, "specs/").splitlines()


def owners(lines: list[str]) -> list[str]:
    """Of each line the tenant whose part it stands in; empty for what all share."""
    found, owner, section = [], "", ""
    for line in lines:
        if line[:1] not in (" ", "#", ""):
            section, owner = line.partition(":")[0], ""
        if section == "route" and line.startswith("    # tenant-"):
            owner = line.split()[1].rstrip(":")
        if section in ("receivers", "time_intervals") and line.startswith("  - name: "):
            name = line.removeprefix("  - name: ").strip('"')
            owner = name.partition("/")[0] if name.startswith("tenant-") else ""
        found.append(owner)
    return found


def touched(before: list[str], after: list[str]) -> set[str]:
    """The owners of all lines that differ."""
    found: set[str] = set()
    old, new = owners(before), owners(after)
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if kind != "equal":
            found |= set(old[a:b]) | set(new[c:d])
    return found


EDITS: Mapping[str, Callable[[Tenant], Tenant]] = {
    "a receiver": lambda t: replace(t, channels={**t.channels, "mail": channel("mail", "slack")}),
    "a wait": lambda t: with_policy(t, step("chat"), step("mail", after="40m")),
    "a repeat": lambda t: with_policy(t, step("chat", repeat="10m"), step("mail", after="15m")),
    "a step less": lambda t: with_policy(t, step("chat")),
    "a window": lambda t: replace(t, time_windows={"office": window(weekdays=("monday",))}),
    "a rotation": lambda t: replace(t, oncall={"primary": rota("primary", "bob", "ann")}),
    "a service's policy": lambda t: replace(
        t, services={"api": service(escalation={"critical": "relaxed"})}
    ),
    "a description": lambda t: replace(t, description="Something else"),
}


def with_policy(spec: Tenant, *steps: Step) -> Tenant:
    urgent = policy("urgent", *steps)
    return replace(spec, escalation={**spec.escalation, "urgent": urgent})


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_touches_the_tenants_own_lines_alone(edit: str) -> None:
    before, after = text(fleet()), text(fleet(EDITS[edit](member("tenant-2"))))
    assert touched(before, after) == {"tenant-2"}


def test_new_words_reach_the_generic_rules_and_mean_nothing_to_others() -> None:
    """A label or a level nobody had before is named in the shared rules; others lack both."""
    longer = with_policy(
        member("tenant-2"), step("chat"), step("mail", after="15m"), step("chat", after="1h")
    )
    extra = planned("Odd", expr="sum by (never_seen) (x) > 1")
    before, after = fleet(), fleet(longer, extra)
    assert touched(text(before), text(after)) == {"tenant-2", ""}
    base = {"tenant": "tenant-1", "alertname": "A", "service": "api", "severity": "critical"}
    family = [
        {**base, **more}
        for more in (
            {},
            {"escalation_level": "2"},
            {"severity": "warning"},
            {"queue": "a"},
            {"queue": "a", "severity": "warning"},
            {"alertname": "UpstreamDown", "kind": "marker"},
        )
    ]
    for target in family:
        for source in family:
            muted = bool(inhibited_by(before, target, [source]))
            assert muted == bool(inhibited_by(after, target, [source])), (target, source)


@pytest.mark.tools
@pytest.mark.parametrize("sharding", [Sharding(), Sharding(10, 0)])
def test_amtool_accepts_a_fleet_and_finds_its_people(
    sharding: Sharding, tools: Mapping[str, Tool], tmp_path: Path
) -> None:
    target = platform(sharding=sharding)
    routings = {
        f"tenant-{n}": compile_routing(member(f"tenant-{n}"), target, ALERTS)[0] for n in range(60)
    }
    for artifact in alertmanager_files(whole_config(target, routings), "", "specs/"):
        path = tmp_path / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    file = str(tmp_path / "alertmanager.yml")
    answer = run(tools["amtool"], ["check-config", file])
    assert answer.returncode == 0, answer.stdout + answer.stderr
    labels = ["tenant=tenant-7", "severity=critical", "escalation_level=2"]
    if sharding.above == 0:
        labels.append(f"shard={shard_of('tenant-7', 10)}")
    answer = run(tools["amtool"], ["config", "routes", "test", f"--config.file={file}", *labels])
    assert answer.stdout.strip().splitlines()[-1] == "tenant-7/mail"
