"""The steps of `fleet/grafana/api.json`, done through Grafana's HTTP API.

What a step means is in `render.grafana_bundle`, which writes them. Every step looks first, so
that doing them again changes nothing; nothing is ever deleted but permissions that are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.deliver.output import OutputError
from generator.servers.http import Server, ServerFailed

BUNDLE = "fleet/grafana/api.json"
VERSION = 1
ORGANISATION_HEADER = "X-Grafana-Org-Id"

Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step; `id` is Grafana's, None where nothing has one."""

    step: Step
    did: str
    """`found`, `created`, `set`, `as it is`; in a dry run also `to create` and `to set`."""
    id: Any = None

    @property
    def changed(self) -> bool:
        """Whether Grafana is, or would be, another than before."""
        return self.did not in ("found", "as it is")


@dataclass(frozen=True, slots=True)
class WrongOrganisation:
    """A tenant's organisation has not the number of the specs; `found` None: there is none."""

    name: str
    expected: int
    found: int | None


def read_steps(output: Path) -> tuple[Step, ...]:
    """The steps of the last build. Raises OutputError where there are none that can be read."""
    path = output / BUNDLE
    try:
        content = json.loads(path.read_bytes())
    except OSError as problem:
        raise OutputError(f"{path}: {problem.strerror}; run tocsin build first") from None
    except ValueError:
        raise OutputError(f"{path} is not JSON; run tocsin build again") from None
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise OutputError(f"{path} is of another version of tocsin; run tocsin build again")
    return tuple(content["steps"])


def in_organisations(steps: Sequence[Step]) -> bool:
    """Whether steps make organisations, which only a server's administrator may."""
    return any(step["key"].startswith("organisation:") for step in steps if "key" in step)


def wrong_organisations(server: Server, steps: Sequence[Step]) -> Iterator[WrongOrganisation]:
    """Organisations whose number is not the specs'. Raises ServerFailed."""
    for step in steps:
        expected = step.get("expected")
        if expected is None:
            continue
        found = _found(server, step["find"], {})
        if found != expected:
            yield WrongOrganisation(step["create"]["body"]["name"], expected, found)


def apply(server: Server, steps: Sequence[Step], *, dry_run: bool = False) -> Iterator[Done]:
    """Do the steps in order, telling each when it is done. Raises ServerFailed."""
    ids: dict[str, Any] = {}
    for step in steps:
        inside = ids.get(step["in"]) if "in" in step else None
        if "in" in step and inside is None:
            done = Done(step, "to create" if "find" in step else "to set")
        else:
            headers = {ORGANISATION_HEADER: str(inside)} if inside is not None else {}
            act = _find_or_create if "find" in step else _set
            done = act(server, step, ids, headers, dry_run)
        if "key" in step:
            ids[step["key"]] = done.id
        yield done


def _find_or_create(
    server: Server, step: Step, ids: Mapping[str, Any], headers: Mapping[str, str], dry_run: bool
) -> Done:
    found = _found(server, step["find"], headers)
    if found is not None:
        return Done(step, "found", found)
    if dry_run:
        return Done(step, "to create")
    create = step["create"]
    answer = server.send(create["method"], create["path"], _filled(create["body"], ids), headers)
    made = _number(_at(answer, create["id"]))
    if made is None:
        raise ServerFailed(f"{server.url}{create['path']} does not say what it created: {answer}")
    return Done(step, "created", made)


def _set(
    server: Server, step: Step, ids: Mapping[str, Any], headers: Mapping[str, str], dry_run: bool
) -> Done:
    wanted = step["set"]
    body = _filled(wanted["body"], ids)
    try:
        now = server.send(step["same"]["method"], step["same"]["path"], None, headers)
    except ServerFailed as problem:
        if not (dry_run and problem.status == 404):
            raise
        now = None
    if now is not None and _permissions(now) == _permissions(body["items"]):
        return Done(step, "as it is")
    if dry_run:
        return Done(step, "to set")
    server.send(wanted["method"], wanted["path"], body, headers)
    return Done(step, "set")


def _found(server: Server, find: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """The id of what is looked for; None where Grafana has no such thing."""
    try:
        answer = server.send(find["method"], find["path"], None, headers)
    except ServerFailed as problem:
        if problem.status == 404:
            return None
        raise
    named = find.get("named")
    if named is not None and _at(answer, named["at"]) != named["is"]:
        return None
    return _number(_at(answer, find["id"]))


def _at(answer: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        if isinstance(answer, dict) and isinstance(key, str):
            answer = answer.get(key)
        elif isinstance(answer, list) and isinstance(key, int) and key < len(answer):
            answer = answer[key]
        else:
            return None
    return answer


def _number(given: Any) -> Any:
    """Some of Grafana's answers write numbers as text."""
    return int(given) if isinstance(given, str) and given.isdecimal() else given


def _filled(body: Any, ids: Mapping[str, Any]) -> Any:
    """A body with the ids that earlier steps found or made; None where a dry run made none."""
    if isinstance(body, dict):
        if set(body) == {"id_of"}:
            return ids[body["id_of"]]
        return {key: _filled(value, ids) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, ids) for value in body]
    return body


def _permissions(items: Sequence[Mapping[str, Any]]) -> set[tuple[str, Any, int]]:
    """Who may do what in a folder of itself; administrators always may, so they do not count."""
    found: set[tuple[str, Any, int]] = set()
    for item in items:
        if item.get("inherited") or item.get("isInherited") or item.get("role") == "Admin":
            continue
        for key in ("role", "teamId", "userId"):
            if item.get(key):
                found.add((key, item[key], item["permission"]))
                break
        else:
            found.add(("nobody yet", None, item["permission"]))
    return found
