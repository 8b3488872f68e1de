"""What differs in plain settings: scrape jobs, and the files that all tenants share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from generator.ir.change import Facet, JobChange, Sort
from generator.servers.defaults import holds

Jobs = Mapping[str, Mapping[str, Any]]
_STATIC = "static_configs"
_PATHS = frozenset({"templates"})
"""Settings that a server answers as paths of its own machine."""


def job_changes(before: Jobs, after: Jobs, *, defaults: bool = False) -> tuple[JobChange, ...]:
    """Scrape jobs that are new, gone or different.

    `defaults`: the earlier side comes from a server, which fills in what nobody wrote.
    """
    found = []
    for job in (*after, *(name for name in before if name not in after)):
        if job not in before or job not in after:
            found.append(JobChange(Sort.ADDED if job in after else Sort.REMOVED, job))
            continue
        facets = tuple(_job(_written(before[job], after[job], defaults), after[job]))
        if facets:
            found.append(JobChange(Sort.CHANGED, job, facets))
    return tuple(found)


def setting_changes(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    *,
    defaults: bool = False,
) -> tuple[Facet, ...]:
    """Settings of files that differ; `about` is `file: setting`.

    `defaults`: the earlier side comes from servers, which fill in what nobody wrote and do not
    show all files.
    """
    found: list[Facet] = []
    for file in sorted(before if defaults else {*before, *after}):
        right = after.get(file, {})
        if defaults:
            right = {key: value for key, value in right.items() if key not in _PATHS}
        left = _written(before.get(file, {}), right, defaults)
        for facet in settings(left, right):
            about = f"{file}: {facet.about}" if facet.about else file
            found.append(Facet("setting", facet.before, facet.after, about=about))
    return tuple(found)


def settings(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str = ""
) -> Iterator[Facet]:
    """The settings that differ, by their path, down to where one side has no more levels."""
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        where = f"{path}.{key}" if path else key
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from settings(one, other, where)
        elif one != other:
            yield Facet("setting", text(one), text(other), about=where)


def text(value: Any) -> str:
    """A setting's value on one line; empty for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _job(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Facet]:
    left, right = _targets(one), _targets(other)
    gone, new = sorted(left - right), sorted(right - left)
    if gone or new:
        yield Facet("targets", ", ".join(gone), ", ".join(new))
    rest = [{k: v for k, v in side.items() if k != _STATIC} for side in (one, other)]
    yield from settings(rest[0], rest[1])


def _written(
    told: Mapping[str, Any], written: Mapping[str, Any], defaults: bool
) -> Mapping[str, Any]:
    """A server's job as it was written, where it holds what is written now."""
    if not defaults:
        return told
    found: dict[str, Any] = {}
    for key, value in written.items():
        other = told.get(key)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            found[key] = _written(other, value, defaults)
        else:
            found[key] = value if holds(other, value) else other
    return found


def _targets(job: Mapping[str, Any]) -> set[str]:
    """Addresses, with the labels that they get."""
    found = set()
    for entry in job.get(_STATIC) or ():
        labels = entry.get("labels") or {}
        inside = ", ".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
        found |= {f"{t} {{{inside}}}" if inside else str(t) for t in entry.get("targets") or ()}
    return found
