"""The fleet's files, joined from the tenants' lines: the same as a whole configuration's."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import yaml

from generator.compile.fleet import INCLUDES_JOBS
from generator.compile.tenant import compile_tenant
from generator.ir.build import Build
from generator.render.alertmanager import alertmanager_yml
from generator.spec.model import Channel, Platform, Sharding
from generator.values import Version
from tests.builders import channel, platform
from tests.compile_routing.planned import recipient
from tests.fleets import config_of, fleet_files
from tests.verify.fleets import random_tenant

IDS = ("zeta", "acme", "acme-2", "1st", "a", "a-b")
"""Ids that sort in another way with a slash behind them, before and behind the platform's."""


def builds(target: Platform, seed: int) -> dict[str, Build]:
    rng, found = random.Random(seed), {}
    shared: dict[str, Channel] = {"ops": replace(channel("ops", "slack"), layer="ops")}
    for name in rng.sample(IDS, rng.randrange(0, len(IDS) + 1)):
        one = random_tenant(rng, name)
        policies = dict(one.escalation)
        if rng.random() < 0.5:
            first = policies["p0"].steps[0]
            told = replace(first, notify=(*first.notify, recipient("ops")))
            policies["p0"] = replace(policies["p0"], steps=(told, *policies["p0"].steps[1:]))
        one = replace(one, channels={**one.channels, **shared}, escalation=policies)
        found[name] = compile_tenant(one, target, proven=False)
    return found


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("sharding", [Sharding(), Sharding(3, 0)])
def test_joined_lines_are_the_whole_configuration(seed: int, sharding: Sharding) -> None:
    target = platform(sharding=sharding)
    made = builds(target, seed)
    joined = {a.path: a.content.decode() for a in fleet_files(target, made)}
    assert joined["alertmanager.yml"] == alertmanager_yml(config_of(target, made), "specs/")


@pytest.mark.parametrize("version", [Version(2, 42), INCLUDES_JOBS])
def test_jobs_are_written_out_for_old_servers(version: Version) -> None:
    base = platform()
    target = replace(base, targets=replace(base.targets, prometheus=version))
    made = builds(target, 3)
    assert made
    (file,) = (a for a in fleet_files(target, made) if a.path == "prometheus.yml")
    document = yaml.safe_load(file.content)
    jobs = [job.job_name for _, build in sorted(made.items()) for job in build.scrape]
    if version < INCLUDES_JOBS:
        assert [job["job_name"] for job in document.get("scrape_configs", [])] == jobs
    else:
        assert "scrape_configs" not in document
        assert document["scrape_config_files"] == [
            f"../{name}/prometheus/scrape.yml" for name in sorted(made)
        ]
