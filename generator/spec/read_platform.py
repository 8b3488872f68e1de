"""The platform's own part of a spec: versions, intervals, labels, links, mail relay."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from generator.spec.model import (
    Channel,
    Deploy,
    DeployServer,
    LabelNames,
    Limits,
    Platform,
    Sharding,
    Smtp,
    Targets,
    Timing,
    Urls,
)
from generator.spec.read_channels import read_channels
from generator.spec.read_grafana import read_grafana
from generator.spec.read_security import read_security
from generator.spec.scalars import (
    RESERVED_LABELS,
    Reading,
    decimal,
    duration,
    flag,
    mapping,
    string,
    strings,
)
from generator.spec.source import Node
from generator.values import Duration, Version

SEVERITIES = ("critical", "warning", "info")
LOOKBACK = Duration.of(minutes=5)
"""How long Prometheus sees the last sample of a series (--query.lookback-delta)."""
OLDEST: Mapping[str, tuple[Version, str] | None] = {
    "prometheus": (Version(2, 42), "it has no keep_firing_for"),
    "alertmanager": (Version(0, 25), "its time intervals know no zone"),
    "grafana": None,
}
"""The oldest version of each program whose files can be written, and what older ones lack."""
RETENTION = Duration.of(hours=120)
"""Alertmanager's default `--data.retention`: what it was told is forgotten after that."""
TAKEN_LABELS = RESERVED_LABELS | {"le", "quantile", "job", "instance"}


def read_platform(root: Node, reading: Reading) -> Platform:
    """The platform as typed values; findings go to `reading`."""
    channels = read_channels(root.get("channels"), reading, shared=True)
    return Platform(
        file=root.place.file,
        labels=_labels(root.get("labels"), reading),
        targets=_targets(root.get("targets"), reading),
        scrape_interval=_interval(root, "scrape", Duration.of(seconds=15), reading),
        evaluation_interval=_interval(root, "evaluation", Duration.of(seconds=30), reading),
        severities=strings(root.get("severities")) or SEVERITIES,
        urls=_urls(root.get("urls")),
        smtp=_smtp(root.get("smtp")),
        timing=_timing(root, reading),
        shared_metrics=frozenset(strings(root.get("shared_metrics"))),
        metrics_strict=string(root.get("metrics")) == "strict",
        external_labels=mapping(root.get("external_labels")),
        fallback=_fallback(root, channels, reading),
        place=root.place,
        alertmanager_targets=strings(root.get("alertmanagers")),
        security=read_security(root.get("security"), reading),
        limits=_limits(root.get("limits"), reading),
        sharding=_sharding(root.get("sharding"), reading),
        write_unit_tests=flag(root.at(("output", "unit_tests")), default=True),
        retention=duration(kept) if (kept := root.get("retention")) else None,
        deploy=_deploy(root.get("deploy")),
        grafana=read_grafana(root.get("grafana"), _urls(root.get("urls")).prometheus, reading),
    )


def _labels(node: Node | None, reading: Reading) -> LabelNames:
    default = LabelNames()
    if node is None:
        return default
    names = {
        "tenant": string(node.get("tenant"), default.tenant),
        "service": string(node.get("service"), default.service),
        "team": string(node.get("team"), default.team),
        "severity": string(node.get("severity"), default.severity),
        "slo": string(node.get("slo"), default.slo),
        "pair": string(node.get("burn_rate_pair"), default.pair),
        "level": string(node.get("escalation_level"), default.level),
        "shard": string(node.get("shard"), default.shard),
    }
    seen: dict[str, str] = {}
    for key, place, value in node.values():
        name = string(value)
        if name in TAKEN_LABELS:
            message = f"the label {name!r} has a meaning of its own in Prometheus"
            reading.error("reserved-label", message, value.place, "choose another name")
        elif name in seen:
            message = f"{key} and {seen[name]} cannot share the label {name!r}"
            reading.error("reserved-label", message, place, "choose another name")
        seen[name] = key
    return LabelNames(**names)


def _targets(node: Node | None, reading: Reading) -> Targets:
    default = Targets()
    if node is None:
        return default
    versions: dict[str, Version] = {}
    for name, oldest in OLDEST.items():
        given = node.get(name)
        least: Version = getattr(default, name)
        versions[name] = Version.parse(string(given)) if given is not None else least
        if given is not None and oldest is not None and versions[name] < oldest[0]:
            message = f"{name} {versions[name]} cannot do what is generated: {oldest[1]}"
            hint = f"upgrade it, and write {oldest[0]} or later"
            reading.error("target-version", message, given.place, hint)
    return Targets(**versions)


def _interval(root: Node, key: str, default: Duration, reading: Reading) -> Duration:
    intervals = root.get("intervals")
    node = intervals.get(key) if intervals else None
    if node is None:
        return default
    value = duration(node)
    if value.ms < 1000:
        reading.error("bad-value", f"intervals.{key} should be at least 1s", node.place)
        return default
    if key == "evaluation" and value >= LOOKBACK:
        message = (
            f"intervals.evaluation should be below {LOOKBACK}: Prometheus sees what a rule "
            "recorded for that long only"
        )
        reading.error("bad-value", message, node.place, "write 30s or 1m")
        return default
    return value


def _urls(node: Node | None) -> Urls:
    if node is None:
        return Urls()
    return Urls(
        *(string(node.get(k)) for k in ("prometheus", "alertmanager", "grafana", "runbooks"))
    )


def _smtp(node: Node | None) -> Smtp | None:
    if node is None:
        return None
    return Smtp(
        smarthost=string(node.get("smarthost")),
        from_=string(node.get("from")),
        username=string(node.get("username")),
        password_file=string(node.get("password_file")),
        require_tls=flag(node.get("require_tls"), True),
        hello=string(node.get("hello")),
    )


def _timing(root: Node, reading: Reading) -> Timing:
    node, default = root.get("timing"), Timing()
    if node is None:
        return default
    timing = Timing(
        duration(node.get("group_wait"), default.group_wait),
        duration(node.get("group_interval"), default.group_interval),
        duration(node.get("repeat_interval"), default.repeat_interval),
    )
    for key in ("group_interval", "repeat_interval"):
        given = node.get(key)
        if given is not None and duration(given).ms == 0:
            reading.error("bad-value", f"timing.{key} should be more than 0", given.place)
            return default
    _check_repeat(timing, node, reading)
    return timing


def _limits(node: Node | None, reading: Reading) -> Limits:
    default = Limits()
    if node is None:
        return default

    def count(key: str, assumed: int) -> int:
        return int(decimal(node.get(key), Decimal(assumed), reading))

    return Limits(
        rules=count("rules", default.rules),
        rules_per_group=count("rules_per_group", default.rules_per_group),
        groups=count("groups", default.groups),
        alerts=count("alerts", default.alerts),
        queries_per_view=count("queries_per_view", default.queries_per_view),
        recorded_series=count("recorded_series", default.recorded_series),
        samples_per_evaluation=count("samples_per_evaluation", default.samples_per_evaluation),
        samples_per_second=count("samples_per_second", default.samples_per_second),
        series_per_metric=count("series_per_metric", default.series_per_metric),
        level=string(node.get("level"), default.level),
    )


def _check_repeat(timing: Timing, node: Node, reading: Reading) -> None:
    """Alertmanager looks at a group every group_interval, and forgets after its retention."""
    repeat, interval = timing.repeat_interval, timing.group_interval
    place = (node.get("repeat_interval") or node).place
    if repeat.ms % interval.ms:
        rounded = Duration(-(-repeat.ms // interval.ms) * interval.ms)
        message = f"timing.repeat_interval is {repeat}, which becomes {rounded}"
        hint = f"write a multiple of timing.group_interval ({interval})"
        reading.warning("repeat-rounded", message, place, hint)
    if repeat >= RETENTION:
        message = f"timing.repeat_interval is {repeat}, but Alertmanager forgets after {RETENTION}"
        hint = "repeat sooner, or run Alertmanager with a longer --data.retention"
        reading.warning("repeat-retention", message, place, hint)


def _deploy(node: Node | None) -> Deploy | None:
    if node is None:
        return None

    def servers(key: str) -> tuple[DeployServer, ...]:
        written = node.get(key)
        return tuple(
            DeployServer(
                string(one.get("url")), string(one.get("token_file")), string(one.get("ca_file"))
            )
            for one in (written.items if written else ())
        )

    return Deploy(string(node.get("folder")), servers("prometheus"), servers("alertmanager"))


def _sharding(node: Node | None, reading: Reading) -> Sharding:
    default = Sharding()
    if node is None:
        return default
    return Sharding(
        int(decimal(node.get("shards"), Decimal(default.shards), reading)),
        int(decimal(node.get("above"), Decimal(default.above), reading)),
    )


def _fallback(root: Node, channels: dict[str, Channel], reading: Reading) -> Channel:
    node = root.get("fallback")
    place = node.place if node else root.place
    name = string(node)
    written = root.get("channels")
    known = {key: True for key, _, _ in written.values()} if written else {}
    if node is not None:
        reading.reference(name, known, "channel", place)
    return channels.get(name) or Channel(name or "fallback", "webhook", {}, place, True)
