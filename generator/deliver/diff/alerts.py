"""What differs in alerts: when they fire, what they say, and whether their state is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from generator.compile.kinds import FLAPPING
from generator.deliver.diff.pairs import Pair, Placed
from generator.deliver.diff.units import panel_unit, unit_of
from generator.ir.change import AlertChange, Effect, Facet, Sort
from generator.ir.dashboards import Dashboard
from generator.ir.rules import AlertRule
from generator.promql.edits import Edit, edits, first_subject
from generator.promql.meaning import same_meaning, without_label
from generator.spec.model import LabelNames

_EFFECTS = {1: Effect.TIGHTENED, -1: Effect.LOOSENED, 0: Effect.OPEN}
_MANY = 5
"""Differences of one expression from which on both texts are shown instead."""
_ASPECTS = {"range": "window", "shape": "expression"}
_LINKS = frozenset({"__dashboardUid__", "__panelId__", "dashboard_url"})


@dataclass(frozen=True, slots=True)
class Around:
    """What is needed to judge an alert: names of labels, panels, and what its inputs became."""

    names: LabelNames
    dashboards: Sequence[Dashboard] | None = None
    inputs: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """id of a rule -> recorded series it reads that mean something else now."""


def alert_changes(pairs: Sequence[Pair], around: Around) -> tuple[AlertChange, ...]:
    """The alerts that are new, gone or different, in the order of the pairs."""
    found = [(pair, change) for pair in pairs for change in _change(pair, around)]
    leading = {
        (pair.shown.group.name, change.sort) for pair, change in found if change.kind != FLAPPING
    }
    kept = []
    for pair, change in found:
        if change.kind == FLAPPING and (pair.shown.group.name, change.sort) in leading:
            change = _own(change)
            if not change.facets:
                continue
        kept.append(change)
    return tuple(kept)


def _own(notice: AlertChange) -> AlertChange:
    """What differs in a notice that an alert flaps, besides what follows from the alert."""
    own = tuple(f for f in notice.facets if f.aspect in ("threshold", "window"))
    return replace(notice, facets=own, state=(), inputs=(), renamed_from="")


def facets_of(
    found: Sequence[Edit], label: str, unit: str = "", main: str = ""
) -> tuple[Facet, ...]:
    """Differences of two expressions; `unit` is that of the `main` threshold, the one for which
    an alert fires. `label` is the tenant's, which every selector has: it is not shown."""
    facets = []
    for edit in _told(found):
        own, about = "", edit.subject
        if edit.kind in ("threshold", "operator"):
            about = "" if main and edit.subject == main else edit.subject
            own = unit_of(edit.subject) or ("" if about else unit)
        facets.append(
            Facet(
                aspect=_ASPECTS.get(edit.kind, edit.kind),
                before=edit.before,
                after=edit.after,
                effect=_EFFECTS[edit.effect],
                about=without_label(about, label),
                unit=own,
                op=edit.op,
                later_op=edit.later_op,
            )
        )
    return tuple(dict.fromkeys(facets))


def _told(found: Sequence[Edit]) -> Sequence[Edit]:
    """What differs, edit by edit as long as that says more than both texts do."""
    if len(found) <= _MANY and not any(edit.kind == "shape" for edit in found):
        return found
    return (Edit("shape", found[0].whole[0], found[0].whole[1]),)


def _change(pair: Pair, around: Around) -> Iterator[AlertChange]:
    shown, names = pair.shown, around.names
    rule, before, after = shown.first, pair.before, pair.after
    facets: tuple[Facet, ...] = ()
    state: tuple[str, ...] = ()
    renamed = ""
    inputs = around.inputs.get(id(rule), ())
    if before is not None and after is not None:
        facets = tuple(_facets(before, after, around))
        state = tuple(_state(before, after))
        renamed = before.written if before.first.alert != rule.alert else ""
        if not (facets or state or renamed or inputs):
            return
    yield AlertChange(
        sort=Sort.ADDED if before is None else Sort.REMOVED if after is None else Sort.CHANGED,
        alert=shown.written,
        kind=rule.labels.get(names.kind, ""),
        service=rule.labels.get(names.service, ""),
        severity=rule.labels.get(names.severity, ""),
        expr=rule.expr,
        was=before.first.expr if before is not None else "",
        hold=rule.for_,
        facets=facets,
        renamed_from=renamed,
        state=state,
        inputs=inputs if before is not None and after is not None else (),
        slo=rule.labels.get(names.slo, ""),
    )


def _facets(before: Placed, after: Placed, around: Around) -> Iterator[Facet]:
    one, other = before.first, after.first
    unit = panel_unit(other, around.dashboards)
    main = first_subject(other.expr)
    yield from facets_of(edits(one.expr, other.expr), around.names.tenant, unit, main)
    yield from _times(one, other)
    if before.group.interval != after.group.interval:
        yield Facet("interval", str(before.group.interval), str(after.group.interval))
    yield from _labels(one, other, around.names)
    yield from _annotations(one, other)
    yield from _steps(before, after)


def _times(one: AlertRule, other: AlertRule) -> Iterator[Facet]:
    """Waiting longer is looser; firing on for longer is tighter."""
    if one.for_ != other.for_:
        effect = Effect.LOOSENED if other.for_ > one.for_ else Effect.TIGHTENED
        yield Facet("for", str(one.for_), str(other.for_), effect)
    if one.keep_firing_for != other.keep_firing_for:
        longer = other.keep_firing_for > one.keep_firing_for
        effect = Effect.TIGHTENED if longer else Effect.LOOSENED
        yield Facet("keep_firing_for", str(one.keep_firing_for), str(other.keep_firing_for), effect)


def _labels(one: AlertRule, other: AlertRule, names: LabelNames) -> Iterator[Facet]:
    for name in sorted({*one.labels, *other.labels}):
        before, after = one.labels.get(name, ""), other.labels.get(name, "")
        if before != after:
            aspect = "severity" if name == names.severity else "label"
            yield Facet(aspect, before, after, about=name)


def _annotations(one: AlertRule, other: AlertRule, about: str = "") -> Iterator[Facet]:
    for name in sorted({*one.annotations, *other.annotations} - _LINKS):
        before, after = one.annotations.get(name, ""), other.annotations.get(name, "")
        if before != after:
            yield Facet("annotation", before, after, about=name + about)
    links = [{n: r.annotations.get(n, "") for n in _LINKS} for r in (one, other)]
    if links[0] != links[1]:
        before, after = (found["dashboard_url"] for found in links)
        yield Facet("annotation", before, after, about="dashboard" + about)


def _steps(before: Placed, after: Placed) -> Iterator[Facet]:
    """Later steps follow the alert: only what does not follow from it is a difference.

    How many there are and when they come is told with who is told.
    """
    one, other = before.first, after.first
    if (one.alert, one.labels) != (other.alert, other.labels):
        return
    for number, (left, right) in enumerate(zip(before.rules[1:], after.rules[1:], strict=False), 2):
        if (left.alert, left.labels) != (right.alert, right.labels):
            yield Facet("steps", _called(left), _called(right), about=f"step {number}")
        if not same_meaning(left.expr, right.expr):
            yield Facet("steps", left.expr, right.expr, about=f"step {number}")
        if left.keep_firing_for != right.keep_firing_for:
            yield Facet(
                "steps",
                f"kept firing for {left.keep_firing_for}",
                f"kept firing for {right.keep_firing_for}",
                about=f"step {number}",
            )
        if one.annotations == other.annotations and left.for_ == right.for_:
            yield from _annotations(left, right, f" of step {number}")


def _called(rule: AlertRule) -> str:
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(rule.labels.items()))
    return f"{rule.alert}{{{inside}}}"


def _state(before: Placed, after: Placed) -> Iterator[str]:
    """Why Prometheus begins anew with what is pending: it knows a rule by file, group, name and
    labels. An alert that never waits has nothing to lose."""
    if not any(rule.for_.ms for rule in (*before.rules, *after.rules)):
        return
    one, other = before.first, after.first
    if one.alert != other.alert:
        yield "name"
    if before.group.file != after.group.file:
        yield "file"
    if before.group.name != after.group.name:
        yield "group"
    for name in sorted({*one.labels, *other.labels}):
        if one.labels.get(name) != other.labels.get(name):
            yield f"label {name}"
