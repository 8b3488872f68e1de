"""Channels and people to Alertmanager integrations, by the table of `channels`.

Here is what a target version cannot do, what a channel needs of the platform, and how people are
told. Who is told when is `routing`'s business; what messages say is in templates/notifications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.compile.channels import (
    CHANNELS,
    HTTP_SINCE,
    ChannelKind,
    merged,
    placed,
)
from generator.findings import Finding, Level, Place, error, info, warning
from generator.spec.model import Channel, Person, Platform, Tenant
from generator.values import Version

TEMPLATES = (
    "common.tmpl",
    "email.tmpl",
    "markdown.tmpl",
    "services.tmpl",
    "slack.tmpl",
    "sms.tmpl",
    "text.tmpl",
)
"""Files of templates/notifications that receivers use."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One entry of a receiver: `section` is `slack_configs`, `fields` are Alertmanager's own."""

    section: str
    fields: Mapping[str, Any]
    alone: bool = False
    """Whether its receiver's name tells the other side something, so that it shares none."""


def integration(
    channel: Channel, platform: Platform
) -> tuple[Integration | None, tuple[Finding, ...]]:
    """What a channel becomes; None with an error when the target version cannot do it."""
    kind = CHANNELS.get(channel.kind)
    if kind is None or not channel.fields:
        message = f"the channel {channel.name} says nothing about where to send"
        return None, (error("no-channel", message, channel.place, f"kinds: {', '.join(CHANNELS)}"),)
    findings = _findings(channel, kind, platform)
    if any(f.level is Level.ERROR for f in findings):
        return None, findings
    resolved = bool(channel.fields.get("send_resolved", kind.resolved))
    return _made(channel.kind, channel.fields, resolved, platform), findings


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
    fields = _CONTACTS[chosen](address, _of_kind(tenant, chosen))
    as_channel = Channel(person.name, chosen, fields, place)
    findings = _findings(as_channel, CHANNELS[chosen], platform)
    if chosen == "sms" and not _of_kind(tenant, "sms"):
        message = f"{person.name}'s messages go through Amazon SNS as the server is set up for it"
        hint = "add an sms channel: its region, role or bridge is used for people too"
        findings += (warning("sms-gateway", message, place, hint),)
    if any(f.level is Level.ERROR for f in findings):
        return chosen, None, findings
    quiet = on_call or chosen == "sms"
    return chosen, _made(chosen, fields, not quiet, platform), findings


# --------------------------------------------------------------------------- what it becomes


def _made(name: str, fields: Mapping[str, Any], resolved: bool, platform: Platform) -> Integration:
    kind = CHANNELS[name]
    if name == "sms" and "bridge_url_file" in fields:
        return _bridge(fields, resolved)
    written = placed(kind.keys, fields)
    text = dict(kind.text)
    if name == "pagerduty":
        text |= _labels_of_pagerduty(platform)
    return Integration(kind.section, merged(written | {"send_resolved": resolved}, text))


def _bridge(fields: Mapping[str, Any], resolved: bool) -> Integration:
    """A bridge to text messages finds the number in the payload's `receiver`."""
    keys = {name: CHANNELS["sms"].keys[name] for name in ("bridge_url_file", "http_config")}
    written = placed(keys, fields)
    return Integration("webhook_configs", written | {"send_resolved": resolved}, alone=True)


def _labels_of_pagerduty(platform: Platform) -> dict[str, str]:
    names = platform.labels
    labels = {"class": "alertname", "component": names.service, "group": names.tenant}
    return {key: f"{{{{ .CommonLabels.{label} }}}}" for key, label in labels.items()}


# --------------------------------------------------------------------------- what it cannot do


def _findings(channel: Channel, kind: ChannelKind, platform: Platform) -> tuple[Finding, ...]:
    target, place = platform.targets.alertmanager, channel.place
    found = list(_too_old(channel, kind, target))
    if channel.kind == "email" and platform.smtp is None:
        message = "mail needs a relay"
        hint = "add smtp: {smarthost: ..., from: ...} to platform.yaml"
        found.append(error("no-smtp", message, place, hint))
    if not found and (build := kind.lacking.get(target)):
        message = f"{build} was built without {kind.title}, unlike {target} as it was released"
        hint = "check the configuration with the Alertmanager that will run it, or run a later one"
        found.append(warning("alertmanager-build", message, place, hint))
    if kind.ends:
        message = f"{kind.title} ends on {kind.ends}"
        hint = "plan another channel before that day"
        found.append(info("channel-ends", message, place, hint))
    return tuple(found)


def _too_old(channel: Channel, kind: ChannelKind, target: Version) -> Iterator[Finding]:
    """The kind itself, else each of its keys, that needs a later version than the target."""
    needs: list[tuple[Version, str, str]] = [(kind.since, kind.needs or kind.title, kind.instead)]
    if target >= kind.since:
        for name, key in kind.keys.items():
            if name in channel.fields:
                needs.append((key.since, key.needs or f"{channel.kind}.{name}", key.instead))
        for name in channel.fields.get("http_config", {}):
            since = HTTP_SINCE.get(name, target)
            needs.append((since, f"http_config.{name}", "leave it out"))
    for since, what, instead in needs:
        if target < since:
            message = f"{what} needs Alertmanager {since}; the target is {target}"
            hint = f"set targets.alertmanager to {since} or later in platform.yaml"
            hint += f", or {instead}" if instead else ""
            yield error("alertmanager-version", message, channel.place, hint)


# --------------------------------------------------------------------------- people


def _by_slack(address: str, channel: Channel | None) -> dict[str, Any]:
    assert channel is not None
    gateway = ("api_url_file", "app_token_file", "http_config")
    kept = {key: channel.fields[key] for key in gateway if key in channel.fields}
    return {"channel": address, **kept}


def _by_sms(address: str, channel: Channel | None) -> dict[str, Any]:
    return {**(channel.fields if channel else {}), "to": address}


def _by_email(address: str, channel: Channel | None) -> dict[str, Any]:
    return {"to": address}


_CONTACTS: Mapping[str, Callable[[str, Channel | None], dict[str, Any]]] = {
    "slack": _by_slack,
    "sms": _by_sms,
    "email": _by_email,
}


def _of_kind(tenant: Tenant, kind: str) -> Channel | None:
    """The tenant's first channel of a kind, whose gateway people of the tenant use too."""
    return next((c for c in tenant.channels.values() if c.kind == kind and c.fields), None)
