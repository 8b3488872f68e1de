"""The part of a deployment that changes something: move, reload, verify, and back if need be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.deliver.deploy.journal import (
    ROLLED_BACK,
    VERIFIED,
    Journal,
    end,
    put_back,
    read_journal,
)
from generator.deliver.deploy.move import move
from generator.deliver.deploy.plan import FLEET, Plan
from generator.deliver.deploy.servers import Servers, reload, unreloadable
from generator.deliver.deploy.stop import Stopped, stoppable
from generator.deliver.deploy.verify import (
    Broken,
    Waiting,
    broken_rules,
    evaluated,
    loaded_in_alertmanager,
    loaded_in_prometheus,
)
from generator.deliver.live.files import groups_to_load
from generator.deliver.live.running import running_groups
from generator.deliver.output import OutputError, Step
from generator.findings import Finding, error, has_errors, warning
from generator.servers.http import ServerFailed

_GRACE = 15.0
"""Seconds beyond a group's interval in which its evaluation must have been."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Where things move, who reads them, and whom to tell of progress."""

    folder: Path
    servers: Servers
    wait: float | None
    """Seconds for one evaluation; None: the longest interval and a bit."""
    say: Callable[[str], None]


@dataclass(slots=True)
class Result:
    """What came of it."""

    findings: list[Finding] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def apply(moves: Moves, plan: Plan, resumed: bool, step: Step) -> Result:
    """Make the folder and the servers what the plan says, or what they were before.

    `resumed`: an interrupted deployment was put back, so that the servers may run other files than
    they have. Raises ServerFailed before anything moved, OutputError when going back fails too.
    """
    result = Result(list(unreloadable(moves.servers)))
    if result.findings:
        return result
    before = _broken(moves)
    if not plan.touched and not resumed:
        if not has_errors(_loaded(moves)):
            known = "the servers run it already: " if moves.servers.all else ""
            result.told.append(f"{known}nothing to do")
            return result
        moves.say("nothing to move, but the servers run something else: reloading")
    with stoppable():
        try:
            if plan.touched:
                moves.say(f"moving {len(plan.changed)} folders into {moves.folder}")
                journal = move(moves.folder, plan, step)
            result.findings += _taken(moves, frozenset(plan.changed), before, step)
        except Stopped as stop:
            message = f"stopped by {stop}"
            result.findings.append(error("deploy-interrupted", message, None, "run it again"))
        except (OutputError, ServerFailed) as problem:
            result.findings.append(error("deploy-failed", str(problem)))
        if has_errors(result.findings):
            _back(moves, result, step)
        else:
            if plan.touched:
                end(journal, VERIFIED)
            result.told += _verified(moves)
    return result


def resume(moves: Moves, journal: Journal, step: Step) -> None:
    """Undo what a killed run left half done. Raises OutputError."""
    put_back(journal, step)
    end(journal, ROLLED_BACK)


def _taken(moves: Moves, changed: frozenset[str], before: Broken, step: Step) -> list[Finding]:
    """Reload and look: what is wrong with what the servers run now."""
    step("reload")
    moves.say("reloading the servers")
    found = list(reload(moves.servers))
    step("reloaded")
    if not has_errors(found):
        moves.say("verifying what they loaded")
        found += _loaded(moves)
    if not has_errors(found):
        waiting = Waiting(moves.wait if moves.wait is not None else _patience(moves, changed))
        moves.say(f"waiting for one evaluation, at most {waiting.limit:g}s")
        for server in moves.servers.prometheus:
            found += evaluated(server, changed, before, waiting)
    step("verified")
    return found


def _loaded(moves: Moves) -> list[Finding]:
    found: list[Finding] = []
    for prometheus in moves.servers.prometheus:
        found += loaded_in_prometheus(prometheus, moves.folder)
    for alertmanager in moves.servers.alertmanager:
        found += loaded_in_alertmanager(alertmanager, moves.folder)
    return found


def _broken(moves: Moves) -> Broken:
    found: Broken = frozenset()
    for server in moves.servers.prometheus:
        found |= broken_rules(running_groups(server))
    return found


def _patience(moves: Moves, changed: frozenset[str]) -> float:
    groups = [g for g in groups_to_load(moves.folder) if g.tenant in changed]
    return max((group.interval for group in groups), default=0.0) + _GRACE


def _verified(moves: Moves) -> Iterator[str]:
    groups = groups_to_load(moves.folder)
    rules = sum(len(group.rules) for group in groups)
    for server in moves.servers.prometheus:
        yield f"{server.server.url} runs {rules} rules in {len(groups)} groups, as written"
    for one in moves.servers.alertmanager:
        yield f"{one.server.url} runs fleet/alertmanager.yml, as written"


def _back(moves: Moves, result: Result, step: Step) -> None:
    """Put the files back and have the servers read them again; say whether they do."""
    journal = read_journal(moves.folder)
    if journal is None or not journal.unfinished:
        return
    moves.say("going back to what was there before")
    put_back(journal, step)
    step("put back")
    result.told.append(f"rolled back: {', '.join(journal.changed)} are as they were before")
    if FLEET in journal.changed and FLEET not in journal.before:
        message = "this was the first deployment: there are no earlier files to go back to"
        hint = "the servers keep what they have loaded until they restart"
        result.findings.append(warning("deploy-first", message, None, hint))
    else:
        result.findings += _again(moves)
    end(journal, ROLLED_BACK)


def _again(moves: Moves) -> Iterator[Finding]:
    try:
        found = list(reload(moves.servers))
        found += [] if has_errors(found) else _loaded(moves)
    except ServerFailed as problem:
        found = [error("deploy-failed", str(problem))]
    if has_errors(found):
        message = "the files are as they were before, but the servers do not run them"
        hint = "look at the servers' logs; then run it again, or restart them"
        yield error("deploy-rollback", message, None, hint)
        yield from found
