"""Channels to Alertmanager receivers: one entry per kind of channel, nothing else knows a kind.

Secrets are file references, never values. A kind that the target version has not is a finding that
says which version has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.compile.naming import receiver as receiver_name
from generator.findings import Finding, Place, error
from generator.ir.routing import Receiver
from generator.spec.model import Channel, Person, Platform, Recipient, Tenant
from generator.values import Version

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """How one kind of channel is written for Alertmanager."""

    since: Version
    configs: str
    """Key of the receiver's list: `slack_configs`."""
    write: Callable[[Fields], dict[str, Any]]
    instead: str
    """What to use before `since`."""


def _slack(fields: Fields) -> dict[str, Any]:
    return {
        "channel": fields["channel"],
        "api_url_file": fields["api_url_file"],
        "username": fields.get("username", "tocsin"),
        "send_resolved": fields.get("send_resolved", True),
        "title": '{{ template "tocsin.title" . }}',
        "title_link": '{{ template "tocsin.dashboard" . }}',
        "text": '{{ template "tocsin.slack.text" . }}',
        "fallback": '{{ template "tocsin.line" . }}',
        "color": '{{ template "tocsin.color" . }}',
    }


def _msteams(fields: Fields) -> dict[str, Any]:
    return {
        "webhook_url_file": fields["webhook_url_file"],
        "send_resolved": fields.get("send_resolved", True),
        "title": '{{ template "tocsin.title" . }}',
        "text": '{{ template "tocsin.teams.text" . }}',
    }


def _email(fields: Fields) -> dict[str, Any]:
    return {
        "to": fields["to"],
        "send_resolved": fields.get("send_resolved", True),
        "headers": {"Subject": '{{ template "tocsin.line" . }}'},
        "html": '{{ template "tocsin.email.html" . }}',
        "text": '{{ template "tocsin.email.text" . }}',
    }


def _sms(fields: Fields) -> dict[str, Any]:
    sigv4 = {"region": fields["region"]}
    if "role_arn" in fields:
        sigv4["role_arn"] = fields["role_arn"]
    return {
        "phone_number": fields["to"],
        "sigv4": sigv4,
        "send_resolved": fields.get("send_resolved", False),
        "message": '{{ template "tocsin.sms" . }}',
    }


def _sms_bridge(fields: Fields) -> dict[str, Any]:
    return {
        "url_file": fields["bridge_url_file"],
        "send_resolved": fields.get("send_resolved", False),
    }


def _webhook(fields: Fields) -> dict[str, Any]:
    where = {k: fields[k] for k in ("url_file", "url") if k in fields}
    written = {**where, "send_resolved": fields.get("send_resolved", True)}
    if fields.get("max_alerts"):
        written["max_alerts"] = fields["max_alerts"]
    return written


def _pagerduty(fields: Fields) -> dict[str, Any]:
    return {
        "routing_key_file": fields["routing_key_file"],
        "send_resolved": fields.get("send_resolved", True),
        "description": '{{ template "tocsin.line" . }}',
        "severity": '{{ template "tocsin.pagerduty.severity" . }}',
        "client": "tocsin",
        "client_url": '{{ template "tocsin.dashboard" . }}',
        "details": {
            "description": '{{ template "tocsin.plain" . }}',
            "runbook": '{{ template "tocsin.runbook" . }}',
        },
    }


_BRIDGE = "a webhook channel with a bridge of your own"
KINDS: Mapping[str, ChannelKind] = {
    "slack": ChannelKind(Version(0, 25), "slack_configs", _slack, ""),
    "msteams": ChannelKind(Version(0, 28), "msteamsv2_configs", _msteams, _BRIDGE),
    "email": ChannelKind(Version(0, 25), "email_configs", _email, ""),
    "sms": ChannelKind(Version(0, 25), "sns_configs", _sms, ""),
    "sms-bridge": ChannelKind(Version(0, 26), "webhook_configs", _sms_bridge, "region, for SNS"),
    "webhook": ChannelKind(Version(0, 25), "webhook_configs", _webhook, ""),
    "webhook-file": ChannelKind(Version(0, 26), "webhook_configs", _webhook, "url, in clear"),
    "pagerduty": ChannelKind(Version(0, 25), "pagerduty_configs", _pagerduty, ""),
}
"""Every kind of channel; `sms-bridge` and `webhook-file` are how two of them need more."""

Integration = tuple[str, dict[str, Any]]


def kind_of(channel: Channel) -> ChannelKind:
    """The entry that writes a channel."""
    if channel.kind == "sms" and "bridge_url_file" in channel.fields:
        return KINDS["sms-bridge"]
    if channel.kind == "webhook" and "url_file" in channel.fields:
        return KINDS["webhook-file"]
    return KINDS[channel.kind]


def channel_findings(channels: Sequence[Channel], platform: Platform) -> list[Finding]:
    """What the target Alertmanager cannot do, and mail without a relay."""
    target = platform.targets.alertmanager
    findings = []
    for channel in channels:
        kind = kind_of(channel)
        if kind.since > target:
            message = f"{channel.kind} in this form needs Alertmanager {kind.since}, not {target}"
            hint = f"use {kind.instead}, or raise targets.alertmanager in the platform"
            findings.append(error("channel-version", message, channel.place, hint))
        if channel.kind == "email":
            findings += _mail_findings(channel.place, platform)
    return findings


def person_findings(
    recipients: Sequence[Recipient], tenant: Tenant, platform: Platform
) -> list[Finding]:
    """People told by mail need a relay too."""
    findings: list[Finding] = []
    for recipient in recipients:
        person = tenant.people.get(recipient.name)
        if recipient.kind == "person" and person and contact_of(person, recipient) == "email":
            findings += _mail_findings(recipient.place, platform)
    return findings


def _mail_findings(place: Place | None, platform: Platform) -> list[Finding]:
    if platform.smtp is not None:
        return []
    hint = "add smtp: {smarthost: ..., from: ...} to the platform"
    return [error("no-mail-relay", "mail needs the platform's smtp", place, hint)]


def contact_of(person: Person, recipient: Recipient) -> str:
    """The contact to use: the one asked for, else the person's first."""
    return recipient.contact or next(iter(person.contacts), "")


def channel_receiver_name(tenant: str, channel: Channel) -> str:
    """A shared channel has one receiver for all tenants."""
    return receiver_name("platform" if channel.shared else tenant, channel.name)


def integration(channel: Channel) -> Integration:
    """A channel's part of a receiver."""
    kind = kind_of(channel)
    return kind.configs, kind.write(channel.fields)


def person_integrations(
    person: Person, contact: str, slack: Channel | None, sms: Channel | None
) -> list[Integration]:
    """A person's part of a receiver; nobody hears "resolved" on a personal pager.

    Slack messages go through `slack`'s webhook, SMS through `sms`'s account; without them the
    person's mail is used.
    """
    address = person.contacts.get(contact, "")
    if contact == "slack" and slack is not None:
        fields = {**slack.fields, "channel": address, "send_resolved": False}
        return [("slack_configs", _slack(fields))]
    if contact == "sms" and sms is not None:
        fields = {**sms.fields, "to": address, "send_resolved": False}
        return [integration(Channel(person.name, "sms", fields, person.place))]
    if contact == "email":
        return [("email_configs", _email({"to": address, "send_resolved": False}))]
    return []


def combined(name: str, integrations: Sequence[Integration]) -> Receiver:
    """One receiver with several integrations, each kind sorted."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for configs, fields in integrations:
        if fields not in grouped.setdefault(configs, []):
            grouped[configs].append(fields)
    return Receiver(name, {key: tuple(grouped[key]) for key in sorted(grouped)})
