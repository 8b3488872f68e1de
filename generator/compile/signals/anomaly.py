"""`anomaly`: a value leaves its usual band, by one of three methods, or stops altogether.

The value is recorded once; the band is computed from the record, so long windows are cheap. Each
method has a guard for flat series and a rule for a total stop. No number, and infinity, are kept
out of the record: one of them would make every mean of the day no number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import (
    Draft,
    compiles,
    finished,
    of_service,
    read,
    while_firing,
)
from generator.compile.wording import operand, told_value
from generator.promql.build import selector
from generator.spec.model import Alert, Anomaly
from generator.values import Duration, plain

VALUE = "anomaly:value:current"
DAY = "1d"
LAG = "1h"
"""What happens now is kept out of its own baseline, so that a band does not chase a shift."""
LEAST_FOR = Duration.of(minutes=5)
"""Nobody wants to hear of one odd sample, or of a few scrapes that failed."""
MOST_VARIATION = "1"
"""σ / mean from which a series is too wild to have a band."""
NORMAL = "1.4826"
"""σ / MAD of a normal distribution."""

Record = tuple[str, str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class _Series:
    """Names of one alert's recorded series."""

    matchers: tuple[tuple[str, str, str], ...]

    def __call__(self, record: str) -> str:
        return selector(record, self.matchers)


@compiles(Anomaly)
def anomaly(alert: Alert, context: Context) -> Compiled:
    """The value, its band and the cessation rule."""
    signal = alert.signal
    assert isinstance(signal, Anomaly)
    tree, findings = read(signal.expr, context)
    if tree is None:
        return Compiled((), findings)
    series = _Series((("anomaly", "=", alert.name), *of_service(alert, context)))
    method = _METHODS[signal.method]
    own = {"anomaly": alert.name}
    records = [
        (VALUE, f"{operand(signal.expr.value)} > -Inf < +Inf"),
        *method.records(series, signal),
    ]
    span = signal.season if signal.method == "seasonal" else Duration.parse(DAY)
    condition = f"{method.outside(series, signal)} and {_warm(series, span)}"
    stopped = _stopped(series, alert, context)
    draft = Draft(
        expr=f"{condition} or {stopped}" if stopped else condition,
        kind="anomaly",
        source=signal.expr,
        summary=f"{told_value(alert.unit)} is unusual",
        description=_description(signal, method, span, bool(stopped)),
        value=series(VALUE),
        shape=signal.expr.value,
        lines=_limits(method.usual(series, signal), signal),
        records=tuple((name, expr, own) for name, expr in records),
        least_for=LEAST_FOR,
    )
    return finished(draft, alert, context, findings)


def _description(signal: Anomaly, method: _Method, span: Duration, stops: bool) -> str:
    margin = f" and {plain(signal.margin * 100)} %" if signal.margin else ""
    return (
        f"The value has left its usual band by more than {plain(signal.sensitivity)} deviations"
        f"{margin} ({method.told}){', or has stopped' if stops else ''}. "
        f"There is no band before there is data of {span}."
    )


def _warm(series: _Series, span: Duration) -> str:
    """There was a value a whole span ago, or in the day before: gaps do not matter."""
    long = min(span, Duration.parse(DAY))
    return f"present_over_time({series(VALUE)}[{long}] offset {span})"


@dataclass(frozen=True, slots=True)
class _Method:
    """`records`: the band's series; `outside`: the value while it is outside."""

    records: Callable[[_Series, Anomaly], list[tuple[str, str]]]
    outside: Callable[[_Series, Anomaly], str]
    usual: Callable[[_Series, Anomaly], tuple[str, str]]
    """The selectors of what is usual and of its spread."""
    told: str


# adaptive: mean ± k·σ of the day before the last hour ------------------------------------


def _adaptive_records(series: _Series, signal: Anomaly) -> list[tuple[str, str]]:
    value = series(VALUE)
    return [
        ("anomaly:value:mean_1d", f"avg_over_time({value}[{DAY}] offset {LAG})"),
        ("anomaly:value:stddev_1d", f"stddev_over_time({value}[{DAY}] offset {LAG})"),
    ]


def _adaptive_usual(series: _Series, signal: Anomaly) -> tuple[str, str]:
    return series("anomaly:value:mean_1d"), series("anomaly:value:stddev_1d")


def _adaptive(series: _Series, signal: Anomaly) -> str:
    mean, sigma = _adaptive_usual(series, signal)
    outside = _outside(series(VALUE), mean, sigma, signal)
    return f"{outside} and {sigma} < {MOST_VARIATION} * abs({mean})"


# robust: median ± k·1.4826·MAD -----------------------------------------------------------


def _robust_records(series: _Series, signal: Anomaly) -> list[tuple[str, str]]:
    value, median = series(VALUE), series("anomaly:value:median_1d")
    apart = series("anomaly:value:deviation")
    return [
        ("anomaly:value:median_1d", f"quantile_over_time(0.5, {value}[{DAY}] offset {LAG})"),
        ("anomaly:value:deviation", f"abs({value} - {median})"),
        (
            "anomaly:value:mad_1d",
            f"{NORMAL} * quantile_over_time(0.5, {apart}[{DAY}] offset {LAG})",
        ),
    ]


def _robust_usual(series: _Series, signal: Anomaly) -> tuple[str, str]:
    return series("anomaly:value:median_1d"), series("anomaly:value:mad_1d")


def _robust(series: _Series, signal: Anomaly) -> str:
    return _outside(series(VALUE), *_robust_usual(series, signal), signal)


# seasonal: the median of three seasons, each shifted to this season's level --------------


def _seasonal_records(series: _Series, signal: Anomaly) -> list[tuple[str, str]]:
    season, value = signal.season, series(VALUE)
    mean = f"anomaly:value:mean_{season}"
    shifted = " or ".join(
        f'label_replace({_of_season(series, season, n)}, "season", "{n}", "", "")'
        for n in (1, 2, 3)
    )
    past = f"{value}[{season}] offset {_smooth(season)}"
    return [
        (mean, f"avg_over_time({past})"),
        (f"anomaly:value:stddev_{season}", f"stddev_over_time({past})"),
        ("anomaly:value:prediction", f"quantile without (season) (0.5, {shifted})"),
    ]


def _of_season(series: _Series, season: Duration, n: int) -> str:
    """The value n seasons ago, smoothed, moved by the change of level since.

    The level of a season that was not whole is not known: the most recent one is then taken as
    it was, older ones not at all. So one season of data is enough to begin.
    """
    mean, value = series(f"anomaly:value:mean_{season}"), series(VALUE)
    smooth = _smooth(season)
    ago = Duration(season.ms * n - smooth.ms // 2)
    then = f"avg_over_time({value}[{smooth}] offset {ago})"
    whole = f"{mean} offset {season * n} and {value} offset {season * (n + 1)}"
    moved = f"{then} + {mean} - ({whole})"
    return f"{moved} or {then}" if n == 1 else moved


def _smooth(season: Duration) -> Duration:
    """How much a season is smoothed, and what is kept out of its level: an hour of a day."""
    return min(Duration.parse(LAG), Duration(season.ms // 24_000 * 1000))


def _seasonal_usual(series: _Series, signal: Anomaly) -> tuple[str, str]:
    return (
        series("anomaly:value:prediction"),
        series(f"anomaly:value:stddev_{signal.season}"),
    )


def _seasonal(series: _Series, signal: Anomaly) -> str:
    return _outside(series(VALUE), *_seasonal_usual(series, signal), signal)


_METHODS = {
    "adaptive": _Method(
        _adaptive_records, _adaptive, _adaptive_usual, "mean and standard deviation of a day"
    ),
    "robust": _Method(
        _robust_records, _robust, _robust_usual, "median and median deviation of a day"
    ),
    "seasonal": _Method(
        _seasonal_records, _seasonal, _seasonal_usual, "against the last three seasons"
    ),
}


def _limits(usual: tuple[str, str], signal: Anomaly) -> tuple[tuple[str, str], ...]:
    """The limits of the band as the alert has them, for its panel: the farther of k spreads and
    the margin from what is usual, on the sides that count.
    """
    middle, spread = usual
    spreads = f"{plain(signal.sensitivity)} * {spread}"
    margin = f"{plain(signal.margin)} * abs({middle})"
    width = f"({spreads} > {margin} or {margin})" if signal.margin else spreads
    upper, lower = (f"{middle} + {width}", "upper limit"), (f"{middle} - {width}", "lower limit")
    return {"both": (upper, lower), "above": (upper,), "below": (lower,)}[signal.direction]


def _outside(value: str, usual: str, spread: str, signal: Anomaly) -> str:
    """The value while it lies k spreads and the margin from what is usual.

    A flat series has no spread: it is never outside.
    """
    apart = {
        "both": f"abs({value} - {usual})",
        "above": f"({value} - {usual})",
        "below": f"({usual} - {value})",
    }[signal.direction]
    width = f"{plain(signal.sensitivity)} * ({spread} > {plain(signal.minimum)})"
    margin = f" and {apart} > {plain(signal.margin)} * abs({usual})" if signal.margin else ""
    return f"{value} and {apart} > {width}{margin}"


def _stopped(series: _Series, alert: Alert, context: Context) -> str:
    """What ran an hour ago and does not now, absent or zero; its value is 0.

    With a level: it was above it an hour ago. Without: it had been above zero for a whole day.
    Told for as long as nothing runs, up to a day: an alert that fires already goes on while
    the value was above zero at this time yesterday. A stop lies below, so a signal that looks
    above only has none unless a level is given.
    """
    signal, value = alert.signal, series(VALUE)
    assert isinstance(signal, Anomaly)
    ago = max(Duration.parse(LAG), alert.for_ * 2)
    yesterday = f"last_over_time({value}[1h] offset {DAY}) > 0"
    if signal.cessation is not None:
        ran = f"{value} offset {ago} > {plain(signal.cessation)}"
    elif signal.direction == "above":
        return ""
    else:
        ran = f"min_over_time({value}[{DAY}] offset {ago}) > 0 and {yesterday}"
    told = f"{yesterday} and {while_firing(alert, context)}"
    return f"0 * (({ran} or {told}) unless {value} > 0)"
