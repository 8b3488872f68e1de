"""Lints of what asks for absence, or for samples that are gone or never scraped."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from generator.findings import Level
from generator.promql.lints.registry import Asked, at, lint
from generator.promql.problems import Problem
from generator.promql.regex import full_match
from generator.promql.tree import (
    COMPARISON,
    Aggregate,
    Binary,
    Call,
    RangeSelector,
    Span,
    Subquery,
    VectorSelector,
    unwrapped,
    vector_selectors,
    walk,
)


@lint({"promql-absent-aggregate": Level.WARNING})
def _absent_of_a_result(asked: Asked) -> Iterator[Problem]:
    """absent() of an aggregation or a comparison: it is not the series' absence that is told."""
    for node in walk(asked.expr):
        if not isinstance(node, Call) or node.function not in ("absent", "absent_over_time"):
            continue
        for inner in walk(node.args[0]):
            if isinstance(inner, Aggregate):
                told = f"{inner.op}() hides which series is gone until the last one is"
            elif isinstance(inner, Binary) and inner.op in COMPARISON and not _of_up(inner):
                told = "a comparison returns nothing too when it does not hold"
            else:
                continue
            message = f"{node.function}() of a result: {told}"
            yield at(node, "promql-absent-aggregate", message, "ask for a plain selector")
            break


def _of_up(node: Binary) -> bool:
    """`absent(up == 1)`: that no target is up is a question of its own."""
    value = unwrapped(node.lhs)
    return isinstance(value, VectorSelector) and value.name == "up"


@lint({"promql-retention": Level.WARNING})
def _forgotten(asked: Asked) -> Iterator[Problem]:
    """Ranges and offsets that reach further back than samples are kept."""
    if asked.retention is None:
        return
    for node in walk(asked.expr):
        if not isinstance(node, VectorSelector | RangeSelector | Subquery):
            continue
        spans = [s for s in (node.offset, getattr(node, "range", None)) if isinstance(s, Span)]
        if sum(span.ms or 0 for span in spans) > asked.retention.ms:
            last = max(spans, key=lambda span: span.ms or 0)
            message = f"{last.text} reaches beyond the {asked.retention} that samples are kept"
            hint = "record a shorter aggregate, or keep samples longer"
            length = last.end - last.start
            yield Problem("promql-retention", message, last.start, length, hint, Level.WARNING)


@lint({"promql-unscraped": Level.WARNING})
def _unscraped(asked: Asked) -> Iterator[Problem]:
    """A matcher on `job` that fits none of the jobs that the tenant collects or names."""
    jobs = asked.catalogue.jobs
    if not jobs:
        return
    for node in vector_selectors(asked.expr):
        if (node.name or "").startswith("ALERTS") or ":" in (node.name or ""):
            continue
        for matcher in node.matchers:
            if matcher.name != "job" or matcher.op not in ("=", "=~") or not matcher.value:
                continue
            fits = (
                matcher.value in jobs
                if matcher.op == "="
                else any(full_match(matcher.value, job) is not False for job in jobs)
            )
            if not fits:
                near = difflib.get_close_matches(matcher.value, sorted(jobs), 1, 0.6)
                hint = f"did you mean {near[0]}?" if near else f"jobs are {', '.join(sorted(jobs))}"
                message = f"no scrape job of this tenant is {matcher.value!r}"
                yield at(matcher, "promql-unscraped", message, hint)
