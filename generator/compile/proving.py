"""The data that proves one alert, found by turning its expression round and playing it.

Makes phases and times; `tests` writes them as scenarios. What cannot be turned round is None.
"""

from __future__ import annotations

from dataclasses import replace

from generator.compile.bench import Bench
from generator.compile.conditions import sides
from generator.compile.course import EXTRA, Course, played
from generator.compile.deciding import Deciders
from generator.compile.inversion import firing, silent
from generator.compile.pasts import Pasts
from generator.compile.proof import Proof, Subject
from generator.compile.reach import Reach, apart, reach, reads_calendar
from generator.compile.shards import copied, sharded
from generator.compile.stimulus import LINE, Levels, Phase, Source, sources
from generator.compile.timeline import Grid
from generator.compile.unusual import UnusualCase, UnusualData, Usual
from generator.compile.vectors import Unsupported

_SHORT, _LONG = 2 * 3600.0, 12 * 3600.0
_INTO_PERIOD = 2 * 86_400.0
"""How far into a calendar's period its budget is looked at: at its beginning nothing is spent."""


def prove(subject: Subject) -> Proof | None:
    """The data of an alert, None when its expression cannot be turned round."""
    try:
        return _proved(subject)
    except (Unsupported, OverflowError, ZeroDivisionError):
        return None


def grid_of(found: Reach, subject: Subject) -> Grid:
    """Steps fine enough for the shortest range, coarse enough for the longest time."""
    step = subject.step
    whole = found.window + found.offset + subject.hold
    if subject.usual is not None:
        step = subject.usual.step
    elif whole > _LONG:
        step = max(step, 240.0)
    elif whole > _SHORT:
        step = max(step, 60.0)
    interval = min(step, 60.0)
    if not found.shortest:
        interval = min(step, 240.0)
    while found.shortest and interval * 4 > found.shortest and interval > 1:
        interval /= 2
    return Grid(interval, step)


def _proved(subject: Subject) -> Proof | None:
    found = reach(subject.expr, subject.rules)
    whole = sources(subject.expr, subject.rules, subject.alert, subject.of_alerts)
    parted = sharded(subject.expr, subject.rules, whole)
    for all_ in dict.fromkeys((parted, whole, *copied(subject.expr, whole))):
        try:
            proof = _proved_with(subject, all_, found)
        except (Unsupported, OverflowError, ZeroDivisionError):
            continue
        if proof is not None:
            return proof
    return None


def _proved_with(subject: Subject, all_: tuple[Source, ...], found: Reach) -> Proof | None:
    short = apart(subject.expr, subject.rules)
    if reads_calendar(subject.expr, subject.rules):
        found = replace(found, window=found.window + _INTO_PERIOD)
    grid = grid_of(replace(found, window=found.window + short), subject)
    lead = grid.up(found.window + short + found.offset + EXTRA * grid.step)
    base: Levels = {source: source.base for source in all_}
    if subject.usual is not None:
        return _unusual(subject, subject.usual, all_, grid, base)
    bench = Bench(all_, subject.rules, grid.interval, grid.step, lead)
    proof = _steady(subject, bench, grid, lead, base)
    if proof is None and (found.offset or any(source.kind == LINE for source in all_)):
        return _shifted(subject, all_, grid, lead, base, found)
    return proof


def _unusual(
    subject: Subject, usual: Usual, all_: tuple[Source, ...], grid: Grid, base: Levels
) -> Proof | None:
    """Data that swings as ever, then leaves its band; on the safe side it swings on."""
    before = Phase(grid.up(usual.before), _lively(base), usual.swing, usual.period)
    for odd in usual.odd:
        hot = {s: level * odd for s, level in before.levels.items() if level is not None}
        proof = played(subject, all_, grid, Course((before,), hot, before, (before,)))
        if proof is not None:
            window = grid.up(reach(subject.expr, subject.rules).shortest) + grid.step
            data = UnusualData(
                expr=subject.expr,
                rules=subject.rules,
                all_=all_,
                grid=grid,
                usual=usual,
                before=before,
                alert=subject.alert,
                labels=subject.labels,
                hold=subject.hold,
                keep=subject.keep,
                settled=window,
            )
            return replace(proof, unusual=data.cases())
    return None


def _steady(subject: Subject, bench: Bench, grid: Grid, lead: float, base: Levels) -> Proof | None:
    """Data that stays on the safe side, then beyond the limit, then comes back."""
    hot = firing(bench, subject.expr, base)
    calm = silent(bench, subject.expr, hot) if hot is not None else None
    if hot is None or calm is None:
        return None
    close = firing(bench, subject.expr, calm) or hot
    near = (silent(bench, subject.expr, close) or calm) if close != hot else calm
    for beyond, safe in ((close, near), (hot, calm)):
        course = Course(
            before=(Phase(lead, safe),),
            hot=beyond,
            calm=Phase(0, safe),
            after=() if subject.latches else _endings(beyond, safe, base),
        )
        proof = _whole(subject, bench, grid, course)
        if proof is not None or beyond == hot:
            return proof
    return None


def _endings(hot: Levels, calm: Levels, base: Levels) -> tuple[Phase, ...]:
    """How the alert may end: the safe side, the way back, the usual, nothing of what is beyond."""
    back = {s: -v if v and s.kind == LINE else calm[s] for s, v in hot.items()}
    none = {s: 0.0 if v and v != calm[s] else calm[s] for s, v in hot.items()}
    return (Phase(0, calm), Phase(0, back), Phase(0, base), Phase(0, none))


def _shifted(
    subject: Subject,
    all_: tuple[Source, ...],
    grid: Grid,
    lead: float,
    base: Levels,
    found: Reach,
) -> Proof | None:
    """Data that changes: what is compared with its own past holds only after a change.

    Before it there was the usual, or nothing.
    """
    settled = grid.up(found.window + 2 * grid.step)
    for past in (_lively(base), dict.fromkeys(base)):
        before = Phase(lead, past)
        bench = Bench(all_, subject.rules, grid.interval, grid.step, settled, before)
        hot = firing(bench, subject.expr, _lively(base))
        calm = silent(bench, subject.expr, hot) if hot is not None else None
        if hot is None or calm is None:
            continue
        back = {s: -v if v and s.kind == LINE else v for s, v in hot.items()}
        after = (before, Phase(0, calm), Phase(0, back))
        proof = _whole(subject, bench, grid, Course((before,), hot, Phase(0, calm), after))
        if proof is not None:
            return proof
    return None


def _whole(subject: Subject, bench: Bench, grid: Grid, course: Course) -> Proof | None:
    """The proof that a course gives, with data for each condition that it does not show yet."""
    proof = played(subject, bench.all_, grid, course)
    if proof is None:
        return None
    proof = replace(proof, sides=tuple(Deciders(subject, bench, proof, course).shown()))
    return replace(proof, unusual=_pasts(subject, proof, course))


def _pasts(subject: Subject, proof: Proof, course: Course) -> tuple[UnusualCase, ...]:
    """Cases that need a past of several parts. An alert that remembers its own has none here."""
    if subject.latches or subject.keep or reads_calendar(subject.expr, subject.rules):
        return ()
    pasts = Pasts(
        expr=subject.expr,
        rules=subject.rules,
        all_=proof.sources,
        grid=proof.grid,
        hold=subject.hold,
        window=reach(subject.expr, subject.rules).window,
        lead=proof.calm[0].seconds,
        hot=course.hot,
        calm=course.calm.levels,
    )
    try:
        short = apart(subject.expr, subject.rules)
        return tuple(pasts.cases(short, list(sides(subject.expr))))
    except (Unsupported, OverflowError, ZeroDivisionError):
        return ()


def _lively(base: Levels) -> Levels:
    return {source: level for source, level in base.items() if level is not None}
