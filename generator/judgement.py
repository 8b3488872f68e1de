"""What the finished files are worth: read again, and judged by the real tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.compilation import FLEET, Compilation
from generator.deliver.output import WriteReport
from generator.findings import (
    Finding,
    Place,
    error,
    in_order,
    warning,
)
from generator.ir.cost import TenantCost
from generator.ir.rules import AlertRule
from generator.tools import ADVICE, Tool, find
from generator.verify.amtool import check_config as amtool_check_config
from generator.verify.promtool import check_config, check_rules
from generator.verify.reread import reread
from generator.verify.stage import staged
from generator.verify.web import check_web_configs


@dataclass(slots=True)
class Outcome:
    """What a command found and what it has to say to people."""

    findings: tuple[Finding, ...] = ()
    told: list[str] = field(default_factory=list)
    costs: tuple[TenantCost, ...] = ()
    """Of the wanted tenants that compile."""
    reports: Mapping[str, WriteReport] = field(default_factory=dict)
    """What was written, by folder of output/; empty when nothing was."""


def verify(root: Path, compilation: Compilation, mode: str) -> Outcome:
    """Read the finished files again and have the real tools judge them.

    `mode`: `auto` uses the tools that are there, `required` makes a missing one an error, `off`
    leaves them out. Raises ToolFailed when a tool does not run to an answer.
    """
    outcome = Outcome()
    found = [
        f
        for name in compilation.wanted
        if compilation.tenants[name].build is not None
        for f in reread(compilation.tenants[name].artifacts, compilation.scope(name))
    ]
    if mode == "off":
        outcome.told.append("not verified with promtool and amtool (--verify=off)")
    else:
        found += _with_tools(root, compilation, mode, outcome)
    outcome.findings = in_order(found)
    return outcome


def _with_tools(root: Path, compilation: Compilation, mode: str, outcome: Outcome) -> list[Finding]:
    targets = compilation.platform.targets
    promtool = find("promtool", targets.prometheus, root)
    amtool = find("amtool", targets.alertmanager, root)
    missing = [n for n, t in (("promtool", promtool), ("amtool", amtool)) if t is None]
    if missing:
        message = f"{' and '.join(missing)} not found: the output was not verified with them"
        level = error if mode == "required" else warning
        return [
            level("not-verified", message, None, ADVICE),
            *_judged(compilation, promtool, amtool),
        ]
    assert promtool is not None and amtool is not None
    if any(compilation.tenants[name].build for name in compilation.wanted):
        told = f"verified with promtool {promtool.version} and amtool {amtool.version}"
        outcome.told.append(told)
    return _judged(compilation, promtool, amtool)


def _judged(compilation: Compilation, promtool: Tool | None, amtool: Tool | None) -> list[Finding]:
    compiled = [n for n in compilation.wanted if compilation.tenants[n].build is not None]
    trees = {n: compilation.tenants[n].artifacts for n in compiled}
    if compilation.fleet is not None:
        trees = {n: one.artifacts for n, one in compilation.tenants.items()}
        trees[FLEET] = compilation.fleet
    found: list[Finding] = []
    with staged(trees) as stage:
        if promtool is not None:
            rules = sorted(f for n in compiled for f in (stage / n).glob("prometheus/rules/*.yml"))
            found += check_rules(promtool, rules, stage, _origins(compilation))
            if compilation.fleet is not None:
                found += check_config(promtool, stage / FLEET / "prometheus.yml", stage)
                web = sorted((stage / FLEET).glob("*-web.yml"))
                found += check_web_configs(promtool, web, stage)
        if amtool is not None:
            configs = [stage / n / "alertmanager/alertmanager.yml" for n in compiled]
            if compilation.fleet is not None:
                configs.append(stage / FLEET / "alertmanager.yml")
            found += amtool_check_config(amtool, configs, stage)
    return found


def _origins(compilation: Compilation) -> dict[tuple[str, str], Place]:
    origins: dict[tuple[str, str], Place] = {}
    for name in compilation.wanted:
        build = compilation.tenants[name].build
        for group in build.groups if build else ():
            for rule in group.rules:
                rule_name = rule.alert if isinstance(rule, AlertRule) else rule.record
                if rule.origin is not None:
                    file = f"{name}/prometheus/rules/{group.file}.yml"
                    origins[file, rule_name] = rule.origin
    return origins
