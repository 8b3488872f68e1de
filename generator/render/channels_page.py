"""The kinds of channel in Markdown: `docs/channels.md`, from the table and the schema.

`python -m generator.render.channels_page docs/channels.md` writes it; a test holds it fresh.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.compile.channels import CHANNELS, HTTP_SINCE, ChannelKind
from generator.spec.validate import schema
from generator.values import Version

_OLDEST = Version(0, 25)

_INTRODUCTION = """\
<!-- Generated from generator/compile/channels.py and the schema by make golden; do not edit. -->
# Channels

A channel is a way to tell somebody. Policies name it; each has exactly one kind:

```yaml
channels:
  chat: {slack: {channel: "#reco-alerts", api_url_file: /etc/alertmanager/secrets/slack}}
  mail: {email: {to: reco-team@example.com}}
```

**Secrets are files.** Every key that ends in `_file` is the path of a file on the Alertmanager's
machine; the secret itself is refused anywhere in a spec (`secret-in-spec`), also inside an
address. Mimir takes no files in Alertmanager configurations: there the same channels need its own
way to give secrets.

**Versions.** `targets.alertmanager` in `platform.yaml` names the oldest Alertmanager that must
accept the output. What it cannot do is an error that names the version that can
(`alertmanager-version`). A dash means: from 0.25 on.

**Messages** come from `templates/notifications/` and say what happens, how bad it is, since when,
whose it is, and where the runbook and the dashboard are. *Acknowledge* leads to a silence filled
in with all labels of the alert: it stops every later step of the escalation. It leads to
`urls.alertmanager` of `platform.yaml`. Text from labels and annotations can make no link, mention
or markup: signs that could are escaped, or replaced by signs that look alike.

**The end** of an alert is told unless `send_resolved: false`, but not in text messages, and not
to people who are on call.
"""

_HTTP = """\
## http_config

How a service is reached, for the kinds that have the key. At most one of `authorization`,
`basic_auth` and `oauth2`; kinds with a token of their own take none of them.
"""


def channels_page() -> str:
    """The whole document, kinds in the order of the table."""
    parts = [_INTRODUCTION, "\n".join(_overview()), ""]
    definitions = schema("tenant")["$defs"]
    for name, kind in CHANNELS.items():
        parts.append("\n".join(_kind(name, kind, definitions["channel"]["properties"][name])))
    parts += [_HTTP, "\n".join(_http(definitions["http_config"]))]
    return "\n".join(parts).rstrip("\n") + "\n"


def _overview() -> Iterator[str]:
    yield "| kind | service | Alertmanager | secrets as files | end told | escalates by itself |"
    yield "|---|---|---|---|---|---|"
    known = schema("tenant")["$defs"]["channel"]["properties"]
    for name, kind in CHANNELS.items():
        secrets = ", ".join(f"`{key}`" for key in known[name]["properties"] if _is_secret(key))
        end, alone = ("yes" if flag else "no" for flag in (kind.resolved, kind.escalates))
        title = kind.title if "." in kind.title else kind.title[0].upper() + kind.title[1:]
        link = f"[`{name}`](#{name})"
        yield f"| {link} | {title} | {kind.since} | {secrets or 'none'} | {end} | {alone} |"


def _kind(name: str, kind: ChannelKind, known: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield known["description"]
    yield from _notes(kind)
    yield ""
    yield "```yaml"
    yield f"{{{name}: {_flow(known['examples'][0])}}}"
    yield "```"
    yield ""
    yield "| key | meaning | example | Alertmanager |"
    yield "|---|---|---|---|"
    for key, part in known["properties"].items():
        shown = f"**`{key}`**" if key in known.get("required", ()) else f"`{key}`"
        meaning = part["description"].replace("|", "\\|")
        since = kind.keys[key].since if key in kind.keys else _OLDEST
        example = _flow(part["examples"][0]).replace("|", "\\|")
        yield f"| {shown} | {meaning} | `{example}` | {_since(since)} |"
    if ways := [way["required"][0] for way in known.get("oneOf", ())]:
        yield ""
        yield f"Exactly one of {', '.join(f'`{way}`' for way in ways)}."
    yield ""


def _notes(kind: ChannelKind) -> Iterator[str]:
    for version, build in kind.lacking.items():
        yield f"{build} was built without it: with target {version} that is a warning."
    if kind.escalates:
        yield (
            "It calls the next person by itself: name it in a policy of one step, without `during`."
        )
    if kind.since > _OLDEST and kind.instead:
        yield f"Before Alertmanager {kind.since}: {kind.instead}."


def _http(known: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | meaning | example | Alertmanager |"
    yield "|---|---|---|---|"
    for key, part in known["properties"].items():
        since = _since(HTTP_SINCE.get(key, _OLDEST))
        yield f"| `{key}` | {part['description']} | `{_flow(part['examples'][0])}` | {since} |"
        for inner, below in part.get("properties", {}).items():
            shown = f"`{key}.{inner}`"
            yield f"| {shown} | {below['description']} | `{_flow(below['examples'][0])}` | – |"


def _is_secret(key: str) -> bool:
    return key.endswith("_file")


def _since(version: Version) -> str:
    return str(version) if version > _OLDEST else "–"


def _flow(value: Any) -> str:
    """A value in YAML's flow style, as specs are written."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and value[:1].isalpha() and not set(value) & set("#{}[],: "):
        return value
    if isinstance(value, str) and value.startswith(("/", "https://", "http://")):
        return value
    return json.dumps(value, ensure_ascii=False)


def main(arguments: Sequence[str]) -> int:
    """Write the page to the one path given, or print it."""
    if arguments:
        Path(arguments[0]).write_text(channels_page(), encoding="utf-8")
    else:
        sys.stdout.write(channels_page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
