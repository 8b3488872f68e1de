"""A day in the life of the gold example: its metrics as OpenMetrics text, lifelike and repeatable.

Traffic follows the hours of Paris with noise; four hours before the end a deployment brings errors
and slow answers for half an hour, a queue fills, and one instance of the feature store is away;
the disk of the database fills slowly, a feature drifts, the audit stream goes on.
`python bench/lifelike.py FILE [--end TIME] [--hours N] [--step SECONDS]` writes it.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

TENANT = "spotify-tenant-1"
END = datetime(2026, 11, 25, 12, 0, tzinfo=UTC).timestamp()
BOUNDS = (0.05, 0.1, 0.3, 1.0, 3.0)
HOUR, DAY = 3600.0, 86400.0
GIB = 2.0**30
Value = Callable[[float], float]
"""The value at a time; for counters the pace per second."""


@dataclass(frozen=True)
class World:
    """Times are seconds since the epoch."""

    start: float
    end: float

    @property
    def deployed(self) -> float:
        return self.end - 4 * HOUR

    def traffic(self, at: float) -> float:
        """Part of the peak's traffic: low at four in the morning, high in the evening."""
        hour = (at / HOUR + 1) % 24
        return 0.55 + 0.38 * math.sin((hour - 10.5) / 24 * 2 * math.pi) + 0.05 * math.sin(at / 700)

    def incident(self, at: float) -> float:
        """How bad it is, 0 to 1: half an hour after the deployment, rising fast, mended."""
        since = (at - self.deployed) / 60
        if not 2 <= since <= 30:
            return 0.0
        return min(1.0, (since - 2) / 5) if since < 24 else max(0.0, (30 - since) / 6)


@dataclass(frozen=True)
class Family:
    name: str
    kind: str
    series: tuple[tuple[dict[str, str], Value], ...]
    noise: float = 0.0
    weekly: bool = False
    """Whether it is there a week before as well, to compare with."""


def families(world: World) -> Iterator[Family]:
    yield from _targets(world)
    yield from _api(world)
    yield from _node(world)
    yield from _models(world)
    yield from _business(world)
    yield from _database(world)
    yield from _identity(world)


def _targets(world: World) -> Iterator[Family]:
    places = [
        ("playlist-api", "playlist-api-1:8000", "playlist-api"),
        ("playlist-api", "playlist-api-2:8000", "playlist-api"),
        ("recommender", "10.1.0.7:9100", "recommender"),
        ("postgres", "postgres-exporter:9187", ""),
        ("identity", "identity-1:9000", ""),
        ("identity", "identity-2:9000", ""),
        ("feature-store", "fs-1:9100", ""),
        ("feature-store", "fs-2:9100", ""),
    ]

    def labels(job: str, instance: str, service: str) -> dict[str, str]:
        return {"job": job, "instance": instance} | ({"service": service} if service else {})

    def up(instance: str) -> Value:
        away = (world.end - 2.2 * HOUR, world.end - 1.9 * HOUR)
        return lambda at: 0.0 if instance == "fs-2:9100" and away[0] <= at < away[1] else 1.0

    def started(job: str, index: int) -> Value:
        old = world.start - 9.3 * DAY - index * 5000
        new = world.deployed + 20 * index
        return lambda at: new if job == "playlist-api" and at >= new else old

    alike = [(labels(*place), place) for place in places]
    yield Family("up", "gauge", tuple((own, up(place[1])) for own, place in alike))
    yield Family(
        "process_start_time_seconds",
        "gauge",
        tuple((own, started(place[0], i)) for i, (own, place) in enumerate(alike)),
    )
    yield Family(
        "process_open_fds",
        "gauge",
        tuple((own, lambda at: 210 + 260 * world.traffic(at)) for own, _ in alike),
        0.04,
    )
    yield Family("process_max_fds", "gauge", tuple((own, lambda at: 4096) for own, _ in alike))
    running = (
        ("playlist-api", "2.41.0", -math.inf, world.deployed),
        ("playlist-api", "2.42.0", world.deployed, math.inf),
        ("recommender", "1.9.3", -math.inf, math.inf),
        ("identity", "5.0.1", -math.inf, math.inf),
        ("feature-store", "0.14.2", -math.inf, math.inf),
    )
    yield Family(
        "build_info",
        "gauge",
        tuple(
            (own | {"version": name}, lambda at, a=a, b=b: 1.0 if a <= at < b else math.nan)
            for own, place in alike
            for job, name, a, b in running
            if job == place[0]
        ),
    )


def _api(world: World) -> Iterator[Family]:
    places = (
        {"job": "playlist-api", "service": "playlist-api", "instance": f"playlist-api-{i}:8000"}
        for i in (1, 2)
    )
    requests, slow, counts, sums = [], [], [], []
    for place in places:
        for method, share in (("GET", 1.0), ("POST", 0.22)):

            def total(at: float, share: float = share) -> float:
                return 85 * share * world.traffic(at)

            def failing(at: float) -> float:
                return 0.0001 + 0.045 * world.incident(at)

            own = place | {"method": method}
            requests += [
                (own | {"code": "200"}, lambda at, t=total: t(at) * (0.988 - failing(at))),
                (own | {"code": "404"}, lambda at, t=total: t(at) * 0.012),
                (own | {"code": "503"}, lambda at, t=total: t(at) * failing(at)),
            ]
            counts.append((own, total))
            sums.append((own, lambda at, t=total: t(at) * (0.08 + 0.5 * world.incident(at))))
            slow += [
                (
                    own | {"le": f"{bound:g}"},
                    lambda at, b=bound, t=total: t(at) * _below(b, world.incident(at)),
                )
                for bound in (*BOUNDS, math.inf)
            ]
    yield Family("http_requests", "counter", tuple(requests), 0.06, weekly=True)
    yield Family(
        "http_request_duration_seconds",
        "histogram",
        (*_part("_bucket", slow), *_part("_count", counts), *_part("_sum", sums)),
    )
    queue = {"job": "playlist-api", "service": "playlist-api", "instance": "playlist-api-1:8000"}
    yield Family(
        "queue_depth",
        "gauge",
        (
            (
                queue | {"queue": "mail"},
                lambda at: 140 + 190 * world.traffic(at) + 1500 * world.incident(at - 300),
            ),
            (queue | {"queue": "push"}, lambda at: 40 + 60 * world.traffic(at)),
        ),
        0.12,
    )
    yield Family(
        "playlists_created",
        "counter",
        tuple(
            (
                queue | {"source": source},
                lambda at, pace=pace: pace * people(world, at) * (1 - 0.1 * world.incident(at)),
            )
            for source, pace in (("app", 4.2), ("web", 1.9), ("recommendation", 2.6))
        ),
        0.1,
        weekly=True,
    )


def _below(bound: float, bad: float) -> float:
    """Part of the requests answered within a bound: log-normal, slower when things are bad."""
    middle = 0.052 * (1 + 1.8 * bad)
    return (
        1.0
        if math.isinf(bound)
        else 0.5 * math.erfc(-math.log(bound / middle) / (0.52 + 0.2 * bad) / math.sqrt(2))
    )


def _part(
    suffix: str, series: list[tuple[dict[str, str], Value]]
) -> list[tuple[dict[str, str], Value]]:
    return [({"__suffix__": suffix, **labels}, value) for labels, value in series]


def _node(world: World) -> Iterator[Family]:
    hosts = (
        {"job": "playlist-api", "service": "playlist-api", "instance": "playlist-api-1:8000"},
        {"job": "playlist-api", "service": "playlist-api", "instance": "playlist-api-2:8000"},
        {"job": "postgres", "instance": "postgres-exporter:9187"},
    )

    def used(index: int, at: float) -> float:
        """Part of a disk: growing, the database's fastest."""
        grown = (at - world.end) / DAY
        return (0.42, 0.47, 0.71)[index] + (0.004, 0.005, 0.055)[index] * grown

    def busy(at: float) -> float:
        return min(0.97, 0.1 + 0.4 * world.traffic(at) + 0.28 * world.incident(at))

    for name, size in (("size", 200 * GIB), ("avail", 0.0)):
        yield Family(
            f"node_filesystem_{name}_bytes",
            "gauge",
            tuple(
                (
                    host | {"mountpoint": "/data", "device": "/dev/sda1", "fstype": "ext4"},
                    lambda at, i=i, size=size: size or 200 * GIB * (1 - used(i, at)),
                )
                for i, host in enumerate(hosts)
            ),
        )
    disk = {"mountpoint": "/data", "device": "/dev/sda1", "fstype": "ext4"}
    for name, fixed in (("files", 1.3e7), ("files_free", 0.0), ("readonly", -1.0)):
        yield Family(
            f"node_filesystem_{name}",
            "gauge",
            tuple(
                (
                    host | disk,
                    lambda at, i=i, fixed=fixed: (
                        0.0 if fixed < 0 else fixed or 1.3e7 * (1 - used(i, at) / 2)
                    ),
                )
                for i, host in enumerate(hosts)
            ),
        )
    yield Family(
        "node_memory_MemTotal_bytes", "gauge", tuple((h, lambda at: 16 * GIB) for h in hosts)
    )
    yield Family(
        "node_memory_MemAvailable_bytes",
        "gauge",
        tuple(
            (h, lambda at: 16 * GIB * (0.62 - 0.22 * world.traffic(at) - 0.1 * world.incident(at)))
            for h in hosts
        ),
        0.02,
    )
    yield Family("node_vmstat_oom_kill", "unknown", tuple((h, lambda at: 0.0) for h in hosts))
    yield Family(
        "node_cpu_seconds",
        "counter",
        tuple(
            (
                host | {"cpu": cpu, "mode": mode},
                lambda at, share=share: busy(at) * share if share else 1 - busy(at),
            )
            for host in hosts
            for cpu in ("0", "1")
            for mode, share in (("user", 0.76), ("system", 0.24), ("idle", 0.0))
        ),
        0.05,
    )


def people(world: World, at: float) -> float:
    """Those who listen, 1 at the peak: fewer a week ago, and while things are bad."""
    grown = 0.94 if at <= world.end - 6.9 * DAY else 1.0
    return grown * world.traffic(at) * (1 - 0.25 * world.incident(at))


def _business(world: World) -> Iterator[Family]:
    api = {"job": "playlist-api", "service": "playlist-api", "instance": "playlist-api-1:8000"}
    model = {"job": "recommender", "service": "recommender", "instance": "10.1.0.7:9100"}
    counters: tuple[tuple[str, dict[str, str], Value], ...] = (
        ("playback_starts", api, lambda at: 310 * people(world, at)),
        (
            "playback_skips",
            api,
            lambda at: 310 * people(world, at) * (0.3 + 0.06 * world.incident(at)),
        ),
        ("playlist_suggestions_shown", api, lambda at: 170 * people(world, at)),
        (
            "playlist_generation_failures",
            api,
            lambda at: people(world, at) * (0.02 + 0.5 * world.incident(at)),
        ),
        ("recommendations_shown", model, lambda at: 140 * people(world, at)),
        (
            "recommendations_accepted",
            model,
            lambda at: 140 * people(world, at) * (0.124 - 0.03 * world.incident(at)),
        ),
        (
            "recommendations_fallback",
            model,
            lambda at: 140 * people(world, at) * (0.008 + 0.05 * world.incident(at)),
        ),
    )
    for name, own, value in counters:
        yield Family(name, "counter", ((own, value),), 0.05, weekly=True)
    gauges: tuple[tuple[str, dict[str, str], Value], ...] = (
        ("active_listeners", api, lambda at: 61_000 * people(world, at)),
        (
            "recommendation_catalogue_coverage_ratio",
            model,
            lambda at: 0.21 + 0.01 * math.sin(at / 20_000),
        ),
    )
    for name, own, value in gauges:
        yield Family(name, "gauge", ((own, value),), 0.01, weekly=True)


def _models(world: World) -> Iterator[Family]:
    own = {"job": "recommender", "service": "recommender", "instance": "10.1.0.7:9100"}
    models = ("daily-mix", "radio")

    def drift(at: float, feature: str) -> float:
        grown = (at - world.start) / (world.end - world.start)
        return (
            0.03 + 0.21 * grown**2
            if feature == "listening_hours"
            else 0.05 + 0.02 * math.sin(at / 9000)
        )

    def trained(at: float, index: int) -> float:
        """The last training: one model's every 31 hours, the other's every 50."""
        every = (31 + 19 * index) * HOUR
        return at - (at - world.end + (6 + 17 * index) * HOUR) % every

    yield Family(
        "recommendation_ndcg",
        "gauge",
        tuple(
            (
                own | {"model": m},
                lambda at, i=i: (
                    0.43 - 0.04 * i + 0.001 * (at - world.end) / DAY - 0.035 * world.incident(at)
                ),
            )
            for i, m in enumerate(models)
        ),
        0.012,
        weekly=True,
    )
    yield Family(
        "model_feature_drift_psi",
        "gauge",
        tuple(
            (own | {"model": "daily-mix", "feature": f}, lambda at, f=f: drift(at, f))
            for f in ("listening_hours", "skip_rate", "tempo")
        ),
        0.05,
    )
    yield Family(
        "model_last_trained_timestamp_seconds",
        "gauge",
        tuple((own | {"model": m}, lambda at, i=i: trained(at, i)) for i, m in enumerate(models)),
        weekly=True,
    )
    yield Family(
        "feature_last_updated_timestamp_seconds",
        "gauge",
        tuple(
            (own | {"feature": f}, lambda at: at - at % 900)
            for f in ("listening_hours", "skip_rate", "tempo")
        ),
    )
    buckets, counts, sums = [], [], []
    for m in models:

        def pace(at: float) -> float:
            return 22 * world.traffic(at)

        labels = own | {"model": m}
        buckets += [
            (
                labels | {"le": f"{b:g}"},
                lambda at, b=b: pace(at) * _below(b, 0.5 * world.incident(at)),
            )
            for b in (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, math.inf)
        ]
        counts.append((labels, pace))
        sums.append((labels, lambda at: pace(at) * 0.07))
    parts = (*_part("_bucket", buckets), *_part("_count", counts), *_part("_sum", sums))
    yield Family("model_inference_duration_seconds", "histogram", parts)


def _database(world: World) -> Iterator[Family]:
    own = {"job": "postgres", "instance": "postgres-exporter:9187"}
    base = own | {"datname": "playlists"}

    def load(at: float) -> float:
        return world.traffic(at)

    gauges: tuple[tuple[str, dict[str, str], Value], ...] = (
        ("pg_up", own, lambda at: 0.0 if 0 <= at - (world.end - 9 * HOUR) < 150 else 1.0),
        ("pg_settings_max_connections", own, lambda at: 200.0),
        (
            "pg_stat_activity_max_tx_duration",
            base,
            lambda at: 3 + 9 * load(at) + 60 * world.incident(at),
        ),
        ("pg_database_size_bytes", base, lambda at: 61 * GIB + 9 * GIB * (at - world.end) / DAY),
        ("pg_database_size_bytes", own | {"datname": "library"}, lambda at: 38 * GIB),
        ("pg_replication_lag_seconds", own, lambda at: 0.4 + load(at) + 9 * world.incident(at)),
        ("pg_replication_slot_slot_is_active", own | {"slot_name": "replica_1"}, lambda at: 1.0),
        *(
            (
                "pg_stat_activity_count",
                base | {"state": state},
                lambda at, n=n: n * (0.5 + load(at)) + 20 * world.incident(at),
            )
            for state, n in (("active", 22), ("idle", 48), ("idle in transaction", 4))
        ),
    )
    for name in dict.fromkeys(name for name, *_ in gauges):
        noise = (
            0.0
            if name
            in (
                "pg_up",
                "pg_settings_max_connections",
                "pg_replication_slot_slot_is_active",
                "pg_database_size_bytes",
            )
            else 0.08
        )
        yield Family(
            name, "gauge", tuple((labels, value) for n, labels, value in gauges if n == name), noise
        )
    for name, value in (
        ("xact_commit", lambda at: 420 * load(at)),
        ("xact_rollback", lambda at: 1.4 * load(at) + 9 * world.incident(at)),
        ("blks_hit", lambda at: 52000 * load(at)),
        ("blks_read", lambda at: 380 * load(at) + 900 * world.incident(at)),
        ("deadlocks", lambda at: 0.0),
    ):
        yield Family(
            f"pg_stat_database_{name}", "unknown", ((base | {"__pace__": "1"}, value),), 0.05
        )
    yield Family("pg_stat_archiver_failed_count", "unknown", ((own, lambda at: 0.0),))


def _identity(world: World) -> Iterator[Family]:
    attack = world.end - 2.6 * HOUR
    day = world.end - world.end % DAY

    def tried(at: float) -> float:
        return 3 + 9 * world.traffic(at)

    def denied(at: float) -> float:
        return 0.02 * tried(at) + (4.5 if 0 <= at - attack < 900 else 0)

    for i in (1, 2):
        own = {"job": "identity", "instance": f"identity-{i}:9000"}
        yield Family("auth_attempts", "counter", ((own, lambda at: tried(at) + denied(at)),), 0.08)
        yield Family("auth_failures", "counter", ((own, denied),), 0.08)
        yield Family(
            "waf_blocked_requests",
            "counter",
            (
                (own | {"rule": "sqli"}, lambda at: 0.05 + (3.1 if 0 <= at - attack < 700 else 0)),
                (own | {"rule": "bot"}, lambda at: 0.2 + 0.2 * world.traffic(at)),
            ),
            0.2,
        )
        yield Family("audit_events", "counter", ((own, lambda at: 12 * world.traffic(at)),), 0.06)
        for name in ("audit_events_dropped", "audit_sequence_gaps"):
            yield Family(name, "counter", ((own, lambda at: 0.0),))
        for name, value in (
            ("audit_last_event_timestamp_seconds", lambda at: at - 3),
            (
                "backup_last_success_timestamp_seconds",
                lambda at: day + 2 * HOUR if at >= day + 2 * HOUR else day - 22 * HOUR,
            ),
            (
                "privacy_export_last_success_timestamp_seconds",
                lambda at: day + 3 * HOUR if at >= day + 3 * HOUR else day - 21 * HOUR,
            ),
            ("privacy_request_oldest_open_age_seconds", lambda at: 6.5 * DAY + at - world.end),
            ("data_oldest_record_age_seconds", lambda at: 341 * DAY + at - world.end),
            ("storage_unencrypted_volumes", lambda at: 0.0),
        ):
            dated = {"dataset": "listening_history"} if name in _OF_DATASETS else {}
            yield Family(name, "gauge", ((own | dated, value),))


_OF_DATASETS = frozenset(
    {
        "backup_last_success_timestamp_seconds",
        "data_oldest_record_age_seconds",
        "privacy_export_last_success_timestamp_seconds",
    }
)


def text(world: World, step: float) -> Iterator[str]:
    """OpenMetrics, a family at a time; families of one name are put together."""
    together: dict[str, list[Family]] = {}
    for family in families(world):
        together.setdefault(family.name, []).append(family)
    for name, parts in together.items():
        yield f"# TYPE {name} {parts[0].kind}\n"
        for index, family in enumerate(parts):
            for number, (labels, value) in enumerate(family.series):
                yield from _series(family, labels, value, world, step, f"{name}/{index}/{number}")
    yield "# EOF\n"


def _series(
    family: Family, labels: dict[str, str], value: Value, world: World, step: float, seed: str
) -> Iterator[str]:
    chance = random.Random(seed)
    own = dict(labels)
    suffix = own.pop("__suffix__", "_total" if family.kind == "counter" else "")
    counted = family.kind in ("counter", "histogram") or own.pop("__pace__", "") == "1"
    inner = ",".join(
        f'{k}="{"+Inf" if v == "inf" else v}"' for k, v in sorted({**own, "tenant": TENANT}.items())
    )
    head = f"{family.name}{suffix}{{{inner}}}"

    def pace(at: float) -> float:
        """What is older than nine hours only fills long windows: a sample in two minutes.

        The same hours of the day and of the week before are compared with. Between nobody looks.
        """
        if at >= world.end - 9 * HOUR or any(
            -8 * HOUR <= at - world.end + days * DAY <= HOUR for days in (1, 7)
        ):
            return step
        seen = at >= world.start or at <= world.end - 6.9 * DAY
        return max(step, 120.0 if seen else 3600.0)

    start = min(world.start, world.end - 8.3 * DAY) if family.weekly else world.start
    total, at = chance.uniform(1e4, 2e4) if counted else 0.0, start
    while at <= world.end:
        now = value(at) * (1 + family.noise * chance.gauss(0, 0.5))
        if counted:
            total += max(0.0, now) * pace(at)
            now = total
        if not math.isnan(now):
            yield f"{head} {now:.9g} {at:.0f}\n"
        at += pace(at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--end", type=datetime.fromisoformat, default=datetime.fromtimestamp(END, UTC)
    )
    parser.add_argument("--hours", type=float, default=40)
    parser.add_argument("--step", type=float, default=30)
    given = parser.parse_args()
    end = given.end.timestamp()
    with given.file.open("w", encoding="utf-8") as out:
        out.writelines(text(World(end - given.hours * HOUR, end), given.step))


if __name__ == "__main__":
    main()
