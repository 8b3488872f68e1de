"""What messages say on every generation: missing labels, hostile values, many alerts, links."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from generator.spec.model import Urls
from generator.tools import Tool
from tests.notifications.rendered import (
    ANNOTATIONS,
    EXTERNAL,
    LABELS,
    alert,
    matchers_of,
    notification,
    rendered,
    rendered_texts,
    write_templates,
)

pytestmark = pytest.mark.tools

HOSTILE = {
    "quotes": "a\"b'c`d",
    "backslashes": 'C:\\temp\\ \\" \\n \\',
    "newlines": "first\nsecond\r\n\n*third*\tfourth",
    "template": '{{ .Labels.x }} {{ template "tocsin.sms" . }} [[ severity ]] %d %s %!',
    "html": '"><script>alert(1)</script><img src=x onerror=alert(1)><!-- --><b style="x">',
    "mentions": "<!channel> <!here> <@U012> <#C1> @everyone @here @all @channel",
    "slack link": "<https://evil.example.com|Runbook> <mailto:x@example.com> &lt;b&gt;",
    "markdown": "[Runbook](https://evil.example.com) ![x](http://evil/x.png) **b** `c` ||d|| \\",
    "jira": "[Runbook|https://evil.example.com] [~admin] !http://evil/x.png! {html}x{html}",
    "javascript": "javascript:alert(document.cookie)",
    "direction": "in\u202egnp.exe\u2066 \u200b\ufeff\x07 \x1b[31mred",
    "separators": 'x", tenant="globex", y="} , = {',
    "unicode": "очередь 队列 żółć 🔥 \U000e0041",
    "long": "long " * 700,
    "query": "a&b=c?d#e/f+g%20h;i",
}
"""Other people's text: each is put into labels, summary and description."""
BAD_ADDRESSES = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example.com",
    "ftp://example.com/x",
    "https://ops.example.com/a b",
    "https://ops.example.com/|Runbook><!channel>",
    'https://ops.example.com/"onmouseover="alert(1)',
    "https://ops.example.com/)[x](https://evil",
    "https://user:password@ops.example.com/",
    "https://ops.example.com/\nhttps://evil.example.com",
    " https://ops.example.com/",
    "https://ops.example.com/" + "x" * 1000,
)
PLAIN = ("subject", "sms", "sns.subject", "brief.title", "slack.title", "markdown.title")
"""Templates whose text is one line."""
SLACK, MARKDOWN = ("slack.title", "slack.text"), ("markdown.title", "markdown.message")
GSM = re.compile(r"[\n\r -Z_a-z¡£¥§¿ÄÅÆÉÑÖØÜßäåæèéìñòöøùü]*")
"""Letters of GSM 03.38 that take one septet (those that we use)."""
SLACK_LINK = re.compile(r"<(https?://[^|>]*)\|(Acknowledge|Runbook|Dashboard)>")
MARKDOWN_LINK = re.compile(r"\[(Acknowledge|Runbook|Dashboard)\]\((https?://[^()\s]*)\)")


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_templates(tmp_path_factory.mktemp("templates"))


class Outline(HTMLParser):
    """The elements and names of attributes of a document, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[tuple[str, str]] = []
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self._open = dict(attrs).get("href") or ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.links.append((data, self._open))
            self._open = ""

    def handle_comment(self, data: str) -> None:
        self.elements.append(("!--", ()))


def hostile(value: str) -> dict[str, Any]:
    """Three alerts that carry a value wherever a value can be."""
    labels = {**LABELS, "queue": value, "team": value, "service": value}
    annotations = {**ANNOTATIONS, "summary": value, "description": value}
    return notification([alert(labels, annotations, over=over) for over in (False, False, True)])


@pytest.fixture(scope="module")
def outline(templates: Path, newest: Mapping[str, Tool]) -> list[tuple[str, tuple[str, ...]]]:
    """The elements of a mail about harmless values."""
    return Outline(rendered(newest["amtool"], templates, hostile("in"))["html"]).elements


def links(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(what a link says, where it leads) of every template."""
    for name in SLACK:
        for address, said in SLACK_LINK.findall(texts[name]):
            yield said, address.replace("&amp;", "&")
    for name in MARKDOWN:
        yield from MARKDOWN_LINK.findall(texts[name])
    for line in texts["text"].splitlines():
        if found := re.fullmatch(r"(Runbook|Dashboard): (.*)", line):
            yield found[1], found[2]
    if "html" in texts:
        yield from Outline(texts["html"]).links


def same(first: str, second: str) -> bool:
    """Whether two addresses differ in the case of their escapes only."""
    upper = [
        re.sub(r"%[0-9a-f]{2}", lambda m: m[0].upper(), address) for address in (first, second)
    ]
    return upper[0] == upper[1]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_values_stay_text(
    templates: Path,
    tools: Mapping[str, Tool],
    outline: list[tuple[str, tuple[str, ...]]],
    kind: str,
) -> None:
    value = HOSTILE[kind]
    texts = rendered(tools["amtool"], templates, hostile(value))
    everything = "".join(texts.values())
    for sign in ("<no value>", "ZgotmplZ", "%!s", "%!(", "&#34;&#34;"):
        assert sign not in everything.replace(value, "")
    assert not [c for c in everything if c != "\n" and unicodedata.category(c) in ("Cc", "Cf")]
    for name in PLAIN:
        assert "\n" not in texts[name], name

    for name in SLACK:
        rest = SLACK_LINK.sub("", texts[name])
        assert not re.search(r"[<>]|&(?!(?:amp|lt|gt);)", rest), rest
    for name in MARKDOWN:
        rest = MARKDOWN_LINK.sub("", texts[name])
        assert not re.search(r"[\[\]<>`@|\\]", re.sub(r"\[(CRITICAL|RESOLVED)\]", "", rest)), rest
        assert rest.replace("**", "").count("*") == 0
    assert not re.search(r"[\[\]{}<>!\\]", texts["incident"])
    assert "@" not in texts["brief.title"] + texts["brief.message"]
    assert Outline(texts["html"]).elements == outline

    assert len(texts["sms"]) <= 160
    if kind != "unicode":
        assert GSM.fullmatch(texts["sms"]), texts["sms"]
    assert re.fullmatch(r"[ -~]{1,99}", texts["sns.subject"])
    for said, address in links(texts):
        if said == "Acknowledge":
            assert same(address, texts["silence"])
        elif said == "Runbook":
            assert address == ANNOTATIONS["runbook_url"]
        elif said == "Dashboard":
            assert address == ANNOTATIONS["dashboard_url"]
        else:
            assert said == "All alerts"
            assert same(address, texts["alerts"])
    assert {said for said, _ in links(texts)} >= {"Runbook", "Dashboard", "All alerts"}
    if kind == "long":
        assert texts["silence"] == texts["alerts"]
    else:
        same_everywhere = {**LABELS, "queue": value, "team": value, "service": value}
        del same_everywhere["burn_rate_pair"]
        assert matchers_of(texts["silence"]) == same_everywhere
    assert len(texts["silence.short"]) <= 512


@pytest.mark.parametrize("kind", ["quotes", "newlines", "separators"])
def test_the_acknowledgement_has_every_label_but_the_steps(
    templates: Path, tools: Mapping[str, Tool], kind: str
) -> None:
    """Those of the first step: a later step has the same and one more, so the silence covers it."""
    first = {**LABELS, "queue": HOSTILE[kind]}
    later = {**first, "escalation_level": "2", "escalation_mutes": "none"}
    wanted = {k: v for k, v in first.items() if k != "burn_rate_pair"}
    for labels in (first, later):
        data = notification([alert(labels, ANNOTATIONS)])
        texts = rendered_texts(tools["amtool"], templates, data)
        assert matchers_of(texts["silence"]) == wanted
        assert texts["silence.short"] in (texts["silence"], texts["alerts"])
    assert wanted.items() <= later.items()


def test_only_plain_addresses_are_linked(templates: Path, tools: Mapping[str, Tool]) -> None:
    amtool = tools["amtool"]
    bad = [{**ANNOTATIONS, "runbook_url": a, "dashboard_url": a} for a in BAD_ADDRESSES]
    for both in bad:
        data = notification([alert(LABELS, both)])
        texts = rendered_texts(amtool, templates, data)
        assert {said for said, _ in links(texts)} <= {"Acknowledge"}, both
        assert texts["runbook"] == texts["dashboard"] == ""
        assert not [n for n, t in texts.items() if re.search(r"evil|alert\(1\)", t)], both
    for some in (bad[:6], bad[6:]):
        html = rendered(amtool, templates, notification([alert(LABELS, a) for a in some]))["html"]
        assert {said for said, _ in Outline(html).links} == {"Acknowledge", "All alerts"}
        assert not re.search(r"evil|alert\(1\)", html)


@pytest.mark.parametrize("over", [False, True])
def test_nothing_is_missed_where_labels_are_missing(
    templates: Path, tools: Mapping[str, Tool], over: bool
) -> None:
    data = notification([alert({"alertname": "Up"}, {}, over=over)])
    texts = rendered(tools["amtool"], templates, data)
    assert not [n for n, t in texts.items() if "<no value>" in t or "Runbook" in t]
    assert texts["subject"] == ("[RESOLVED] " if over else "[ALERT] ") + "no tenant: Up"
    assert matchers_of(texts["silence"]) == {"alertname": "Up"}
    nothing = notification([alert({}, {}, over=over)])
    texts = rendered(tools["amtool"], templates, nothing)
    assert texts["subject"].endswith("no tenant: an alert without a name")
    assert texts["silence"] == texts["alerts"]
    assert not [n for n, t in texts.items() if "<no value>" in t]


def test_the_end_is_told_and_needs_no_acknowledgement(
    templates: Path, tools: Mapping[str, Tool]
) -> None:
    texts = rendered(
        tools["amtool"], templates, notification([alert(LABELS, ANNOTATIONS, over=True)])
    )
    silent = {"silence", "silence.short"}
    assert not [n for n, t in texts.items() if "Acknowledge" in t and n not in silent]
    assert texts["subject"].startswith("[RESOLVED] acme/api: Queue in holds")
    assert "from 2026-01-02 03:04 until 2026-01-02 04:04 UTC" in texts["slack.text"]
    assert texts["sms"] == ("RESOLVED acme/api: Queue in holds 500 messages, over 01-02 04:04 UTC")
    assert texts["pushover.priority"] == "0"
    assert texts["color"] == "#2c7a3f"


def test_many_alerts_are_listed_and_counted(templates: Path, tools: Mapping[str, Tool]) -> None:
    """Fourteen that fire and three that are over, in one message."""
    many = [
        alert(
            {**LABELS, "queue": f"q{number:02}"},
            {**ANNOTATIONS, "summary": f"Queue q{number:02} is long"},
            over=number > 14,
        )
        for number in range(1, 18)
    ]
    texts = rendered(tools["amtool"], templates, notification(many))
    assert texts["subject"] == "[CRITICAL] acme/api: Queue q01 is long (and 13 more)"
    assert texts["sms"].endswith("Queue q01 is long, since 01-02 03:04 UTC +13")
    for name, shown in (("text", 10), ("html", 10), ("incident", 10)):
        told = re.findall(r"Queue (q\d\d) is long", texts[name].split("</head>")[-1])
        told = told[1:] if name == "text" else told
        assert told == [f"q{n:02}" for n in (*range(1, shown + 1), 15, 16, 17)], name
        assert "and 4 more" in texts[name]
    for name in ("slack.text", "markdown.text", "brief"):
        told = re.findall(r"Queue (q\d\d) is long", texts[name])
        assert told == [f"q{n:02}" for n in (*range(1, 6), 15, 16, 17)], name
        assert "and 9 more" in texts[name]
        assert "Over by now" in texts[name]
    assert "queue" not in matchers_of(texts["silence"])


def test_what_a_message_has(templates: Path, tools: Mapping[str, Tool]) -> None:
    """What, since when, how bad, whose, and where to go on: in every channel that has room."""
    texts = rendered(tools["amtool"], templates, notification([alert(LABELS, ANNOTATIONS)]))
    for name in ("text", "slack", "markdown", "brief", "incident", "html"):
        told = "".join(t for n, t in texts.items() if n.split(".")[0] == name)
        told = told.replace("&amp;", "&")
        for part in (
            ANNOTATIONS["summary"],
            "since 2026-01-02 03:04 UTC",
            "core",
            ANNOTATIONS["runbook_url"],
            ANNOTATIONS["dashboard_url"],
            f"{EXTERNAL}/#/silences/new",
        ):
            assert part in told, (name, part)
        assert name == "incident" or "CRITICAL" in told
    assert texts["sms"] == "CRITICAL acme/api: Queue in holds 500 messages, since 01-02 03:04 UTC"


def test_links_lead_where_the_platform_says(tmp_path: Path, oldest: Mapping[str, Tool]) -> None:
    """Else to where Alertmanager says that it is."""
    data = notification([alert(LABELS, ANNOTATIONS)])
    for said, expected in (
        ("", "http://host.internal:9093/#/"),
        ("https://example.com/am", "https://example.com/am/#/"),
        ('https://example.com/"x\\y', "https://example.com/%22x%5Cy/#/"),
    ):
        templates = write_templates(tmp_path, urls=Urls(alertmanager=said))
        texts = rendered(oldest["amtool"], templates, data)
        for name in ("alerts", "silence", "silence.short"):
            assert texts[name].startswith(expected)
        ours = [to for about, to in Outline(texts["html"]).links if about[:3] in ("Ack", "All")]
        assert len(ours) == 2
        assert all(to.startswith(expected) for to in ours), ours
