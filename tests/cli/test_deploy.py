"""`tocsin deploy` and `tocsin drift` as an operator meets them where no server is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import repository, tocsin
from tests.live.stack import free_port

__all__ = ["repository"]


@pytest.fixture
def built(repository: Path) -> Path:
    answer = tocsin("build", "--verify=off", cwd=repository)
    assert answer.returncode == 0, answer.stderr
    return repository


def test_without_a_target_it_says_how_to_name_one(built: Path) -> None:
    deploy, drift = tocsin("deploy", cwd=built), tocsin("drift", cwd=built)
    assert (deploy.returncode, drift.returncode) == (2, 2)
    assert "--to" in deploy.stderr and "deploy.folder" in deploy.stderr
    assert "--prometheus" in drift.stderr
    wrong = tocsin("deploy", "--to", "etc", "--prometheus", "localhost:9090", cwd=built)
    assert (wrong.returncode, "write http://host:port" in wrong.stderr) == (2, True)
    assert tocsin("deploy", "acme", "--prune", "--to", "etc", cwd=built).returncode == 2
    assert tocsin("drift", "--to", "etc", "--silence-age", "0s", cwd=built).returncode == 2


def test_a_server_that_is_away_stops_it_before_anything_is_moved(built: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    answer = tocsin("deploy", "--to", "etc", "--prometheus", url, cwd=built)
    assert answer.returncode == 3
    assert f"{url}/api/v1/status/buildinfo does not answer" in answer.stderr
    assert not (built / "etc" / "fleet").exists()


def test_files_alone_and_what_drifts_in_the_folder(built: Path) -> None:
    answer = tocsin("deploy", "--to", "etc", "--files-only", cwd=built)
    assert answer.returncode == 0, answer.stderr
    assert "acme: " in answer.stdout and "no Prometheus is named" in answer.stderr
    etc = built / "etc"
    assert (etc / "fleet" / "prometheus.flags").read_text().splitlines()[-2:] == [
        "--rules.alert.for-grace-period=0s",
        "--web.enable-lifecycle",
    ]
    drift = ("drift", "--to", "etc", "--format", "json")
    same = tocsin(*drift, cwd=built)
    assert (same.returncode, json.loads(same.stdout)) == (0, [])
    (etc / "fleet" / "alertmanager.yml").write_text("route: {}\n")
    found = tocsin(*drift, cwd=built)
    assert found.returncode == 1
    assert [finding["code"] for finding in json.loads(found.stdout)] == ["drift-changed"]
    spec = built / "specs" / "tenants" / "acme.yaml"
    spec.write_text(spec.read_text().replace("above: 100", "above: 200"))
    assert tocsin("deploy", "--build", "--to", "etc", "--files-only", cwd=built).returncode == 0
    assert "> 200" in (etc / "acme" / "prometheus" / "rules" / "api.yml").read_text()


def test_a_slip_in_a_name_puts_nothing_out(built: Path) -> None:
    for command in ("deploy", "drift"):
        slip = tocsin(command, "acne", "--to", "etc", cwd=built)
        assert slip.returncode == 2
        assert slip.stderr == "tocsin: there is no tenant 'acne'; did you mean 'acme'?\n"
    assert not (built / "etc").exists()


def test_a_dry_run_says_what_would_change(built: Path) -> None:
    first = ("deploy", "--to", "etc", "--files-only")
    assert tocsin(*first, cwd=built).returncode == 0
    spec = built / "specs" / "tenants" / "acme.yaml"
    spec.write_text(spec.read_text().replace("above: 100", "above: 200"))
    assert tocsin("build", "--verify=off", cwd=built).returncode == 0
    told = tocsin(*first, "--dry-run", cwd=built).stdout.splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "would change acme",
        "2 of 3 folders are unchanged",
    ]
