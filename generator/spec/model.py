"""The specification as typed values: what every later room reads instead of YAML.

Everything here is complete: defaults and tiers are merged, references are resolved or reported,
ratios are Decimals, durations are Durations. Texts that a finding may point into are `Text`.
No reading, no checking: that is `load` and `validate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from generator.findings import Place, Text
from generator.values import Duration, Version

# --------------------------------------------------------------------------- platform


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
    retention: Duration | None = None
    """How long samples are kept; None: not stated."""


# --------------------------------------------------------------------------- identity


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for a tenant or service."""

    team: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric; `labels` None means: not stated, any label may exist."""

    name: str
    type: str
    """counter, gauge, histogram, summary, info or native_histogram."""
    labels: frozenset[str] | None
    help: str
    buckets: tuple[Decimal, ...]
    place: Place
    series: int | None = None
    """Label combinations of the tenant at a time, `le` not counted; None: not stated."""


@dataclass(frozen=True, slots=True)
class Collect:
    """One scrape job as the user wrote it; exactly one of the discovery fields is filled."""

    job: str
    place: Place
    targets: tuple[str, ...] = ()
    dns: Mapping[str, Any] | None = None
    file: Mapping[str, Any] | None = None
    http: Mapping[str, Any] | None = None
    kubernetes: Mapping[str, Any] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    path: str = "/metrics"
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    interval: Duration | None = None
    timeout: Duration | None = None
    tls: Mapping[str, Any] = field(default_factory=dict)
    authorization: Mapping[str, str] = field(default_factory=dict)
    basic_auth: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    """Keys: samples, labels, label_name_length, label_value_length, body, targets."""


@dataclass(frozen=True, slots=True)
class Service:
    """Something that is owned, depended on and watched."""

    name: str
    selector: Mapping[str, str]
    """Labels that every series of the service carries."""
    depends_on: tuple[str, ...]
    owner: Owner
    labels: Mapping[str, str]
    packs: tuple[PackUse, ...]
    place: Place
    description: str = ""
    escalation: Mapping[str, str] = field(default_factory=dict)
    """severity -> policy of the service's alerts, instead of the tenant's routing."""


@dataclass(frozen=True, slots=True)
class PackUse:
    """A pack attached to a service with its parameters, defaults filled in."""

    pack: str
    parameters: Mapping[str, Any]
    place: Place


# --------------------------------------------------------------------------- slos


@dataclass(frozen=True, slots=True)
class EventsSli:
    """Counted events; exactly one of `errors` and `good` is given. Plain counter selectors."""

    total: Text
    errors: Text | None = None
    good: Text | None = None


@dataclass(frozen=True, slots=True)
class LatencySli:
    """Requests faster than `below` are good. `histogram` is the base name or a selector on it."""

    histogram: Text
    below: Duration
    below_place: Place
    native: bool = False


@dataclass(frozen=True, slots=True)
class RatioSli:
    """An error ratio in [0,1] as an expression with `$window`."""

    errors: Text


@dataclass(frozen=True, slots=True)
class ProbeSli:
    """A gauge that is 1 when up and 0 when down."""

    metric: Text


@dataclass(frozen=True, slots=True)
class ConditionSli:
    """A time slice is good while the expression returns a sample."""

    expr: Text


@dataclass(frozen=True, slots=True)
class CompositeSli:
    """A journey: good while all its members are. `members` name SLOs that are not composite."""

    members: tuple[Text, ...]


Sli = EventsSli | LatencySli | RatioSli | ProbeSli | ConditionSli | CompositeSli


@dataclass(frozen=True, slots=True)
class BurnRatePair:
    """One multi-window burn-rate alert: both windows must burn `budget` of `window` per `long`."""

    long: Duration
    short: Duration
    budget: Decimal
    """Fraction of the error budget spent in `long` when the alert fires, in (0,1)."""
    severity: str
    for_: Duration
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class PairChange:
    """A pair of the scaled workbook that the author drops or changes; None: as it is."""

    pair: Text
    """Its windows as written: `1d/2h`."""
    drop: bool = False
    severity: str | None = None
    for_: Duration | None = None
    budget: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Slo:
    """One objective. `pairs` are for this SLO's window, before the factor check."""

    name: str
    service: str
    objective: Decimal
    """In percent, in (0,100): `Decimal("99.9")`."""
    window: Duration
    sli: Sli
    group_by: tuple[str, ...]
    pairs: tuple[BurnRatePair, ...] | None
    """None: the workbook's pairs scaled to the window."""
    page_severity: str
    ticket_severity: str
    min_events: Decimal
    """Events in the long window below which a burn-rate alert stays silent; 0 switches it off."""
    description: str
    labels: Mapping[str, str]
    compliance: tuple[str, ...]
    runbook: str
    place: Place
    objective_place: Place
    pack: str = ""
    """The pack it comes from, empty for the tenant's own."""
    calendar: str = ""
    """`month` or `quarter`: the period is that of the calendar, in UTC, and `window` its usual
    length; empty: the last `window`."""
    exclude_maintenance: bool = False
    """Whether planned maintenance of the service is left out of the budget."""
    changes: tuple[PairChange, ...] = ()
    """What the author changes in the workbook's pairs; empty where `pairs` are given."""

    @property
    def period(self) -> str:
        """Its period in words that follow "over": `30d`, `a calendar month`."""
        return f"a calendar {self.calendar}" if self.calendar else str(self.window)


# --------------------------------------------------------------------------- alerts


@dataclass(frozen=True, slots=True)
class Threshold:
    """Fires above or below a level; `clear` gives hysteresis (leave only past it)."""

    expr: Text
    op: str
    """`>` or `<`."""
    level: Decimal
    clear: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Fires when the gauge, extended linearly over `within` from `history`, crosses `level`."""

    expr: Text
    op: str
    level: Decimal
    within: Duration
    history: Duration
    guard: Decimal | None = None
    """Only while the value itself is past this level; None: half way is not known, no guard."""
    capacity: Text | None = None
    """What the value is a part of: then `guard` is a ratio of it."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Fires when the value leaves its usual band: method adaptive, robust or seasonal."""

    expr: Text
    method: str
    season: Duration
    sensitivity: Decimal
    direction: str
    """`both`, `above` or `below`."""
    minimum: Decimal
    """Below this spread (σ or MAD) a series is flat and no anomaly is told."""
    cessation: Decimal | None
    """Level an hour ago above which a total stop is told; None: above 0 for a whole day."""
    margin: Decimal = Decimal("0.1")
    """Part of the usual value by which a value must leave it: regular series have tiny spreads."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Fires when no series matches the selector."""

    selector: Text


@dataclass(frozen=True, slots=True)
class Correlate:
    """Fires when several alerts fire within a time. `mode` is all, any or at_least."""

    mode: str
    count: int
    members: tuple[Text, ...]
    """Alert names, or `slo:<name>` for any burn-rate alert of that SLO."""
    within: Duration


@dataclass(frozen=True, slots=True)
class Expression:
    """Fires for every sample the expression returns."""

    expr: Text


Signal = Threshold | Forecast | Anomaly | Absent | Correlate | Expression


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of the spec or of a pack, whatever its kind."""

    name: str
    signal: Signal
    service: str | None
    for_: Duration
    keep_firing_for: Duration
    severity: str
    labels: Mapping[str, str]
    summary: Text
    """Go template; may be empty: then the compiler writes one that fits the kind."""
    description: Text
    runbook: str
    """A URL or path; empty: the generated runbook's."""
    runbook_text: str
    """Markdown for the generated runbook: what it means, first checks; may be empty."""
    dashboard: str
    compliance: tuple[str, ...]
    escalation: str | None
    unit: str
    """Grafana unit of the value, for panels; empty: `short`."""
    view: str
    """technical, security, ml or executive: where its panel is drawn."""
    tests: tuple[UserTest, ...]
    place: Place
    pack: str = ""
    flapping: bool = True
    """Whether `Tenant.flapping` watches it."""
    for_place: Place | None = None
    """Where `for` is written; None: it is not."""


@dataclass(frozen=True, slots=True)
class ExpectedFiring:
    """One alert that a test expects: some of its labels, and texts as people read them."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class ExpectedAt:
    """What fires of an alert `at` a time of a test: exactly these, none when there are none."""

    at: Duration
    alerts: tuple[ExpectedFiring, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class UserTest:
    """A test the author wrote for an alert: input series and when it must (not) fire."""

    name: str
    interval: Duration
    series: tuple[tuple[str, str], ...]
    fires_at: tuple[Duration, ...]
    silent_at: tuple[Duration, ...]
    place: Place
    expect: tuple[ExpectedAt, ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of a severity score: an expression clamped to [low, high], or an SLO's burn."""

    name: str
    expr: Text | None
    slo: str | None
    window: Duration | None
    low: Decimal
    high: Decimal
    missing: Decimal
    weight: Decimal
    place: Place


@dataclass(frozen=True, slots=True)
class SeverityModel:
    """score = 1/(1+exp(-(intercept + Σ weight·feature))), an alert per level."""

    features: tuple[Feature, ...]
    intercept: Decimal
    levels: tuple[tuple[str, Decimal], ...]
    """(severity, score) in the platform's order, most urgent first."""
    place: Place


# --------------------------------------------------------------------------- notification


@dataclass(frozen=True, slots=True)
class Channel:
    """A named way to tell somebody; `kind` is one of `compile.channels.CHANNELS`: slack, email, …

    `fields` are the spec's own, already checked against the schema; secrets are `*_file` only.
    """

    name: str
    kind: str
    fields: Mapping[str, Any]
    place: Place
    shared: bool = False
    """True when the platform defines it: one receiver serves all tenants."""
    layer: str = ""
    """Where in the platform a shared one is defined: `defaults`, `tier/gold`, empty: `channels`."""
    people: bool | None = None
    """Whether people read what is sent there; None: by its kind."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told. Contacts in order of preference: slack, sms, email."""

    name: str
    contacts: Mapping[str, str]
    """email, sms, slack -> address."""
    place: Place
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call from `start` until `end` (both aware, UTC)."""

    start: datetime
    end: datetime
    person: str
    """Empty: nobody."""
    cause: str = "rotation"
    """rotation, holiday, override, or gap where no layer is active."""
    layer: str = ""
    """The layer or the calendar of holidays it comes from; empty: it has no name."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Members who take turns from `starts` until `until` (aware, UTC).

    Turn k begins when the clocks of `timezone` first show `anchor` + k·`every` or later: the wall
    clock counts, so a turn is an hour shorter or longer when the clocks change in it.
    """

    timezone: str
    every: Duration
    anchor: datetime
    """A hand-over on the wall clock (naive), at `starts` or less than a turn before."""
    starts: datetime
    until: datetime
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation, and the recurring times to which it is restricted (None: always)."""

    name: str
    rotation: Rotation
    during: TimeWindow | None


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days on which somebody else is on call, or nobody."""

    shifts: tuple[Shift, ...]
    """The days with who takes over, in order; nobody where the person is empty."""
    rotation: Rotation | None = None
    """Who takes over on all of these days, in place of the shifts' persons."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """An on-call schedule. What comes later wins: layers in order, holidays, overrides in order.

    `starts` and `until` (aware, UTC) span all its layers.
    """

    name: str
    timezone: str
    starts: datetime
    until: datetime
    layers: tuple[Layer, ...]
    overrides: tuple[Shift, ...]
    place: Place
    holidays: tuple[Holiday, ...] = ()
    shifted_from: str = ""
    """The schedule whose line it follows some turns ahead; empty: it has its own layers."""
    allow_gaps: bool = False
    """Times without anybody are meant."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a step tells: kind `channel`, `person` (with the contact to use) or `oncall`."""

    kind: str
    name: str
    contact: str = ""
    """For persons: email, sms, slack, or empty for the first that they have."""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an escalation policy."""

    after: Duration
    notify: tuple[Recipient, ...]
    during: str | None
    """Name of a time window outside which this step waits; None: always."""
    repeat: Duration | None
    place: Place


@dataclass(frozen=True, slots=True)
class Policy:
    """An escalation policy: the first step has `after` 0."""

    name: str
    steps: tuple[Step, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Flapping:
    """An alert that has begun `fires` times within a time flaps: that is told once, then muted."""

    fires: int = 5
    within: Duration = Duration.of(hours=1)


@dataclass(frozen=True, slots=True)
class WindowTimes:
    """One recurring entry of a time window, in Alertmanager's grammar."""

    weekdays: tuple[str, ...] = ()
    times: tuple[tuple[str, str], ...] = ()
    days_of_month: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    years: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A named recurring window in a timezone."""

    name: str
    timezone: str
    entries: tuple[WindowTimes, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Told:
    """Whom the author expects to be told of an alert that starts at a moment."""

    alert: str
    labels: Mapping[str, str]
    """Labels that tell the alert from its namesakes, or that its expression gives."""
    at: datetime
    """Aware, UTC."""
    after: Duration
    """The step that is asked about comes so long after the start."""
    tells: tuple[Recipient, ...]
    """Exactly these; nobody at all when empty."""
    firing: tuple[str, ...]
    """What else fires: names of alerts, or `Alert{label="value"}`."""
    place: Place
    alert_place: Place
    tells_place: Place


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A planned window in which the named services (none: all) may misbehave; times aware, UTC."""

    name: str
    start: datetime
    end: datetime
    services: tuple[str, ...]
    place: Place


# --------------------------------------------------------------------------- dashboards, tenant


@dataclass(frozen=True, slots=True)
class CustomPanel:
    """A panel the user adds to a view or that a pack brings."""

    key: str
    view: str
    title: str
    description: str
    kind: str
    queries: tuple[tuple[Text, str], ...]
    """(expression, legend) pairs."""
    unit: str
    thresholds: tuple[tuple[Decimal, str], ...]
    """(from value, colour), ascending; the base is green."""
    service: str | None
    place: Place
    pack: str = ""


@dataclass(frozen=True, slots=True)
class RecordingSpec:
    """A recording rule that a pack brings: name and expression."""

    record: str
    expr: Text
    service: str | None
    pack: str
    place: Place


@dataclass(frozen=True, slots=True)
class Dashboards:
    """Which views a tenant gets."""

    views: tuple[str, ...]
    panels: tuple[CustomPanel, ...]


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant, complete. Maps keep the spec's order; packs' content is merged in."""

    id: str
    file: str
    spec_hash: str
    """SHA-256 of the spec's bytes."""
    description: str
    tier: str
    timezone: str
    owner: Owner
    labels: Mapping[str, str]
    compliance: tuple[str, ...]
    collect: tuple[Collect, ...]
    metrics: Mapping[str, Metric]
    services: Mapping[str, Service]
    slos: Mapping[str, Slo]
    alerts: tuple[Alert, ...]
    recordings: tuple[RecordingSpec, ...]
    severity_model: SeverityModel | None
    channels: Mapping[str, Channel]
    people: Mapping[str, Person]
    oncall: Mapping[str, Schedule]
    escalation: Mapping[str, Policy]
    routing: Mapping[str, str]
    """severity -> policy name."""
    time_windows: Mapping[str, TimeWindow]
    maintenance: tuple[Maintenance, ...]
    dashboards: Dashboards
    place: Place
    flapping: Flapping | None = None
    """None: flapping alerts are told each time they fire."""
    expect: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """All tenants of a repository with their platform."""

    platform: Platform
    tenants: Mapping[str, Tenant]
