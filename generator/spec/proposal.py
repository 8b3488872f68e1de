"""A first spec for a tenant, and a platform to go with it: short, commented, sound as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.spec.pack_parameters import default_values
from generator.spec.packs import Pack, rendered
from generator.spec.scalars import string
from generator.spec.source import core_scalar

_PLAIN = re.compile(r"[A-Za-z0-9_/.][A-Za-z0-9_/.@+-]*")
_RUNTIME = (
    *("go_", "process_", "python_", "promhttp_", "scrape_", "jvm_", "nodejs_"),
    "net_conntrack_",
)
"""What client libraries and Prometheus itself expose: not worth declaring one by one."""
MOST_METRICS = 60
"""Metrics that a proposal declares."""


@dataclass(frozen=True, slots=True)
class FoundMetric:
    """A metric family that a server has; types as in the language."""

    name: str
    type: str
    help: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundService:
    """Something with series of its own: how to select them, and the names they have."""

    name: str
    selector: Mapping[str, str]
    series: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PackUse:
    """A pack for a service: the parameters to set, and metrics that it reads and that lack."""

    pack: str
    settings: Mapping[str, str]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a tenant's first spec says."""

    tenant: str
    team: str
    contact: str = ""
    jobs: Mapping[str, tuple[str, ...]] | None = None
    """job -> addresses that are scraped."""
    services: tuple[FoundService, ...] = ()
    packs: Mapping[str, tuple[PackUse, ...]] | None = None
    """service -> packs whose needs are met, or nearly."""
    metrics: tuple[FoundMetric, ...] = ()
    source: str = ""
    """The server that was asked."""

    def without(self, *, metrics: bool = False, packs: bool = False) -> Proposal:
        """The same with less."""
        return replace(
            self,
            metrics=() if metrics else self.metrics,
            packs=None if packs else self.packs,
        )


def packs_for(series: Collection[str], packs: Iterable[Pack]) -> tuple[PackUse, ...]:
    """Packs that read what a service has: all of it first, then those that lack less than half."""
    met, near = [], []
    for pack in packs:
        if any(p.required for p in pack.parameters):
            continue
        ways = [_use(pack, settings, series) for settings in _settings(pack)]
        use, wanted = min(ways, key=lambda one: len(one[0].lacks))
        if wanted and not use.lacks:
            met.append(use)
        elif len(use.lacks) * 2 < wanted:
            near.append(use)
    return (*met, *near)


def declared(metrics: Iterable[FoundMetric]) -> tuple[FoundMetric, ...]:
    """The metrics that are worth declaring, sorted; at most MOST_METRICS."""
    own = [m for m in metrics if not m.name.startswith(_RUNTIME) and m.name != "up"]
    return tuple(sorted(own, key=lambda m: m.name)[:MOST_METRICS])


def _settings(pack: Pack) -> Iterator[Mapping[str, str]]:
    """The ways to use a pack: as it is, and with each word that has a preset."""
    yield {}
    for parameter in pack.parameters:
        for word in parameter.presets:
            if word != parameter.default:
                yield {parameter.name: word}


def _use(pack: Pack, settings: Mapping[str, str], series: Collection[str]) -> tuple[PackUse, int]:
    values = default_values(pack.parameters)
    for parameter in pack.parameters:
        if parameter.name in settings:
            values |= {**parameter.presets[settings[parameter.name]], **settings}
    declared_there = rendered(pack, values, "SERVICE", {}).node.get("metrics")
    wanted = {
        name: string(value.get("type"))
        for name, _, value in (declared_there.values() if declared_there else ())
    }
    lacks = tuple(n for n, kind in wanted.items() if not _has(n, kind, series))
    return PackUse(pack.name, settings, lacks), len(wanted)


def _has(name: str, kind: str, series: Collection[str]) -> bool:
    return name in series or (kind == "histogram" and f"{name}_bucket" in series)


# --------------------------------------------------------------------------- text


def tenant_text(proposal: Proposal) -> str:
    """The tenant's spec as a file."""
    contact = f", contact: {_word(proposal.contact)}" if proposal.contact else ""
    lines = [
        "# yaml-language-server: $schema=../schema/tenant.json",
        *(
            [f"# Proposed from {proposal.source}: read it before you trust it."]
            if proposal.source
            else []
        ),
        "version: 1",
        f"tenant: {_word(proposal.tenant)}",
        f"owner: {{team: {_word(proposal.team)}{contact}}}",
        "",
        *_collect(proposal),
        *_metrics(proposal.metrics),
        *_services(proposal),
        *([] if proposal.source else _FIRST_ALERT),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


_FIRST_ALERT = [
    "# `tocsin catalog` lists packs of ready-made alerts; an alert of your own looks like this:",
    "# alerts:",
    "#   QueueBacklog:",
    "#     service: api",
    "#     threshold: {expr: max(queue_depth), above: 1000}",
    "#     for: 10m",
    "#     severity: warning",
]


def _about(proposal: Proposal) -> Iterator[str]:
    if proposal.source:
        yield f"# Proposed from {proposal.source}: read it before you trust it."


def _collect(proposal: Proposal) -> Iterator[str]:
    if not proposal.jobs:
        return
    yield "# What Prometheus scrapes; secrets as files: authorization: {credentials_file: /path}"
    yield "collect:"
    for job, targets in proposal.jobs.items():
        listed = ", ".join(json.dumps(target, ensure_ascii=False) for target in targets)
        yield f"  - {{job: {_word(job)}, targets: [{listed}]}}"
    yield ""


def _metrics(metrics: Sequence[FoundMetric]) -> Iterator[str]:
    if not metrics:
        return
    yield "# What exists: expressions are checked against it."
    yield "metrics:"
    for one in metrics:
        parts = [f"type: {one.type}"]
        if one.labels:
            parts.append(f"labels: [{', '.join(map(_word, one.labels))}]")
        if one.buckets:
            parts.append(f"buckets: [{', '.join(f'{b:g}' for b in one.buckets)}]")
        if one.help:
            parts.append(
                f"help: {json.dumps(' '.join(one.help.split())[:120], ensure_ascii=False)}"
            )
        yield f"  {_word(one.name)}: {{{', '.join(parts)}}}"
    yield ""


def _services(proposal: Proposal) -> Iterator[str]:
    yield "# What is watched: its series carry these labels, its packs bring alerts and panels."
    yield "services:"
    for service in proposal.services:
        selector = ", ".join(f"{_word(k)}: {_word(v)}" for k, v in service.selector.items())
        yield f"  {_word(service.name)}:"
        yield f"    selector: {{{selector}}}"
        uses = (proposal.packs or {}).get(service.name, ())
        met = [use for use in uses if not use.lacks]
        if met:
            yield "    packs:"
        for use in met:
            settings = ", ".join(f"{_word(k)}: {_word(v)}" for k, v in use.settings.items())
            yield f"      {use.pack}: {{{settings}}}"
        for use in uses:
            if use.lacks:
                yield f"    # {use.pack} would fit, but {', '.join(use.lacks)} is not there"
    yield ""


def platform_text(mail: str) -> str:
    """A first platform; `mail`: where alerts go, empty for a webhook whose address is in a file."""
    if mail:
        channel = f"{{email: {{to: {_word(mail)}}}}}"
        sender = 'smtp: {smarthost: "localhost:25", from: tocsin@localhost}\n'
    else:
        channel, sender = _HOOK, ""
    return _PLATFORM.format(channel=channel, sender=sender)


_HOOK = "{webhook: {url_file: /etc/alertmanager/secrets/operations}, people: true}"
_PLATFORM = """\
# yaml-language-server: $schema=schema/platform.json
# What every tenant shares; a tenant's own file wins.
version: 1

# The oldest programs that must accept the output.
targets: {{prometheus: "2.42", alertmanager: "0.28", grafana: "11.0"}}
urls:
  prometheus: http://localhost:9090
  alertmanager: http://localhost:9093
  grafana: http://localhost:3000
{sender}alertmanagers: ["localhost:9093"]

# Where an alert goes that no tenant's route takes.
fallback: operations
channels:
  operations: {channel}

# Who is told, and what is told by default; add steps with `after: 15m`.
escalation:
  everybody:
    - notify: [operations]
defaults:
  routing: {{critical: everybody, warning: everybody, info: everybody}}
"""


def _word(text: str) -> str:
    """A text as YAML in a flow mapping: plain where that means the same, else in quotes."""
    plain = _PLAIN.fullmatch(text) and isinstance(core_scalar(text), str)
    return text if plain else json.dumps(text, ensure_ascii=False)
