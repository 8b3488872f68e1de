"""Bad specs and the exact first line each is answered with; `test_bad_specs` runs them.

A case is a small tenant spec with a fault; `said` is every finding as `line:column: message | hint`.
"""

from __future__ import annotations

BASE = """\
version: 1
tenant: acme
owner: {team: core}
services:
  api: {selector: {service: api}}
channels:
  chat: {slack: {channel: "#x", api_url_file: /s/slack}}
escalation:
  urgent:
    - notify: [chat]
routing: {critical: urgent, warning: urgent, info: urgent}
"""
"""Eleven good lines; what a case adds begins at line 12."""

ADDED: dict[str, str] = {}
"""name -> text added to BASE."""

WHOLE: dict[str, str] = {}
"""name -> a whole file in place of BASE."""


def added(name: str, text: str) -> None:
    ADDED[name] = text


def whole(name: str, text: str) -> None:
    WHOLE[name] = text


# --- YAML
whole("empty", "")
whole("only comments", "# nothing\n")
whole("a list", "- a\n- b\n")
whole("tab", "version: 1\n\ttenant: acme\n")
whole("unclosed quote", 'version: 1\ntenant: "acme\n')
whole("unclosed bracket", "version: 1\ntenant: acme\nowner: {team: core\nlabels: {}\n")
whole("two documents", "version: 1\n---\nversion: 1\n")
whole("control character", "version: 1\ntenant: ac\x07me\n")
whole("bad indentation", "version: 1\n  tenant: acme\n")
whole("recursive alias", "version: &x {a: *x}\n")
whole("unknown anchor", "version: *nowhere\ntenant: acme\nowner: {team: core}\n")
whole("unknown tag", "version: !!python/object:os.system 1\ntenant: acme\nowner: {team: core}\n")
whole("list as key", "[a, b]: 1\nversion: 1\ntenant: acme\nowner: {team: core}\n")
whole("bad merge", "version: 1\ntenant: acme\nowner: {team: core}\n<<: 7\n")
added("duplicate key", "routing: {critical: urgent}\n")

# --- shape
whole("missing keys", "version: 1\n")
whole("wrong version", "version: 2\ntenant: acme\nowner: {team: core}\n")
whole("other name", "version: 1\ntenant: acmee\nowner: {team: core}\n")
added("unknown key", "alrts: {}\n")
added(
    "unknown nested key",
    "maintenance:\n  - {nam: x, from: 2026-12-05T22:00, until: 2026-12-06T02:00}\n",
)
added("wrong type", "slos: [a]\n")
added("yes is text", "dashboards: {views: yes}\n")
added("bad choice", "dashboards: {views: [executve]}\n")
added("bad duration", "alerts:\n  A: {expr: up == 0, for: 5 minutes}\n")
added("number for a duration", "alerts:\n  A: {expr: up == 0, for: 300}\n")
added("bad alert name", "alerts:\n  2fast: {expr: up == 0}\n")
added("bad label name", "labels: {my-label: x}\n")

# --- secrets
whole(
    "secrets",
    BASE.replace("api_url_file: /s/slack", "api_url: 'https://hooks.example.com/T0/B0/x'"),
)
whole(
    "secret in a webhook's address",
    BASE.replace(
        'slack: {channel: "#x", api_url_file: /s/slack}',
        "webhook: {url: 'https://example.com/hook?token=abc'}",
    ),
)
CHAT = '{slack: {channel: "#x", api_url_file: /s/slack}}'
for told, channel in (
    (
        "secret under a file's key",
        "{pagerduty: {routing_key_file: 1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d}}",
    ),
    ("address under a file's key", "{discord: {webhook_url_file: 'https://discord.com/x'}}"),
    (
        "address of a webhook known to hold a secret",
        "{webhook: {url: 'https://hooks.slack.com/a'}}",
    ),
    (
        "secret under another key",
        "{victorops: {api_key_file: /s/v, routing_key: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed}}",
    ),
    (
        "password of a proxy",
        "{msteams: {webhook_url_file: /s/t, http_config: {proxy_url: 'http://u:p@proxy:1'}}}",
    ),
    (
        "password of a channel",
        "{jira: {api_url: 'https://j', project: P, issue_type: Bug, http_config: {basic_auth: {username: u, password: p}}}}",
    ),
    (
        "two ways to authenticate",
        "{msteams: {webhook_url_file: /s/t, http_config: {authorization: {credentials_file: /s/a}, basic_auth: {username: u, password_file: /s/b}}}}",
    ),
    ("two addresses", "{webhook: {url: 'https://x', url_file: /s/x}}"),
    ("no address of Slack", '{slack: {channel: "#x"}}'),
    (
        "certificate without a key",
        "{msteams: {webhook_url_file: /s/t, http_config: {tls_config: {cert_file: /c}}}}",
    ),
    ("unreadable address", "{webhook: {url: 'https://[x'}}"),
    ("no chat", "{telegram: {bot_token_file: /s/t}}"),
):
    whole(told, BASE.replace(CHAT, channel))
whole(
    "password of an exporter",
    BASE + "collect:\n  - {job: x, targets: ['a:1'], basic_auth: {username: u, password: p}}\n",
)

# --- alerts
FORECAST = "alerts:\n  A: {forecast: {expr: x, below: 0, within: 4h"
added("no kind", "alerts:\n  A: {severity: warning}\n")
added("two kinds", "alerts:\n  A: {expr: up == 0, absent: {selector: up}}\n")
added("no level", "alerts:\n  A: {threshold: {expr: up}}\n")
added("two levels", "alerts:\n  A: {threshold: {expr: up, above: 1, below: 0}}\n")
added("clear past the level", "alerts:\n  A: {threshold: {expr: x, above: 10, clear_below: 12}}\n")
added(
    "clear on the wrong side", "alerts:\n  A: {threshold: {expr: x, above: 10, clear_above: 5}}\n"
)
added("unknown severity", "alerts:\n  A: {expr: up == 0, severity: critcal}\n")
added("unknown service", "alerts:\n  A: {expr: up == 0, service: apo}\n")
added("unknown policy", "alerts:\n  A: {expr: up == 0, escalation: urgnt}\n")
added("reserved label", "alerts:\n  A: {expr: up == 0, labels: {severity: x}}\n")
added("templated label", 'alerts:\n  A: {expr: up == 0, labels: {queue: "{{ $value }}"}}\n')
added("infinite level", "alerts:\n  A: {threshold: {expr: x, above: .inf}}\n")
added("unknown member", "alerts:\n  A: {correlate: {all: [B, 'slo:x']}}\n")
added(
    "too many members",
    "alerts:\n  B: {expr: up == 0}\n  A: {correlate: {at_least: {count: 3, of: [B, B]}}}\n",
)
added("waits for itself", "alerts:\n  A: {correlate: {any: [A]}}\n")
added("season of a mean", "alerts:\n  A: {anomaly: {expr: x, method: robust, season: 1w}}\n")

added("season of a minute", "alerts:\n  A: {anomaly: {expr: x, method: seasonal, season: 1m}}\n")
added("margin of all", "alerts:\n  A: {anomaly: {expr: x, method: robust, margin: 100%}}\n")
added("margin in words", "alerts:\n  A: {anomaly: {expr: x, method: robust, margin: ten}}\n")
added("a member twice", "alerts:\n  B: {expr: up == 0}\n  A: {correlate: {any: [B, 'slo:x', B]}}\n")
added("percent of nothing", f"{FORECAST}, guard: 15%}}}}\n")
added("capacity without a guard", f"{FORECAST}, capacity: y}}}}\n")
added("more than the capacity", f"{FORECAST}, guard: 150%, capacity: y}}}}\n")
added("guard in words", f"{FORECAST}, guard: some, capacity: y}}}}\n")

# --- slos
SLI = "sli: {events: {total: t, errors: e}}"
added("objective of 100", f"slos:\n  a: {{service: api, objective: 100%, {SLI}}}\n")
added("objective in words", f"slos:\n  a: {{service: api, objective: three nines, {SLI}}}\n")
added("objective of 120", f"slos:\n  a: {{service: api, objective: 120, {SLI}}}\n")
added("short window", f"slos:\n  a: {{service: api, objective: 99%, window: 12h, {SLI}}}\n")
added(
    "window and calendar",
    f"slos:\n  a: {{service: api, objective: 99%, window: 30d, calendar: month, {SLI}}}\n",
)
added("calendar of weeks", f"slos:\n  a: {{service: api, objective: 99%, calendar: week, {SLI}}}\n")
added("excluding more", f"slos:\n  a: {{service: api, objective: 99%, exclude: weekends, {SLI}}}\n")
added(
    "sli and composite",
    f"slos:\n  a: {{service: api, objective: 99%, {SLI}, composite: {{all: [b, c]}}}}\n",
)
added(
    "composite of nothing",
    f"slos:\n  b: {{service: api, objective: 99%, {SLI}}}\n  a: {{service: api, objective: 99%, composite: {{all: [b, bb]}}}}\n",
)
added(
    "composite of itself",
    f"slos:\n  b: {{service: api, objective: 99%, {SLI}}}\n  a: {{service: api, objective: 99%, composite: {{all: [b, a]}}}}\n",
)
added(
    "composite with labels and exclusions",
    f"slos:\n  b: {{service: api, objective: 99%, {SLI}}}\n  c: {{service: api, objective: 99%, {SLI}}}\n"
    "  a: {service: api, objective: 99%, composite: {all: [b, c]}, group_by: [method], exclude: maintenance}\n",
)
added(
    "composite of another calendar",
    f"slos:\n  b: {{service: api, objective: 99%, {SLI}}}\n  c: {{service: api, objective: 99%, calendar: month, {SLI}}}\n"
    "  a: {service: api, objective: 99%, composite: {all: [b, c]}, calendar: month}\n",
)
added(
    "pairs and changes",
    f"slos:\n  a: {{service: api, objective: 99%, {SLI}, alerting: {{drop: [3d/6h], "
    "change: {1d/2h: {severity: inf, budget: 120%}}, pairs: [{long: 1h, budget: 2%, severity: critical}]}}\n",
)
added(
    "changes of the wrong form",
    f"slos:\n  a: {{service: api, objective: 99%, {SLI}, alerting: {{drop: [3d], change: {{6h: {{for: 1m}}}}}}}}\n",
)
added(
    "changes of the wrong kind",
    f"slos:\n  a: {{service: api, objective: 99%, {SLI}, alerting: "
    "{change: {1d/2h: {severity: inf, budget: 120%}}}}\n",
)
added("no sli", "slos:\n  a: {service: api, objective: 99%}\n")
added(
    "errors and good",
    "slos:\n  a: {service: api, objective: 99%, sli: {events: {total: t, errors: e, good: g}}}\n",
)
added(
    "two slis",
    "slos:\n  a: {service: api, objective: 99%, sli: {probe: {metric: p}, ratio: {errors: r}}}\n",
)
added(
    "windows of a pair",
    f"slos:\n  a: {{service: api, objective: 99%, {SLI}, alerting: {{pairs: "
    "[{long: 5m, short: 1h, budget: 2%, severity: critical}]}}\n",
)
added(
    "budget of a pair",
    f"slos:\n  a: {{service: api, objective: 99%, {SLI}, alerting: {{pairs: "
    "[{long: 1h, budget: 200%, severity: critical}]}}\n",
)

# --- compliance
added("unknown framework", "compliance: [gdpr, soc3]\n")
added("unknown control", 'alerts:\n  A: {expr: up == 0, compliance: ["soc2:A1.7", "gdpr:17"]}\n')
added("control without framework", "alerts:\n  A: {expr: up == 0, compliance: [A.8.13]}\n")
added("control of no framework", 'alerts:\n  A: {expr: up == 0, compliance: ["pci:10.2"]}\n')
added(
    "unknown control of an slo",
    "slos:\n  a:\n    service: api\n    objective: 99%\n    sli: {probe: {metric: up}}\n"
    '    compliance: ["iso27001:8.13"]\n',
)

# --- services, packs
whole(
    "services in two cases",
    BASE.replace("service: api}}", "service: api}}\n  API: {selector: {service: b}}"),
)
whole("a service that Windows cannot have", BASE.replace("  api:", "  aux:"))
added(
    "alerts in two cases",
    "alerts:\n  Full: {threshold: {expr: x, above: 1}}\n  FULL: {threshold: {expr: x, above: 2}}\n",
)
whole(
    "depends on nobody",
    BASE.replace("{selector: {service: api}}", "{selector: {service: api}, depends_on: [db]}"),
)
whole(
    "depends on itself",
    BASE.replace("{selector: {service: api}}", "{selector: {service: api}, depends_on: [api]}"),
)
whole(
    "circle",
    BASE.replace(
        "  api: {selector: {service: api}}",
        "  api: {selector: {service: api}, depends_on: [db]}\n"
        "  db: {selector: {service: db}, depends_on: [api]}",
    ),
)
whole("tenant in a selector", BASE.replace("{service: api}", "{tenant: other}"))
whole(
    "unknown pack",
    BASE.replace("{selector: {service: api}}", "{selector: {service: api}, packs: {http-apy: {}}}"),
)
whole(
    "unknown parameter",
    BASE.replace(
        "{selector: {service: api}}", "{selector: {service: api}, packs: {http-api: {latency: 1s}}}"
    ),
)
whole(
    "bad parameter",
    BASE.replace(
        "{selector: {service: api}}",
        "{selector: {service: api}, packs: {http-api: {error_ratio: 3}}}",
    ),
)
whole(
    "unknown choice of a parameter",
    BASE.replace(
        "{selector: {service: api}}",
        "{selector: {service: api}, packs: {http-api: {convention: fastpi}}}",
    ),
)
whole(
    "parameter that is no label",
    BASE.replace(
        "{selector: {service: api}}",
        "{selector: {service: api}, packs: {http-api: {status_label: http.status}}}",
    ),
)
whole(
    "parameter beyond its limits",
    BASE.replace(
        "{selector: {service: api}}",
        "{selector: {service: api}, packs: {compliance: {request_within: 40d}, ml-model: {max_drift: -1}}}",
    ),
)
whole(
    "parameter that is no regular expression",
    BASE.replace(
        "{selector: {service: api}}",
        "{selector: {service: api}, packs: {resources: {no_disks: 'tmpfs|('}}}",
    ),
)

# --- notification
whole("no kind of channel", BASE.replace(CHAT, "{}"))
whole("unknown channel", BASE.replace("[chat]", "[chatt]"))
whole("unknown recipient", BASE.replace("[chat]", '["persn:ann"]'))
whole("unknown person", BASE.replace("[chat]", '["person:ann"]'))
whole("unknown schedule", BASE.replace("[chat]", '["oncall:primary"]'))
whole("unknown policy in routing", BASE.replace("critical: urgent", "critical: urgnt"))
whole("unknown severity in routing", BASE.replace("critical: urgent", "critcal: urgent"))
whole("first step waits", BASE.replace("- notify: [chat]", "- {after: 5m, notify: [chat]}"))
whole(
    "second step",
    BASE.replace("    - notify: [chat]\n", "    - notify: [chat]\n    - notify: [chat]\n"),
)
whole(
    "steps out of order",
    BASE.replace(
        "    - notify: [chat]\n",
        "    - notify: [chat]\n    - {after: 30m, notify: [chat]}\n    - {after: 15m, notify: [chat]}\n",
    ),
)
whole("unknown window", BASE.replace("- notify: [chat]", "- {notify: [chat], during: office}"))
SERVICE = "  api: {selector: {service: api}}\n"
for case, escalation in {
    "unknown policy of a service": "urgnt",
    "unknown severity of a service": "{critcal: urgent}",
    "a service's policy for a severity is unknown": "{critical: urgnt}",
    "a list as a service's policy": "[urgent]",
}.items():
    whole(case, BASE.replace(SERVICE, SERVICE.replace("}}", f"}}, escalation: {escalation}}}")))
added("flapping at the first time", "flapping: {fires: 1}\n")
added("flapping within no time", "flapping: {within: 0s}\n")
added("flapping as a word", "flapping: sometimes\n")
added(
    "an alert's flapping as a mapping",
    "alerts:\n  Up: {expr: up == 0, flapping: {fires: 5}}\n",
)
added("shard of one's own", "alerts:\n  Up: {expr: up == 0, labels: {shard: a}}\n")
added("bad number", 'people:\n  ann: {sms: "0611223344"}\n')
added("bad mail", "people:\n  ann: {email: ann}\n")
ROTA = "rotation: {every: 1w, starts: 2026-11-02T09:00, until: 2027-11-01T09:00, members: [ann]}"
added("unknown member of a rotation", f"oncall:\n  primary: {{{ROTA}}}\n")
ANN = "people:\n  ann: {email: ann@example.com}\n"
added("half an hour", ANN + "oncall:\n  p: {" + ROTA.replace("1w", "30m") + "}\n")
added("no rotation", ANN + "oncall:\n  p: {timezone: UTC}\n")
added("rotation and layers", ANN + "oncall:\n  p: {" + ROTA + ", layers: [{" + ROTA + "}]}\n")
added("no beginning", ANN + "oncall:\n  p: {rotation: {every: 1w, members: [ann]}}\n")
added("for ever", ANN + "oncall:\n  p: {" + ROTA.replace("2027-11-01", "2057-11-01") + "}\n")
added("out of time", ANN + "oncall:\n  p: {" + ROTA.replace("2026-11-02", "0001-01-01") + "}\n")
added(
    "hand-over of days on a weekday",
    ANN + "oncall:\n  p: {" + ROTA.replace("1w,", "1d, hand_over: monday 09:00,") + "}\n",
)
added(
    "hand-over at no time",
    ANN + "oncall:\n  p: {" + ROTA.replace("1w,", "1w, hand_over: monady 09:00,") + "}\n",
)


def layer(text: str) -> str:
    """A schedule of two layers, the second restricted so."""
    return f"{ANN}oncall:\n  p:\n    layers:\n      - {ROTA}\n      - {{{text}, {ROTA}}}\n"


added("layer during nothing known", layer("during: office"))
added("layer during two things", layer("during: {weekdays: [monday], from: monday 09:00}"))
added("layer during no time", layer('during: {times: [{from: "09:00", until: "09:00"}]}'))
added("layer during a wrapped week", layer("during: {weekdays: ['sunday:monday']}"))
added("layer in no zone", layer("timezone: Mars/Olympus"))
added(
    "layers of one name",
    layer("name: layer 1")
    .replace("layer 1", "layer-1")
    .replace("- rotation", "- name: layer-1\n        rotation"),
)
added("layer of whom", layer("name: x").replace("[ann]", "[anne]"))
SHIFTED = ANN + "oncall:\n  p: {" + ROTA + "}\n"
added("shifted from nothing", SHIFTED + "  q: {shift_from: primary}\n")
added("shifted twice", SHIFTED + "  q: {shift_from: p}\n  r: {shift_from: q}\n")
added("shifted in time", SHIFTED + "  q: {shift_from: p, starts: 2026-11-09T09:00}\n")
added("shifted by nothing", SHIFTED + "  q: {shift_from: p, offset: 0}\n")
added("offset of its own", SHIFTED.replace("p: {", "p: {offset: 1, "))


def holiday(text: str) -> str:
    """A schedule with one rule for holidays."""
    return SHIFTED.replace("p: {", f"p: {{holidays: [{{{text}}}], ")


added("holiday of nobody and somebody", holiday("days: [2026-12-25], member: ann, nobody: true"))
added("holiday of none", holiday("days: [2026-12-25]"))
added("holiday without days", holiday("member: ann"))
added("holiday of a stranger", holiday("days: [2026-12-25], members: [ann, eve]"))
added("no such day", holiday("days: [2027-02-29], member: ann"))
added("not a day", holiday("days: [christmas], member: ann"))
added("holiday backwards", holiday("days: [{first: 2026-12-26, last: 2026-12-24}], member: ann"))
added("no such calendar", holiday("days: france, member: ann"))
added("a calendar with no such day", "holidays:\n  france: [2026-12-25, 2026-13-01]\n")
added(
    "ends before it starts",
    ANN + "oncall:\n  p: {" + ROTA.replace("2027-11-01", "2025-11-01") + "}\n",
)
added(
    "no such time",
    ANN
    + "timezone: Europe/Paris\noncall:\n  p: {"
    + ROTA.replace("2026-11-02T09:00", "2026-03-29T02:30")
    + "}\n",
)
added(
    "two such times",
    ANN
    + "timezone: Europe/Paris\noncall:\n  p: {"
    + ROTA.replace("2026-11-02T09:00", "2026-10-25T02:30")
    + "}\n",
)
added("not a time", ANN + "oncall:\n  p: {" + ROTA.replace("2026-11-02T09:00", "monday") + "}\n")
added("unknown timezone", "timezone: Europe/Pariss\n")
added("over midnight", 'time_windows:\n  night: {times: [{from: "22:00", until: "06:00"}]}\n')
added("over sunday", "time_windows:\n  w: {weekdays: ['friday:monday']}\n")
added(
    "maintenance backwards",
    "maintenance:\n  - {name: x, from: 2026-12-06T02:00, until: 2026-12-05T22:00}\n",
)
added(
    "maintenance of nobody",
    "maintenance:\n  - {name: x, from: 2026-12-05T22:00, until: 2026-12-06T02:00, services: [db]}\n",
)

# --- severity model
MODEL = "severity_model: {features: {a: {expr: max(x)}}, weights: {a: 1}, levels: {warning: 0.5}}\n"
added("feature without weight", MODEL.replace("weights: {a: 1}", "weights: {}"))
added("weight without feature", MODEL.replace("weights: {a: 1}", "weights: {a: 1, b: 2}"))
added("levels upside down", MODEL.replace("{warning: 0.5}", "{warning: 0.9, critical: 0.5}"))
added("level of one", MODEL.replace("warning: 0.5", "warning: 1"))
added("clamp upside down", MODEL.replace("expr: max(x)", "expr: max(x), clamp: [1, 0]"))

# --- metrics, collecting
added("buckets of a gauge", "metrics:\n  x: {type: gauge, buckets: [1, 2]}\n")
added("buckets that fall", "metrics:\n  x: {type: histogram, buckets: [2, 1]}\n")
added("unknown type", "metrics:\n  x: {type: couter}\n")
added("a metric without series", "metrics:\n  x: {type: gauge, series: 0}\n")
added("series that are no number", "metrics:\n  x: {type: gauge, series: many}\n")
added("no targets", "collect:\n  - {job: x}\n")
added(
    "two jobs of one name",
    "collect:\n  - {job: x, targets: ['a:1']}\n  - {job: x, targets: ['a:2']}\n",
)
added("slow timeout", "collect:\n  - {job: x, targets: ['a:1'], interval: 15s, timeout: 30s}\n")
added(
    "tenant label of a job", "collect:\n  - {job: x, targets: ['a:1'], labels: {tenant: other}}\n"
)
added("unknown tier", "tier: gld\n")

added(
    "test-expectations",
    """\
alerts:
  QueueHigh:
    threshold: {expr: queue_depth, above: 1}
    tests:
      - series: {queue_depth: 1x10}
        expect: [{alerts: []}, {at: 5m, alerts: [{label: {queue: a}}]}]
""",
)
# --- who is told
added("expectation without a time", "expect:\n  - {alert: A, tells: [chat]}\n")
added("expectation of a channel", "expect:\n  - {alert: A, at: 2026-12-25T03:00, tells: [chta]}\n")
added(
    "expectation of a schedule",
    "expect:\n  - {alert: A, at: 2026-12-25T03:00, tells: ['oncall:p']}\n",
)
added("nobody and others", "expect:\n  - {alert: A, at: 2026-12-25T03:00, tells: [chat, nobody]}\n")
added("expectation at no time", "expect:\n  - {alert: A, at: christmas, tells: [nobody]}\n")
added(
    "expectation in the lost hour",
    "timezone: Europe/Paris\nexpect:\n  - {alert: A, at: 2026-03-29T02:30, tells: [nobody]}\n",
)
whole("people is a truth", BASE.replace("slack}}", "slack}, people: ops}"))
added("an ignore without a reason", "metrics:  # tocsin: ignore promql-topk\n  x: {type: gauge}\n")
added("an ignore without a code", "metrics:\n  # tocsin: ignore\n  x: {type: gauge}\n")
added(
    "an ignore without a day",
    "metrics:\n  # tocsin: ignore promql-topk we need it until soon\n  x: {type: gauge}\n",
)

# --- what stands in the wrong place
whole(
    "alerts of a service",
    BASE.replace(
        "  api: {selector: {service: api}}",
        "  api:\n    selector: {service: api}\n    alerts:\n      Down: {expr: up == 0}",
    ),
)
added(
    "severity and for of a threshold",
    "alerts:\n  A: {threshold: {expr: up, above: 1, severity: critical, for: 5m}}\n",
)
added(
    "sli not in its mapping",
    "slos:\n  a: {service: api, objective: 99%, events: {total: t, errors: e}}\n",
)
whole(
    "kind of a channel as a value",
    BASE.replace(CHAT, '{kind: slack, channel: "#x", api_url_file: /s/slack}'),
)
whole(
    "description of an address", BASE.replace(CHAT, "{webhook: {url_file: /s/x, description: x}}")
)
added("dashboard in capitals", "dashboards:\n  own:\n    Mine: {title: Mine, panels: {}}\n")
whole("misspelt kind of a channel", BASE.replace("{slack:", "{slak:"))
whole("tier in capitals", BASE.replace("tenant: acme", "tenant: acme\ntier: Gold"))
whole(
    "expression as a metric of a pack",
    BASE.replace(
        "{selector: {service: api}}",
        "{selector: {service: api}, packs: {http-api: {requests: 'rate(x[5m]'}}}",
    ),
)
added(
    "secret in a runbook's address",
    "alerts:\n  A: {expr: up == 0, runbook: 'https://u:hunter2@wiki.example.com/x'}\n",
)
