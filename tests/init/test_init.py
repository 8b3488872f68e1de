"""A first spec checks clean, from nothing and from what a live server has."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from generator.api import check, compile_specs
from generator.findings import Level
from generator.formatting import format_files, spec_files
from generator.initialising import first_services, initialise
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus
from generator.spec.load import load_fleet
from generator.spec.packs import read_packs
from generator.spec.proposal import PackUse, packs_for
from generator.tools import Tool
from tests.cli.test_commands import tocsin
from tests.conftest import ROOT
from tests.live.stack import free_port, prometheus, until, world

BOUNDS = ("0.1", "0.5", "2", "+Inf")
HTTP = (
    """\
# HELP http_requests_total Requests "served", by \\\\ code
# TYPE http_requests_total counter
http_requests_total{method="GET",code="200"} 5
# HELP http_request_duration_seconds Time to answer
# TYPE http_request_duration_seconds histogram
"""
    + "".join(f'http_request_duration_seconds_bucket{{le="{le}"}} 5\n' for le in BOUNDS)
    + """\
http_request_duration_seconds_sum 1
http_request_duration_seconds_count 5
# TYPE queue_depth gauge
queue_depth{queue="mail"} 3
# TYPE process_open_fds gauge
process_open_fds 5
"""
)
ENGAGEMENT = """\
# TYPE playback_starts_total counter
playback_starts_total{service="music"} 5
# TYPE playback_skips_total counter
playback_skips_total{service="music"} 5
# TYPE other_total counter
other_total{service="odd name: #1"} 1
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return tocsin("init", *arguments, cwd=cwd)


def test_a_new_repository_checks_clean(tmp_path: Path) -> None:
    (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    answer = run("acme", "--team", "shop", "--mail", "ops@example.com", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.endswith("next: tocsin check acme; tocsin build acme; tocsin watch\n")
    assert run("globex", cwd=tmp_path).returncode == 0
    outcome = check(tmp_path)
    assert [f for f in outcome.findings if f.level is not Level.INFO] == []
    assert load_fleet(tmp_path).tenants["acme"].owner.team == "shop"
    for name in ("platform.yaml", "tenants/acme.yaml"):
        text = (tmp_path / "specs" / name).read_text()
        schema = re.match(r"# yaml-language-server: \$schema=(.*)\n", text)
        assert schema is not None
        assert ((tmp_path / "specs" / name).parent / schema[1]).is_file()
        assert len(text.splitlines()) < 40
    assert not any(one.changed for one in format_files(tmp_path, spec_files(tmp_path))[0])


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    run("acme", cwd=tmp_path)
    platform, tenant = tmp_path / "specs/platform.yaml", tmp_path / "specs/tenants/acme.yaml"
    platform.write_text(platform.read_text() + "# mine\n")
    tenant.write_text(tenant.read_text() + "# mine\n")
    answer = run("acme", cwd=tmp_path)
    assert answer.returncode == 2
    assert "specs/tenants/acme.yaml is there already; --force writes it anew" in answer.stderr
    assert tenant.read_text().endswith("# mine\n")
    assert run("acme", "--force", "--team", "new", cwd=tmp_path).returncode == 0
    assert "team: new" in tenant.read_text()
    assert platform.read_text().endswith("# mine\n"), "the platform is never overwritten"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "name the tenant: tocsin init acme"),
        (("Acme",), 1, "cannot be a tenant's id"),
        (("../up",), 1, "cannot be a tenant's id"),
        (("fleet",), 1, "fleet"),
        (("acme", "--pack", "htp-api"), 1, "did you mean 'http-api'?"),
        (("acme", "--from-prometheus", "localhost"), 2, "write http://host:port"),
        (("acme", "--from-prometheus", "http://127.0.0.1:1"), 3, "does not answer"),
    ],
)
def test_what_cannot_be_begun(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    answer = run(*arguments, cwd=tmp_path)
    assert answer.returncode == code
    assert said in answer.stderr
    assert not (tmp_path / "specs").exists()
    assert not (tmp_path.parent / "up.yaml").exists()


@pytest.mark.parametrize("word", ["on", "1", "a: b", 'x"y', "#1", "null", "ünï", "- a", "1_0"])
def test_any_name_is_written_as_text(tmp_path: Path, word: str) -> None:
    plain = first_services(["api"], [])
    initialise(tmp_path, replace(plain, tenant="acme", team=word))
    assert load_fleet(tmp_path).tenants["acme"].owner.team == word


def test_it_asks_on_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "generator", "init"],
        cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    shown: list[bytes] = []

    def listen() -> None:
        try:
            while data := os.read(ours, 1000):
                shown.append(data)
        except OSError:
            return

    threading.Thread(target=listen, daemon=True).start()
    answers = {"Tenant": "acme", "Team": "", "Mail": "ops@example.com", "Services": "web db"}
    for question, reply in answers.items():
        until(question, lambda q=question: q.encode() in b"".join(shown), 20)  # type: ignore[misc]
        os.write(ours, f"{reply}\n".encode())
    assert process.wait(30) == 0, b"".join(shown)
    os.close(ours)
    tenant = load_fleet(tmp_path).tenants["acme"]
    assert sorted(tenant.services) == ["db", "web"]
    assert tenant.owner.team == "acme"


def test_packs_fit_what_is_there() -> None:
    packs, _ = read_packs(ROOT)
    fast = {"http_requests_total", "http_request_duration_highr_seconds_bucket"}
    assert PackUse("http-api", {"convention": "fastapi"}) in packs_for(fast, packs.values())
    found = packs_for({"playback_starts_total", "playback_skips_total"}, packs.values())
    assert found == (PackUse("engagement", {}, ("active_listeners",)),)
    assert packs_for({"unheard_of"}, packs.values()) == ()


@pytest.mark.live
@pytest.mark.parametrize("generation", ["oldest", "newest"])
def test_a_live_server_is_proposed(
    tmp_path: Path, generation: str, request: pytest.FixtureRequest
) -> None:
    tools: Mapping[str, Tool] = request.getfixturevalue(generation)
    (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    port = free_port()
    with world() as state:
        state.metrics = {"/web": HTTP, "/app": ENGAGEMENT}
        config = tmp_path / "prometheus.yml"
        jobs = "".join(
            f"- {{job_name: {job}, metrics_path: /{job}, honor_labels: true,"
            f' static_configs: [{{targets: ["127.0.0.1:{state.port}"]}}]}}\n'
            for job in ("web", "app")
        )
        config.write_text(f"global: {{scrape_interval: 1s}}\nscrape_configs:\n{jobs}")
        with prometheus(tools["prometheus"], config, tmp_path / "data", port):
            url = f"http://127.0.0.1:{port}"
            server = Prometheus(Server(url))
            until("both scraped", lambda: len(server.query("up == 1")) == 2)
            wrong = run("acme", "--from-prometheus", url, "--job", "wbe", cwd=tmp_path)
            assert wrong.returncode == 2
            assert "has no job wbe; it has: app, web" in wrong.stderr
            answer = run("acme", "--from-prometheus", url, cwd=tmp_path)
            assert answer.returncode == 0, answer.stderr
            assert "left out" not in answer.stdout
    text = (tmp_path / "specs/tenants/acme.yaml").read_text()
    assert "# engagement would fit, but active_listeners is not there" in text
    outcome = check(tmp_path)
    assert [f for f in outcome.findings if f.level is not Level.INFO] == [], text
    tenant = load_fleet(tmp_path).tenants["acme"]
    assert set(tenant.services) == {"web", "music", "odd-name-1"}
    assert tenant.services["odd-name-1"].selector == {"job": "app", "service": "odd name: #1"}
    metric = tenant.metrics["http_request_duration_seconds"]
    assert [float(b) for b in metric.buckets] == [0.1, 0.5, 2.0]
    assert tenant.metrics["http_requests_total"].labels == {"code", "method"}
    assert [job.job for job in tenant.collect] == ["app", "web"]
    build = compile_specs(tmp_path).tenants["acme"].build
    assert build is not None
    assert "HttpErrorRatioHigh.web" in build.alerts
