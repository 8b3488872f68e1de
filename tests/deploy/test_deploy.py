"""Deployments onto real servers: what goes out, what is held back, what is put back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from generator.deliver.output import MANIFEST, read_tree, write_tree
from generator.deploying import Options, Request, deploy
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus
from tests.deploy.place import FAILS, NAMES, NEWEST, Place, codes, tree

pytestmark = [pytest.mark.live, pytest.mark.tools]


def test_what_changed_goes_out_and_is_seen_running(place: Place) -> None:
    place.write("acme", wait="20m")
    place.compile()
    outcome = place.deploy()
    assert codes(outcome) == [] and codes(outcome, "warning") == []
    assert place.live() == {"acme": 1200, "globex": 600, "initech": 600}
    assert tree(place.to) == tree(place.output)
    again = place.deploy()
    assert again.told[-1] == "the servers run it already: nothing to do"


@NEWEST
def test_servers_that_run_something_else_are_reloaded(place: Place) -> None:
    place.write("acme", wait="20m")
    place.compile()
    place.deploy(options=Options(files_only=True))
    assert place.live()["acme"] == 600
    assert codes(place.deploy()) == []
    assert place.live()["acme"] == 1200


def test_a_rule_that_fails_when_it_is_evaluated_is_put_back(place: Place) -> None:
    before = tree(place.to)
    place.write("globex", FAILS, wait="20m")
    place.write("acme", wait="30m")
    place.compile()
    outcome = place.deploy()
    assert codes(outcome) == ["rule-fails"], outcome.findings
    assert "globex/prometheus/rules" in outcome.findings[0].message
    assert outcome.told[-1] == "rolled back: acme, globex are as they were before"
    assert tree(place.to) == before
    assert set(place.live().values()) == {600}


def test_a_file_that_only_the_server_refuses_is_put_back(place: Place) -> None:
    """amtool looks at no certificate; Alertmanager loads it, and there is none."""
    before = tree(place.to)
    files = [a for a in read_tree(place.output, "fleet") if a.path != MANIFEST]
    mail = b"  - name: acme/mail\n"
    hook = b"    webhook_configs:\n      - url: http://127.0.0.1:1/\n"
    hook += b"        http_config: {tls_config: {ca_file: /nowhere/ca.crt}}\n"
    spoilt = [
        replace(a, content=a.content.replace(mail, mail + hook))
        if a.path == "alertmanager.yml"
        else a
        for a in files
    ]
    write_tree(place.output, "fleet", spoilt, {"generator": "tocsin test"})
    outcome = place.deploy()
    assert codes(outcome) == ["deploy-reload"], outcome.findings
    assert outcome.told[-1] == "rolled back: fleet are as they were before"
    assert tree(place.to) == before
    assert place.routed() == set(NAMES)


def test_a_tenant_whose_files_are_refused_is_held_back(place: Place) -> None:
    place.write("acme", wait="20m")
    place.write("globex", wait="20m")
    place.compile()
    place.spoil("globex")
    before = tree(place.to / "globex")
    outcome = place.deploy()
    assert set(codes(outcome)) == {"promtool-rules", "quarantined"}, outcome.findings
    assert tree(place.to / "globex") == before
    assert place.live() == {"acme": 1200, "globex": 600, "initech": 600}
    assert place.routed() == set(NAMES)
    place.compile()
    assert codes(place.deploy()) == []
    assert place.live()["globex"] == 1200
    assert tree(place.to) == tree(place.output)


@NEWEST
def test_a_new_tenant_that_is_refused_stays_out_of_the_fleet(place: Place) -> None:
    place.write("umbrella")
    place.write("acme", wait="20m")
    place.compile()
    place.spoil("umbrella")
    outcome = place.deploy()
    assert "quarantined" in codes(outcome)
    assert not (place.to / "umbrella").exists()
    assert place.routed() == set(NAMES)
    assert place.live() == {"acme": 1200, "globex": 600, "initech": 600}


@NEWEST
def test_one_tenant_goes_out_alone(place: Place) -> None:
    for name in NAMES:
        place.write(name, wait="20m")
    place.compile()
    assert codes(place.deploy("acme")) == []
    assert place.live() == {"acme": 1200, "globex": 600, "initech": 600}


@NEWEST
def test_output_that_was_edited_does_not_go_out(place: Place) -> None:
    added = place.output / "acme" / "prometheus" / "rules" / "x.yml"
    added.write_text("groups: []\n")
    outcome = place.deploy()
    added.unlink()
    assert sorted(codes(outcome)) == ["output-added", "quarantined"]
    assert not (place.to / "acme" / "prometheus" / "rules" / "x.yml").exists()


@NEWEST
def test_a_dry_run_changes_nothing(place: Place) -> None:
    place.write("acme", wait="20m")
    place.compile()
    before = {p: p.stat().st_mtime_ns for p in place.to.rglob("*")}
    outcome = place.deploy(dry_run=True)
    assert codes(outcome) == []
    assert outcome.told[0].startswith("would change acme: ")
    assert {p: p.stat().st_mtime_ns for p in place.to.rglob("*")} == before
    assert place.live()["acme"] == 600


@NEWEST
def test_prune_removes_what_is_ours_alone(place: Place) -> None:
    (place.root / "specs" / "tenants" / "globex.yaml").unlink()
    place.compile()
    note = place.to / "globex" / "NOTES.md"
    note.write_text("mine\n")
    others = place.to / "web-app"
    others.mkdir(exist_ok=True)
    (others / MANIFEST).write_text('{"name": "app", "files": {"index.html": ""}}\n')
    (others / "index.html").write_text("theirs\n")
    kept = place.deploy()
    assert "deploy-stale" in codes(kept, "info")
    assert (place.to / "globex" / MANIFEST).exists()
    assert set(place.live()) == set(NAMES) - {"globex"}
    assert codes(place.deploy(prune=True)) == []
    assert tree(place.to / "globex") == {"NOTES.md": b"mine\n"}
    assert set(tree(others)) == {MANIFEST, "index.html"}
    shutil.rmtree(others)
    note.unlink()


@NEWEST
def test_a_folder_that_the_servers_do_not_read_is_told(place: Place, tmp_path: Path) -> None:
    place.write("acme", wait="20m")
    place.compile()
    outcome = place.deploy(options=Options(folder=tmp_path / "etc"))
    assert "deploy-not-loaded" in codes(outcome)
    assert tree(tmp_path / "etc") == {}
    assert place.live()["acme"] == 600


@NEWEST
def test_a_server_that_would_not_reload_is_told_before_anything_is_moved(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write("acme", wait="20m")
    place.compile()
    before = tree(place.to)
    monkeypatch.setattr(Prometheus, "flags", lambda _self: {"web.enable-lifecycle": "false"})
    assert codes(place.deploy()) == ["deploy-reload"]
    assert tree(place.to) == before


@NEWEST
def test_a_server_that_goes_away_in_the_middle_is_left_with_the_earlier_files(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(place.to)
    place.write("acme", wait="20m")
    place.compile()

    def gone(server: Prometheus) -> None:
        raise ServerFailed(f"{server.server.url} does not answer")

    def step(name: str) -> None:
        if name == "reloaded":
            monkeypatch.setattr(Prometheus, "configuration", gone)

    outcome = deploy(Request(place.root, place.output, Options()), step=step)
    assert set(codes(outcome)) == {"deploy-failed", "deploy-rollback"}
    assert tree(place.to) == before
    assert place.live()["acme"] == 600
