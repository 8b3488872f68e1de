"""Random tenants as values, for laws that hold for every tenant: each kind of rule, in any mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from generator.spec.model import (
    Absent,
    Alert,
    Anomaly,
    ConditionSli,
    Correlate,
    EventsSli,
    Expression,
    Feature,
    Forecast,
    LatencySli,
    Maintenance,
    Policy,
    ProbeSli,
    RatioSli,
    Recipient,
    RecordingSpec,
    Service,
    SeverityModel,
    Signal,
    Sli,
    Slo,
    Step,
    Tenant,
    Threshold,
)
from generator.values import Duration
from tests.builders import PLACE, alert, service, slo, tenant, text

SERVICES = ("api", "db", "cache")
SEVERITIES = ("critical", "warning", "info")
_SLIS: tuple[Sli, ...] = (
    EventsSli(total=text("requests_total"), errors=text('requests_total{code="500"}')),
    EventsSli(total=text("requests_total"), good=text('requests_total{code="200"}')),
    LatencySli(text("latency_seconds"), Duration.of(seconds=1), PLACE),
    RatioSli(text("sum(rate(bad_total[$window])) / sum(rate(all_total[$window]))")),
    ProbeSli(text("probe_success")),
    ConditionSli(text("max(queue_depth) > 3")),
)
_WINDOWS = tuple(Duration.of(days=days) for days in (1, 7, 28, 30, 90))
_RECORDS = ("pack:requests:rate5m", "pack:errors:rate5m")


def slos() -> st.SearchStrategy[Slo]:
    """One SLO of any kind and window, without its name."""
    return st.builds(
        lambda sli, window, objective, by, events, of: slo(
            service=of,
            sli=sli,
            window=window,
            objective=Decimal(objective),
            group_by=() if isinstance(sli, RatioSli | ConditionSli) else by,
            min_events=Decimal(events),
        ),
        st.sampled_from(_SLIS),
        st.sampled_from(_WINDOWS),
        st.sampled_from(["90", "99", "99.9", "99.99"]),
        st.sampled_from([(), ("method",)]),
        st.sampled_from([0, 10]),
        st.sampled_from(SERVICES),
    )


def _signals(names: Sequence[str], objectives: Sequence[str]) -> st.SearchStrategy[Signal]:
    """Any kind of alert; correlations are of alerts that are earlier in `names`."""
    levels = st.sampled_from([None, Decimal(5)])
    raw = ["queue_depth", *_RECORDS, *(f'slo:objective:ratio{{slo="{n}"}}' for n in objectives)]
    expr = st.sampled_from(raw).map(text)
    kinds: list[st.SearchStrategy[Signal]] = [
        st.builds(Threshold, expr, st.just(">"), st.just(Decimal(9)), levels),
        st.builds(
            Anomaly,
            expr,
            st.sampled_from(["adaptive", "robust", "seasonal"]),
            st.just(Duration.of(days=7)),
            st.just(Decimal(3)),
            st.sampled_from(["both", "above"]),
            st.just(Decimal(0)),
            levels,
        ),
        st.builds(
            Forecast,
            st.just(text("disk_free")),
            st.just("<"),
            st.just(Decimal(0)),
            st.just(Duration.of(hours=4)),
            st.sampled_from([Duration.of(hours=6), Duration.of(days=2)]),
        ),
        st.builds(Absent, st.just(text("queue_depth"))),
    ]
    members = [*names, *(f"slo:{name}" for name in objectives)]
    if members:
        kinds.append(
            st.builds(
                lambda chosen, within: Correlate("all", 0, tuple(map(text, chosen)), within),
                st.lists(st.sampled_from(members), min_size=1, max_size=3, unique=True),
                st.sampled_from([Duration(0), Duration.of(minutes=10)]),
            )
        )
    return st.one_of(kinds)


WATCHER = alert("Watcher", signal=Expression(text("sum(ALERTS) > 3")), service=None)
"""Reads every alert there is, markers and itself included."""


@st.composite
def alerts(draw: st.DrawFn, objectives: Sequence[str]) -> tuple[Alert, ...]:
    """Alerts in any order, so that a correlation may stand before its members."""
    made: list[Alert] = []
    for number in range(draw(st.integers(0, 6))):
        one = alert(
            f"Alert{number}",
            signal=draw(_signals([a.name for a in made], objectives)),
            service=draw(st.sampled_from(SERVICES)),
            severity=draw(st.sampled_from(SEVERITIES)),
            labels={"kind": "outage"} if draw(st.booleans()) else {},
        )
        made.append(one)
    if draw(st.booleans()):
        made.append(WATCHER)
    return tuple(draw(st.permutations(made)))


def _policies() -> st.SearchStrategy[dict[str, Policy]]:
    def steps(count: int) -> tuple[Step, ...]:
        told = (Recipient("channel", "chat"),)
        return tuple(Step(Duration.of(minutes=n), told, None, None, PLACE) for n in range(count))

    return st.fixed_dictionaries(
        {
            name: st.integers(1, 4).map(lambda n, name=name: Policy(name, steps(n), PLACE))  # type: ignore[misc]
            for name in ("urgent", "relaxed")
        }
    )


def _services() -> st.SearchStrategy[dict[str, Service]]:
    return st.builds(
        lambda api, cache: {
            "api": service("api", depends_on=api),
            "db": service("db"),
            "cache": service("cache", depends_on=cache),
        },
        st.sampled_from([(), ("db",), ("db", "cache")]),
        st.sampled_from([(), ("db",)]),
    )


def _maintenance() -> st.SearchStrategy[tuple[Maintenance, ...]]:
    start, end = datetime(2026, 12, 5, 22, tzinfo=UTC), datetime(2026, 12, 6, 2, tzinfo=UTC)
    window = st.lists(st.sampled_from(SERVICES), unique=True, max_size=3).map(
        lambda names: Maintenance("work", start, end, tuple(names), PLACE)
    )
    return st.lists(window, max_size=3).map(tuple)


def _model(objectives: Sequence[str]) -> st.SearchStrategy[SeverityModel | None]:
    if not objectives:
        return st.none()
    burn = Feature(
        "burn",
        None,
        objectives[0],
        Duration.of(hours=2),
        Decimal(0),
        Decimal(1),
        Decimal(0),
        Decimal(1),
        PLACE,
    )
    levels = (("critical", Decimal("0.8")), ("warning", Decimal("0.5")))
    return st.sampled_from([None, SeverityModel((burn,), Decimal(-4), levels, PLACE)])


def _recordings() -> st.SearchStrategy[tuple[RecordingSpec, ...]]:
    """A pack whose records read each other and an SLO, written down in any order."""
    texts = {
        _RECORDS[0]: "sum by (service) (rate(requests_total[5m]))",
        _RECORDS[1]: f"{_RECORDS[0]} / 2",
        "pack:objective:ratio": "max(slo:objective:ratio)",
    }
    specs = [RecordingSpec(n, text(expr), "api", "pack", PLACE) for n, expr in texts.items()]
    return st.lists(st.sampled_from(specs), unique_by=lambda spec: spec.record).map(tuple)


@st.composite
def tenants(draw: st.DrawFn) -> Tenant:
    """A tenant with any of it."""
    drawn = draw(st.lists(slos(), max_size=2))
    objectives = {f"slo{n}": replace(one, name=f"slo{n}") for n, one in enumerate(drawn)}
    names = tuple(objectives)
    return tenant(
        services=draw(_services()),
        slos=objectives,
        alerts=draw(alerts(names)),
        recordings=draw(_recordings()),
        severity_model=draw(_model(names)),
        escalation=draw(_policies()),
        maintenance=draw(_maintenance()),
    )
