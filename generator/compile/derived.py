"""The scenarios of one alert as they follow from its rules alone: the same for every tenant.

Finding the data that proves an alert is by far the dearest part of a build, and most alerts of a
fleet differ in nothing but the tenant's id and labels. So each is derived with signs in place of
these, and what was derived is kept under the hash of all that it follows from. Whether it was kept
or found anew makes no difference to a byte: the signs stood in both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar

from generator.compile.alert_case import case_of
from generator.compile.case_scenarios import scenarios_of, without_data
from generator.compile.context import Context
from generator.compile.hysteresis_tests import hysteresis
from generator.compile.later_steps import steps_file
from generator.compile.usual import usual_of
from generator.ir.checks import Expectation, InputSeries, Scenario, TestFile
from generator.ir.rules import AlertRule, Rule, RuleGroup
from generator.promql.build import quote
from generator.promql.isolate import renamed
from generator.promql.lexer import tokens
from generator.promql.parser import parse
from generator.promql.tree import vector_selectors
from generator.spec.model import Alert, Platform, Threshold
from generator.values import Duration

_SIGNS = "".join(map(chr, range(0xE000, 0xE020)))
"""Stand for the tenant's id and for the values of its labels: characters of Unicode's private use,
one each, that no shortening of a text can cut."""

_Ruled = TypeVar("_Ruled", bound=Rule)


@dataclass(frozen=True, slots=True)
class Derived:
    """The scenarios of an alert, none where its expression cannot be turned round."""

    scenarios: tuple[Scenario, ...]
    evaluation: Duration
    further: tuple[TestFile, ...] = ()
    """Those of its later steps."""


Signs = Mapping[tuple[str, str], str]
"""What stands for the value of a label, by (label, value)."""

Kept = MutableMapping[str, Derived]
"""What was derived before, by key, with signs in place of the tenant's own words."""


@dataclass(frozen=True, slots=True)
class Question:
    """All that the scenarios of an alert follow from."""

    rule: AlertRule
    groups: tuple[RuleGroup, ...]
    """Its own and those that record what it reads."""
    author: Alert | None
    context: Context
    of_alerts: Mapping[str, str] = field(default_factory=dict)
    """Labels of the alerts that it reads."""

    @property
    def key(self) -> str:
        """The hash of what decides; texts for people and places in the spec decide nothing."""
        platform = self.context.platform
        decides = (
            _rule(self.rule),
            [(g.interval.ms, [_rule(r) for r in g.rules]) for g in self.groups],
            usual_of(self.author),
            _limits(self.author),
            sorted(self.of_alerts.items()),
            _platform(platform),
        )
        return hashlib.sha256(repr(decides).encode()).hexdigest()


def derived(question: Question, kept: Kept | None) -> Derived:
    """The scenarios of an alert, from what is kept where they are; new ones are kept."""
    signs = _signs(question)
    anyones = _renamed(question, signs)
    if kept is None:
        found = _derive(anyones, signs)
    else:
        key = anyones.key
        known = kept.get(key)
        found = known if known is not None else _derive(anyones, signs)
        if known is None:
            kept[key] = found
    return _given_back(found, {ord(sign): value for (_, value), sign in signs.items()})


def _derive(question: Question, signs: Signs) -> Derived:
    context, usual = question.context, usual_of(question.author)
    case = case_of(question.rule, question.groups, usual, context, question.of_alerts)
    proof = case.proof
    if proof is None:
        return Derived((), context.platform.evaluation_interval)
    scenarios = scenarios_of(case, proof)
    scenarios += hysteresis(question.author, case, proof, signs)
    further: tuple[TestFile, ...] = ()
    if case.steps:
        quiet = not without_data(proof, case.subject)
        made = steps_file(case.steps, proof, case.subject, context.platform.labels, quiet)
        further = (made,) if made else ()
    return Derived(tuple(scenarios), Duration(round(proof.grid.step * 1000)), further)


# --------------------------------------------------------------------------- what decides


def _rule(rule: Rule) -> tuple[object, ...]:
    labels = sorted(rule.labels.items())
    if isinstance(rule, AlertRule):
        return (rule.alert, _unlaid(rule.expr), labels, rule.for_.ms, rule.keep_firing_for.ms)
    return (rule.record, _unlaid(rule.expr), labels)


@lru_cache(maxsize=4096)
def _unlaid(expr: str) -> str:
    """An expression without its layout, which differs with the length of ids."""
    return " ".join(text for _, text, _ in tokens(expr))


def _limits(author: Alert | None) -> tuple[object, ...]:
    """What the scenarios of hysteresis ask of the author's own entry."""
    if author is None or not isinstance(author.signal, Threshold):
        return ()
    signal = author.signal
    return (signal.expr.value, signal.op, signal.level, signal.clear)


def _platform(platform: Platform) -> tuple[object, ...]:
    """What the platform says of names, times and the dialect of expressions."""
    return (
        platform.labels,
        platform.evaluation_interval.ms,
        str(platform.targets.prometheus),
        sorted(platform.shared_metrics),
    )


# --------------------------------------------------------------------------- anyone's


def _signs(question: Question) -> Signs:
    """Signs for the values of the labels that all of the tenant's alerts have.

    Not for one that a selector compares otherwise than for being equal, nor for one that would
    be written with escapes.
    """
    context = question.context
    names = context.platform.labels
    rules = (question.rule, *(rule for group in question.groups for rule in group.rules))
    compared = {
        matcher.name
        for rule in rules
        for node in vector_selectors(parse(rule.expr))
        for matcher in node.matchers
        if matcher.op != "="
    }
    shared = [names.tenant, *sorted({names.team, *context.tenant.labels} - {names.tenant})]
    owned = [(name, question.rule.labels.get(name, "")) for name in shared]
    plain = [(n, v) for n, v in owned if v and n not in compared and quote(v) == f'"{v}"']
    written = "".join([r.expr + "".join(r.labels.values()) for r in rules])
    free = (sign for sign in _SIGNS if sign not in written)
    return dict(zip((pair for pair in plain if "{{" not in pair[1]), free, strict=False))


def _renamed(question: Question, signs: Signs) -> Question:
    """The same question asked of anyone."""
    return replace(
        question,
        rule=_anyones(question.rule, signs),
        groups=tuple(
            replace(group, rules=tuple(_anyones(rule, signs) for rule in group.rules))
            for group in question.groups
        ),
        of_alerts={name: signs.get((name, v), v) for name, v in question.of_alerts.items()},
    )


def _anyones(rule: _Ruled, signs: Signs) -> _Ruled:
    labels = {name: signs.get((name, value), value) for name, value in rule.labels.items()}
    return replace(rule, expr=renamed(rule.expr, signs), labels=labels)


def _given_back(found: Derived, values: Mapping[int, str]) -> Derived:
    """What was derived for anyone, as the tenant's."""
    further = (replace(f, scenarios=_scenarios(f.scenarios, values)) for f in found.further)
    return replace(found, scenarios=_scenarios(found.scenarios, values), further=tuple(further))


def _scenarios(scenarios: Sequence[Scenario], values: Mapping[int, str]) -> tuple[Scenario, ...]:
    return tuple(
        replace(
            one,
            name=one.name.translate(values),
            series=tuple(InputSeries(s.series.translate(values), s.values) for s in one.series),
            expectations=tuple(
                Expectation(
                    e.at,
                    e.expr.translate(values),
                    {labels.translate(values): v for labels, v in e.samples.items()},
                )
                for e in one.expectations
            ),
        )
        for one in scenarios
    )
