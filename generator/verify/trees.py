"""The real tools' verdict on finished trees, one tenant at a time: whose files must not go out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from generator.findings import Finding, Level, error
from generator.ir.artifacts import Artifact
from generator.tools import Tool
from generator.verify.amtool import check_config as amtool_check_config
from generator.verify.promtool import check_config, check_rules
from generator.verify.stage import staged
from generator.verify.web import check_web_configs

_JUDGED = ("prometheus/rules/", "prometheus/scrape.yml", "alertmanager/")
Trees = Mapping[str, Sequence[Artifact]]


@dataclass(frozen=True, slots=True)
class Judges:
    """The tools of the target's version; None: not there."""

    promtool: Tool | None
    amtool: Tool | None


def judge_tenants(judges: Judges, trees: Trees) -> dict[str, tuple[Finding, ...]]:
    """What the tools say against each tree, by name; trees without a complaint are left out.

    One bad rule file blocks the reload of every tenant, so each tree is judged by itself. Raises
    ToolFailed when a tool does not run to an answer.
    """
    with ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda name: (name, _tenant(judges, name, trees[name])), trees)
        return {name: findings for name, findings in found if findings}


def judge_fleet(judges: Judges, name: str, trees: Trees) -> tuple[Finding, ...]:
    """What the tools say against the fleet's files, with the scrape jobs that they include.

    Rules are judged with their tenant: Prometheus' includes of them are patterns, which may match
    nothing.
    """
    found: list[Finding] = []
    jobs = {n: [a for a in tree if a.path == "prometheus/scrape.yml"] for n, tree in trees.items()}
    with staged({**jobs, name: trees[name]}) as stage:
        folder = stage / name
        if judges.promtool is not None and (folder / "prometheus.yml").is_file():
            found += check_config(judges.promtool, folder / "prometheus.yml", stage)
            web = sorted(folder.glob("*-web.yml"))
            found += check_web_configs(judges.promtool, web, stage)
        if judges.amtool is not None and (folder / "alertmanager.yml").is_file():
            found += amtool_check_config(judges.amtool, [folder / "alertmanager.yml"], stage)
    return tuple(f for f in found if f.level is Level.ERROR)


def _tenant(judges: Judges, name: str, tree: Sequence[Artifact]) -> tuple[Finding, ...]:
    found: list[Finding] = []
    with staged({name: [a for a in tree if a.path.startswith(_JUDGED)]}) as stage:
        folder = stage / name
        if judges.promtool is not None:
            rules = sorted(folder.glob("prometheus/rules/*.yml"))
            found += check_rules(judges.promtool, rules, stage, {})
            scrape = folder / "prometheus" / "scrape.yml"
            if scrape.is_file():
                found += _scraped(judges.promtool, scrape, stage)
        config = folder / "alertmanager" / "alertmanager.yml"
        if judges.amtool is not None and config.is_file():
            found += amtool_check_config(judges.amtool, [config], stage)
    return tuple(f for f in found if f.level is Level.ERROR)


def _scraped(promtool: Tool, scrape: Path, stage: Path) -> list[Finding]:
    try:
        return check_config(promtool, scrape, stage)
    except yaml.YAMLError as problem:
        return [error("promtool-config", f"{scrape.relative_to(stage)} is no YAML: {problem}")]
