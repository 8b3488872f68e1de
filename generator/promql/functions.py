"""PromQL's functions and their signatures by Prometheus version, 2.42 to 3.14.

The table is read off the releases' own function tables, past 3.5 off their change logs. Checking
calls against it is `types.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.values import Version

OLDEST = Version(2, 42)


@dataclass(frozen=True, slots=True)
class Signature:
    """Argument types in order (`instant vector`, …), how many more may follow, and the result.

    `variadic`: 0 exactly `args`; n > 0 the last may be missing or come up to n times; -1 the last
    any number of times. Known to targets from `since` on and before `until`.
    """

    args: tuple[str, ...]
    variadic: int = 0
    returns: str = "instant vector"
    since: Version = OLDEST
    until: Version = Version(99, 0)
    experimental: bool = False
    stable: Version = Version(99, 0)
    """From here on an experimental function needs no flag."""

    def flagged(self, target: Version) -> bool:
        """Whether the target wants a feature flag for it."""
        return self.experimental and target < self.stable


_V, _M, _S, _T = "instant vector", "range vector", "scalar", "string"

_OF_VECTOR = (
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_count "
    "histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp"
)
_OF_RANGE = (
    "absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate "
    "last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time "
    "stdvar_over_time sum_over_time"
)
_OF_TIME = "day_of_month day_of_week day_of_year days_in_month hour minute month year"

SIGNATURES: dict[str, Signature] = {
    **dict.fromkeys(_OF_VECTOR.split(), Signature((_V,))),
    **dict.fromkeys(_OF_RANGE.split(), Signature((_M,))),
    **dict.fromkeys(_OF_TIME.split(), Signature((_V,), 1)),
    "clamp": Signature((_V, _S, _S)),
    "clamp_max": Signature((_V, _S)),
    "clamp_min": Signature((_V, _S)),
    "histogram_fraction": Signature((_S, _S, _V)),
    "histogram_quantile": Signature((_S, _V)),
    "holt_winters": Signature((_M, _S, _S), until=Version(3, 0)),
    "label_join": Signature((_V, _T, _T, _T), -1),
    "label_replace": Signature((_V, _T, _T, _T, _T)),
    "pi": Signature((), returns=_S),
    "predict_linear": Signature((_M, _S)),
    "quantile_over_time": Signature((_S, _M)),
    "round": Signature((_V, _S), 1),
    "scalar": Signature((_V,), returns=_S),
    "time": Signature((), returns=_S),
    "vector": Signature((_S,)),
    "histogram_stddev": Signature((_V,), since=Version(2, 47)),
    "histogram_stdvar": Signature((_V,), since=Version(2, 47)),
    "mad_over_time": Signature((_M,), since=Version(2, 49), experimental=True),
    "sort_by_label": Signature((_V, _T), -1, since=Version(2, 49), experimental=True),
    "sort_by_label_desc": Signature((_V, _T), -1, since=Version(2, 49), experimental=True),
    "histogram_avg": Signature((_V,), since=Version(2, 51)),
    "info": Signature((_V, _V), 1, since=Version(2, 55), experimental=True),
    "double_exponential_smoothing": Signature((_M, _S, _S), since=Version(3, 0), experimental=True),
    "first_over_time": Signature(
        (_M,), since=Version(3, 7), experimental=True, stable=Version(3, 14)
    ),
    "ts_of_first_over_time": Signature((_M,), since=Version(3, 7), experimental=True),
    "histogram_quantiles": Signature((_V, _T, _S, _S), 10, since=Version(3, 11), experimental=True),
    **dict.fromkeys(
        ("start", "end", "range", "step"),
        Signature((), returns=_S, since=Version(3, 12), experimental=True),
    ),
    **dict.fromkeys(
        ("min_of", "max_of"),
        Signature((_S, _S), returns=_S, since=Version(3, 13), experimental=True),
    ),
    "start_timestamp": Signature((_V,), since=Version(3, 14), experimental=True),
    "ts_of_last_over_time": Signature((_M,), since=Version(3, 5), experimental=True),
    "ts_of_max_over_time": Signature((_M,), since=Version(3, 5), experimental=True),
    "ts_of_min_over_time": Signature((_M,), since=Version(3, 5), experimental=True),
}


def functions(target: Version, *, experimental: bool = False) -> frozenset[str]:
    """The functions a target version knows."""
    return frozenset(
        name
        for name, s in SIGNATURES.items()
        if s.since <= target < s.until and (experimental or not s.flagged(target))
    )
