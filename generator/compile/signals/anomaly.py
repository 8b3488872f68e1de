"""`anomaly`: a value leaves its usual band, by one of three methods, or stops altogether.

The value is recorded once; the band is computed from the record, so long windows are cheap. Each
method has a guard for flat series and a rule for a total stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, read
from generator.compile.wording import told_value
from generator.promql.build import selector
from generator.spec.model import Alert, Anomaly
from generator.values import Duration, plain

VALUE = "anomaly:value:current"
DAY = "1d"
LAG = "1h"
"""What happens now is kept out of its own baseline, so that a band does not chase a shift."""
MARGIN = "0.1"
"""Part of the mean by which a value must leave it: σ of a very regular series is tiny."""
MOST_VARIATION = "1"
"""σ / mean from which a series is too wild to have a band."""
NORMAL = "1.4826"
"""σ / MAD of a normal distribution."""
_SMOOTH = Duration.of(hours=1)

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
    names = context.platform.labels
    series = _Series((("anomaly", "=", alert.name), (names.service, "=", alert.service or "")))
    method = _METHODS[signal.method]
    own = {"anomaly": alert.name}
    records = [(VALUE, signal.expr.value), *method.records(series, signal)]
    outside = method.outside(series, signal)
    stopped = _stopped(series, signal)
    draft = Draft(
        expr=f"{outside} or {stopped}" if stopped else outside,
        kind="anomaly",
        source=signal.expr,
        summary=f"{told_value(alert.unit)} is unusual",
        description=f"The value has left its usual band by more than {plain(signal.sensitivity)} "
        f"deviations ({method.told}){', or has stopped' if stopped else ''}.",
        value=series(VALUE),
        records=tuple((name, expr, own) for name, expr in records),
    )
    return finished(draft, alert, context, findings)


@dataclass(frozen=True, slots=True)
class _Method:
    """`records`: the band's series; `outside`: the value while it is outside."""

    records: Callable[[_Series, Anomaly], list[tuple[str, str]]]
    outside: Callable[[_Series, Anomaly], str]
    told: str


# adaptive: mean ± k·σ of the day before the last hour ------------------------------------


def _adaptive_records(series: _Series, signal: Anomaly) -> list[tuple[str, str]]:
    value = series(VALUE)
    return [
        ("anomaly:value:mean_1d", f"avg_over_time({value}[{DAY}] offset {LAG})"),
        ("anomaly:value:stddev_1d", f"stddev_over_time({value}[{DAY}] offset {LAG})"),
    ]


def _adaptive(series: _Series, signal: Anomaly) -> str:
    mean, sigma = series("anomaly:value:mean_1d"), series("anomaly:value:stddev_1d")
    band = _beyond(series(VALUE), mean, sigma, signal)
    margin = _beyond(series(VALUE), mean, f"{MARGIN} * abs({mean})", None, signal.direction)
    return f"{band} and {margin} and {sigma} < {MOST_VARIATION} * abs({mean})"


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


def _robust(series: _Series, signal: Anomaly) -> str:
    median, spread = series("anomaly:value:median_1d"), series("anomaly:value:mad_1d")
    return _beyond(series(VALUE), median, spread, signal)


# seasonal: the median of three seasons, each shifted to this season's level --------------


def _seasonal_records(series: _Series, signal: Anomaly) -> list[tuple[str, str]]:
    season, value = signal.season, series(VALUE)
    mean = f"anomaly:value:mean_{season}"
    shifted = " or ".join(
        f'label_replace({_of_season(series, season, n)}, "season", "{n}", "", "")'
        for n in (1, 2, 3)
    )
    return [
        (mean, f"avg_over_time({value}[{season}])"),
        (f"anomaly:value:stddev_{season}", f"stddev_over_time({value}[{season}])"),
        ("anomaly:value:prediction", f"quantile without (season) (0.5, {shifted})"),
    ]


def _of_season(series: _Series, season: Duration, n: int) -> str:
    """The value n seasons ago, smoothed, moved by the change of level since.

    The level of a season that was not whole is not known: the most recent one is then taken as
    it was, older ones not at all. So one season of data is enough to begin.
    """
    mean, value = series(f"anomaly:value:mean_{season}"), series(VALUE)
    smooth = min(_SMOOTH.ms, season.ms // 24)
    ago = Duration(season.ms * n - smooth // 2)
    then = f"avg_over_time({value}[{Duration(smooth)}] offset {ago})"
    whole = f"{mean} offset {season * n} and {value} offset {season * (n + 1)}"
    moved = f"{then} + {mean} - ({whole})"
    return f"{moved} or {then}" if n == 1 else moved


def _seasonal(series: _Series, signal: Anomaly) -> str:
    prediction = series("anomaly:value:prediction")
    sigma = series(f"anomaly:value:stddev_{signal.season}")
    return _beyond(series(VALUE), prediction, sigma, signal)


_METHODS = {
    "adaptive": _Method(_adaptive_records, _adaptive, "mean and standard deviation of a day"),
    "robust": _Method(_robust_records, _robust, "median and median deviation of a day"),
    "seasonal": _Method(_seasonal_records, _seasonal, "against the last three seasons"),
}


def _beyond(
    value: str, usual: str, spread: str, signal: Anomaly | None, direction: str = "both"
) -> str:
    """The value while it lies more than the spread from usual; k spreads, and never a flat one,
    when the signal says so.
    """
    width = spread
    if signal is not None:
        direction = signal.direction
        width = f"{plain(signal.sensitivity)} * ({spread} > {plain(signal.minimum)})"
    apart = {
        "both": f"abs({value} - {usual})",
        "above": f"({value} - {usual})",
        "below": f"({usual} - {value})",
    }[direction]
    return f"({value} and {apart} > {width})"


def _stopped(series: _Series, signal: Anomaly) -> str:
    """What ran an hour ago and does not now, absent or zero.

    With a level: it was above it an hour ago. Without: it had been above zero for a whole day.
    A stop lies below, so a signal that looks above only has none unless a level is given.
    """
    value = series(VALUE)
    if signal.cessation is not None:
        ran = f"{value} offset {LAG} > {plain(signal.cessation)}"
    elif signal.direction == "above":
        return ""
    else:
        ran = f"min_over_time({value}[{DAY}] offset {LAG}) > 0 and {value} offset {DAY}"
    return f"(({ran}) unless {value} > 0)"
