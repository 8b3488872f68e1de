"""Channels and people: what each becomes, from which version, and what is told instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from generator.compile.receivers import contact, integration
from generator.spec.model import Channel, Targets
from generator.values import Version
from tests.builders import PLACE, platform, tenant
from tests.compile_routing.planned import person

SLACK = {"channel": "#a", "api_url_file": "/s/slack"}
BY_FILE = {"url_file": "/s/hook"}


def target(version: str) -> Any:
    return platform(targets=Targets(alertmanager=Version.parse(version)))


def channel(kind: str, name: str = "it", **fields: Any) -> Channel:
    return Channel(name, kind, fields, PLACE)


@pytest.mark.parametrize(
    ("kind", "fields", "section", "expected"),
    [
        (
            "slack",
            {**SLACK, "username": "tocsin"},
            "slack_configs",
            {**SLACK, "username": "tocsin"},
        ),
        (
            "msteams",
            {"webhook_url_file": "/s/t"},
            "msteamsv2_configs",
            {"webhook_url_file": "/s/t"},
        ),
        ("email", {"to": "a@example.com"}, "email_configs", {"to": "a@example.com"}),
        ("webhook", BY_FILE, "webhook_configs", BY_FILE),
        ("webhook", {"url": "http://x", "max_alerts": 5}, "webhook_configs", {"max_alerts": 5}),
        (
            "sms",
            {"to": "+336", "region": "eu-west-3"},
            "sns_configs",
            {"phone_number": "+336", "sigv4": {"region": "eu-west-3"}, "subject": ""},
        ),
        ("sms", {"to": "+336", "bridge_url_file": "/s/b"}, "webhook_configs", {"url_file": "/s/b"}),
        (
            "pagerduty",
            {"routing_key_file": "/s/pd"},
            "pagerduty_configs",
            {"routing_key_file": "/s/pd"},
        ),
    ],
)
def test_a_channel_becomes_its_section(
    kind: str, fields: Mapping[str, Any], section: str, expected: Mapping[str, Any]
) -> None:
    made, findings = integration(channel(kind, **fields), target("0.28"))
    assert findings == ()
    assert made is not None and made.section == section
    assert expected.items() <= made.fields.items()


@pytest.mark.parametrize(
    ("kind", "fields", "resolved"),
    [
        ("slack", SLACK, True),
        ("email", {"to": "a@example.com"}, True),
        ("sms", {"to": "+336", "region": "r"}, False),
        ("sms", {"to": "+336", "region": "r", "send_resolved": True}, True),
        ("webhook", {"url": "http://x", "send_resolved": False}, False),
    ],
)
def test_the_end_is_told_but_in_text_messages(
    kind: str, fields: Mapping[str, Any], resolved: bool
) -> None:
    made, _ = integration(channel(kind, **fields), target("0.28"))
    assert made is not None and made.fields["send_resolved"] is resolved


@pytest.mark.parametrize(
    ("version", "kind", "fields", "message", "hint"),
    [
        (
            "0.25",
            "webhook",
            BY_FILE,
            "a webhook with its address in a file needs Alertmanager 0.26; the target is 0.25",
            "set targets.alertmanager to 0.26 or later in platform.yaml, or write url when the "
            "address holds no secret",
        ),
        (
            "0.27",
            "msteams",
            {"webhook_url_file": "/s/t"},
            "Microsoft Teams with its address in a file needs Alertmanager 0.28; "
            "the target is 0.27",
            "set targets.alertmanager to 0.28 or later in platform.yaml, or use a webhook channel "
            "with a bridge to Teams",
        ),
        (
            "0.25",
            "sms",
            {"to": "+336", "bridge_url_file": "/s/b"},
            "a webhook with its address in a file needs Alertmanager 0.26; the target is 0.25",
            "set targets.alertmanager to 0.26 or later in platform.yaml, or send text messages "
            "through Amazon SNS (region)",
        ),
    ],
)
def test_what_a_version_cannot_do_names_the_one_that_can(
    version: str, kind: str, fields: Mapping[str, Any], message: str, hint: str
) -> None:
    made, (found,) = integration(channel(kind, **fields), target(version))
    assert made is None
    assert (found.code, found.message, found.hint) == ("alertmanager-version", message, hint)


def test_mail_needs_a_relay() -> None:
    made, (found,) = integration(channel("email", to="a@example.com"), platform(smtp=None))
    assert made is None
    assert found.code == "no-smtp"


@pytest.mark.parametrize(
    ("contacts", "way", "on_call", "chosen", "section", "resolved"),
    [
        ({"slack": "@a", "sms": "+336", "email": "a@x"}, "", True, "slack", "slack_configs", False),
        ({"slack": "@a", "email": "a@x"}, "email", False, "email", "email_configs", True),
        ({"email": "a@x"}, "", True, "email", "email_configs", False),
        ({"sms": "+336", "email": "a@x"}, "", False, "sms", "sns_configs", False),
    ],
)
def test_people_are_told_by_the_contact_they_prefer(
    contacts: dict[str, str], way: str, on_call: bool, chosen: str, section: str, resolved: bool
) -> None:
    """Personal pagers hear nothing of the end: who is on call later would not know why."""
    found, made, _ = contact(person("ann", **contacts), way, on_call, tenant(), platform(), PLACE)
    assert found == chosen
    assert made is not None
    assert (made.section, made.fields["send_resolved"]) == (section, resolved)


def test_text_messages_to_people_take_the_gateway_of_the_tenants_sms_channel() -> None:
    gateway = channel("sms", to="+1", region="eu-west-3", role_arn="arn:x")
    spec = tenant(channels={"sms": gateway})
    _, made, findings = contact(person("ann", sms="+336"), "sms", False, spec, platform(), PLACE)
    assert findings == ()
    assert made is not None
    assert made.fields["sigv4"] == {"region": "eu-west-3", "role_arn": "arn:x"}


def test_slack_to_people_goes_the_way_of_the_tenants_slack_channel() -> None:
    """The same token and proxy, and nothing else of the channel: not its name, not its picture."""
    proxy = {"proxy_url": "http://proxy:3128"}
    way = {"app_token_file": "/s/app", "http_config": proxy}
    spec = tenant(channels={"chat": channel("slack", channel="#a", icon_emoji=":x:", **way)})
    person_ = person("ann", slack="@ann")
    _, made, findings = contact(person_, "slack", True, spec, target("0.30"), PLACE)
    assert findings == ()
    assert made is not None
    assert {"channel": "@ann", **way, "send_resolved": False}.items() <= made.fields.items()
    assert "icon_emoji" not in made.fields
    _, made, (found,) = contact(person_, "slack", True, spec, target("0.28"), PLACE)
    assert made is None
    assert "slack.app_token_file needs Alertmanager 0.30" in found.message


def test_without_one_it_is_told_that_the_server_decides() -> None:
    _, made, (found,) = contact(person("a", sms="+3"), "", False, tenant(), platform(), PLACE)
    assert made is not None and "sigv4" not in made.fields
    assert found.code == "sms-gateway"


def test_slack_to_people_needs_a_slack_channel() -> None:
    spec = tenant(channels={})
    slack = person("ann", slack="@ann", email="a@x")
    assert contact(slack, "", False, spec, platform(), PLACE)[0] == "email"
    _, made, (found,) = contact(slack, "slack", False, spec, platform(), PLACE)
    assert made is None
    assert found.code == "no-contact"


def test_no_secret_is_ever_written() -> None:
    """Every field that holds a secret in Alertmanager is written by file."""
    secret = {"api_url", "webhook_url", "auth_password", "routing_key", "service_key", "token"}
    for kind, fields in (
        ("slack", SLACK),
        ("msteams", {"webhook_url_file": "/s"}),
        ("email", {"to": "a@example.com"}),
        ("webhook", BY_FILE),
        ("pagerduty", {"routing_key_file": "/s"}),
    ):
        made, _ = integration(replace(channel(kind), fields=fields), target("0.28"))
        assert made is not None and not secret & made.fields.keys()
