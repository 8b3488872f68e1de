"""Packs as the catalogue shows them: what they bring with their defaults, and a search in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from generator.spec.controls import pack_controls
from generator.spec.model import Framework
from generator.spec.pack_parameters import Parameter, default_values
from generator.spec.packs import Pack, rendered
from generator.spec.scalars import string, strings
from generator.spec.source import Node

SERVICE = "SERVICE"
"""Stands in texts for the service that uses the pack."""
VIEWS = ("executive", "technical", "security", "ml")
_TUNED = ("ratio", "duration", "number", "integer")


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """An alert of a pack; `condition` is what it fires on, with the default numbers."""

    name: str
    kind: str
    severity: str
    hold: str
    """How long the condition must hold; empty: not at all."""
    condition: str
    description: str
    view: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PanelEntry:
    """A panel of a pack."""

    view: str
    title: str
    description: str
    unit: str


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """A metric that a pack reads."""

    name: str
    type: str
    help: str


@dataclass(frozen=True, slots=True)
class SloEntry:
    """A promise that a pack brings."""

    name: str
    objective: str
    description: str


@dataclass(frozen=True, slots=True)
class PackEntry:
    """A pack with everything it brings, as its parameters' defaults make it."""

    name: str
    title: str
    category: str
    description: str
    file: str
    parameters: tuple[Parameter, ...]
    alerts: tuple[AlertEntry, ...]
    slos: tuple[SloEntry, ...]
    recordings: tuple[tuple[str, str], ...]
    """(record, expression)."""
    panels: tuple[PanelEntry, ...]
    """In the order of the views."""
    metrics: tuple[MetricEntry, ...]
    controls: tuple[tuple[str, str], ...]
    """(id, title) of the controls that its alerts and SLOs give evidence for."""
    example: str
    """A piece of a tenant's spec to start from."""


def pack_entry(pack: Pack, frameworks: Mapping[str, Framework]) -> PackEntry:
    """Everything about a pack; what its templates cannot render is left out."""
    node = rendered(pack, default_values(pack.parameters), SERVICE, {}).node
    titles = {c.id: c.title for one in frameworks.values() for c in one.controls.values()}
    panels = [_panel(value) for _, value in _named(node, "panels")]
    recordings = node.get("recordings")
    return PackEntry(
        name=pack.name,
        title=pack.title,
        category=pack.category,
        description=_line(pack.description),
        file=pack.file,
        parameters=pack.parameters,
        alerts=tuple(_alert(name, value, pack) for name, value in _named(node, "alerts")),
        slos=tuple(
            SloEntry(name, string(v.get("objective")), _line(string(v.get("description"))))
            for name, v in _named(node, "slos")
        ),
        recordings=tuple(
            (string(item.get("record")), _line(string(item.get("expr"))))
            for item in (recordings.items if recordings else ())
        ),
        panels=tuple(sorted(panels, key=lambda p: VIEWS.index(p.view))),
        metrics=tuple(
            MetricEntry(name, string(v.get("type")), _line(string(v.get("help"))))
            for name, v in _named(node, "metrics")
        ),
        controls=tuple((name, titles.get(name, "")) for name in pack_controls(pack)),
        example=_example(pack),
    )


def _named(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    found = node.get(key)
    for name, _, value in found.values() if found is not None else ():
        yield name, value


def _alert(name: str, node: Node, pack: Pack) -> AlertEntry:
    kind = next((k for k in _CONDITIONS if node.get(k) is not None), "")
    given = node.get(kind) if kind else None
    return AlertEntry(
        name=name,
        kind=kind,
        severity=string(node.get("severity"), "info" if kind == "anomaly" else "warning"),
        hold=string(node.get("for")),
        condition=_CONDITIONS[kind](given) if given is not None else "",
        description=_line(string(node.get("description"))),
        view=string(node.get("view"), "technical"),
        controls=strings(node.get("compliance")) or pack.compliance,
    )


def _threshold(node: Node) -> str:
    above, below = string(node.get("above")), string(node.get("below"))
    limit = f"> {above}" if above else f"< {below}"
    clear = string(node.get("clear_below")) or string(node.get("clear_above"))
    end = f", until {'<' if above else '>'} {clear}" if clear else ""
    expr = _expr(node)
    return f"({expr}) {limit}{end}" if " " in expr else f"{expr} {limit}{end}"


def _forecast(node: Node) -> str:
    above, below = string(node.get("above")), string(node.get("below"))
    limit = f"> {above}" if above else f"< {below}"
    return f"forecast: {_expr(node)} {limit} within {string(node.get('within'))}"


def _anomaly(node: Node) -> str:
    side = string(node.get("direction"), "both")
    beyond = {"above": " above", "below": " below"}.get(side, " outside")
    return f"anomaly: {_expr(node)}{beyond} its {string(node.get('method'))} band"


def _correlate(node: Node) -> str:
    for how in ("all", "any"):
        if node.get(how) is not None:
            return f"{how} of {', '.join(strings(node.get(how)))}"
    group = node.get("at_least")
    count, of = (string(group.get("count")), strings(group.get("of"))) if group else ("", ())
    return f"at least {count} of {', '.join(of)}"


def _expr(node: Node) -> str:
    return _line(string(node.get("expr")))


_CONDITIONS: Mapping[str, Callable[[Node], str]] = {
    "threshold": _threshold,
    "forecast": _forecast,
    "anomaly": _anomaly,
    "absent": lambda node: f"absent({_line(string(node.get('selector')))})",
    "correlate": _correlate,
    "expr": lambda node: _line(string(node)),
}


def _panel(node: Node) -> PanelEntry:
    return PanelEntry(
        view=string(node.get("view"), "technical"),
        title=string(node.get("title")),
        description=_line(string(node.get("description"))),
        unit=string(node.get("unit"), "short"),
    )


def _example(pack: Pack) -> str:
    """A service that uses the pack: what is required, the first preset, two numbers."""
    given = [(p.name, f"<{p.type}>") for p in pack.parameters if p.required]
    for parameter in pack.parameters:
        others = [word for word in parameter.presets if word != parameter.default]
        given += [(parameter.name, word) for word in others[:1]]
    tuned = [p for p in pack.parameters if p.type in _TUNED and not p.required]
    given += [(p.name, str(p.default)) for p in tuned[:2]]
    inner = ", ".join(f"{name}: {value}" for name, value in given)
    return (
        "services:\n"
        "  my-service:\n"
        "    selector: {job: my-service}\n"
        "    packs:\n"
        f"      {pack.name}: {{{inner}}}\n"
    )


def _line(text: str) -> str:
    return " ".join(text.split())


# --------------------------------------------------------------------------- search


def matches(entry: PackEntry, words: Sequence[str]) -> tuple[str, ...]:
    """Where a pack mentions the words, `alert HttpLatencyHigh`; nothing unless all are found."""
    wanted = [word.lower() for word in words]
    places = list(_places(entry))
    if not all(any(word in text.lower() for _, text in places) for word in wanted):
        return ()
    found = [place for place, text in places if any(word in text.lower() for word in wanted)]
    return tuple(dict.fromkeys(found))


def _places(entry: PackEntry) -> Iterator[tuple[str, str]]:
    """(what to show, the text to search) of everything a pack says."""
    yield "name", entry.name
    yield "title", entry.title
    yield "category", entry.category
    yield "description", entry.description
    for alert in entry.alerts:
        yield f"alert {alert.name}", f"{alert.name} {alert.description}"
    for slo in entry.slos:
        yield f"SLO {slo.name}", f"{slo.name} {slo.description}"
    for metric in entry.metrics:
        yield f"metric {metric.name}", f"{metric.name} {metric.help}"
    for parameter in entry.parameters:
        presets = " ".join(parameter.presets)
        text = f"{parameter.name} {parameter.description} {presets}"
        yield f"parameter {parameter.name}", text
    for control, title in entry.controls:
        yield f"control {control}", f"{control} {title}"
    for panel in entry.panels:
        yield f"panel {panel.title}", f"{panel.title} {panel.description}"


def nearest(words: Sequence[str], entries: Iterable[PackEntry]) -> str | None:
    """`did you mean 'x'?` for the first word that names nothing, where something is near."""
    known: dict[str, None] = {}
    for entry in entries:
        names = (entry.name, *(a.name for a in entry.alerts), *(m.name for m in entry.metrics))
        known |= dict.fromkeys((*names, *(control for control, _ in entry.controls)))
        known |= dict.fromkeys(entry.title.lower().split())
    lower = {name.lower(): name for name in reversed(known)}
    for word in words:
        near = get_close_matches(word.lower(), lower, n=1)
        if near and not any(word.lower() in name for name in lower):
            return f"did you mean {lower[near[0]]!r}?"
    return None
