"""`tocsin grafana apply` against a server that answers as Grafana's documented API does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli.grafana import command
from generator.deliver.output import OutputError
from generator.servers.http import ServerFailed
from tests.provisioning.fake_grafana import TOKEN, FakeGrafana, Organisation, serving
from tests.provisioning.place import made

APART = (
    "grafana: {datasources: mimir, url: 'https://mimir.example.com', organisation: per-tenant%s}"
)


@dataclass
class Place:
    grafana: FakeGrafana
    url: str
    folder: Path

    def build(self, grafana: str = "") -> None:
        found = made(self.folder / "repository", grafana)
        (self.folder / "output/fleet/grafana").mkdir(parents=True, exist_ok=True)
        bundle = found.files["fleet/grafana/api.json"]
        (self.folder / "output/fleet/grafana/api.json").write_bytes(bundle)

    def run(self, *options: str, by: str = "token", code: int = 0) -> Result:
        (self.folder / "token").write_text(f"{TOKEN}\n")
        (self.folder / "password").write_text("hunter\n")
        who = {
            "token": ("--token-file", str(self.folder / "token")),
            "admin": ("--user", "admin", "--password-file", str(self.folder / "password")),
            "nobody": (),
        }[by]
        output = ("--output", str(self.folder / "output"))
        answer = CliRunner().invoke(command, ["apply", "--url", self.url, *output, *who, *options])
        if answer.exception is not None and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        assert answer.exit_code == code, answer.output
        return answer


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    grafana = FakeGrafana()
    with serving(grafana) as url:
        yield Place(grafana, url, tmp_path)


def test_teams_folders_and_permissions_of_a_shared_organisation(place: Place) -> None:
    place.build()
    answer = place.run()
    main = place.grafana.organisations[1]
    assert main.teams == {"core": 71}
    assert main.folders == {"acme-folder": "acme", "globex-folder": "globex"}
    assert main.permissions["acme-folder"][1:] == [
        {"role": "Editor", "permission": 2},
        {"teamId": 71, "permission": 1},
    ]
    assert answer.output.splitlines() == [
        "created: team core",
        "created: folder acme",
        "set: permissions of folder acme",
        "created: folder globex",
        "set: permissions of folder globex",
        "3 created, 2 set",
    ]


def test_again_changes_nothing_and_drift_is_undone(place: Place) -> None:
    place.build()
    place.run()
    place.grafana.changes.clear()
    assert place.run().output == "2 as it is, 3 found\n"
    assert "found: team core" in place.run("--all").output
    assert place.grafana.changes == []
    permissions = place.grafana.organisations[1].permissions
    permissions["globex-folder"].append({"role": "Viewer", "permission": 1})
    assert place.run().output.splitlines()[0] == "set: permissions of folder globex"
    assert place.grafana.changes == ["POST /api/folders/globex-folder/permissions"]
    assert {"role": "Viewer", "permission": 1} not in permissions["globex-folder"]


def test_a_dry_run_only_looks(place: Place) -> None:
    place.build()
    answer = place.run("--dry-run")
    assert place.grafana.changes == []
    assert answer.output.splitlines()[-1] == "3 to create, 2 to set"
    place.build(APART % "")
    answer = place.run("--dry-run", by="admin")
    assert place.grafana.changes == []
    assert answer.output.splitlines()[-1] == "6 to create, 2 to set"


def test_an_organisation_for_each_tenant_and_its_number_for_the_specs(place: Place) -> None:
    place.build(APART % "")
    answer = place.run(by="admin")
    assert answer.output.endswith("  grafana: {organisations: {acme: 2, globex: 3}}\n")
    assert {n: o.name for n, o in place.grafana.organisations.items()} == {
        1: "Main Org.",
        2: "acme",
        3: "globex",
    }
    assert place.grafana.organisations[1].folders == {}
    for number, name in ((2, "acme"), (3, "globex")):
        own = place.grafana.organisations[number]
        assert own.folders == {f"{name}-folder": name} and list(own.teams) == ["core"]
        assert {"role": "Viewer", "permission": 1} in own.permissions[f"{name}-folder"]
    place.build(APART % ", organisations: {acme: 2, globex: 3}")
    place.grafana.changes.clear()
    assert place.run(by="admin").output == "2 as it is, 6 found\n"
    assert place.grafana.changes == []


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({}, "Grafana has no organisation acme, and the specs say that it is 2"),
        ({5: Organisation("acme")}, "the organisation acme is 5, and the specs say 2"),
    ],
    ids=["none", "another"],
)
def test_nothing_is_changed_while_a_number_is_somebody_elses(
    place: Place, there: dict[int, Organisation], said: str
) -> None:
    place.grafana.organisations |= {2: Organisation("initech"), 3: Organisation("globex"), **there}
    place.build(APART % ", organisations: {acme: 2, globex: 3}")
    answer = place.run(by="admin", code=1)
    assert said in answer.output and "nothing was changed" in answer.output
    assert place.grafana.changes == []


def test_a_refusal_is_told_and_the_rest_can_be_done_later(place: Place) -> None:
    place.build()
    place.grafana.broken = "/api/folders/globex-folder"
    with pytest.raises(ServerFailed, match="globex-folder refused with 500: database is locked"):
        place.run()
    place.grafana.broken = ""
    assert place.run().output.splitlines()[-1] == "1 as it is, 1 created, 2 found, 1 set"


def test_wrong_use_is_told_before_anything_is_asked(place: Place) -> None:
    place.build(APART % "")
    token = ("--token-file", str(place.folder / "token"))
    for options, by, said in (
        ((), "nobody", "give --token-file, or --user"),
        (("--user", "admin"), "nobody", "belong together"),
        (token, "admin", "give --token-file, or --user"),
        ((), "token", "organisations are made by a server's administrator"),
        (("--url", "grafana:3000"), "admin", "is no address"),
    ):
        assert said in place.run(*options, by=by, code=2).output
    assert place.grafana.changes == []


def test_a_bundle_that_is_not_there_or_not_ours_is_said(place: Place) -> None:
    (place.folder / "output/fleet/grafana").mkdir(parents=True)
    path = place.folder / "output/fleet/grafana/api.json"
    for content, said in (
        (None, "run tocsin build first"),
        ("{", "is not JSON"),
        ('{"version": 9}', "another version"),
        ("[]", "another version"),
    ):
        if content is not None:
            path.write_text(content)
        with pytest.raises(OutputError, match=said):
            place.run()
