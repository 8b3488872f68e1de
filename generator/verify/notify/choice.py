"""Which alert is meant: by name, by labels, or by both."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from generator.compile.families import Family, families, written
from generator.compile.kinds import FLAPPING, MARKER
from generator.ir.rules import AlertRule, RuleGroup
from generator.promql.labels import output_labels
from generator.promql.parser import parse
from generator.verify.notify.routing import Labels


class Unclear(Exception):
    """No alert, or no single one, is meant; `message` says so and `choices` what there is."""

    def __init__(self, message: str, choices: Sequence[str] = ()) -> None:
        self.message = message
        self.choices = tuple(choices)
        super().__init__(message)


def chosen(
    groups: Iterable[RuleGroup], words: Mapping[str, str], name: str | None, labels: Labels
) -> tuple[Family, ...]:
    """The alerts of that name whose rules have these labels, or leave them to the expression.

    Notices that an alert flaps bear its name: they are meant only when their kind is asked for.
    Raises Unclear when there is none.
    """
    every = tuple(families(groups, words["level"]))
    if words["kind"] not in labels:
        every = tuple(f for f in every if f[0].labels.get(words["kind"]) != FLAPPING)
    named = [family for family in every if name in (None, family[0].alert)]
    if not named:
        near = difflib.get_close_matches(str(name), sorted({f[0].alert for f in every}), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        listed = () if near else sorted({f[0].alert for f in every})
        raise Unclear(f"there is no alert {name!r}{hint}", listed)
    fitting = [f for f in named if all(_may_have(f[0], k, v) for k, v in labels.items())]
    if name is None:
        known = [f for f in fitting if any(k in f[0].labels for k in labels)]
        fitting = [f for f in known if f[0].labels.get(words["kind"]) != MARKER]
    if not fitting:
        raise _unfit(named, name, labels)
    return tuple(fitting)


def _unfit(named: Sequence[Family], name: str | None, labels: Labels) -> Unclear:
    """No alert has these labels: the first that is wrong, with what there is instead."""
    asked = ", ".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
    for label, value in sorted(labels.items()):
        if any(_may_have(f[0], label, value) and label in f[0].labels for f in named):
            continue
        values = sorted({f[0].labels[label] for f in named if label in f[0].labels})
        if values:
            whose = f"no {name} has" if name else "no alert has"
            return Unclear(f'{whose} {label}="{value}"', [f'{label}="{v}"' for v in values])
        names = sorted({k for f in named for k in f[0].labels})
        return Unclear(f"no alert has a label {label!r}", names)
    if name is None:
        return Unclear(f"no alert has {asked}")
    return Unclear(f"no {name} has {asked}", [written(f[0], named) for f in named])


def _may_have(rule: AlertRule, name: str, value: str) -> bool:
    if name in rule.labels:
        return rule.labels[name] == value
    given = output_labels(parse(rule.expr), {})
    return given.open or name in given.named
