"""output/ into the folder that running servers read: what `tocsin deploy` does.

Checked, moved, reloaded, verified; and put back when the servers do not run it as written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator import __version__
from generator.building import build
from generator.deliver.deploy.apply import Moves, apply, resume
from generator.deliver.deploy.compose import Held, composed
from generator.deliver.deploy.journal import alone, read_journal
from generator.deliver.deploy.plan import FLEET, Plan, Tree, deployed, plan
from generator.deliver.deploy.servers import Servers, flag_findings, versions
from generator.deliver.inspect import inspect
from generator.deliver.output import Step, owned_names, read_tree
from generator.findings import Finding, error, has_errors, in_order, info, warning
from generator.judgement import Outcome
from generator.servers.alertmanager import Alertmanager
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus
from generator.spec.load import load_platform, tenant_names
from generator.spec.model import Deploy, DeployServer, Platform
from generator.spec.validate import no_tenant
from generator.tools import ADVICE, Tool, find
from generator.values import Version
from generator.verify.trees import Judges, judge_fleet, judge_tenants

Say = Callable[[str], None]


class NoTarget(Exception):
    """Neither the call nor platform.yaml says where to deploy to; or what is to go is nowhere."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller says; empty and None: what platform.yaml says."""

    folder: Path | None = None
    prometheus: tuple[str, ...] = ()
    alertmanager: tuple[str, ...] = ()
    token_file: Path | None = None
    ca_file: Path | None = None
    files_only: bool = False
    """No server is asked or reloaded, whatever platform.yaml says."""
    organisation: str = ""
    """`X-Scope-OrgID` for all of them."""


@dataclass(frozen=True, slots=True)
class Request:
    """One deployment. `wait`: seconds for one evaluation; None: the longest interval and a bit."""

    root: Path
    output: Path
    options: Options
    wanted: tuple[str, ...] = ()
    build: bool = False
    prune: bool = False
    dry_run: bool = False
    wait: float | None = None


@dataclass(slots=True)
class _Run:
    """A deployment under way: where to, what it found, whom it tells."""

    request: Request
    platform: Platform
    folder: Path
    servers: Servers
    say: Say
    outcome: Outcome = field(default_factory=Outcome)
    found: list[Finding] = field(default_factory=list)


def folder_of(platform: Platform, options: Options) -> Path | None:
    """The folder that the servers read; None where nobody says."""
    known = platform.deploy.folder if platform.deploy else ""
    return options.folder or (Path(known) if known else None)


def servers_of(platform: Platform, options: Options) -> Servers:
    """The servers that read the folder. Raises ValueError for what is no address."""
    if options.files_only:
        return Servers()
    known = platform.deploy or Deploy()

    def listed(urls: Sequence[str], written: Sequence[DeployServer]) -> list[Server]:
        if urls:
            access = options.token_file, options.ca_file, options.organisation
            return [Server(url, *access) for url in urls]
        return [_server(one, options) for one in written]

    prometheus = listed(options.prometheus, known.prometheus)
    alertmanager = listed(options.alertmanager, known.alertmanager)
    return Servers(tuple(map(Prometheus, prometheus)), tuple(map(Alertmanager, alertmanager)))


def _server(one: DeployServer, options: Options) -> Server:
    token = options.token_file or (Path(one.token_file) if one.token_file else None)
    ca = options.ca_file or (Path(one.ca_file) if one.ca_file else None)
    return Server(one.url, token, ca, options.organisation)


def deploy(
    request: Request, say: Say = lambda _line: None, step: Step = lambda _name: None
) -> Outcome:
    """Put output/ into the servers' folder and have them run it.

    `say` is told of progress. `step` is called with a name before each change on disk: tests end
    the process there. Findings with errors mean that something did not go out, or was put back.
    Raises NoTarget, ServerFailed before anything was moved, ToolFailed, OutputError and SpecError.
    """
    platform = load_platform(request.root).platform
    folder, servers = folder_of(platform, request.options), servers_of(platform, request.options)
    if folder is None:
        raise NoTarget("say where to with --to, or write deploy.folder in specs/platform.yaml")
    _known(request, folder)
    run = _Run(request, platform, folder, servers, say)
    if request.build:
        say("building")
        built = build(request.root, request.wanted, request.output)
        run.found += built.findings
        run.outcome.told += built.told
    with contextlib.nullcontext() if request.dry_run else alone(folder):
        _deploy(run, step)
    run.outcome.findings = in_order(run.found)
    return run.outcome


def _known(request: Request, folder: Path) -> None:
    """Raise NoTarget for a tenant that has no spec, no output and no deployment: a slip."""
    known = {*tenant_names(request.root), *owned_names(request.output), *owned_names(folder)}
    for name in request.wanted:
        if name not in known - {FLEET}:
            raise NoTarget(no_tenant(name, known - {FLEET}))


def _deploy(run: _Run, step: Step) -> None:
    moves = Moves(run.folder, run.servers, run.request.wait, run.say)
    resumed = _resumed(run, moves, step)
    run.say("checking the files with the servers' own tools")
    judges = _judges(run)
    made = _planned(run, judges)
    if made is None:
        run.outcome.told.append("nothing was deployed")
        if not resumed or run.request.dry_run:
            return
        made = Plan({}, {}, ())
    run.found += _unnamed(run.servers)
    if run.request.dry_run:
        run.outcome.told += made.told(planned=True)
        run.found += flag_findings(run.servers, run.folder)
        return
    run.outcome.told += made.told()
    result = apply(moves, made, resumed, step)
    run.found += result.findings
    run.outcome.told += result.told
    if not has_errors(result.findings):
        run.found += flag_findings(run.servers, run.folder)


def _resumed(run: _Run, moves: Moves, step: Step) -> bool:
    """Whether an interrupted deployment was found; its moves are undone first."""
    journal = read_journal(run.folder)
    if journal is None or not journal.unfinished:
        return False
    names = ", ".join(journal.changed)
    if run.request.dry_run:
        run.outcome.told.append(f"an interrupted deployment would be put back first: {names}")
        return True
    run.say("an interrupted deployment is put back first")
    resume(moves, journal, step)
    run.outcome.told.append(f"an interrupted deployment was put back first: {names}")
    return True


# --------------------------------------------------------------------------- what goes out


def _planned(run: _Run, judges: Judges) -> Plan | None:
    """What changes, refused tenants held back; None when nothing may go out at all."""
    request = run.request
    there = deployed(run.folder)
    built = tuple(name for name in owned_names(request.output) if name != FLEET)
    wanted = request.wanted or built
    edited = {name: inspect(request.output, [name])[0] for name in (*wanted, FLEET)}
    broken = frozenset(name for name, found in edited.items() if found)
    run.found += [finding for found in edited.values() for finding in found]
    if FLEET in broken:
        return None
    trees = {n: read_tree(request.output, n) for n in wanted if n not in broken}
    changed = {name: tree for name, tree in trees.items() if tree != there.get(name, ())}
    refused = judge_tenants(judges, changed)
    run.found += [finding for found in refused.values() for finding in found]
    quarantined = sorted({*refused, *(name for name in wanted if name in broken)})
    run.found += [_quarantined(name, name in there) for name in quarantined]
    going = {name: tree for name, tree in trees.items() if name not in quarantined}
    others = {*built, *(there if request.wanted else ())} - {FLEET}
    fleet = _fleet(run, going, there, frozenset({*others, *quarantined} - going.keys()))
    kept = {name: tree for name, tree in there.items() if name in others - going.keys()}
    said = judge_fleet(judges, FLEET, {**kept, **going, FLEET: fleet})
    run.found += said
    if said:
        return None
    return plan(run.folder, {**going, FLEET: fleet}, _gone(run, built, there))


def _fleet(
    run: _Run, going: Mapping[str, Tree], there: Mapping[str, Tree], held: frozenset[str]
) -> Tree:
    new = read_tree(run.request.output, FLEET)
    deployed_ones = frozenset(held & there.keys())
    label = run.platform.labels.tenant
    return composed(
        new, there.get(FLEET, ()), Held(held, deployed_ones, label), f"tocsin {__version__}"
    )


def _gone(run: _Run, built: Sequence[str], there: Mapping[str, Tree]) -> tuple[str, ...]:
    """Deployed tenants that output/ does not have any more; only those that are to be removed."""
    gone = sorted(name for name in there if name not in built and name != FLEET)
    if run.request.wanted or not gone:
        return ()
    if run.request.prune:
        return tuple(gone)
    message = f"{', '.join(gone)}: deployed once, not in output/ any more; not loaded"
    run.found.append(info("deploy-stale", message, None, "remove the files with --prune"))
    return ()


def _quarantined(name: str, there: bool) -> Finding:
    left = "stays as it was deployed last" if there else "was never deployed and stays out"
    hint = f"mend what is said of it, build it, and: tocsin deploy {name}"
    return error("quarantined", f"{name} {left}: its files are refused", None, hint)


# --------------------------------------------------------------------------- the judges


def _judges(run: _Run) -> Judges:
    """promtool and amtool of the versions that run; what is only near is told."""
    targets = run.platform.targets
    return Judges(
        _tool(run, "promtool", versions(run.servers.prometheus), targets.prometheus),
        _tool(run, "amtool", versions(run.servers.alertmanager), targets.alertmanager),
    )


def _tool(run: _Run, name: str, running: frozenset[Version], stated: Version) -> Tool | None:
    target_version = min(running, default=stated)
    tool = find(name, target_version, run.request.root)
    if tool is None:
        message = f"{name} not found: the files were not checked before they went out"
        run.found.append(warning("not-verified", message, None, ADVICE))
    elif {tool.version} != {target_version, *running}:
        told = ", ".join(str(version) for version in sorted({target_version, *running}))
        message = f"checked with {name} {tool.version}, but {told} runs there"
        run.found.append(warning("deploy-tool-version", message, None, ADVICE))
    return tool


def _unnamed(servers: Servers) -> Iterator[Finding]:
    for name, found in (("Prometheus", servers.prometheus), ("Alertmanager", servers.alertmanager)):
        if not found:
            message = f"no {name} is named: it is neither reloaded nor verified"
            hint = f"give --{name.lower()} URL, or write deploy.{name.lower()} in platform.yaml"
            yield warning("deploy-unverified", message, None, hint)
