"""Who is told of an alert, as text, JSON and Mermaid. Secrets are not in it: there are none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from generator.ir.explained import Firing, Reach, RouteAnswer, StepAnswer
from generator.ir.incident import Branch, Muting, Notice
from generator.ir.routing import Member
from generator.render.docs_escalation import mermaid_text
from generator.values import Duration

_WAYS = {"email": "mail", "sms": "text message", "msteams": "teams"}


def route_text(answer: RouteAnswer) -> str:
    """For people at a terminal."""
    lines = [
        f"{answer.alert} of {answer.tenant} fires on {answer.at:%a %Y-%m-%d at %H:%M} "
        f"{answer.zone}, and nobody reacts.",
        f"labels: {_labels(answer.labels)}",
    ]
    if answer.alike:
        lines.append(f"The same for: {', '.join(answer.alike)}.")
    for other in answer.firing:
        lines.append(_also(other))
    for step in answer.steps:
        lines += ["", *step_lines(step, answer.tenant)]
    lines += ["", "timeline", *_timeline(answer)]
    return "\n".join(lines) + "\n"


def step_lines(step: StepAnswer, tenant: str) -> Iterator[str]:
    """One step: the way to it, whom it tells when it is due, whom it does not and why."""
    yield f"step {step.level}, {_after(step.after)}"
    for muting in step.mutings:
        yield f"  muted by {_muting(muting)}"
    shown: tuple[Branch, ...] = ()
    for reach in step.reaches:
        path = reach.taken.path
        stem = path if len(path) < 3 or path[-1].matchers else path[:-1]
        if stem != shown:
            named = [_branch(branch) for branch in stem if branch.matchers or branch.comment]
            yield f"  route    {named[0] if named else 'of everything that no other takes'}"
            yield from (f"           > {branch}" for branch in named[1:])
            shown = stem
        yield f"  {_verdict(reach, step)} {_reach(reach, tenant)}"


def route_json(answer: RouteAnswer) -> str:
    """For programs: everything that the text says, with stable keys."""
    members = dict(answer.receivers)
    content = {
        "tenant": answer.tenant,
        "alert": answer.alert,
        "labels": dict(answer.labels),
        "alike": list(answer.alike),
        "at": answer.at.isoformat(),
        "timezone": answer.zone,
        "firing": [{"labels": dict(o.labels), "why": o.why} for o in answer.firing],
        "steps": [step_data(step) for step in answer.steps],
        "timeline": [
            {
                "at": notice.at.astimezone(ZoneInfo(answer.zone)).isoformat(),
                "after": str(notice.after),
                "step": notice.level,
                "receiver": notice.receiver,
                "tells": [_member_data(m) for m in members[notice.receiver]],
                "repeated": notice.repeated,
            }
            for notice in answer.notices
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def step_data(step: StepAnswer) -> dict[str, object]:
    """One step as plain data."""
    return {
        "step": step.level,
        "after": str(step.after),
        "tells": [_member_data(m) for m in step.told],
        "muted_by": [
            {"rule": m.rule, "meaning": m.comment, "source": dict(m.source)} for m in step.mutings
        ],
        "routes": [
            {
                "receiver": reach.taken.leaf.receiver,
                "path": [_branch(b) for b in reach.taken.path if b.matchers or b.comment],
                "members": [_member_data(m) for m in reach.members],
                "told": reach.told and not step.mutings,
                "closed_by": list(reach.closed_by),
                "repeated_every": str(reach.taken.leaf.repeat_interval),
            }
            for reach in step.reaches
        ],
    }


def route_mermaid(answer: RouteAnswer) -> str:
    """A flowchart: the steps one after another, dotted to whom is not told now."""
    start = f"{answer.alert}, {answer.at:%a %Y-%m-%d %H:%M} {answer.zone}"
    lines = ["flowchart LR", f'  alert(["{mermaid_text(start)}"])']
    before = "alert"
    for step in answer.steps:
        name = f"step{step.level}"
        lines.append(f'  {before} -->|"{_after(step.after)}"| {name}["step {step.level}"]')
        for muting in step.mutings:
            lines.append(f'  {name} -.->|"muted"| {name}_muted["{mermaid_text(_muting(muting))}"]')
        for index, reach in enumerate(step.reaches, 1):
            told = mermaid_text(_who(reach.members) or "nobody")
            why = mermaid_text(_closed(reach, answer.tenant) or "muted")
            arrow = "-->" if reach.told and not step.mutings else f'-.->|"{why}"|'
            lines.append(f'  {name} {arrow} {name}_{index}["{told}"]')
        before = name
    return "\n".join(lines) + "\n"


def member_text(member: Member) -> str:
    """`chat (slack #reco-alerts)`, `ann, on call (text message +336…)`."""
    way = _WAYS.get(member.way, member.way)
    called = f"{member.name}, on call" if member.kind == "oncall" else member.name
    return f"{called} ({f'{way} {member.address}'.strip()})"


def reasons(step: StepAnswer, tenant: str) -> Iterator[str]:
    """Why a step does not tell some: what mutes it, or the times of its routes."""
    for muting in step.mutings:
        yield f"muted by {_muting(muting)}"
    for reach in step.reaches:
        if not reach.told and not step.mutings:
            yield f"{_who(reach.members)}: {_closed(reach, tenant)}"


# --------------------------------------------------------------------------- parts


def _timeline(answer: RouteAnswer) -> Iterator[str]:
    """One line for each moment and step: who is told, then when it is first repeated."""
    members, zone = dict(answer.receivers), ZoneInfo(answer.zone)
    first = [notice for notice in answer.notices if not notice.repeated]
    if not first:
        yield "  nobody is told within eight days"
    together: dict[tuple[datetime, int], list[Notice]] = {}
    for notice in first:
        together.setdefault((notice.at, notice.level), []).append(notice)
    for (at, level), notices in together.items():
        local = at.astimezone(zone)
        same_day = local.date() == answer.at.date()
        clock = f"{local:%H:%M:%S}" if same_day else f"{local:%a %Y-%m-%d %H:%M:%S}"
        told = dict.fromkeys(m for notice in notices for m in members[notice.receiver])
        yield f"  {clock}  step {level}: {_who(tuple(told)) or 'nobody (markers only mute)'}"
    again = [notice for notice in answer.notices if notice.repeated]
    if again:
        soonest = min(again, key=lambda notice: notice.at)
        local = soonest.at.astimezone(zone)
        yield f"  repeated from {local:%a %H:%M:%S} on, if nobody has reacted by then"


def _who(members: Sequence[Member]) -> str:
    return ", ".join(member_text(member) for member in members)


def _verdict(reach: Reach, step: StepAnswer) -> str:
    if not reach.members:
        return "nobody  "
    return "told    " if reach.told and not step.mutings else "not told"


def _reach(reach: Reach, tenant: str) -> str:
    told = _who(reach.members) or "(an empty receiver)"
    closed = _closed(reach, tenant)
    return f"{told}: {closed}" if closed else told


def _closed(reach: Reach, tenant: str) -> str:
    """Why its times keep a route from telling, in the words of the spec."""
    if not reach.closed_by:
        return ""
    names = [interval_text(name, tenant) for name in reach.closed_by]
    if set(reach.closed_by) <= set(reach.taken.leaf.muted):
        return f"not while {' or '.join(names)}"
    return f"only while {' or '.join(names)}"


def interval_text(name: str, tenant: str) -> str:
    """`acme/oncall/primary/ann` as `ann is on call in primary`."""
    parts = name.removeprefix(f"{tenant}/").split("/")
    match parts:
        case ["oncall", schedule, "not", person]:
            return f"{person} is not on call in {schedule}"
        case ["oncall", schedule, person]:
            return f"{person} is on call in {schedule}"
        case ["window", window]:
            return f"it is {window}"
        case _:
            return name


def _branch(branch: Branch) -> str:
    asked = ", ".join(f'{m.name}{m.op}"{m.value}"' for m in branch.matchers)
    if asked and branch.comment:
        return f"{asked} ({branch.comment})"
    return asked or branch.comment or "all"


def _muting(muting: Muting) -> str:
    source = dict(muting.source)
    name = source.pop("alertname", "")
    told = f" ({muting.comment})" if muting.comment else ""
    return f"{muting.rule}{told} while {name}{{{_labels(sorted(source.items()))}}} fires"


def _also(other: Firing) -> str:
    labels = dict(other.labels)
    name = labels.pop("alertname", "")
    what = "Also firing" if other.why == "as asked" else "Then fires"
    return f"{what}: {name}{{{_labels(sorted(labels.items()))}}}"


def _labels(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in pairs)


def _after(after: Duration) -> str:
    return f"after {after}" if after.ms else "at once"


def _member_data(member: Member) -> Mapping[str, object]:
    return {
        "who": member.written,
        "kind": member.kind,
        "name": member.name,
        "way": member.way,
        "address": member.address,
        "people": member.human,
    }
