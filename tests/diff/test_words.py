"""What a change of a spec is told as: old and new pieces of it, and the sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.render.changes.text import changes_text
from tests.conftest import ROOT
from tests.diff.repository import PLATFORM, TENANT, built, changes, lay_out, told

NEW = "  Down: {service: db, expr: 'up == 0', for: 2m, severity: warning}\n"
CASES = [
    (
        "above: 0.03",
        "above: 0.05",
        "~ ErrorsHigh (api, critical) loosened: fires above 3 % -> 5 %; ",
    ),
    (
        "above: 0.03",
        "above: 0.005",
        "~ ErrorsHigh (api, critical) tightened: fires above 3 % -> 0.5 %; ",
    ),
    (
        "above: 1048576",
        "above: 2097152",
        "~ QueueFull (api, warning) loosened: fires above 1 MiB -> 2 MiB; ",
    ),
    ("> 0.3'", "> 1.5'", "~ SlowAnswers (db, warning) loosened: fires above 300ms -> 1s500ms\n"),
    (
        "> 0.3'",
        ">= 0.3'",
        "~ SlowAnswers (db, warning) tightened: fires above 300ms -> at or above 300ms\n",
    ),
    ("bucket[5m]", "bucket[10m]", "~ SlowAnswers (db, warning): window 5m -> 10m\n"),
    (
        "> 0.3'",
        "> 0.3 unless on () vector(1) == 2'",
        "loosened: condition added: unless on () vector(1) == 2\n",
    ),
    (
        "answer_seconds_bucket[5m]",
        'answer_seconds_bucket{code="200"}[5m]',
        '~ SlowAnswers (db, warning): answer_seconds_bucket with code="200"\n',
    ),
    (
        "sum by (le) (rate(answer",
        "sum by (le, zone) (rate(answer",
        "~ SlowAnswers (db, warning): grouped by (le) -> by (le, zone)\n",
    ),
    (
        "    for: 10m\n",
        "    for: 20m\n    keep_firing_for: 5m\n",
        "~ QueueFull (api, warning): for 10m -> 20m; kept firing for 0s -> 5m\n",
    ),
    ("    for: 10m\n", "    for: 1m\n", "~ QueueFull (api, warning) tightened: for 10m -> 1m\n"),
    (
        "    for: 10m\n    severity: warning",
        "    for: 10m\n    severity: critical",
        "~ QueueFull (api, critical): severity warning -> critical\n",
        "QueueFull: what is pending or fires starts anew, because the label severity changed\n",
        "~ critical QueueFull: + ann, on call (mail ann@example.com) at once while ann is on call",
    ),
    (
        "  ErrorsHigh:\n",
        "  ErrorRatioHigh:\n",
        "~ ErrorRatioHigh (api, critical): was ErrorsHigh; ",
        "ErrorRatioHigh: what is pending or fires starts anew, because the rule's name and "
        "the rule's group changed\n",
    ),
    (
        "    service: db\n    expr",
        "    service: api\n    expr",
        "~ SlowAnswers (api, warning): label service 'db' -> 'api'; ",
        "SlowAnswers: what is pending or fires starts anew, because the rule's file, the rule's "
        "group and the label service changed\n",
    ),
    (
        "alerts:\n",
        f"alerts:\n{NEW}",
        '+ Down (db, warning), for 2m\n        up{tenant="acme"} == 0\n',
        "+ new: warning Down: chat (Slack #shop) at once while it is office\n",
        "~ at most 9 -> 10 alerts, ",
        "acme: 1 alert added, 2 panels\n",
    ),
    (
        "objective: 99.9%",
        "objective: 99.5%",
        "~ availability (api): objective 99.9 % -> 99.5 %; 5 of its recorded series\n",
        'SLOErrorBudgetBurn{burn_rate_pair="1h5m"} (api, critical) loosened: fires above 1.44 % -> '
        "7.2 %\n",
    ),
    (
        "objective: 99.9%",
        "objective: 99.9%\n    window: 28d",
        "~ availability (api): window 30d -> 28d; burn-rate pairs ",
    ),
    (
        'code=~"5.."',
        'code=~"4.."',
        '~ availability (api): requests_total without code=~"5..", with code=~"4.."; ',
        "slo:sli_errors:rate5m, which they read, means something else\n",
    ),
    (
        "{after: 45m, notify: [mail]}",
        "{after: 30m, notify: [mail]}",
        "~ all 4 critical alerts: mail (mail shop@example.com): after 45m -> after 30m\n",
    ),
    (
        'notify: [chat, pager, "oncall:primary"]',
        'notify: [pager, "oncall:primary", hook]',
        "+ hook (webhook /etc/alertmanager/secrets/hook) at once",
        "- chat (Slack #shop) at once\n",
    ),
    (
        "{notify: [chat], during: office}",
        "{notify: [chat]}",
        "chat (Slack #shop) at once: while it is office -> always",
    ),
    (
        'from: "09:00", until: "18:00"',
        'from: "09:00", until: "17:00"',
        "chat (Slack #shop) at once: at other times, from Mon 2026-10-26 17:00 UTC on\n",
    ),
    (
        "members: [ann, bob]",
        "members: [bob, ann]",
        "ann, on call (mail ann@example.com) at once: at other times, from Mon 2026-11-02 09:00",
    ),
    (
        'channel: "#shop"',
        'channel: "#shop-alerts"',
        "chat at once: Slack #shop -> Slack #shop-alerts",
    ),
    (
        "api_url_file: /etc/alertmanager/secrets/slack",
        "api_url_file: /etc/alertmanager/secrets/other",
        "chat at once: Slack #shop by /etc/alertmanager/secrets/slack -> by "
        "/etc/alertmanager/secrets/other",
    ),
    (
        'slack: {channel: "#shop"',
        'slack: {send_resolved: false, channel: "#shop"',
        "~ chat (Slack #shop) is told otherwise: send_resolved\n",
    ),
    ('"api-2:8000"', '"api-3:8000"', "~ acme/api: targets + api-3:8000 - api-2:8000\n"),
    (
        "{job: api, targets",
        "{job: api, interval: 30s, targets",
        "~ acme/api: scrape_interval none -> 30s\n",
    ),
    (
        "sum(rate(sales",
        "sum by (shop) (rate(sales",
        "~ executive: panel Sales: grouped all together -> by (shop)\n",
    ),
    ("title: Sales\n", "title: Sold\n", "~ executive: panel Sold: title 'Sales' -> 'Sold'\n"),
    (
        "dashboards:\n",
        "dashboards:\n  views: [executive]\n",
        "- view technical with ",
    ),
    (
        "owner: {team: shop}",
        "owner: {team: store}",
        "label team 'shop' -> 'store'\n",
    ),
    (
        "time_windows:",
        'maintenance: [{name: move, from: "2026-12-05T22:00", until: "2026-12-06T02:00"}]\n'
        "time_windows:",
        "+ maintenance of everything: Sat 2026-12-05 22:00 to Sun 2026-12-06 02:00 UTC\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1].strip().partition("\n")[0][:40])
def test_a_change_is_told(case: tuple[str, ...], tmp_path: Path) -> None:
    old, new, *sentences = case
    assert old in TENANT
    text = told(tmp_path, TENANT.replace(old, new, 1))
    for sentence in sentences:
        assert sentence in text, text


@pytest.mark.parametrize("case", CASES[:12:3], ids=lambda case: case[1].strip()[:40])
def test_the_way_back_is_told_the_other_way_round(case: tuple[str, ...], tmp_path: Path) -> None:
    forth = told(tmp_path / "forth", TENANT.replace(*case[:2], 1))
    back = told(tmp_path / "back", TENANT, TENANT.replace(*case[:2], 1))
    assert ("loosened" in forth, "tightened" in forth) == ("tightened" in back, "loosened" in back)


def test_tenants_come_and_go(tmp_path: Path) -> None:
    lay_out(tmp_path, {"acme": TENANT, "globex": TENANT.replace("acme", "globex")})
    built(tmp_path)
    lay_out(tmp_path, {"acme": TENANT, "initech": TENANT.replace("acme", "initech")})
    text = changes_text(changes(tmp_path))
    assert "- globex: the tenant is gone, with 9 alerts and 1 SLO\n" in text
    assert "+ initech: a new tenant, with 9 alerts and 1 SLO\n" in text
    assert "acme" not in text.replace("specs/", "")
    assert [one.tenant for one in changes(tmp_path, "globex").tenants] == ["globex"]


def test_what_all_share_is_told_once(tmp_path: Path) -> None:
    lay_out(tmp_path, {"acme": TENANT})
    built(tmp_path)
    other = PLATFORM.replace("mail:25", "relay:25") + "timing: {repeat_interval: 8h}\n"
    lay_out(tmp_path, {"acme": TENANT}, other)
    text = changes_text(changes(tmp_path))
    assert "~ alertmanager.yml: global.smtp_smarthost: mail:25 -> relay:25\n" in text
    assert "~ alertmanager.yml: route.repeat_interval: 4h -> 8h\n" in text
    assert "repeated every 4h -> 8h" in text


def test_the_example_of_the_page_is_what_is_told(tmp_path: Path) -> None:
    spec = TENANT
    for old, new in (
        ("above: 0.03", "above: 0.05"),
        ("    for: 5m\n    severity: critical", "    for: 10m\n    severity: critical"),
        ("{after: 45m, notify: [mail]}", "{after: 30m, notify: [mail]}"),
        ("    service: db\n    expr", "    labels: {page: db}\n    service: db\n    expr"),
    ):
        assert old in spec
        spec = spec.replace(old, new, 1)
    page = (ROOT / "docs" / "diff.md").read_text()
    assert page.split("```\n")[1] == told(tmp_path, spec)
