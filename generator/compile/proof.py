"""The data that proves one alert, found by turning its expression round and playing it.

Makes phases and times; `tests` writes them as scenarios. What cannot be turned round is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product

from generator.compile.bench import Bench
from generator.compile.conditions import Side, sides
from generator.compile.inversion import deciding, differing, firing, reaching, silent
from generator.compile.pasts import Pasts
from generator.compile.reach import Reach, apart, reach, reads_calendar
from generator.compile.shards import copied, sharded
from generator.compile.stimulus import ALERT, LINE, Levels, Phase, Source, sources
from generator.compile.timeline import Grid, Offset, Onset, Play
from generator.compile.unusual import UnusualCase, UnusualData, Usual
from generator.compile.vectors import Unsupported
from generator.ir.rules import RecordingRule
from generator.promql.tree import Expr

_SHORT, _LONG = 2 * 3600.0, 12 * 3600.0
_INTO_PERIOD = 2 * 86_400.0
"""How far into a calendar's period its budget is looked at: at its beginning nothing is spent."""
_EXTRA = 10
"""Evaluations before a change, so that every window is full of what was before."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An alert as data is sought for it: all times in seconds."""

    alert: str
    labels: Mapping[str, str]
    expr: Expr
    rules: Sequence[RecordingRule]
    hold: float
    keep: float
    step: float
    """The platform's evaluation interval."""
    latches: bool = False
    """Whether it reads its own `ALERTS`: then it does not resolve at the level where it began."""
    usual: Usual | None = None
    """For anomalies: what is usual before something odd happens."""
    of_alerts: Mapping[str, str] = field(default_factory=dict)
    """Labels of the alerts it reads, beside those that its matchers ask for."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The last evaluation at which the alert fires, and the first at which it does not."""

    fires_until: float
    silent_from: float


@dataclass(frozen=True, slots=True)
class Proof:
    """Phases in which the alert fires, and others in which it does not."""

    grid: Grid
    sources: tuple[Source, ...]
    hot: tuple[Phase, ...]
    fires: float
    """The first evaluation at which it fires, by the later reading."""
    quiet_until: float
    """The last evaluation at which it does not, by the earlier reading."""
    count: int
    calm: tuple[Phase, ...]
    resolves: Resolution | None
    """How it ends; None where the data does not come back."""
    base: Levels = field(default_factory=dict)
    """The levels of the sources where nothing is asked of them."""
    sides: tuple[Shown, ...] = ()
    """What shows that each side of `and`, `or` and `unless` matters."""
    unusual: tuple[UnusualCase, ...] = ()
    """What needs a past of several parts: of anomalies the edges of the band and its guards."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Data in which one condition alone decides; `what` is its part of the expression, or the
    name of the alert that it reads.

    `proof`: the alert fires when it holds and not before; None: it is silent in `calm`, because
    the condition fails, or, after `unless`, holds.
    """

    what: Expr | str
    op: str
    calm: tuple[Phase, ...]
    proof: Proof | None


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
    lead = grid.up(found.window + short + found.offset + _EXTRA * grid.step)
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
        proof = _played(subject, all_, grid, [before], hot, before, [before])
        if proof is not None:
            window = grid.up(_window(subject)) + grid.step
            data = UnusualData(
                subject.expr, subject.rules, all_, grid, usual, before, subject.hold, window
            )
            return replace(proof, unusual=data.cases())
    return None


def _window(subject: Subject) -> float:
    """The longest range over what is not recorded."""
    return reach(subject.expr, subject.rules).shortest


def _steady(subject: Subject, bench: Bench, grid: Grid, lead: float, base: Levels) -> Proof | None:
    """Data that stays on the safe side, then beyond the limit, then comes back."""
    hot = firing(bench, subject.expr, base)
    calm = silent(bench, subject.expr, hot) if hot is not None else None
    if hot is None or calm is None:
        return None
    close = firing(bench, subject.expr, calm) or hot
    near = (silent(bench, subject.expr, close) or calm) if close != hot else calm
    for beyond, safe in ((close, near), (hot, calm)):
        proof = _steadily(subject, bench, grid, lead, base, beyond, safe)
        if proof is not None or beyond == hot:
            return proof
    return None


def _steadily(
    subject: Subject, bench: Bench, grid: Grid, lead: float, base: Levels, hot: Levels, calm: Levels
) -> Proof | None:
    back = Phase(0, {s: -v if v and s.kind == LINE else calm[s] for s, v in hot.items()})
    none = Phase(0, {s: 0.0 if v and v != calm[s] else calm[s] for s, v in hot.items()})
    after = [] if subject.latches else [Phase(0, calm), back, Phase(0, base), none]
    before = [Phase(lead, calm)]
    proof = _played(subject, bench.all_, grid, before, hot, Phase(0, calm), after)
    return _with_sides(subject, bench, proof, before, hot, calm, after)


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
        after = [before, Phase(0, calm), Phase(0, back)]
        proof = _played(subject, all_, grid, [before], hot, Phase(0, calm), after)
        if proof is not None:
            return _with_sides(subject, bench, proof, [before], hot, calm, after)
    return None


def _with_sides(
    subject: Subject,
    bench: Bench,
    proof: Proof | None,
    before: list[Phase],
    hot: Levels,
    calm: Levels,
    after: Sequence[Phase],
) -> Proof | None:
    """The proof, with data for each side of a set operation that it does not show yet."""
    if proof is None:
        return None
    shown: list[Shown] = []
    alike = list(sides(subject.expr))
    tries = [partial(_shown, side=side) for side in alike]
    tries += [partial(_alert_shown, source=s) for s in proof.sources if s.kind == ALERT]
    for attempt in tries:
        try:
            made = attempt(subject, bench, proof, before, hot, calm, after)
        except (Unsupported, OverflowError, ZeroDivisionError):
            continue
        if made is not None:
            shown.append(made)
    proof = replace(proof, sides=tuple(shown))
    return replace(proof, unusual=_pasts(subject, proof, hot, calm, alike))


def _pasts(
    subject: Subject,
    proof: Proof,
    hot: Levels,
    calm: Levels,
    alike: Sequence[Side],
) -> tuple[UnusualCase, ...]:
    """Cases that need a past of several parts. An alert that remembers its own has none here."""
    if subject.latches or subject.keep or reads_calendar(subject.expr, subject.rules):
        return ()
    window = reach(subject.expr, subject.rules).window
    pasts = Pasts(
        expr=subject.expr,
        rules=subject.rules,
        all_=proof.sources,
        grid=proof.grid,
        hold=subject.hold,
        window=window,
        lead=proof.calm[0].seconds,
        hot=hot,
        calm=calm,
    )
    try:
        return tuple(pasts.cases(apart(subject.expr, subject.rules), alike))
    except (Unsupported, OverflowError, ZeroDivisionError):
        return ()


def _shown(
    subject: Subject,
    bench: Bench,
    proof: Proof,
    before: list[Phase],
    hot: Levels,
    calm: Levels,
    after: Sequence[Phase],
    *,
    side: Side,
) -> Shown | None:
    """Levels at which the whole and the rest differ; None where they already did, or none are."""
    expr, grid = subject.expr, proof.grid
    if bench.holds(side.rest, calm) or not bench.holds(expr, hot):
        return None
    if side.op == "or" and not bench.holds(side.rest, hot):
        return None
    lead = sum(phase.seconds for phase in before)
    for levels in differing(bench, side, hot, calm, proof.base):
        whole = bench.holds(expr, levels)
        if whole == bench.holds(side.rest, levels):
            continue
        if whole:
            found = _played(subject, proof.sources, grid, before, levels, Phase(0, calm), after)
            if found is not None:
                return Shown(side.expr, side.op, found.calm, found)
            continue
        found = _decided(subject, bench, proof, side, lead, levels)
        if found is not None:
            return Shown(side.expr, side.op, found.calm, found)
        tail = proof.fires + 2 * grid.step
        safe = (*before, Phase(tail - lead, levels))
        play = Play(expr, proof.sources, safe, grid, subject.rules)
        if play.never(_filled(subject, grid), tail - grid.step):
            return Shown(side.expr, side.op, safe, None)
    return None


def _decided(
    subject: Subject, bench: Bench, proof: Proof, side: Side, lead: float, failing: Levels
) -> Proof | None:
    """One condition fails, just holds, and fails again, while all others hold."""
    levels = deciding(bench, side, failing)
    if levels is None or not bench.holds(subject.expr, levels) or bench.before is not None:
        return None
    calm = Phase(0, failing)
    phases = [Phase(lead, failing)]
    return _played(subject, proof.sources, proof.grid, phases, levels, calm, [calm])


def _alert_shown(
    subject: Subject,
    bench: Bench,
    proof: Proof,
    before: list[Phase],
    hot: Levels,
    calm: Levels,
    after: Sequence[Phase],
    *,
    source: Source,
) -> Shown | None:
    """One of the alerts that are read begins last and ends first, or is the only one to fire."""
    if bench.before is not None:
        return None
    fired = hot.get(source)
    levels = {**hot, source: None} if fired else {**calm, source: 1.0}
    if levels == calm or bench.holds(subject.expr, levels) == bool(fired):
        return None
    failing, holding = (levels, hot) if fired else (calm, levels)
    quiet = Phase(0, failing)
    phases = [Phase(before[0].seconds, failing)]
    found = _played(subject, proof.sources, proof.grid, phases, holding, quiet, [quiet])
    name = dict(source.labels).get("alertname", "")
    return Shown(name, "and", found.calm, found) if found else None


def _lively(base: Levels) -> Levels:
    return {source: level for source, level in base.items() if level is not None}


def _played(
    subject: Subject,
    all_: tuple[Source, ...],
    grid: Grid,
    before: list[Phase],
    hot: Levels,
    calm: Phase,
    after: Sequence[Phase],
) -> Proof | None:
    """The proof, if the data does what it should; `calm` lasts as long as is needed.

    `after`: what may end the alert, the first that does is taken.
    """
    lead = sum(phase.seconds for phase in before)
    hold = grid.up(subject.hold)
    ahead = lead * 3 if subject.usual is None else 0.0
    length = grid.up(ahead + hold + 20 * grid.step)
    play = Play(subject.expr, all_, [*before, Phase(length, hot)], grid, subject.rules)
    onset = play.onset(lead)
    if onset is None:
        return None
    fires, quiet = onset.late + hold, onset.early + hold - grid.step
    filled = _filled(subject, grid)
    if fires >= play.end or not play.never(filled, onset.early - grid.step):
        return None
    if not play.lasts(onset.late, fires, onset.count):
        return None
    tail = fires + 2 * grid.step
    safe = [*before, replace(calm, seconds=tail - lead)]
    if not Play(subject.expr, all_, safe, grid, subject.rules).never(filled, tail - grid.step):
        return None
    phases = [*before, Phase(tail - lead, hot)]
    resolves = None
    for patience, calmer in product((1, 20), after):
        resolves = _resolved(subject, all_, grid, phases, calmer, onset, patience)
        if resolves is not None:
            phases.append(replace(calmer, seconds=resolves.silent_from + 2 * grid.step - tail))
            break
    base = {source: source.base for source in all_}
    hot_, calm_ = tuple(phases), tuple(safe)
    return Proof(grid, all_, hot_, fires, quiet, onset.count, calm_, resolves, base)


def _filled(subject: Subject, grid: Grid) -> float:
    """When windows are full. What holds only until then is no alert if `for` is longer."""
    window = grid.up(reach(subject.expr, subject.rules).window) + 2 * grid.step
    return window if subject.hold > window else grid.step


def _resolved(
    subject: Subject,
    all_: tuple[Source, ...],
    grid: Grid,
    phases: list[Phase],
    calm: Phase,
    onset: Onset,
    patience: float,
) -> Resolution | None:
    """How it ends when the data is calm again: after `keep_firing_for`, and for good.

    `patience` times as long as the windows say is waited: an average of all so far is slow. When
    it ends is then known to a tenth only, for a sample more or less at its beginning tells.
    """
    start = sum(phase.seconds for phase in phases)
    found = reach(subject.expr, subject.rules)
    keep = grid.up(subject.keep)
    short = apart(subject.expr, subject.rules)
    settled = (found.window + found.offset + short) * 1.5 + 4 * _EXTRA * grid.step
    length = grid.up(settled * patience + keep)
    play = Play(subject.expr, all_, [*phases, replace(calm, seconds=length)], grid, subject.rules)
    gone = play.offset(start, onset.count)
    if gone is not None and patience > 1:
        slack = grid.up((gone.late - start) / 10)
        gone = Offset(gone.early - slack, gone.late + slack)
    if gone is None or gone.late + keep + 2 * grid.step >= play.end:
        return None
    if not play.never(gone.late, gone.late + keep + 2 * grid.step):
        return None
    if not play.lasts(start, gone.early - grid.step, onset.count):
        return None
    return Resolution(gone.early + keep - grid.step, gone.late + keep)


@dataclass(frozen=True, slots=True)
class Latched:
    """Levels between the two limits of a hysteresis, and past the clearing one."""

    between: Levels
    past: Levels


def latched(
    proof: Proof, subject: Subject, value: Expr, between: float, past: float
) -> Latched | None:
    """Levels at which a threshold's value lies between its limits, and where it clears."""
    hot = proof.hot[-1 if proof.resolves is None else -2].levels
    lead = proof.hot[0].seconds
    bench = Bench(proof.sources, subject.rules, proof.grid.interval, proof.grid.step, lead)
    try:
        middle, clear = reaching(bench, value, between, hot), reaching(bench, value, past, hot)
    except (Unsupported, OverflowError, ZeroDivisionError):
        return None
    return Latched(middle, clear) if middle is not None and clear is not None else None
