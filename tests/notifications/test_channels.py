"""Every kind of channel: schema and table in step, and what each generation makes of it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from generator.compile.channels import CHANNELS, HTTP_SINCE, SELF_ESCALATING, spoken
from generator.compile.receivers import TEMPLATES, integration
from generator.compile.routing import compile_routing
from generator.findings import Finding, Level
from generator.render.alertmanager import TEMPLATES as FOLDER
from generator.spec.load import load_platform, load_tenant
from generator.spec.model import Targets
from generator.spec.validate import schema
from generator.tools import Tool, run
from generator.values import Version
from tests.builders import platform, tenant
from tests.compile_routing.planned import planned, policy, step, window
from tests.notifications.kinds import HTTP, channel, example, keys, kinds, resolved, with_key

SECRETS = re.compile(r"_file$")
NEWEST = Version(0, 33)


def target(version: Version) -> Any:
    return platform(targets=Targets(alertmanager=version))


# ------------------------------------------------------------------ table and schema


def test_the_schema_and_the_table_know_the_same_kinds_and_keys() -> None:
    assert list(kinds()) == list(CHANNELS)
    for name, kind in CHANNELS.items():
        assert {key for key, _ in keys(name)} == {*kind.keys, "send_resolved"}, name


def test_the_platforms_channels_are_the_tenants() -> None:
    ours, theirs = (schema(kind)["$defs"] for kind in ("platform", "tenant"))
    for name in ("channel", "http_config", "http_connection"):
        assert ours[name] == theirs[name]


def test_every_example_of_the_schema_becomes_its_section() -> None:
    for name, kind in CHANNELS.items():
        made, findings = integration(channel(name, example(name)), target(NEWEST))
        assert made is not None, findings
        assert made.section == kind.section
        assert made.fields["send_resolved"] is kind.resolved


def test_the_versions_that_descriptions_name_are_the_tables() -> None:
    for name, kind in CHANNELS.items():
        told = re.search(
            r"\(Alertmanager (0\.\d+) or later|Alertmanager (0\.\d+) or later",
            kinds()[name]["description"],
        )
        assert (Version.parse(told[1] or told[2]) if told else Version(0, 25)) == kind.since, name
        for key, part in kinds()[name]["properties"].items():
            told = re.search(r"Alertmanager (0\.\d+) or later", part["description"])
            since = kind.keys[key].since if key in kind.keys else Version(0, 25)
            assert (Version.parse(told[1]) if told else Version(0, 25)) == since, (name, key)


def test_all_templates_that_receivers_name_are_shipped() -> None:
    text = "".join((FOLDER / name).read_text() for name in TEMPLATES)
    assert sorted(TEMPLATES) == sorted(p.name for p in FOLDER.glob("*.tmpl"))
    defined = set(re.findall(r'define "([^"]+)"', text))
    named = set(
        re.findall(
            r'template \\?"([^"\\]+)', text + json.dumps([k.text for k in CHANNELS.values()])
        )
    )
    assert named <= defined
    assert defined - named == set(), "never used"


# ------------------------------------------------------------------ the real programs


def check(amtool: Tool, folder: Path, receivers: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """What amtool has against receivers, given by section and fields; empty: nothing."""
    config = {
        "global": {"smtp_smarthost": "smtp.example.com:587", "smtp_from": "a@example.com"},
        "route": {"receiver": "0"},
        "receivers": [{"name": str(n), s: [f]} for n, (s, f) in enumerate(receivers)],
    }
    path = folder / "alertmanager.yml"
    path.write_text(json.dumps(config))
    answer = run(amtool, ["check-config", str(path)])
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def variants(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A channel's example, and with each key that it may have."""
    yield "", example(name)
    for key, value in keys(name):
        if key != "http_config":
            yield key, with_key(name, key, value)
    http = kinds()[name]["properties"].get("http_config", {})
    for value in HTTP if http else ():
        if value.keys() <= resolved(http)["properties"].keys():
            yield f"http_config.{'+'.join(value)}", with_key(name, "http_config", value)


@pytest.mark.tools
def test_what_the_table_allows_each_generation_accepts(
    tools: Mapping[str, Tool], tmp_path: Path
) -> None:
    """Everything that compiles for a version is accepted by it, key by key, in one file."""
    amtool, version = tools["amtool"], tools["amtool"].version
    made = []
    for name, kind in CHANNELS.items():
        for _, fields in variants(name):
            found, _ = integration(channel(name, fields), target(version))
            if found is not None and version not in kind.lacking:
                made.append((found.section, found.fields))
    assert len(made) > 40
    assert check(amtool, tmp_path, made) == ""


@pytest.mark.tools
def test_what_the_table_refuses_the_generation_refuses_too(
    tools: Mapping[str, Tool], tmp_path: Path
) -> None:
    """So that no channel is kept from a version that could do it."""
    amtool, version = tools["amtool"], tools["amtool"].version
    refused = 0
    for name, kind in CHANNELS.items():
        for key, fields in variants(name):
            channel_ = channel(name, fields)
            found, findings = integration(channel_, target(version))
            too_new = [f for f in findings if f.code == "alertmanager-version"]
            if found is not None and version not in kind.lacking:
                continue
            if not (key == "" or (version >= kind.since and version not in kind.lacking)):
                continue  # the kind itself is refused: once is enough
            newest, _ = integration(channel_, target(NEWEST))
            assert newest is not None
            assert check(amtool, tmp_path, [(newest.section, newest.fields)]) != "", (name, key)
            assert too_new or version in kind.lacking
            refused += 1
    assert (refused > 0) == (version < NEWEST)


def test_a_build_that_lacks_a_kind_is_told() -> None:
    made, (found,) = integration(channel("jira", example("jira")), target(Version(0, 28)))
    assert made is not None
    assert (found.code, found.level) == ("alertmanager-build", Level.WARNING)
    assert "Debian's 0.28.1 was built without Jira" in found.message


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("discord", "0.27", "Discord with its address in a file needs Alertmanager 0.28"),
        ("incidentio", "0.28", "incident.io needs Alertmanager 0.29"),
        ("mattermost", "0.29", "Mattermost needs Alertmanager 0.30"),
        ("telegram", "0.25", "Telegram with its token in a file needs Alertmanager 0.26"),
        ("wechat", "0.28", "WeChat with its secret in a file needs Alertmanager 0.33"),
    ],
)
def test_what_a_version_cannot_do_names_the_one_that_can(
    name: str, version: str, message: str
) -> None:
    made, (found,) = integration(channel(name, example(name)), target(Version.parse(version)))
    assert made is None
    assert found.message == f"{message}; the target is {version}"
    assert found.hint is not None and found.hint.startswith("set targets.alertmanager to 0.")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"url": "https://x", "timeout": "10s"},
            "webhook.timeout needs Alertmanager 0.28; the target is 0.25",
        ),
        (
            {"url": "https://x", "http_config": {"no_proxy": "x"}},
            "http_config.no_proxy needs Alertmanager 0.28; the target is 0.25",
        ),
    ],
)
def test_a_key_that_is_too_new_is_named(fields: dict[str, Any], message: str) -> None:
    made, (found,) = integration(channel("webhook", fields), target(Version(0, 25)))
    assert made is None
    assert (found.message, found.code) == (message, "alertmanager-version")
    assert HTTP_SINCE["no_proxy"] == Version(0, 28)


# ------------------------------------------------------------------ secrets


def test_every_secret_in_plain_is_refused_with_the_files_name(tmp_path: Path) -> None:
    """For each key of each kind that names a file: the secret itself, and its plain key."""
    for name, kind in kinds().items():
        http = resolved(kind["properties"].get("http_config", {})).get("properties", {})
        places = [(key, ()) for key in kind["properties"]] + [
            (key, (part,)) for part, inside in http.items() for key in inside.get("properties", ())
        ]
        for key, below in places:
            if not SECRETS.search(key) or key in ("ca_file", "cert_file"):
                continue
            plain = key.removesuffix("_file")
            value = "Zx81Kq77Lm20Rt55Vb93Nc64Hd38Jf12"
            for written in (key, plain):
                if written in kind["properties"] and written == plain:
                    value = f"https://example.com/{value}"
                said: dict[str, Any] = {written: value}
                for part in below:
                    rest = {k: v for k, v in http[part]["examples"][0].items() if k != key}
                    if key == "key_file":
                        rest["cert_file"] = "/etc/alertmanager/tls/alertmanager.crt"
                    said = {"http_config": {part: {**rest, **said}}}
                fields = with_key(name, key, "")
                del fields[key]
                findings = findings_of(tmp_path, {"it": {name: {**fields, **said}}})
                codes = [f.code for f in findings if f.level is Level.ERROR]
                assert "secret-in-spec" in codes, (name, written, findings)
                found = next(f for f in findings if f.code == "secret-in-spec")
                if written == plain:
                    assert key in (found.hint or ""), (name, written, found)


def test_addresses_without_tls_are_told_for_every_kind(tmp_path: Path) -> None:
    seen = 0
    for name, kind in kinds().items():
        for key in kind["properties"]:
            if not key.endswith("url") or key in ("icon_url", "avatar_url"):
                continue
            fields = with_key(name, key, "http://chat.internal/api")
            findings = findings_of(tmp_path, {"it": {name: fields}})
            assert [f.code for f in findings if f.level is Level.WARNING] == ["plain-http"], name
            fields = with_key(name, key, "http://127.0.0.1:8080/api")
            assert not [
                f for f in findings_of(tmp_path, {"it": {name: fields}}) if f.level is Level.WARNING
            ]
            seen += 1
    assert seen >= 9


def test_no_secret_is_written() -> None:
    """Whatever a kind is given, no field of Alertmanager's that holds a secret is there."""
    secret = re.compile(
        r"(?:api_url|webhook_url|password|routing_key|service_key|token|bot_token|user_key|api_key"
        r"|api_secret|credentials|client_secret|token_id|alert_source_token|app_token|secret_key)"
    )
    allowed = {("victorops", "routing_key")}
    open_addresses = {"opsgenie", "victorops", "telegram", "webex", "wechat", "jira", "rocketchat"}

    def names(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield key
                yield from names(inner)

    for name in CHANNELS:
        for _, fields in variants(name):
            made, _ = integration(channel(name, fields), target(NEWEST))
            assert made is not None
            for field in names(made.fields):
                if (name, field) in allowed or (field == "api_url" and name in open_addresses):
                    continue
                assert not secret.fullmatch(field), (name, field)


def findings_of(folder: Path, channels: Mapping[str, Any]) -> Sequence[Finding]:
    """What reading a tenant with these channels has to say."""
    shutil.rmtree(folder / "specs", ignore_errors=True)
    (folder / "specs" / "tenants").mkdir(parents=True)
    base = {"version": 1, "fallback": "f", "channels": {"f": {"webhook": {"url": "https://f"}}}}
    (folder / "specs" / "platform.yaml").write_text(json.dumps(base))
    spec = {
        "version": 1,
        "tenant": "acme",
        "owner": {"team": "core"},
        "channels": channels,
    }
    (folder / "specs" / "tenants" / "acme.yaml").write_text(json.dumps(spec))
    return load_tenant(folder, "acme", load_platform(folder)).findings


def test_a_template_in_a_channel_is_told(tmp_path: Path) -> None:
    fields = {**example("slack"), "channel": "#{{ .CommonLabels.team }"}
    (found,) = findings_of(tmp_path, {"it": {"slack": fields}})
    assert (found.code, found.level) == ("unchecked-template", Level.WARNING)


# ------------------------------------------------------------------ how they behave


def test_opsgenies_end_is_told() -> None:
    _, (found,) = integration(channel("opsgenie", example("opsgenie")), target(NEWEST))
    assert (found.code, found.level) == ("channel-ends", Level.INFO)
    assert "2027-04-05" in found.message


def test_what_escalates_by_itself_is_told_once_and_always() -> None:
    assert {"pagerduty", "opsgenie", "victorops", "incidentio"} == SELF_ESCALATING
    for name in SELF_ESCALATING:
        channels = {"pager": channel(name, example(name), "pager")}
        during = policy("urgent", step("pager", during="office"), step("pager", after="30m"))
        spec = tenant(
            channels=channels,
            escalation={"urgent": during},
            routing={"critical": "urgent"},
            time_windows={"office": window()},
        )
        _, findings = compile_routing(spec, target(NEWEST), [planned()])
        codes = {f.code: f.message for f in findings}
        assert "though it is a pager" in codes["pager-window"]
        assert "mutes pager after 30m" in codes["pager-ladder"]
        alone = tenant(
            channels=channels,
            escalation={"urgent": policy("urgent", step("pager"))},
            routing={"critical": "urgent"},
        )
        _, findings = compile_routing(alone, target(NEWEST), [planned()])
        assert not {"pager-window", "pager-ladder"} & {f.code for f in findings}


def test_what_a_spec_says_of_a_channel_wins_over_our_texts() -> None:
    made, _ = integration(
        channel("pushover", {**example("pushover"), "priority": -1}), target(NEWEST)
    )
    assert made is not None and made.fields["priority"] == "-1"
    made, _ = integration(
        channel("email", {"to": "a@x.org", "reply_to": "b@x.org"}), target(NEWEST)
    )
    assert made is not None
    assert made.fields["headers"] == {
        "Reply-To": "b@x.org",
        "Subject": '{{ template "tocsin.subject" . }}',
    }


def test_a_webex_tokens_file_stands_beside_the_proxy() -> None:
    fields = {**example("webex"), "http_config": {"proxy_url": "http://proxy:1"}}
    made, _ = integration(channel("webex", fields), target(NEWEST))
    assert made is not None
    assert made.fields["http_config"] == {
        "authorization": {"credentials_file": "/etc/alertmanager/secrets/webex"},
        "proxy_url": "http://proxy:1",
    }


@pytest.mark.parametrize(
    ("wait", "told"),
    [({"retry": "10s"}, "bad-value"), ({"expire": "1d"}, "bad-value"), ({"retry": "30s"}, "")],
)
def test_pushovers_limits_are_told(tmp_path: Path, wait: dict[str, str], told: str) -> None:
    """Pushover refuses the message, when it is too late."""
    findings = findings_of(tmp_path, {"it": {"pushover": {**example("pushover"), **wait}}})
    assert [f.code for f in findings] == ([told] if told else [])


def test_durations_that_go_reads_have_no_days() -> None:
    fields = {**example("pushover"), "ttl": "1d", "retry": "90s", "expire": "1h30m"}
    made, _ = integration(channel("pushover", fields), target(NEWEST))
    assert made is not None
    assert [made.fields[key] for key in ("ttl", "retry", "expire")] == ["24h", "1m30s", "1h30m"]


@pytest.mark.parametrize(
    ("section", "entry", "told"),
    [
        ("slack_configs", {"channel": "#a"}, ("Slack", "#a")),
        ("sns_configs", {"phone_number": "+336"}, ("text message", "")),
        ("sns_configs", {"topic_arn": "arn:x"}, ("Amazon SNS topic", "arn:x")),
        ("discord_configs", {"webhook_url_file": "/s"}, ("Discord", "")),
        ("other_configs", {}, ("other", "")),
    ],
)
def test_entries_in_words(section: str, entry: dict[str, Any], told: tuple[str, str]) -> None:
    assert spoken(section, entry) == told
