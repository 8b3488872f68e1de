"""`tocsin diff --live` on a real Prometheus and Alertmanager, the oldest and the newest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.tools import Tool
from tests.diff.repository import PLATFORM, TENANT, built, diff, lay_out
from tests.live.stack import free_port, running

pytestmark = [pytest.mark.live, pytest.mark.tools]

SECOND = TENANT.replace("acme", "globex")
CHANGED = (
    ("above: 0.03", "above: 0.05"),
    ("{after: 45m, notify: [mail]}", "{after: 30m, notify: [mail]}"),
    ("during: office", "during: evening"),
    ("time_windows: {", 'time_windows: {evening: {times: [{from: "17:00", until: "22:00"}]}, '),
    ("  ErrorsHigh:\n", "  Down: {service: db, expr: up == 0, severity: warning}\n  ErrorsHigh:\n"),
)


@pytest.mark.parametrize("generation", ["oldest", "newest"])
def test_what_servers_have_loaded(
    generation: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tools: Mapping[str, Tool] = request.getfixturevalue(generation)
    versions = {
        "prometheus": tools["prometheus"].version,
        "alertmanager": tools["alertmanager"].version,
    }
    platform = PLATFORM.replace('"2.42"', f'"{versions["prometheus"]}"')
    platform = platform.replace('"0.28"', f'"{versions["alertmanager"]}"')
    first, second = (
        text.replace("  hook: {webhook: {url_file: /etc/alertmanager/secrets/hook}}\n", "")
        for text in (TENANT, SECOND)
    )
    lay_out(tmp_path, {"acme": first, "globex": second}, platform)
    fleet = built(tmp_path) / "fleet"
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    asked = ["--live", "--exit-code"]
    asked += [f"--{name}=http://127.0.0.1:{port}" for name, port in ports.items()]
    with running(tools, fleet, tmp_path / "data", ports):
        same = diff(*asked, cwd=tmp_path)
        assert (same.returncode, same.stdout) == (0, ""), same.stdout + same.stderr
        assert "not compared: dashboards" in same.stderr

        other = first
        for old, new in CHANGED:
            assert old in other
            other = other.replace(old, new, 1)
        relay = platform.replace("mail:25", "relay:25")
        lay_out(tmp_path, {"acme": other}, relay)
        told = diff(*asked, cwd=tmp_path)
        assert told.returncode == 1, told.stderr
        rules = diff(*asked[:-1], cwd=tmp_path)
    for sentence in (
        "~ alertmanager.yml: global.smtp_smarthost: mail:25 -> relay:25\n",
        "~ ErrorsHigh (api, critical) loosened: fires above 3 % -> 5 %",
        "+ Down (db, warning)\n",
        "mail (mail shop@example.com): after 45m -> after 30m\n",
        "chat (Slack #shop) at once: while it is office -> while it is evening",
        "- globex: the tenant is gone, with 9 alerts and 1 SLO\n",
    ):
        assert sentence in told.stdout, told.stdout
    assert "fires above 3 % -> 5 %" in rules.stdout and "Who is told" not in rules.stdout
    assert "who is told (no --alertmanager)" in rules.stderr
