"""What every tenant shares: versions, labels, links, limits, security, frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from generator.findings import Place
from generator.spec.model.grafana import Grafana
from generator.spec.model.notification import Channel
from generator.values import Duration, Version


@dataclass(frozen=True, slots=True)
class LabelNames:
    """The names of the labels Tocsin writes; settable at the platform."""

    tenant: str = "tenant"
    service: str = "service"
    team: str = "team"
    severity: str = "severity"
    slo: str = "slo"
    pair: str = "burn_rate_pair"
    level: str = "escalation_level"
    kind: str = "kind"
    shard: str = "shard"

    @property
    def written(self) -> frozenset[str]:
        """The names of all labels that Tocsin writes."""
        return frozenset(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Targets:
    """The oldest version of each program the output must be accepted by."""

    prometheus: Version = Version(2, 42)
    alertmanager: Version = Version(0, 25)
    grafana: Version = Version(10, 4)


@dataclass(frozen=True, slots=True)
class Urls:
    """External addresses for links in annotations and messages, without a trailing slash."""

    prometheus: str = ""
    alertmanager: str = ""
    grafana: str = ""
    runbooks: str = ""
    """Base of generated runbooks: `<base>/<tenant>/runbooks.md#<alert>`."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail relay of every e-mail channel (Alertmanager's `global.smtp_*`)."""

    smarthost: str
    from_: str
    username: str = ""
    password_file: str = ""
    require_tls: bool = True
    hello: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """How alerts are grouped and repeated by default."""

    group_wait: Duration = Duration.of(seconds=30)
    group_interval: Duration = Duration.of(minutes=5)
    repeat_interval: Duration = Duration.of(hours=4)


@dataclass(frozen=True, slots=True)
class ServerTls:
    """TLS of a server's own port, by files; with `client_ca_file` only its clients may connect."""

    cert_file: str
    key_file: str
    client_ca_file: str = ""
    min_version: str = "TLS12"


@dataclass(frozen=True, slots=True)
class Security:
    """Encrypted connections; None or empty: plain. Client settings are Prometheus' `tls_config`."""

    prometheus: ServerTls | None = None
    alertmanager: ServerTls | None = None
    to_alertmanager: Mapping[str, str] = field(default_factory=dict)
    alertmanager_credentials_file: str = ""
    scrape: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one tenant's rules may cost the target; 0: no limit.

    `rules_per_group` is kept by cutting groups, the others are only compared (compile.limits).
    """

    rules: int = 0
    rules_per_group: int = 0
    groups: int = 0
    alerts: int = 0
    recorded_series: int = 0
    samples_per_evaluation: int = 0
    samples_per_second: int = 0
    queries_per_view: int = 100
    """Queries a dashboard sends when it is opened."""
    series_per_metric: int = 1
    """Label combinations assumed of a metric that does not state its `series`."""
    level: str = "warning"
    """What exceeding one is: error, warning or info."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a compliance framework; `id` is `soc2:A1.1`."""

    id: str
    title: str
    packs: tuple[str, ...] = ()
    """Packs whose alerts or SLOs give evidence for it."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A compliance framework and its controls by id, in the framework's own order."""

    name: str
    title: str
    controls: Mapping[str, Control]


@dataclass(frozen=True, slots=True)
class Sharding:
    """A level of the fleet's routing tree above the tenants, so that a match looks at few of them.

    Above `above` tenants there are `shards` nodes; `above` 0: always; `shards` 0: never.
    """

    shards: int = 100
    above: int = 2000


@dataclass(frozen=True, slots=True)
class DeployServer:
    """A running server that reads what is deployed; secrets by file."""

    url: str
    token_file: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Deploy:
    """Where `tocsin deploy` puts output/, and who reads it there: replicas read one folder."""

    folder: str = ""
    prometheus: tuple[DeployServer, ...] = ()
    alertmanager: tuple[DeployServer, ...] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    """What every tenant shares."""

    file: str
    labels: LabelNames
    targets: Targets
    scrape_interval: Duration
    evaluation_interval: Duration
    severities: tuple[str, ...]
    """Most urgent first: `(critical, warning, info)`."""
    urls: Urls
    smtp: Smtp | None
    timing: Timing
    shared_metrics: frozenset[str]
    """Metrics without a tenant label that expressions may read (FACTS, isolation rule 9)."""
    metrics_strict: bool
    external_labels: Mapping[str, str]
    fallback: Channel
    """Receives what no tenant's route takes; never silent."""
    place: Place
    alertmanager_targets: tuple[str, ...] = ()
    """host:port of the Alertmanagers, for the fleet's prometheus.yml."""
    security: Security = field(default_factory=Security)
    limits: Limits = field(default_factory=Limits)
    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    """Compliance frameworks that specs may name, with the packs that give evidence."""
    sharding: Sharding = Sharding()
    write_unit_tests: bool = True
    """Whether output/ holds the unit tests."""
    retention: Duration | None = None
    """How long samples are kept; None: not stated."""
    deploy: Deploy | None = None
    grafana: Grafana = field(default_factory=Grafana)
