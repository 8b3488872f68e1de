"""The platform's limits as findings: what exceeds one, what contributes most, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from generator.findings import Finding, Level
from generator.ir.cost import PartCost, TenantCost
from generator.spec.model import Limits, Platform, Tenant


@dataclass(frozen=True, slots=True)
class _Limit:
    """One key of `limits`: how much there is of it, and of each part."""

    key: str
    what: str
    allowed: Callable[[Limits], int]
    used: Callable[[TenantCost], float]
    of: Callable[[PartCost], float]
    advice: str


_LIMITS: Sequence[_Limit] = (
    _Limit(
        "rules",
        "rules",
        lambda limits: limits.rules,
        lambda cost: cost.rules,
        lambda part: part.rules,
        "drop alerts that nobody acts on, burn-rate pairs or escalation steps",
    ),
    _Limit(
        "groups",
        "rule groups",
        lambda limits: limits.groups,
        lambda cost: cost.groups,
        lambda part: part.groups,
        "every alert and each half of an SLO is a group: drop alerts or burn-rate pairs, or split "
        "the tenant",
    ),
    _Limit(
        "alerts",
        "alerts",
        lambda limits: limits.alerts,
        lambda cost: cost.alerts,
        lambda part: part.alerts,
        "drop alerts that nobody acts on, or packs whose alerts an SLO covers",
    ),
    _Limit(
        "recorded_series",
        "recorded series",
        lambda limits: limits.recorded_series,
        lambda cost: cost.recorded_series,
        lambda part: part.recorded_series,
        "group by fewer labels; state metrics.<name>.series if there are fewer than assumed",
    ),
    _Limit(
        "samples_per_evaluation",
        "samples read per evaluation",
        lambda limits: limits.samples_per_evaluation,
        lambda cost: cost.samples_per_evaluation,
        lambda part: part.samples_per_evaluation,
        "shorten its range, or record the rate and range over that; state metrics.<name>.series "
        "if there are fewer than assumed",
    ),
    _Limit(
        "samples_per_second",
        "samples read per second",
        lambda limits: limits.samples_per_second,
        lambda cost: cost.samples_per_second,
        lambda part: part.samples_per_second,
        "shorten its range, record the rate and range over that, or raise intervals.evaluation",
    ),
)


def limit_findings(tenant: Tenant, platform: Platform, cost: TenantCost) -> tuple[Finding, ...]:
    """A finding at the tenant for each limit that its rules exceed."""
    return tuple(_findings(tenant, platform.limits, cost))


def _findings(tenant: Tenant, limits: Limits, cost: TenantCost) -> Iterable[Finding]:
    for limit in _LIMITS:
        allowed, used = limit.allowed(limits), limit.used(cost)
        if not allowed or used <= allowed:
            continue
        message = (
            f"{tenant.id} compiles to {told(used)} {limit.what}, above limits.{limit.key} "
            f"({told(allowed)}){_most(limit, cost)}"
        )
        hint = f"{limit.advice}; or raise limits.{limit.key} in the platform"
        yield Finding("cost-limit", Level(limits.level), message, tenant.place, hint)


def _most(limit: _Limit, cost: TenantCost) -> str:
    """What contributes most, the first of equals."""
    if not cost.parts:
        return ""
    part = max(cost.parts, key=limit.of)
    share = limit.of(part)
    return f"; most by {name_of(part)}: {told(share)}" if share else ""


def name_of(part: PartCost) -> str:
    """A part as a person calls it: `the SLO latency`, `the alert DiskFull of postgres`."""
    kinds = {"slo": "the SLO", "alert": "the alert", "marker": "the marker"}
    name = f"{kinds.get(part.kind, 'the recording')} {part.name}"
    return f"{name} of {part.service}" if part.service and part.kind != "slo" else name


def told(number: float) -> str:
    """A number with thousands apart, without decimals from ten on: `1,234`, `0.5`."""
    return f"{number:,.0f}" if number == int(number) or number >= 10 else f"{number:,.1f}"
