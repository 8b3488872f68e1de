"""Notifications as Alertmanager's templates render them, all templates in one process of amtool."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from generator.render.alertmanager import alertmanager_files
from generator.tools import Tool
from tests.builders import platform
from tests.fleets import whole_config

TEXTS = (
    "subject",
    "text",
    "slack.title",
    "slack.text",
    "markdown.title",
    "markdown.text",
    "markdown.message",
    "brief",
    "brief.title",
    "brief.message",
    "sms",
    "sns.subject",
    "color",
    "alerts",
    "silence",
    "silence.short",
    "runbook",
    "dashboard",
    "pagerduty.severity",
    "pagerduty.firing",
    "pagerduty.resolved",
    "opsgenie.priority",
    "victorops.type",
    "pushover.priority",
    "incident",
    "jira.priority",
)
"""Templates that receivers name, without `tocsin.`; the HTML one is rendered by itself."""
SEPARATOR = "\x1e"
EXTERNAL = "https://alertmanager.example.com"
LABELS = {
    "alertname": "QueueBacklog",
    "burn_rate_pair": "1h",
    "queue": "in",
    "service": "api",
    "severity": "critical",
    "team": "core",
    "tenant": "acme",
}
ANNOTATIONS = {
    "summary": "Queue in holds 500 messages",
    "description": "More than 100 for 10m.",
    "runbook_url": "https://ops.example.com/runbooks.md#queuebacklog",
    "dashboard_url": "https://grafana.example.com/d/acme?viewPanel=12&var-queue=in",
}


def write_templates(folder: Path, **changes: Any) -> Path:
    """The templates as a build writes them, with the default names of labels."""
    for artifact in alertmanager_files(whole_config(platform(**changes), {}), "", "specs"):
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    return folder / "alertmanager" / "templates"


def alert(
    labels: Mapping[str, str], annotations: Mapping[str, str], *, over: bool = False
) -> dict[str, Any]:
    return {
        "status": "resolved" if over else "firing",
        "labels": dict(labels),
        "annotations": dict(annotations),
        "startsAt": "2026-01-02T03:04:05Z",
        "endsAt": "2026-01-02T04:04:05Z" if over else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "0123456789abcdef",
    }


def notification(alerts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The data of a message about the alerts, as Alertmanager would make it."""
    told = list(alerts)
    return {
        "receiver": "acme/chat+mail",
        "status": "firing" if any(a["status"] == "firing" for a in told) else "resolved",
        "alerts": told,
        "groupLabels": {"alertname": "QueueBacklog"},
        "commonLabels": _common([a["labels"] for a in told]),
        "commonAnnotations": _common([a["annotations"] for a in told]),
        "externalURL": "http://host.internal:9093",
    }


def _common(many: list[Mapping[str, str]]) -> dict[str, str]:
    return {k: v for k, v in many[0].items() if all(one.get(k) == v for one in many)}


def rendered(amtool: Tool, templates: Path, data: Mapping[str, Any]) -> dict[str, str]:
    """Every template's text for one notification; `html` is the mail."""
    texts = rendered_texts(amtool, templates, data)
    html = _render(amtool, templates, '{{ template "tocsin.email.html" . }}', "html")
    return {**texts, "html": html}


def rendered_texts(amtool: Tool, templates: Path, data: Mapping[str, Any]) -> dict[str, str]:
    """Every template's text but for the mail's HTML: half the time."""
    (templates / "data.json").write_text(json.dumps(data))
    whole = SEPARATOR.join(f'{{{{ template "tocsin.{name}" . }}}}' for name in TEXTS)
    texts = _render(amtool, templates, whole, "text").split(SEPARATOR)
    return dict(zip(TEXTS, texts, strict=True))


def _render(amtool: Tool, templates: Path, text: str, kind: str) -> str:
    answer = subprocess.run(
        [
            amtool.path,
            "template",
            "render",
            "--template.glob=*.tmpl",
            "--template.data=data.json",
            f"--template.type={kind}",
            f"--template.text={text}",
        ],
        cwd=templates,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.removesuffix("\n")


def matchers_of(link: str) -> dict[str, str]:
    """The matchers that a link to a new silence is filled with."""
    prefix = f"{EXTERNAL}/#/silences/new?filter="
    assert link.startswith(prefix), link
    return parsed_filter(unquote(link.removeprefix(prefix)))


def parsed_filter(text: str) -> dict[str, str]:
    """`{a="b", c="d"}` as a mapping."""
    assert text.startswith("{") and text.endswith("}"), text
    found: dict[str, str] = {}
    rest = text[1:-1]
    while rest:
        name, _, rest = rest.partition("=")
        value, rest = _unquoted(rest)
        found[name] = value
        assert rest == "" or rest.startswith(", "), rest
        rest = rest.removeprefix(", ")
    return found


_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}
"""All that every version of Alertmanager reads."""


def _unquoted(text: str) -> tuple[str, str]:
    """A quoted value at the beginning of a text, and what follows it."""
    assert text.startswith('"'), text
    out, at = "", 1
    while text[at] != '"':
        escaped = text[at] == "\\"
        out += _ESCAPES[text[at + 1]] if escaped else text[at]
        at += 2 if escaped else 1
    return out, text[at + 1 :]
