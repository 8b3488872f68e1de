"""What differs in alerts and SLOs, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from generator.compile.kinds import MARKER
from generator.compile.wording import listed
from generator.ir.change import AlertChange, SloChange, Sort
from generator.render.changes.facets import code_of, facet_texts
from generator.render.changes.phrases import MARKS, Line, count, named, one_or


def counted(alerts: Iterable[AlertChange]) -> Iterator[str]:
    """`2 alerts added, 1 tightened`."""
    kinds: dict[str, int] = {}
    for one in alerts:
        if one.kind == MARKER:
            continue
        kind = one.sort.value
        if one.sort is Sort.CHANGED:
            kind = "renamed" if one.renamed_from else one.effect.value or "changed"
        kinds[kind] = kinds.get(kind, 0) + 1
    for kind in ("added", "removed", "renamed", "tightened", "loosened", "changed"):
        if kind in kinds:
            yield count(kinds[kind], "alert") + f" {kind}"


def alert_lines(alerts: Sequence[AlertChange]) -> Iterator[Line]:
    """Alerts with the same difference are told together; so are those of one SLO that only read
    something else."""
    reading: dict[tuple[str, tuple[str, ...]], list[AlertChange]] = {}
    alike: dict[object, list[AlertChange]] = {}
    for one in alerts:
        if one.sort is not Sort.CHANGED or one.renamed_from:
            alike[id(one)] = [one]
        elif one.facets:
            same = (one.effect, tuple(facet_texts(one.facets)), one.inputs, code_of(one.facets))
            alike.setdefault(same, []).append(one)
        elif one.inputs:
            reading.setdefault((one.slo, one.inputs), []).append(one)
    yield from map(_alert, alike.values())
    for (_, inputs), some in reading.items():
        read = named(inputs)
        names = named([one.alert for one in some])
        means = "means" if len(inputs) == 1 else "mean"
        yield Line("~", f"{names}: {read}, which {one_or(len(some), 'it reads', 'they read')}, "
                   f"{means} something else")  # fmt: skip


def _alert(alike: Sequence[AlertChange]) -> Line:
    one = alike[0]
    about = ", ".join(filter(None, (one.service, one.severity)))
    name = f"{one.alert} ({about})" if about else one.alert
    if len(alike) > 1:
        name = named([other.alert for other in alike])
    mark = MARKS[one.sort]
    if one.sort is not Sort.CHANGED:
        held = f", for {one.hold}" if one.hold.ms else ""
        return Line(mark, f"{name}{held}", (("", one.expr),))
    effect = f" {one.effect.value}" if one.effect else ""
    parts = [f"was {one.renamed_from}"] if one.renamed_from else []
    parts += facet_texts(one.facets)
    if one.inputs:
        parts.append(f"reads {named(one.inputs)}, changed too")
    return Line(mark, f"{name}{effect}: {'; '.join(parts)}", code_of(one.facets))


def slo_line(one: SloChange) -> Line:
    """An SLO that came, went or changed."""
    promise = f"{one.objective} % over {one.window}" if one.objective else ""
    name = f"{one.slo} ({one.service})" if one.service else one.slo
    if one.sort is not Sort.CHANGED:
        return Line(MARKS[one.sort], f"{name}: {promise}")
    parts = facet_texts(one.facets)
    if one.series:
        parts.append(f"{one.series} of its recorded series")
    return Line("~", f"{name}: {'; '.join(parts)}", code_of(one.facets))


def state_lines(alerts: Iterable[AlertChange]) -> Iterator[Line]:
    """Alerts that begin to wait anew, by the reason."""
    reasons: dict[tuple[str, ...], list[str]] = {}
    for one in alerts:
        if one.state:
            reasons.setdefault(one.state, []).append(one.alert)
    for reason, names in reasons.items():
        what = listed(_reason(one) for one in reason)
        yield Line(
            "", f"{named(names)}: what is pending or fires starts anew, because {what} changed"
        )


def _reason(one: str) -> str:
    kind, _, name = one.partition(" ")
    return f"the label {name}" if kind == "label" else f"the rule's {kind}"
