"""What differs in one thing, in a few words, with numbers for people."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from generator.compile.wording import listed
from generator.ir.change import Facet
from generator.render.changes.phrases import short
from generator.values import Duration

_COMPARED = {
    ">": "above", ">=": "at or above", "<": "below", "<=": "at or below",
    "==": "equal to", "!=": "unlike",
}  # fmt: skip
_SIZES = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_QUIET = frozenset({"description", "options", "custom", "mappings", "transformations", "links"})
"""Facets of panels that are named and not quoted."""
_TITLES = frozenset({"title", "row", "legend", "label"})
"""Facets whose texts are quoted: they may hold anything."""
_WORDS = {
    "keep_firing_for": "kept firing for",
    "interval": "evaluated every",
    "period": "window",
    "pairs": "burn-rate pairs",
    "kind": "drawn as",
    "time_from": "shows from",
    "include_all": "offers all",
}


def facet_texts(facets: Sequence[Facet]) -> list[str]:
    """Each difference in a few words, none twice."""
    texts: list[str] = []
    moves: set[tuple[str, ...]] = set()
    for facet in facets:
        if facet.aspect in ("threshold", "operator"):
            move = (facet.before, facet.after, facet.op, facet.later_op)
            if move in moves:
                continue
            moves.add(move)
        if facet.aspect != "annotation" or not facet.after:
            texts.append(_facet(facet))
    says = [f.about for f in facets if f.aspect == "annotation" and f.after]
    if says:
        texts.append(f"says another {listed(says)}")
    return list(dict.fromkeys(texts))


def _facet(facet: Facet) -> str:
    match facet.aspect:
        case "threshold" | "operator":
            return _threshold(facet)
        case "number":
            return f"{facet.before} -> {facet.after}"
        case "expression":
            return "another expression"
        case "steps":
            return f"{facet.about} follows it otherwise"
        case "condition":
            return _condition(facet)
        case "metric":
            return f"reads {facet.before or 'a pattern'} -> {facet.after or 'a pattern'}"
        case "selector":
            parts = [f"without {facet.before}"] if facet.before else []
            parts += [f"with {facet.after}"] if facet.after else []
            return f"{facet.about} {', '.join(parts)}".strip()
        case "grouping":
            return f"grouped {facet.before} -> {facet.after}"
        case "objective":
            return f"objective {facet.before} % -> {facet.after} %"
        case "annotation":
            return f"says no {facet.about}"
        case "label":
            return f"label {facet.about} {moved(facet)}"
        case "targets":
            parts = [f"+ {facet.after}"] if facet.after else []
            parts += [f"- {facet.before}"] if facet.before else []
            return f"targets {' '.join(parts)}"
        case "query":
            return "another query" if facet.before else "one more query"
        case aspect if aspect in _QUIET:
            return f"another {aspect}"
        case _:
            name = facet.about if facet.aspect == "setting" else ""
            return f"{name or _WORDS.get(facet.aspect, facet.aspect)} {moved(facet)}"


def _threshold(facet: Facet) -> str:
    whose = short(facet.about) if facet.about else "fires"
    left, right = (value_text(text, facet.unit) for text in (facet.before, facet.after))
    if facet.op != facet.later_op:
        words = [_COMPARED[op] for op in (facet.op, facet.later_op)]
        return f"{whose} {words[0]} {left} -> {words[1]} {right}"
    return f"{whose} {_COMPARED[facet.op]} {left} -> {right}"


def _condition(facet: Facet) -> str:
    if facet.after:
        return f"condition added: {short(facet.after)}"
    return f"condition removed: {short(facet.before)}"


def moved(facet: Facet) -> str:
    """`before -> after`, with `none` for nothing."""
    quoted = "'" if facet.aspect in _TITLES else ""
    texts = (short(text) for text in (facet.before, facet.after))
    left, right = (f"{quoted}{text}{quoted}" if text else "none" for text in texts)
    return f"{left} -> {right}"


def value_text(text: str, unit: str) -> str:
    """A number with its unit for people: `3 %`, `300 ms`, `2 GiB`; text that is none as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    match unit:
        case "percentunit":
            return f"{_plain(number * 100)} %"
        case "percent":
            return f"{_plain(number)} %"
        case "s":
            return _seconds(number)
        case "ms":
            return _seconds(number / 1000)
        case "bytes" | "decbytes":
            return _bytes(number)
        case _:
            return _plain(number)


def _seconds(number: float) -> str:
    ms = number * 1000
    if number < 0 or ms != ms or ms > 1e15 or abs(ms - round(ms)) > 1e-6:
        return f"{_plain(number)} s"
    return str(Duration(round(ms)))


def _bytes(number: float) -> str:
    for name, size in _SIZES:
        if abs(number) >= size:
            return f"{_plain(number / size)} {name}"
    return f"{_plain(number)} B"


def _plain(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        return str(number)
    short = Decimal(f"{number:.10g}")
    return f"{short.normalize():,f}"


def code_of(facets: Sequence[Facet]) -> tuple[tuple[str, str], ...]:
    """Expressions of which words say too little."""
    wordless = [f for f in facets if f.aspect in ("expression", "query", "steps")]
    found = [(what, text) for f in wordless for what, text in (("was", f.before), ("is", f.after))]
    return tuple(dict.fromkeys((what, text) for what, text in found if text))
