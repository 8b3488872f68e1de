"""What finished files are worth: judged by the real tools, some tenants at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.compilation import FLEET, Compilation
from generator.compile.fleet import compile_fleet, layout_of, share_of
from generator.deliver.output import WriteReport
from generator.findings import Finding, error, in_order, warning
from generator.ir.artifacts import Artifact
from generator.ir.cost import TenantCost
from generator.ir.share import Lines, Share
from generator.making import Origins, origins_of
from generator.render.fleet import InMemory, lines_of
from generator.render.prometheus import prometheus_config
from generator.spec.model import Platform
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
    """Of the wanted tenants that compile, where they were asked for."""
    reports: Mapping[str, WriteReport] = field(default_factory=dict)
    """What was written, by folder of output/; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class Judges:
    """The tools that judge; None for one that is not there or not wanted."""

    promtool: Tool | None = None
    amtool: Tool | None = None

    @property
    def name(self) -> str:
        """Their names and versions; empty when there are none."""
        tools = (tool for tool in (self.promtool, self.amtool) if tool is not None)
        return ", ".join(f"{tool.name} {tool.version}" for tool in tools)

    @property
    def told(self) -> str:
        """What is said when both have judged."""
        if self.promtool is None or self.amtool is None:
            return ""
        return f"verified with promtool {self.promtool.version} and amtool {self.amtool.version}"


NONE = Judges()
UNVERIFIED = "not verified with promtool and amtool (--verify=off)"


def judges(root: Path, platform: Platform, mode: str) -> tuple[Judges, tuple[Finding, ...]]:
    """The tools for a mode, and what is to be said of missing ones.

    `auto` uses the tools that are there, `required` makes a missing one an error, `off` leaves
    them out.
    """
    if mode == "off":
        return NONE, ()
    targets = platform.targets
    found = Judges(
        find("promtool", targets.prometheus, root), find("amtool", targets.alertmanager, root)
    )
    pairs = (("promtool", found.promtool), ("amtool", found.amtool))
    missing = [name for name, tool in pairs if tool is None]
    if not missing:
        return found, ()
    message = f"{' and '.join(missing)} not found: the output was not verified with them"
    level = error if mode == "required" else warning
    return found, (level("not-verified", message, None, ADVICE),)


@dataclass(frozen=True, slots=True)
class Case:
    """One tenant before the judges."""

    artifacts: tuple[Artifact, ...]
    share: Share
    lines: Lines
    origins: Origins


def judged(platform: Platform, cases: Mapping[str, Case], by: Judges) -> tuple[Finding, ...]:
    """What the tools say of some tenants' rules, scrape jobs and routing.

    The scrape jobs are read through a server's configuration of these tenants alone. Raises
    ToolFailed when a tool does not run to an answer.
    """
    found: list[Finding] = []
    trees = {name: _judged_files(case.artifacts) for name, case in cases.items()}
    with staged(trees) as stage:
        if by.promtool is not None:
            origins = {key: place for case in cases.values() for key, place in case.origins.items()}
            rules = sorted(stage.glob("*/prometheus/rules/*.yml"))
            found += check_rules(by.promtool, rules, stage, origins)
            config = _server_of(platform, cases)
            (stage / FLEET).mkdir()
            (stage / FLEET / config.path).write_bytes(config.content)
            found += check_config(by.promtool, stage / FLEET / config.path, stage)
        if by.amtool is not None:
            configs = [stage / name / "alertmanager/alertmanager.yml" for name in cases]
            found += amtool_check_config(by.amtool, configs, stage)
    return in_order(found)


def fleet_judged(folder: Path, by: Judges) -> tuple[Finding, ...]:
    """What the tools say of the fleet's files in a folder; raises as `judged` does.

    What they include of tenants was judged with these.
    """
    found: list[Finding] = []
    if by.promtool is not None:
        own = (folder / "prometheus.yml", *sorted(folder.glob("*-web.yml")))
        files = [Artifact(path.name, path.read_bytes()) for path in own]
        with staged({FLEET: files}) as stage:
            web = sorted((stage / FLEET).glob("*-web.yml"))
            found += check_config(by.promtool, stage / FLEET / "prometheus.yml", stage)
            found += check_web_configs(by.promtool, web, stage)
    if by.amtool is not None:
        found += amtool_check_config(by.amtool, [folder / "alertmanager.yml"], folder.parent)
    return in_order(found)


def verify(root: Path, compilation: Compilation, mode: str) -> Outcome:
    """Read the finished files of a compilation again and have the real tools judge them.

    `mode` as of `judges`. Raises ToolFailed when a tool does not run to an answer.
    """
    by, missing = judges(root, compilation.platform, mode)
    builds = {
        name: compilation.tenants[name].build
        for name in compilation.wanted
        if compilation.tenants[name].build is not None
    }
    found = [
        f
        for name in builds
        for f in reread(compilation.tenants[name].artifacts, compilation.scope(name))
    ]
    layout = layout_of(compilation.platform, len(compilation.tenants))
    cases = {
        name: Case(
            compilation.tenants[name].artifacts,
            share_of(build),
            lines_of(build, layout),
            origins_of(build),
        )
        for name, build in builds.items()
        if build is not None
    }
    if cases:
        found += judged(compilation.platform, cases, by)
    if compilation.fleet is not None and by.name:
        with staged({FLEET: compilation.fleet}) as stage:
            found += fleet_judged(stage / FLEET, by)
    told = [UNVERIFIED] if mode == "off" else [by.told] if by.told and cases else []
    return Outcome(in_order((*missing, *found)), told)


def _judged_files(artifacts: Sequence[Artifact]) -> list[Artifact]:
    """Those that the tools read."""
    kinds = ("prometheus/rules/", "prometheus/scrape.yml", "alertmanager/")
    return [a for a in artifacts if a.path.startswith(kinds)]


def _server_of(platform: Platform, cases: Mapping[str, Case]) -> Artifact:
    """The Prometheus of these tenants alone."""
    fleet = compile_fleet(platform, {name: case.share for name, case in cases.items()})
    library = InMemory({name: case.lines for name, case in cases.items()})
    return prometheus_config(fleet.prometheus, library).whole
