"""Channels of a spec: exactly one kind each, fields as the schema has them, no secret among them.

What a kind becomes, and which Alertmanager can do it, is compile's `channels`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from generator.spec.model import Channel
from generator.spec.scalars import Reading, duration, flag, string
from generator.spec.source import Node
from generator.spec.validate import did_you_mean, one_of, schema
from generator.values import Duration

PLATFORM_LAYER = "platform"
"""Layer of what the platform's own channels, people and policies say (see `load`)."""
_AUTHENTICATION = ("authorization", "basic_auth", "oauth2")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SECRET_ADDRESS = re.compile(
    r"://[^/?#]*@"
    r"|[?&](?:token|key|api_?key|secret|sig|signature|password|access_token|code)="
    r"|/hooks?/.{16,}|//hooks\.slack\.com/|/api/webhooks/|/webhookb2/|\.logic\.azure\.com"
    r"|/bot[0-9]+:|/incomingwebhook/",
    re.IGNORECASE,
)
"""User and password, tokens in the query, and the webhooks whose path is the secret."""
_SECRET = re.compile(
    r"xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|[0-9]{6,12}:[\w-]{30,}|AKIA[0-9A-Z]{16}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9+=]{30,}"
    r"|(?=.*[0-9])(?=.*[A-Z])(?=.*[a-z])[\w-]{30,}"
)
"""Tokens of Slack, Telegram and AWS, UUIDs, and what is too long and too mixed for a name."""
_OPEN = frozenset({"room_id", "topic_arn", "role_arn", "id", "corp_id", "client_id"})
"""Fields that identify and look alike."""
_NO_ALERTS = frozenset({"proxy_url", "icon_url", "avatar_url"})
"""Addresses that no alert's text is sent to in plain: a proxy only passes TLS on."""
_LOOPBACK = re.compile(r"(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?", re.IGNORECASE)


def channel_kinds() -> tuple[str, ...]:
    """The kinds of channel that the schema knows, in its order."""
    properties = schema("tenant")["$defs"]["channel"]["properties"]
    return tuple(name for name in properties if name != "people")


def read_channels(node: Node | None, reading: Reading, *, shared: bool) -> dict[str, Channel]:
    """Channels by name; each has exactly one kind."""
    channels: dict[str, Channel] = {}
    kinds = channel_kinds()
    known = {*kinds, "people"}
    for name, place, value in node.values() if node else ():
        if not reading.usable("channels", name):
            continue
        wrong = one_of(value, kinds, "a channel", "channel-kind")
        if wrong:
            # A misspelt kind is told already, as an unknown key with the word it should be.
            if not any(did_you_mean(key, kinds) for key in value.entries if key not in known):
                reading.findings += wrong
            continue
        kind = next(k for k in kinds if value.get(k))
        fields = value.get(kind)
        assert fields is not None
        _check_channel(kind, fields, reading)
        layer = "" if value.layer in ("", PLATFORM_LAYER) else _written_in(value.layer)
        people = value.get("people")
        channels[name] = Channel(
            name,
            kind,
            fields.data(),
            place,
            shared or bool(value.layer),
            layer,
            flag(people, True) if people is not None else None,
        )
    return channels


def _written_in(layer: str) -> str:
    """`platform defaults` -> `defaults`, `tier gold` -> `tier/gold`: as receivers are named."""
    return layer.removeprefix("platform ").replace("tier ", "tier/", 1)


def check_number(node: Node | None, reading: Reading) -> None:
    """Report a telephone number that is not in the international form."""
    if node is not None and not _E164.fullmatch(string(node)):
        message = f"{string(node)!r} is not a telephone number"
        hint = 'write + and the country code, in quotes: "+33600000001"'
        reading.error("bad-number", message, node.place, hint)


def _check_channel(kind: str, fields: Node, reading: Reading) -> None:
    if kind == "sms":
        check_number(fields.get("to"), reading)
    if kind == "pushover":
        _check_pushover(fields, reading)
    http = fields.get("http_config")
    if http is not None and any(http.get(way) for way in _AUTHENTICATION):
        reading.findings += one_of(http, _AUTHENTICATION, "http_config", "channel-kind")
    files = _file_keys(kind)
    for key, value in _scalars(fields):
        _check_value(key, value, files, reading)


def _check_pushover(fields: Node, reading: Reading) -> None:
    """What Pushover would refuse when it is too late: https://pushover.net/api#priority."""
    retry, expire = fields.get("retry"), fields.get("expire")
    if retry is not None and duration(retry) < Duration.of(seconds=30):
        reading.error("bad-value", "Pushover repeats every 30s at most", retry.place, "write 1m")
    if expire is not None and duration(expire) > Duration.of(hours=3):
        reading.error("bad-value", "Pushover repeats for 3h at most", expire.place, "write 3h")


def _check_value(key: str, node: Node, files: Mapping[str, str], reading: Reading) -> None:
    """Secrets in plain, and addresses that alerts would travel to in plain."""
    written = string(node)
    if key.endswith("_file"):
        if "://" in written or _SECRET.fullmatch(written):
            message = f"{key} names a file; this seems to be the secret itself"
            hint = "write the path of a file, on the Alertmanager's machine, that holds it"
            reading.error("secret-in-spec", message, node.place, hint)
        return
    if "{{" in written:
        message = f"Alertmanager would read {key} as a template, which nothing here checks"
        reading.warning("unchecked-template", message, node.place, "write the text itself")
    if re.match(r"https?://", written, re.IGNORECASE):
        _check_address(key, node, files, reading)
    elif key not in _OPEN and _SECRET.fullmatch(written):
        message = f"{key} seems to hold a secret"
        hint = "secrets are files on the Alertmanager's machine, never values"
        if files:
            hint += f": {', '.join(sorted(set(files.values())))}"
        reading.error("secret-in-spec", message, node.place, hint)


def _check_address(key: str, node: Node, files: Mapping[str, str], reading: Reading) -> None:
    written = string(node)
    try:
        parts = urlsplit(written)
    except ValueError:
        message = f"{written!r} is not an address"
        reading.error("bad-form", message, node.place, "write https://host/path")
        return
    long_part = any(_SECRET.fullmatch(part) for part in parts.path.split("/"))
    if _SECRET_ADDRESS.search(written) or long_part:
        message = "this address seems to hold a secret"
        instead = files.get(key)
        hint = f"put it into a file and write {instead}" if instead else _without_secret(key)
        reading.error("secret-in-spec", message, node.place, hint)
    plain = parts.scheme.lower() == "http" and not _LOOPBACK.fullmatch(parts.netloc)
    if plain and key not in _NO_ALERTS:
        what = "the client's secret" if key == "token_url" else "alerts"
        message = f"{what} would travel unencrypted"
        reading.warning("plain-http", message, node.place, "use https://")


def _without_secret(key: str) -> str:
    return f"leave user, password and token out of {key}"


def _file_keys(kind: str) -> dict[str, str]:
    """Keys of a kind that a file can stand for, and that file's key."""
    known = schema("tenant")["$defs"]["channel"]["properties"][kind]["properties"]
    return {key.removesuffix("_file"): key for key in known if key.endswith("_file")}


def _scalars(node: Node) -> Iterator[tuple[str, Node]]:
    """Every text below a mapping with the key that it stands under."""
    for key, _, value in node.values():
        if value.kind == "map":
            yield from _scalars(value)
            continue
        for item in value.items if value.kind == "list" else (value,):
            if item.kind == "map":
                yield from _scalars(item)
            elif isinstance(item.scalar, str):
                yield key, item
