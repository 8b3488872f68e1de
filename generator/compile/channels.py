"""The kinds of channel: one entry of `CHANNELS` for each that Alertmanager can tell.

An entry says where each key of the spec is written, what texts go with it, and which version can
do it. The keys' own descriptions are the schema's; the texts are templates/notifications; who is
told when is `routing`'s business. The page docs/channels.md is made from this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.values import Duration, Version

V25, V26, V28 = Version(0, 25), Version(0, 26), Version(0, 28)
V29, V30, V33 = Version(0, 29), Version(0, 30), Version(0, 33)

HTTP_SINCE: Mapping[str, Version] = {"no_proxy": V28, "proxy_from_environment": V28}
"""Keys of http_config that the oldest version does not know."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a channel in the spec, and where Alertmanager has it."""

    to: str = ""
    """Alertmanager's field, dots between levels; empty: the same name."""
    since: Version = V25
    write: Callable[[Any], Any] = lambda value: value
    needs: str = ""
    """What needs version `since`, in words; empty: the key by its name."""
    instead: str = "leave it out"
    """What an older version can do instead."""


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One kind of channel. `text` are Alertmanager's fields that we fill, templates mostly."""

    title: str
    section: str
    """Alertmanager's section: `slack_configs`."""
    keys: Mapping[str, Key]
    """The spec's keys but for send_resolved, in the order they are written."""
    text: Mapping[str, Any] = field(default_factory=dict)
    since: Version = V25
    needs: str = ""
    """What it is that needs version `since`; empty: the title."""
    instead: str = ""
    """What an older version can do instead."""
    address: str = ""
    """Alertmanager's field that says whom, to be shown to people; empty: none that is no secret."""
    resolved: bool = True
    """Whether the end is told unless the spec says otherwise."""
    escalates: bool = False
    """Whether the service keeps its own clock and calls the next person by itself."""
    lacking: Mapping[Version, str] = field(default_factory=dict)
    """Versions of which a well-known build lacks it, and that build in words."""
    ends: str = ""
    """The day on which the service ends."""


def template(name: str) -> str:
    """A call of one of our own templates with the whole notification."""
    return f'{{{{ template "tocsin.{name}" . }}}}'


def _in_hours(text: str) -> str:
    """A duration for the fields that Go reads by itself: `1d` is `24h` there."""
    rest, parts = Duration.parse(text).ms, []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _keys(*names: str, **others: Key) -> dict[str, Key]:
    """Keys that are written as they are, then others."""
    return {**{name: Key() for name in names}, **others}


_HTTP = {"http_config": Key()}
_SNS = {
    "region": Key("sigv4.region"),
    "role_arn": Key("sigv4.role_arn"),
}
_FILE_SINCE_26 = Key(
    since=V26,
    needs="a webhook with its address in a file",
    instead="write url when the address holds no secret",
)

CHANNELS: Mapping[str, ChannelKind] = {
    "slack": ChannelKind(
        "Slack",
        "slack_configs",
        _keys("channel", "api_url_file")
        | {"app_token_file": Key(since=V30, instead="use api_url_file")}
        | _keys("username", "icon_emoji", "icon_url", "http_config"),
        {
            "color": template("color"),
            "title": template("slack.title"),
            "title_link": template("alerts"),
            "fallback": template("slack.title"),
            "text": template("slack.text"),
        },
        address="channel",
    ),
    "msteams": ChannelKind(
        "Microsoft Teams",
        "msteamsv2_configs",
        _keys("webhook_url_file", "http_config"),
        {"title": template("markdown.title"), "text": template("markdown.text")},
        since=V28,
        needs="Microsoft Teams with its address in a file",
        instead="use a webhook channel with a bridge to Teams",
    ),
    "email": ChannelKind(
        "mail",
        "email_configs",
        {
            "to": Key(),
            "from": Key(),
            "reply_to": Key("headers.Reply-To"),
        },
        {
            "headers": {"Subject": template("subject")},
            "html": template("email.html"),
            "text": template("text"),
        },
        address="to",
    ),
    "sms": ChannelKind(
        "text message",
        "sns_configs",
        {
            "to": Key("phone_number"),
            **_SNS,
            "bridge_url_file": Key(
                "url_file",
                since=V26,
                needs="a webhook with its address in a file",
                instead="send text messages through Amazon SNS (region)",
            ),
            **_HTTP,
        },
        {"subject": "", "message": template("sms")},
        resolved=False,
    ),
    "webhook": ChannelKind(
        "webhook",
        "webhook_configs",
        {"url": Key(), "url_file": _FILE_SINCE_26, "max_alerts": Key()}
        | {"timeout": Key(since=V28, write=_in_hours), **_HTTP},
    ),
    "pagerduty": ChannelKind(
        "PagerDuty",
        "pagerduty_configs",
        _keys("routing_key_file", "url", "http_config"),
        {
            "description": template("subject"),
            "severity": template("pagerduty.severity"),
            "client": "Tocsin",
            "client_url": template("alerts"),
            "details": {
                "firing": template("pagerduty.firing"),
                "resolved": template("pagerduty.resolved"),
                "num_firing": "{{ .Alerts.Firing | len }}",
                "num_resolved": "{{ .Alerts.Resolved | len }}",
                "acknowledge": template("silence"),
            },
            "links": (
                {"href": template("runbook"), "text": "Runbook"},
                {"href": template("dashboard"), "text": "Dashboard"},
            ),
        },
        escalates=True,
    ),
    "opsgenie": ChannelKind(
        "Opsgenie",
        "opsgenie_configs",
        _keys("api_key_file", "api_url", "responders")
        | {"tags": Key(write=",".join), "priority": Key(), **_HTTP},
        {
            "message": template("subject"),
            "description": template("incident"),
            "source": template("alerts"),
            "priority": template("opsgenie.priority"),
        },
        escalates=True,
        ends="2027-04-05",
    ),
    "victorops": ChannelKind(
        "Splunk On-Call",
        "victorops_configs",
        _keys("api_key_file", "routing_key", "api_url", "http_config"),
        {
            "message_type": template("victorops.type"),
            "entity_display_name": template("subject"),
            "state_message": template("incident"),
            "monitoring_tool": "Tocsin",
        },
        address="routing_key",
        escalates=True,
    ),
    "incidentio": ChannelKind(
        "incident.io",
        "incidentio_configs",
        _keys("url", "url_file", "alert_source_token_file", "max_alerts")
        | {"timeout": Key(write=_in_hours), **_HTTP},
        since=V29,
        instead="use a webhook channel with authorization in http_config",
        escalates=True,
    ),
    "discord": ChannelKind(
        "Discord",
        "discord_configs",
        _keys("webhook_url_file", "username", "avatar_url", "http_config"),
        {
            "title": template("markdown.title"),
            "message": template("markdown.text"),
            "content": "",
        },
        since=V28,
        needs="Discord with its address in a file",
        instead="use a webhook channel with a bridge to Discord",
    ),
    "telegram": ChannelKind(
        "Telegram",
        "telegram_configs",
        _keys("bot_token_file", "chat_id")
        | {"message_thread_id": Key(since=V28)}
        | _keys("disable_notifications", "api_url", "http_config"),
        {"parse_mode": "", "message": template("brief.message")},
        since=V26,
        needs="Telegram with its token in a file",
        instead="use a webhook channel with a bridge to Telegram",
        address="chat_id",
    ),
    "pushover": ChannelKind(
        "Pushover",
        "pushover_configs",
        _keys("user_key_file", "token_file")
        | {"priority": Key(write=str)}
        | {"retry": Key(write=_in_hours), "expire": Key(write=_in_hours)}
        | _keys("sound", "device")
        | {"ttl": Key(since=V28, write=_in_hours), **_HTTP},
        {
            "title": template("brief.title"),
            "message": template("brief"),
            "url": template("silence.short"),
            "url_title": "Acknowledge",
            "priority": template("pushover.priority"),
        },
        since=V26,
        needs="Pushover with its keys in files",
    ),
    "webex": ChannelKind(
        "Webex",
        "webex_configs",
        {
            "room_id": Key(),
            "token_file": Key("http_config.authorization.credentials_file"),
            "api_url": Key(),
            **_HTTP,
        },
        {"message": template("markdown.message")},
    ),
    "wechat": ChannelKind(
        "WeChat Work",
        "wechat_configs",
        _keys("api_secret_file", "corp_id", "agent_id", "to_user", "to_party", "to_tag")
        | _keys("api_url", "http_config"),
        {"message": template("brief.message"), "message_type": "text"},
        since=V33,
        needs="WeChat with its secret in a file",
        instead="use a webhook channel with a bridge to WeChat",
    ),
    "sns": ChannelKind(
        "Amazon SNS topic",
        "sns_configs",
        {"topic_arn": Key(), **_SNS, "attributes": Key(), **_HTTP},
        {"subject": template("sns.subject"), "message": template("text")},
        address="topic_arn",
    ),
    "jira": ChannelKind(
        "Jira",
        "jira_configs",
        _keys("api_url", "project", "issue_type", "priority", "labels", "resolve_transition")
        | _keys("reopen_transition", "reopen_duration", "wont_fix_resolution", "http_config"),
        {
            "summary": template("subject"),
            "description": template("incident"),
            "priority": template("jira.priority"),
        },
        since=V28,
        instead="use a webhook channel with a bridge to Jira",
        lacking={V28: "Debian's 0.28.1"},
        address="project",
    ),
    "rocketchat": ChannelKind(
        "Rocket.Chat",
        "rocketchat_configs",
        _keys("token_file", "token_id_file", "channel", "api_url")
        | _keys("emoji", "icon_url", "http_config"),
        {
            "color": template("color"),
            "title": template("markdown.title"),
            "title_link": template("alerts"),
            "text": template("markdown.text"),
        },
        since=V28,
        instead="use a webhook channel with a bridge to Rocket.Chat",
        address="channel",
    ),
    "mattermost": ChannelKind(
        "Mattermost",
        "mattermost_configs",
        _keys("webhook_url_file", "channel", "username", "icon_url", "icon_emoji", "http_config"),
        {
            "color": template("color"),
            "title": template("markdown.title"),
            "title_link": template("alerts"),
            "fallback": template("markdown.title"),
            "text": template("markdown.text"),
        },
        since=V30,
        instead="use a webhook channel with a bridge to Mattermost",
        address="channel",
    ),
}
"""Kind of channel, as the schema names it -> what it is."""

SELF_ESCALATING = frozenset(name for name, kind in CHANNELS.items() if kind.escalates)
"""Kinds that are told once and call the next person by themselves."""


def spoken(section: str, entry: Mapping[str, Any]) -> tuple[str, str]:
    """An entry of a receiver in words: the kind of channel, and whom it tells unless secret."""
    kinds = [kind for kind in CHANNELS.values() if kind.section == section]
    for kind in kinds:
        if kind.address in entry:
            return kind.title, str(entry[kind.address])
    return (kinds[0].title if kinds else section.removesuffix("_configs")), ""


def placed(keys: Mapping[str, Key], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A channel's fields where Alertmanager has them, in the order of `keys`."""
    found: dict[str, Any] = {}
    for name, key in keys.items():
        if name in fields:
            _put(found, (key.to or name).split("."), key.write(fields[name]))
    return found


def merged(first: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """Both, level by level; `first` wins."""
    found = dict(first)
    for name, value in then.items():
        mine = found.get(name)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            found[name] = merged(mine, value)
        elif name not in found:
            found[name] = value
    return found


def _put(into: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        into = into.setdefault(step, {})
    if isinstance(value, Mapping):
        value = merged(into.get(path[-1], {}), value)
    into[path[-1]] = value
