"""One alert through every kind of channel of a real Alertmanager; its link acknowledges it."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
import yaml

from generator.api import build
from generator.compile.channels import CHANNELS
from generator.tools import Tool
from generator.values import Version
from tests.live.sinks import Sinks, sinks
from tests.live.stack import free_port, post, running, until
from tests.notifications.rendered import parsed_filter

PLATFORM = """\
version: 1
targets: {{prometheus: "2.42", alertmanager: "{version}", grafana: "11.0"}}
smtp: {{smarthost: "127.0.0.1:{smtp}", from: tocsin@example.com, require_tls: false}}
timing: {{group_wait: 1s, group_interval: 1s, repeat_interval: 4h}}
fallback: platform-mail
channels:
  platform-mail: {{email: {{to: platform@example.com}}}}
"""
NOT_HERE = {"pushover": "its address cannot be changed"}
HOSTILE = 'a"b\\c\\n\n\t<!channel> @everyone [x](https://evil.example.com) <b> {{ x }} \u202e'
ALERT = {
    "alertname": "QueueBacklog",
    "queue": HOSTILE,
    "service": "api",
    "severity": "critical",
    "team": "core",
    "tenant": "acme",
}
ANNOTATIONS = {
    "summary": f"Queue {HOSTILE} is long",
    "description": f"See {HOSTILE}",
    "runbook_url": "https://ops.example.com/runbooks.md#queuebacklog",
}


def channels(state: Sinks, secrets: Path) -> dict[str, dict[str, Any]]:
    """A channel of every kind that can be sent to the sinks."""
    sink = f"http://127.0.0.1:{state.http}"

    def file(name: str, content: str = "") -> str:
        (secrets / name).write_text(content or f"secret-of-{name}")
        return str(secrets / name)

    return {
        "slack": {"channel": "#a", "api_url_file": file("slack", f"{sink}/slack")},
        "msteams": {"webhook_url_file": file("teams", f"{sink}/msteams")},
        "email": {"to": "team@example.com"},
        "sms": {"to": "+33600000001", "region": "eu-west-3"},
        "webhook": {"url": f"{sink}/webhook"},
        "pagerduty": {"routing_key_file": file("pagerduty"), "url": f"{sink}/pagerduty"},
        "opsgenie": {"api_key_file": file("opsgenie"), "api_url": f"{sink}/opsgenie"},
        "victorops": {
            "api_key_file": file("victorops"),
            "routing_key": "core",
            "api_url": f"{sink}/victorops",
        },
        "incidentio": {
            "url": f"{sink}/incidentio",
            "alert_source_token_file": file("incidentio"),
        },
        "discord": {"webhook_url_file": file("discord", f"{sink}/discord")},
        "telegram": {
            "bot_token_file": file("telegram"),
            "chat_id": -100,
            "api_url": f"{sink}/telegram",
        },
        "webex": {"room_id": "room", "token_file": file("webex"), "api_url": f"{sink}/webex"},
        "wechat": {
            "api_secret_file": file("wechat"),
            "corp_id": "corp",
            "agent_id": "1",
            "to_party": "1",
            "api_url": f"{sink}/wechat",
        },
        "sns": {"topic_arn": "arn:aws:sns:eu-west-3:123456789012:a", "region": "eu-west-3"},
        "jira": {
            "api_url": f"{sink}/jira/rest/api/2",
            "project": "OPS",
            "issue_type": "Bug",
            "labels": ["tocsin"],
        },
        "rocketchat": {
            "token_file": file("rocketchat"),
            "token_id_file": file("rocketchat-id"),
            "channel": "#a",
            "api_url": f"{sink}/rocketchat",
        },
        "mattermost": {"webhook_url_file": file("mattermost", f"{sink}/mattermost")},
    }


def generated(root: Path, state: Sinks, version: Version) -> tuple[Path, set[str]]:
    """The fleet's folder, and the kinds that this version can do."""
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "secrets").mkdir()
    text = PLATFORM.format(version=version, smtp=state.smtp)
    (root / "specs" / "platform.yaml").write_text(text)
    every = channels(state, root / "secrets")
    assert every.keys() | NOT_HERE.keys() == CHANNELS.keys()
    able = {
        name
        for name in every
        if CHANNELS[name].since <= version and version not in CHANNELS[name].lacking
    }
    told = {name: {name: every[name]} for name in sorted(able)}
    told["later"] = {"webhook": {"url": f"http://127.0.0.1:{state.http}/later"}}
    spec = {
        "version": 1,
        "tenant": "acme",
        "owner": {"team": "core"},
        "channels": told,
        "escalation": {
            "urgent": [{"notify": sorted(able)}, {"after": "10m", "notify": ["later"]}],
        },
        "routing": {"critical": "urgent", "warning": "urgent", "info": "urgent"},
    }
    (root / "specs" / "tenants" / "acme.yaml").write_text(json.dumps(spec))
    outcome = build(root, (), root / "output", verify_mode="off")
    config = root / "output" / "fleet" / "alertmanager.yml"
    assert config.is_file(), outcome.findings
    document = yaml.safe_load(config.read_text())
    for receiver in document["receivers"]:
        for entry in receiver.get("sns_configs", ()):
            entry["api_url"] = f"http://127.0.0.1:{state.http}/sns"
            entry["sigv4"] |= {"access_key": "key", "secret_key": "secret"}
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    return config.parent, able


def texts(state: Sinks, kind: str) -> list[str]:
    """What a service was told, in its own fields."""
    if kind == "email":
        return [_part(mail, "plain") for mail in state.mails if mail["To"] == "team@example.com"]
    if kind in ("sms", "sns"):
        number = kind == "sms"
        return [b["Message"] for b in state.to("/sns") if ("PhoneNumber" in b) == number]
    bodies = state.to("/jira/rest/api/2/issue") if kind == "jira" else state.to(f"/{kind}")
    picked = {
        "slack": lambda b: b["attachments"][0]["text"],
        "discord": lambda b: b["embeds"][0]["description"],
        "telegram": lambda b: b["text"],
        "webex": lambda b: b["markdown"],
        "opsgenie": lambda b: b["description"],
        "victorops": lambda b: b["state_message"],
        "pagerduty": lambda b: b["payload"]["custom_details"]["firing"],
        "wechat": lambda b: b["text"]["content"],
        "rocketchat": lambda b: b["attachments"][0]["text"],
        "mattermost": lambda b: b["attachments"][0]["text"],
        "msteams": lambda b: "\n".join(part["text"] for part in _card(b)),
        "jira": lambda b: b["fields"]["description"],
    }
    return [str(picked.get(kind, json.dumps)(body)) for body in bodies]


def _card(body: Mapping[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = body["attachments"][0]["content"]["body"]
    return found


def _part(mail: Any, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content())


@pytest.mark.live
@pytest.mark.tools
def test_every_channel_tells_and_its_link_acknowledges(
    tmp_path: Path, tools: Mapping[str, Tool]
) -> None:
    port = free_port()
    with sinks() as state:
        fleet, able = generated(tmp_path, state, tools["alertmanager"].version)
        with running(tools, fleet, tmp_path / "data", {"alertmanager": port}):
            fire(port, ALERT)
            until("every channel", lambda: all(texts(state, kind) for kind in able), 20)
            for kind in able:
                harmless(kind, texts(state, kind)[0])
            no_defaults(state)
            mail = next(m for m in state.mails if m["To"] == "team@example.com")
            assert "\n" not in mail["Subject"] and mail["Subject"].startswith("[CRITICAL] acme/api")
            assert "<b>" not in _part(mail, "html")

            slack = re.findall(r"<([^|>]*)\|Acknowledge>", texts(state, "slack")[0])[0]
            plain = next(
                line for line in texts(state, "email")[0].split() if "/silences/new" in line
            )
            assert plain == slack
            matchers = parsed_filter(unquote(plain.split("?filter=")[1]))
            assert matchers == ALERT
            assert found(port, unquote(plain.split("?filter=")[1])) == [ALERT]
            acknowledge(port, matchers)

            other = {**ALERT, "queue": "other"}
            for labels in (ALERT, other):
                fire(port, {**labels, "escalation_level": "2"})
            until("the later step of what nobody acknowledged", lambda: state.to("/later"), 20)
            told = [a["labels"]["queue"] for body in state.to("/later") for a in body["alerts"]]
            assert set(told) == {"other"}
            suppressed = {
                (a["labels"]["queue"], a["labels"].get("escalation_level", ""))
                for a in alerts(port)
                if a["status"]["silencedBy"]
            }
            assert suppressed == {(HOSTILE, ""), (HOSTILE, "2")}


def harmless(kind: str, text: str) -> None:
    """A channel's text says what happens, and nothing of a label is more than text."""
    assert "Queue" in text, kind
    assert "<no value>" not in text
    if kind in ("webhook", "incidentio"):
        assert HOSTILE in json.loads(text)["alerts"][0]["annotations"]["summary"]
        return
    assert "\u202e" not in text
    if kind in ("slack", "msteams", "discord", "mattermost", "rocketchat", "webex", "jira"):
        assert "<!channel>" not in text
    if kind in ("msteams", "discord", "mattermost", "rocketchat", "webex"):
        assert "@everyone" not in text
        assert "](https://evil" not in text


def no_defaults(state: Sinks) -> None:
    """No text of Alertmanager's own templates: they differ by version and escape nothing."""
    own = re.compile(r"\[FIRING:|Alerts Firing|Alerts Resolved|- alertname =")
    for path, body in state.posts:
        assert not own.search(json.dumps(body)), (path, body)


def fire(port: int, labels: Mapping[str, str]) -> None:
    now = datetime.now(UTC)
    body = {
        "labels": labels,
        "annotations": ANNOTATIONS,
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
    }
    post(f"http://127.0.0.1:{port}/api/v2/alerts", [body])


def alerts(port: int) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


def found(port: int, written: str) -> list[dict[str, str]]:
    """The labels of the alerts that Alertmanager finds by the link's matchers, as they stand."""
    parts = re.findall(r'\w+="(?:[^"\\]|\\.)*"', written)
    assert "{" + ", ".join(parts) + "}" == written
    query = urlencode([("filter", part) for part in parts])
    address = f"http://127.0.0.1:{port}/api/v2/alerts?{query}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return [alert["labels"] for alert in json.load(answer)]


def acknowledge(port: int, matchers: Mapping[str, str]) -> None:
    """The silence that the link's form makes."""
    now = datetime.now(UTC)
    listed = [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in matchers.items()
    ]
    post(
        f"http://127.0.0.1:{port}/api/v2/silences",
        {
            "matchers": listed,
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "reco-a",
            "comment": "on it",
        },
    )
