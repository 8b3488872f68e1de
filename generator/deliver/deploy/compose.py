"""The fleet's files when not every tenant goes out: those held back keep what was deployed.

The fleet's files are made of all tenants. A tenant that is held back, because its files were
refused or because others were asked for, keeps its subtree, receivers, intervals, scrape jobs and
dashboards' provider of the last deployment; one that was never deployed is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from generator.deliver.deploy.plan import Tree
from generator.deliver.manifest import MANIFEST, with_manifest
from generator.ir.artifacts import Artifact
from generator.render.yaml import document

ALERTMANAGER, PROMETHEUS = "alertmanager.yml", "prometheus.yml"
_PROVIDERS = "grafana/provisioning/dashboards/"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """Tenants held back; `label` is the tenant's label in routes.

    `deployed`: those of them whose files lie in the servers' folder.
    """

    names: frozenset[str]
    deployed: frozenset[str]
    label: str


def composed(new: Tree, old: Tree, held: Held, generator: str) -> Tree:
    """The fleet's tree of output/ with the parts of the held tenants out of the deployed one."""
    if not held.names:
        return new
    before = {a.path: a.content for a in old}
    files = {a.path: a.content for a in new if a.path != MANIFEST}
    about = f"{_listed(held.names)}: as deployed before"
    for path, merged in ((ALERTMANAGER, _alertmanager), (PROMETHEUS, _prometheus)):
        if path in files:
            parts = merged(_read(files[path]), _read(before.get(path, b"")), held)
            head = [*_header(files[path]), about]
            files[path] = document(parts, head).encode()
    for name in held.names:
        provider = f"{_PROVIDERS}{name}.yaml"
        files.pop(provider, None)
        if name in held.deployed and provider in before:
            files[provider] = before[provider]
    artifacts = [Artifact(path, content) for path, content in sorted(files.items())]
    return with_manifest(artifacts, {"generator": generator, "held": about})


def _listed(names: Collection[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _read(content: bytes) -> Document:
    return yaml.load(content, Loader=yaml.CSafeLoader) or {}


def _header(content: bytes) -> list[str]:
    """The comment lines a file begins with, without their `# `."""
    lines = []
    for line in content.decode().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return lines


# --------------------------------------------------------------------------- Prometheus


def _prometheus(new: Document, old: Document, held: Held) -> Document:
    """Includes of held tenants stay where their files are; so do the jobs of an old server."""
    found = dict(new)
    for key in ("rule_files", "scrape_config_files"):
        lines = [line for line in new.get(key) or () if _folder_of(line) not in held.names]
        kept = [line for line in old.get(key) or () if _folder_of(line) in held.deployed]
        _put(found, key, sorted({*lines, *kept}))
    jobs = [job for job in new.get("scrape_configs") or () if _owner(job) not in held.names]
    kept_jobs = [job for job in old.get("scrape_configs") or () if _owner(job) in held.deployed]
    _put(found, "scrape_configs", [*jobs, *kept_jobs])
    return found


def _put(found: Document, key: str, values: Sequence[Any]) -> None:
    if values:
        found[key] = values
    else:
        found.pop(key, None)


def _folder_of(include: str) -> str:
    """`acme` of `../acme/prometheus/rules/*.yml`."""
    return include.removeprefix("../").partition("/")[0]


def _owner(named: Mapping[str, Any]) -> str:
    """The tenant in a job's, receiver's or interval's name: `acme/…`."""
    return str(named.get("job_name") or named.get("name")).partition("/")[0]


# --------------------------------------------------------------------------- Alertmanager


def _alertmanager(new: Document, old: Document, held: Held) -> Document:
    found = dict(new)
    before = _nodes(old.get("route") or {}, held)
    found["route"] = _routes(new["route"], before, held)
    shared = {r["name"]: r for r in old.get("receivers") or () if _owner(r) in held.deployed}
    used = _receivers_of(list(before.values()))
    for receiver in old.get("receivers") or ():
        if receiver["name"] in used:
            shared.setdefault(receiver["name"], receiver)
    own = {r["name"]: r for r in new["receivers"] if _owner(r) not in held.names}
    receivers = {**shared, **own}
    found["receivers"] = [receivers[name] for name in sorted(receivers)]
    intervals = [i for i in new.get("time_intervals") or () if _owner(i) not in held.names]
    kept = [i for i in old.get("time_intervals") or () if _owner(i) in held.deployed]
    _put(found, "time_intervals", [*intervals, *kept])
    if before:
        rules = _inhibit_rules(new.get("inhibit_rules") or (), old.get("inhibit_rules") or ())
        _put(found, "inhibit_rules", rules)
    return found


def _tenant_of(route: Mapping[str, Any], label: str) -> str:
    """The tenant whose node a route is; empty for any other route."""
    matchers: Sequence[Any] = route.get("matchers") or ()
    only = str(matchers[0]) if len(matchers) == 1 else ""
    named = only.startswith(f'{label}="')
    return only.removeprefix(f'{label}="').removesuffix('"') if named else ""


def _nodes(route: Mapping[str, Any], held: Held) -> dict[str, Document]:
    """The deployed nodes of held tenants, below shards or not."""
    found: dict[str, Document] = {}
    for child in route.get("routes") or ():
        name = _tenant_of(child, held.label)
        if name in held.deployed:
            found[name] = child
        elif not name:
            found |= _nodes(child, held)
    return found


def _routes(route: Mapping[str, Any], before: Mapping[str, Document], held: Held) -> Document:
    """The new tree; held tenants' nodes are the deployed ones, in place, else before the others.

    Before the others: a node for shards, which takes whatever falls on it, may follow.
    """
    left = dict(before)
    found = _replaced(route, left, held)
    if left:
        children = found.get("routes") or []
        first = next((i for i, c in enumerate(children) if "routes" in c), len(children))
        found["routes"] = [*children[:first], *left.values(), *children[first:]]
    return found


def _replaced(route: Mapping[str, Any], left: dict[str, Document], held: Held) -> Document:
    """A copy in which deployed nodes stand for held tenants' own; those used leave `left`."""
    found = dict(route)
    children = []
    for child in route.get("routes") or ():
        name = _tenant_of(child, held.label)
        if not name:
            children.append(_replaced(child, left, held))
        elif name not in held.names:
            children.append(child)
        elif name in left:
            children.append(left.pop(name))
    _put(found, "routes", children)
    return found


def _receivers_of(routes: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    names = {str(r["receiver"]) for r in routes if "receiver" in r}
    return frozenset(names.union(*(_receivers_of(r.get("routes") or ()) for r in routes)))


def _inhibit_rules(
    new: Sequence[Mapping[str, Any]], old: Sequence[Mapping[str, Any]]
) -> list[Document]:
    """The rules of both. Of those with the same matchers `equal` has the labels of both.

    A label that is missing on both sides counts as equal, so more of them mute nothing new; too
    few would let one alert of a held tenant mute another.
    """
    before = {_sides(rule): rule for rule in old}
    found = []
    for rule in new:
        twin = before.pop(_sides(rule), None)
        labels = list(rule.get("equal") or ())
        more = sorted(set(twin.get("equal") or ()) - set(labels)) if twin else []
        found.append({**rule, "equal": [*labels, *more]})
    return [*found, *(dict(rule) for rule in before.values())]


def _sides(rule: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    source, target = rule.get("source_matchers") or (), rule.get("target_matchers") or ()
    return tuple(sorted(source)), tuple(sorted(target))
