"""`expect:` held against the simulation: who would be told instead, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from generator.findings import Finding, error
from generator.ir.build import Build
from generator.ir.explained import RouteAnswer, StepAnswer
from generator.ir.incident import Expected, ExpectedMember
from generator.ir.routing import Member
from generator.render.explained_route import member_text, reasons
from generator.verify.notify.answer import Question, answer
from generator.verify.notify.choice import Unclear


def check_expectations(build: Build) -> tuple[Finding, ...]:
    """A finding for each expectation that is not met, at its place in the spec."""
    return tuple(f for expected in build.expected for f in _checked(build, expected))


def _checked(build: Build, expected: Expected) -> Sequence[Finding]:
    question = Question(expected.alert, dict(expected.labels), expected.at, expected.firing)
    try:
        told = answer(build.tenant, build.alertmanager, build.groups, question, expected.zone)
    except Unclear as problem:
        choices = ", ".join(problem.choices[:5])
        hint = f"there are: {choices}" if choices else None
        return [error("expect-unclear", problem.message, expected.alert_place, hint)]
    step = next((s for s in told.steps if s.after == expected.after), None)
    if step is None:
        times = ", ".join(str(s.after) for s in told.steps)
        message = f"no step of {expected.alert} comes after {expected.after}"
        hint = f"its steps come after: {times}"
        return [error("expect-no-step", message, expected.place, hint)]
    return _compared(told, step, expected)


def _compared(told: RouteAnswer, step: StepAnswer, expected: Expected) -> Sequence[Finding]:
    left = list(step.told)
    missing: list[str] = []
    for wanted in expected.tells:
        found = [m for m in step.told if _is(m, wanted, expected, step)]
        if not found:
            missing.append(_named(wanted, expected, step))
        left = [m for m in left if m not in found]
    if not missing and not left:
        return []
    instead = ", ".join(member_text(m) for m in step.told) or "nobody"
    parts = [f"not {', '.join(missing)}"] if missing else []
    if left and expected.tells:
        parts.append(f"{', '.join(member_text(m) for m in left)} besides")
    at = (expected.at + timedelta(milliseconds=step.after.ms)).astimezone(ZoneInfo(expected.zone))
    told_then = f"{told.alert} would tell {instead} on {at:%a %Y-%m-%d at %H:%M}"
    message = f"{told_then}: {'; '.join(parts)}" if parts else f"{told_then}, not nobody"
    why = "; ".join(reasons(step, told.tenant))
    return [error("expect-failed", message, expected.tells_place, why or None)]


def _is(member: Member, wanted: ExpectedMember, expected: Expected, step: StepAnswer) -> bool:
    if wanted.kind == "oncall":
        return member.kind == "oncall" and member.name == _on_call(wanted, expected, step)
    same = member.kind == wanted.kind and member.name == wanted.name
    return same and wanted.way in ("", member.way)


def _on_call(wanted: ExpectedMember, expected: Expected, step: StepAnswer) -> str:
    """Who is on call in a schedule when the step's notification is due; empty: nobody."""
    waits = [reach.taken.leaf.group_wait.ms for reach in step.reaches]
    at = expected.at + timedelta(milliseconds=step.after.ms + max(waits, default=0))
    return next((t.person for t in wanted.turns if t.start <= at < t.end), "")


def _named(wanted: ExpectedMember, expected: Expected, step: StepAnswer) -> str:
    if wanted.kind != "oncall":
        return wanted.written
    return f"{wanted.written} ({_on_call(wanted, expected, step) or 'nobody is on call'})"
