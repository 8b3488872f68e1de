"""Channels and people to Alertmanager integrations: one entry of `KINDS` per kind of channel.

A kind states the section it is written to, Alertmanager's fields, and the oldest version that can
do it. Who is told when is `routing`'s business; what messages say is in templates/notifications.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.findings import Finding, Place, error, warning
from generator.spec.model import Channel, Person, Platform, Tenant
from generator.values import Version

TEMPLATES = ("common.tmpl", "email.tmpl", "pagerduty.tmpl", "slack.tmpl", "sms.tmpl", "teams.tmpl")
"""Files of templates/notifications that receivers use."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One entry of a receiver: `section` is `slack_configs`, `fields` are Alertmanager's own."""

    section: str
    fields: Mapping[str, Any]
    since: Version = Version(0, 25)
    needs: str = ""
    """What it is that needs version `since`, in words."""
    instead: str = ""
    """What an older version can do instead."""
    alone: bool = False
    """Whether its receiver's name tells the other side something, so that it shares none."""


Compiler = Callable[[Channel, Platform], Integration]

KINDS: dict[str, Compiler] = {}
"""Kind of channel -> its compiler."""


def integration(
    channel: Channel, platform: Platform
) -> tuple[Integration | None, tuple[Finding, ...]]:
    """What a channel becomes; None with an error when the target version cannot do it."""
    compiler = KINDS.get(channel.kind)
    if compiler is None or not channel.fields:
        message = f"the channel {channel.name} says nothing about where to send"
        return None, (error("no-channel", message, channel.place, f"kinds: {', '.join(KINDS)}"),)
    made = compiler(channel, platform)
    return _checked(made, channel.place, platform, channel.kind == "email")


def contact(
    person: Person, way: str, on_call: bool, tenant: Tenant, platform: Platform, place: Place
) -> tuple[str, Integration | None, tuple[Finding, ...]]:
    """How a person is told: the contact used, its integration, findings.

    `way` is email, sms or slack, or empty for the first that they have and that can be used.
    Personal pagers hear nothing of the end: whoever is on call later would not know why.
    """
    if way == "slack" and person.contacts.get("slack") and not _of_kind(tenant, "slack"):
        message = f"{person.name} cannot be told in Slack: the tenant has no slack channel"
        hint = "add a slack channel, whose api_url_file is used for its members too"
        return way, None, (error("no-contact", message, place, hint),)
    usable = [c for c in person.contacts if c != "slack" or _of_kind(tenant, "slack")]
    chosen = way or next(iter(usable), "")
    address = person.contacts.get(chosen)
    if address is None:
        message = f"{person.name} has no contact that can be used here"
        hint = "give them email or sms"
        return chosen, None, (error("no-contact", message, place, hint),)
    quiet = on_call or chosen == "sms"
    made = _CONTACTS[chosen](address, tenant, quiet)
    found, findings = _checked(made, place, platform, chosen == "email")
    if chosen == "sms" and not _of_kind(tenant, "sms"):
        message = f"{person.name}'s messages go through Amazon SNS as the server is set up for it"
        hint = "add an sms channel: its region, role or bridge is used for people too"
        findings += (warning("sms-gateway", message, place, hint),)
    return chosen, found, findings


def _checked(
    made: Integration, place: Place, platform: Platform, mail: bool
) -> tuple[Integration | None, tuple[Finding, ...]]:
    target = platform.targets.alertmanager
    if mail and platform.smtp is None:
        message = "mail needs a relay"
        hint = "add smtp: {smarthost: ..., from: ...} to platform.yaml"
        return None, (error("no-smtp", message, place, hint),)
    if target < made.since:
        message = f"{made.needs} needs Alertmanager {made.since}; the target is {target}"
        hint = f"set targets.alertmanager to {made.since} or later in platform.yaml"
        hint += f", or {made.instead}" if made.instead else ""
        return None, (error("alertmanager-version", message, place, hint),)
    return made, ()


def _kind(name: str) -> Callable[[Compiler], Compiler]:
    def register(compiler: Compiler) -> Compiler:
        KINDS[name] = compiler
        return compiler

    return register


# --------------------------------------------------------------------------- the kinds


@_kind("slack")
def _slack(channel: Channel, platform: Platform) -> Integration:
    fields = channel.fields
    known = {k: fields[k] for k in ("channel", "api_url_file", "username") if k in fields}
    return _slack_message(known, bool(fields.get("send_resolved", True)))


def _slack_message(known: Mapping[str, Any], resolved: bool) -> Integration:
    return Integration(
        "slack_configs",
        {
            **known,
            "send_resolved": resolved,
            "color": _template("slack.color"),
            "title": _template("slack.title"),
            "title_link": _template("alerts"),
            "fallback": _template("slack.title"),
            "text": _template("slack.text"),
        },
    )


@_kind("msteams")
def _msteams(channel: Channel, platform: Platform) -> Integration:
    return Integration(
        "msteamsv2_configs",
        {
            "webhook_url_file": channel.fields["webhook_url_file"],
            "send_resolved": bool(channel.fields.get("send_resolved", True)),
            "title": _template("teams.title"),
            "text": _template("teams.text"),
        },
        since=Version(0, 28),
        needs="Microsoft Teams with its address in a file",
        instead="use a webhook channel with a bridge to Teams",
    )


@_kind("email")
def _email(channel: Channel, platform: Platform) -> Integration:
    return _mail(channel.fields["to"], bool(channel.fields.get("send_resolved", True)))


def _mail(to: str, resolved: bool) -> Integration:
    return Integration(
        "email_configs",
        {
            "to": to,
            "send_resolved": resolved,
            "headers": {"Subject": _template("subject")},
            "html": _template("email.html"),
            "text": _template("email.text"),
        },
    )


@_kind("sms")
def _sms(channel: Channel, platform: Platform) -> Integration:
    return _text_message(
        channel.fields["to"], channel.fields, bool(channel.fields.get("send_resolved", False))
    )


def _text_message(number: str, gateway: Mapping[str, Any], resolved: bool) -> Integration:
    """Through SNS; or through a bridge, which finds the number in the payload's `receiver`."""
    if bridge := gateway.get("bridge_url_file"):
        return Integration(
            "webhook_configs",
            {"url_file": bridge, "send_resolved": resolved},
            since=Version(0, 26),
            needs="a webhook with its address in a file",
            instead="send text messages through Amazon SNS (region)",
            alone=True,
        )
    sigv4 = {k: gateway[k] for k in ("region", "role_arn") if gateway.get(k)}
    return Integration(
        "sns_configs",
        {
            "phone_number": number,
            **({"sigv4": sigv4} if sigv4 else {}),
            "send_resolved": resolved,
            "subject": "",
            "message": _template("sms"),
        },
    )


@_kind("webhook")
def _webhook(channel: Channel, platform: Platform) -> Integration:
    fields = channel.fields
    known = {k: fields[k] for k in ("url", "url_file", "max_alerts") if k in fields}
    known["send_resolved"] = bool(fields.get("send_resolved", True))
    if "url_file" not in fields:
        return Integration("webhook_configs", known)
    return Integration(
        "webhook_configs",
        known,
        since=Version(0, 26),
        needs="a webhook with its address in a file",
        instead="write url when the address holds no secret",
    )


@_kind("pagerduty")
def _pagerduty(channel: Channel, platform: Platform) -> Integration:
    names = platform.labels
    return Integration(
        "pagerduty_configs",
        {
            "routing_key_file": channel.fields["routing_key_file"],
            "send_resolved": bool(channel.fields.get("send_resolved", True)),
            "description": _template("subject"),
            "severity": _template("pagerduty.severity"),
            "client": "Tocsin",
            "client_url": _template("alerts"),
            "class": "{{ .CommonLabels.alertname }}",
            "component": f"{{{{ .CommonLabels.{names.service} }}}}",
            "group": f"{{{{ .CommonLabels.{names.tenant} }}}}",
            "details": {
                "firing": _template("pagerduty.firing"),
                "resolved": _template("pagerduty.resolved"),
                "num_firing": "{{ .Alerts.Firing | len }}",
                "num_resolved": "{{ .Alerts.Resolved | len }}",
                "acknowledge": _template("silence"),
            },
        },
    )


# --------------------------------------------------------------------------- people


def _by_slack(address: str, tenant: Tenant, quiet: bool) -> Integration:
    channel = _of_kind(tenant, "slack")
    assert channel is not None
    known = {"channel": address, "api_url_file": channel.fields["api_url_file"]}
    return _slack_message(known, not quiet)


def _by_sms(address: str, tenant: Tenant, quiet: bool) -> Integration:
    channel = _of_kind(tenant, "sms")
    return _text_message(address, channel.fields if channel else {}, not quiet)


def _by_email(address: str, tenant: Tenant, quiet: bool) -> Integration:
    return _mail(address, not quiet)


_CONTACTS: Mapping[str, Callable[[str, Tenant, bool], Integration]] = {
    "slack": _by_slack,
    "sms": _by_sms,
    "email": _by_email,
}


def _of_kind(tenant: Tenant, kind: str) -> Channel | None:
    """The tenant's first channel of a kind, whose gateway people of the tenant use too."""
    return next((c for c in tenant.channels.values() if c.kind == kind and c.fields), None)


def _template(name: str) -> str:
    return f'{{{{ template "tocsin.{name}" . }}}}'
