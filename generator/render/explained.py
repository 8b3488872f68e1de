"""What an alert's rule and an SLO mean, as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from generator.ir.explained import AlertAnswer, PairAnswer, SloAnswer
from generator.render.explained_route import step_data, step_lines
from generator.values import Duration


def alert_text(answer: AlertAnswer) -> str:
    """For people at a terminal."""
    lines = [f"{answer.alert} of {answer.tenant}", f"  from      {answer.origin}"]
    if answer.pack:
        lines.append(f"  pack      {answer.pack}")
    lines.append(f"  kind      {answer.kind}")
    lines += [f"  for       {answer.hold}"]
    if answer.keep.ms:
        lines.append(f"  then      kept firing for {answer.keep}")
    lines += [f"  rule      {answer.rule_file}", "  labels"]
    lines += [f'    {name}="{value}"' for name, value in answer.labels]
    lines += [line for text in answer.written for line in _block("written", text)]
    lines += _block("isolated", answer.isolated)
    lines.append("  messages")
    lines += [f"    {name}: {value}" for name, value in answer.annotations]
    if answer.runbook:
        lines.append(f"  runbook   {answer.runbook}")
    if answer.tests:
        lines.append(f"  tests     {answer.test_folder}")
        lines += [f"    {name}" for name in answer.tests]
    else:
        lines.append("  tests     none")
    policy = f", policy {answer.policy}" if answer.policy else ""
    lines += ["", f"told if it fires on {answer.at:%a %Y-%m-%d at %H:%M}{policy}"]
    for step in answer.steps:
        lines += step_lines(step, answer.tenant)
    return "\n".join(lines) + "\n"


def alert_json(answer: AlertAnswer) -> str:
    """For programs."""
    content = _plain(asdict(answer))
    content["at"] = answer.at.isoformat()
    content["labels"] = dict(answer.labels)
    content["annotations"] = dict(answer.annotations)
    content["steps"] = [step_data(step) for step in answer.steps]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def slo_text(answer: SloAnswer) -> str:
    """For people at a terminal."""
    lines = [
        f"{answer.slo} of {answer.tenant}, service {answer.service}"
        + (f": {answer.description}" if answer.description else ""),
        f"  from       {answer.origin}" + (f" (pack {answer.pack})" if answer.pack else ""),
        f"  objective  {answer.objective} over {answer.period}",
        f"  measured   by {answer.kind}",
        *(f"    {what}: {text.strip()}" for what, text in answer.sli),
    ]
    if answer.group_by:
        lines.append(f"  for each   {', '.join(answer.group_by)}")
    worth = f"  budget     {answer.allowed} of total failure in {answer.period}"
    if answer.events:
        worth += f", or {answer.events} bad events in a million"
    lines.append(worth)
    if answer.min_events:
        lines.append(f"  silent     below {answer.min_events} events in the long window")
    lines.append("  alerts")
    for pair in answer.pairs:
        lines += [f"    {line}" for line in _pair(pair, answer.window)]
    lines += [f"    {alert}" for alert in answer.alerts]
    return "\n".join(lines) + "\n"


def slo_json(answer: SloAnswer) -> str:
    """For programs."""
    content = _plain(asdict(answer))
    content["sli"] = dict(answer.sli)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _pair(pair: PairAnswer, window: Duration) -> Iterator[str]:
    hold = f", held for {pair.hold}" if pair.hold.ms else ""
    yield (
        f"{pair.severity}: over {pair.threshold} % of events fail in the last {pair.long} "
        f"and in the last {pair.short}{hold}"
    )
    pace = "the even pace" if pair.factor == "1" else f"{pair.factor} times the even pace"
    instead = f" instead of {window}" if pair.gone_after < window else ""
    yield (
        f"  {pace}: {pair.budget} % of the budget is gone in {pair.long}, "
        f"all of it in {pair.gone_after}{instead}"
    )


def _block(what: str, text: str) -> list[str]:
    lines = text.strip().splitlines()
    return [f"  {what}", *(f"    {line}" for line in lines)]


def _plain(value: Any) -> Any:
    """Dataclasses' dicts as JSON: a duration is its text."""
    if isinstance(value, dict):
        if set(value) == {"ms"}:
            return str(Duration(value["ms"]))
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
