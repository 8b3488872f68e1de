"""The simulation's short cuts change no answer: even data, past recordings, ranges by slices."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.compile import steadiness
from generator.compile.history import History, Series
from generator.compile.recorder import Past, Recorder
from generator.compile.series import notation
from generator.compile.simulation import Evaluation
from generator.ir.rules import RecordingRule
from generator.promql.parser import parse
from generator.values import IsolatedExpr

RULES = [
    RecordingRule(record=name, expr=IsolatedExpr(expr), labels={"slo": "x"})
    for name, expr in (
        ("total", 'sum(rate(requests_total{job="web"}[5m]))'),
        ("errors", 'sum(rate(requests_total{job="web",code="500"}[5m])) or 0 * total'),
        ("open", "avg(up) unless on () (vector(time()) >= 3000 < 5000)"),
        ("hourly", "total * on () group_left (hour) count_values('hour', hour())"),
        ("ratio", "sum_over_time(errors[30m]) / sum_over_time(total[30m])"),
        ("before", "avg_over_time(ratio[10m] offset 20m)"),
        ("kept", "last_over_time(open[7m]) + max_over_time(up[3m])"),
    )
]
AHEAD = [RecordingRule(record="ahead", expr=IsolatedExpr("total offset -10m"), labels={}), *RULES]
ASKED = [
    parse(text)
    for text in (
        "ratio > 0.1 and errors > 0",
        "before or kept",
        "sum by (hour) (hourly)",
        "min_over_time(open[20m]) unless ratio offset 5m",
        "predict_linear(total[15m], 600)",
    )
]

SPELLS = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from([None, 0.0, 0.5, 1.0, 3.0, "wild"])),
    min_size=1,
    max_size=4,
)
"""Stretches of one series: how many samples, and how it rises; None: it is not there."""


def _counter(spells: Sequence[tuple[int, float | str | None]]) -> list[float | None]:
    total, values = 0.0, list[float | None]()
    for count, rise in spells:
        for index in range(count):
            values.append(None if rise is None else total)
            if rise is not None:
                total += rise if isinstance(rise, float) else index % 3
    return values


def _world(one: object, other: object) -> list[Series]:
    web = (("code", "200"), ("job", "web"))
    bad = (("code", "500"), ("job", "web"))
    first, second = _counter(one), _counter(other)  # type: ignore[arg-type]
    up = [None if value is None else float(value % 2 == 0) for value in second]
    return [
        Series("requests_total", web, first),
        Series("requests_total", bad, second),
        Series("up", (("job", "web"),), up),
    ]


def _answers(series: Sequence[Series], step: float, left_open: bool, past: Past) -> list[object]:
    evaluation = Evaluation(series, 60.0, step, RULES, left_open, Recorder(past))
    end = int(max(len(one.values) for one in series) * 60 / step)
    return [
        sorted((tuple(sorted(s.labels.items())), s.value) for s in evaluation.asked(expr, i * step))
        for expr in ASKED
        for i in (*range(0, end, 3), end - 1)
    ]


def _plainly(series: Sequence[Series], step: float, left_open: bool) -> list[object]:
    with patch.object(Recorder, "_key", return_value=None):
        return _answers(series, step, left_open, {})


@settings(max_examples=40, deadline=None)
@given(SPELLS, SPELLS, SPELLS, st.sampled_from([60.0, 120.0, 300.0, 90.0]), st.booleans())
def test_short_cuts_change_no_answer(
    one: object, other: object, later: list[object], step: float, left_open: bool
) -> None:
    past: Past = {}
    lead = [(50, 1.0)]
    for tail in ([], later, [*later, (5, 2.0)]):
        series = _world([*lead, *one, *tail], [*lead, *other])  # type: ignore[misc,has-type]
        got = _answers(series, step, left_open, past)
        want = _plainly(series, step, left_open)
        for mine, theirs in zip(got, want, strict=True):
            assert [labels for labels, _ in mine] == [labels for labels, _ in theirs]  # type: ignore[attr-defined]
            for (_, value), (_, plain) in zip(mine, theirs, strict=True):  # type: ignore[call-overload]
                same = math.isclose(value, plain, rel_tol=1e-9, abs_tol=1e-9)
                assert same or (math.isnan(value) and math.isnan(plain))


def test_even_data_is_evaluated_once() -> None:
    series = _world([(600, 1.0)], [(600, 2.0)])
    over_range = Evaluation._over_range
    with patch.object(Evaluation, "_over_range", autospec=True, side_effect=over_range) as asked:
        _answers(series, 60.0, False, {})
        quick = asked.call_count
        _plainly(series, 60.0, False)
    assert quick * 4 < asked.call_count


@settings(max_examples=50, deadline=None)
@given(SPELLS)
def test_runs_are_even_and_no_shorter_than_they_could_be(
    spells: list[tuple[int, float | str | None]],
) -> None:
    values = _counter(spells)
    runs = steadiness.Runs(values)
    for last in range(len(values)):
        first = runs.starts[last]
        assert _even(values[first : last + 1])
        assert first == 0 or not _even(values[first - 1 : last + 1])
        until = runs.until(last)
        assert last <= until and _even(values[first : until + 1])
        goes_on = until + 1 < len(values) and _even(values[first : until + 2])
        assert not goes_on or runs.rise(last) == 0
        assert runs.even(first, last) and not runs.even(first - 1, last)


def _even(part: Sequence[float | None]) -> bool:
    """Whether all samples are missing, or rise by equal steps."""
    there = [value for value in part if value is not None]
    if len(there) < len(part):
        return not there
    return len({round(b - a, 6) for a, b in pairwise(there)}) <= 1


def test_a_rule_that_looks_ahead_is_not_gone_on_with() -> None:
    past: Past = {}
    for tail in (1.0, 5.0):
        series = _world([(60, 1.0), (30, tail)], [(90, 1.0)])
        evaluation = Evaluation(series, 60.0, 60.0, AHEAD, recorder=Recorder(past))
        (found,) = evaluation.vector(parse("ahead"), 55 * 60.0)
        assert found.value == pytest.approx((tail + 1.0) / 60)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.sampled_from("ab "))))
def test_a_history_tells_what_was_put(parts: list[tuple[int, int, str]]) -> None:
    history, plain = History(), dict[int, str]()
    rows = {name: (((("l", name),), 1.0),) if name != " " else () for name in "ab "}
    for first, more, name in parts:
        history.put(first, first + more, rows[name])
        end = min((n for n in plain if n >= first), default=first + more + 1)
        plain |= dict.fromkeys(range(first, min(end, first + more + 1)), name)
    last = max(plain, default=0)
    assert [*history.missing(0, last + 3)] == [n for n in range(last + 4) if n not in plain]
    times = [float(n) for n in range(last + 4)]
    for first in range(0, last + 1, 2):
        found = {labels[0][1]: list(p.times) for labels, p in history.series(times, first, last)}
        named = {n: name for n, name in plain.items() if first <= n and name != " "}
        assert found == {
            one: sorted(n for n in named if named[n] == one) for one in {*named.values()}
        }


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2.0, 3.0, None, None, 5.0], "1+1x2 _x2 5"),
        ([0.1, 0.2, 0.30000000000000004], "0.1+0.1x2"),
        ([4.0, 4.0], "4x1"),
        ([1.0, 2.0, 2.0, 2.0], "1 2x2"),
    ],
)
def test_notation(values: list[float | None], text: str) -> None:
    assert notation(values) == text


@settings(max_examples=200)
@given(SPELLS, st.sampled_from([1.0, 0.1, 1e-7, 3e9]))
def test_notation_says_all_samples(
    spells: list[tuple[int, float | str | None]], scale: float
) -> None:
    values = [None if value is None else value * scale for value in _counter(spells)]
    read = _read(notation(values))
    assert [v is None for v in read] == [v is None for v in values]
    for value, wanted in zip(read, values, strict=True):
        assert value is None or value == pytest.approx(wanted, rel=1e-9, abs=1e-9 * scale)


def _read(text: str) -> list[float | None]:
    """Samples as promtool reads them: `a+bxn` and `axn` are n + 1, `_xn` is n."""
    values: list[float | None] = []
    for part in text.split():
        found = re.fullmatch(r"(_|-?[\d.]+)([+-][\d.]+)?(?:x(\d+))?", part)
        assert found is not None, part
        first, step, times = found[1], float(found[2] or 0), found[3]
        if first == "_":
            values += [None] * int(times or 1)
        else:
            values += [float(first) + step * n for n in range(int(times or 0) + 1)]
    return values
