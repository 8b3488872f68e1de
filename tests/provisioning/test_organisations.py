"""Organisations, folders, teams and permissions: files where numbers are known, steps for all."""

from __future__ import annotations

from pathlib import Path

from tests.provisioning.place import made

APART = (
    "grafana: {datasources: mimir, url: 'https://mimir.example.com', organisation: per-tenant,"
    " organisations: {%s}}"
)


def providers(files: dict[str, bytes]) -> list[str]:
    folder = "fleet/grafana/provisioning/dashboards/"
    return [path.removeprefix(folder) for path in files if path.startswith(folder)]


def test_a_shared_organisation_has_a_folder_and_a_team_each(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert providers(found.files) == ["acme.yaml", "globex.yaml"]
    (provider,) = found.yaml("fleet/grafana/provisioning/dashboards/acme.yaml")["providers"]
    assert provider == {
        "name": "tocsin-acme",
        "orgId": 1,
        "type": "file",
        "folder": "acme",
        "folderUid": "acme-folder",
        "allowUiUpdates": False,
        "disableDeletion": True,
        "updateIntervalSeconds": 30,
        "options": {"path": "${TOCSIN_OUTPUT}/acme/grafana"},
    }
    assert [step["what"] for step in found.bundle["steps"]] == [
        "team core",
        "folder acme",
        "permissions of folder acme",
        "folder globex",
        "permissions of folder globex",
    ]
    assert found.bundle["steps"][2]["set"] == {
        "method": "POST",
        "path": "/api/folders/acme-folder/permissions",
        "body": {
            "items": [
                {"role": "Editor", "permission": 2},
                {"teamId": {"id_of": "team:core"}, "permission": 1},
            ]
        },
    }


def test_organisations_come_first_and_everything_else_is_inside(tmp_path: Path) -> None:
    found = made(tmp_path, APART % "acme: 2, globex: 3")
    steps = found.bundle["steps"]
    assert [(s["key"], s["expected"]) for s in steps[:2]] == [
        ("organisation:acme", 2),
        ("organisation:globex", 3),
    ]
    assert [s["in"] for s in steps[2:]] == ["organisation:acme"] * 3 + ["organisation:globex"] * 3
    assert [s["what"] for s in steps[2:]] == [
        "team core of acme",
        "folder acme",
        "permissions of folder acme",
        "team core of globex",
        "folder globex",
        "permissions of folder globex",
    ]
    numbers = {s["name"]: s["orgId"] for s in found.datasources["datasources"]}
    assert numbers == {"Tocsin acme": 2, "Tocsin globex": 3}
    assert all(s["isDefault"] for s in found.datasources["datasources"])
    (provider,) = found.yaml("fleet/grafana/provisioning/dashboards/globex.yaml")["providers"]
    assert provider["orgId"] == 3
    assert found.told("grafana-not-isolated") == []
    assert found.told("organisation-unknown") == []


def test_without_a_number_no_file_puts_a_tenant_anywhere(tmp_path: Path) -> None:
    found = made(tmp_path, APART % "globex: 3, initech: 4")
    assert providers(found.files) == ["globex.yaml"]
    assert [s["name"] for s in found.datasources["datasources"]] == ["Tocsin globex"]
    assert "organisation:acme" in {s.get("key") for s in found.bundle["steps"]}
    missing, gone = found.told("organisation-unknown")
    assert "acme" in missing + gone and "initech" in missing + gone
    assert missing.startswith("warning: ")


def test_an_organisation_alone_does_not_keep_queries_apart(tmp_path: Path) -> None:
    written = "grafana: {organisation: per-tenant, organisations: {acme: 1, globex: 2}}"
    found = made(tmp_path, written)
    (told,) = found.told("grafana-not-isolated")
    assert "answers for every tenant" in told
    assert [(s["name"], s["orgId"]) for s in found.datasources["datasources"]] == [
        ("Tocsin Prometheus", 1),
        ("Tocsin Prometheus", 2),
    ]
    assert "deleteDatasources" not in found.datasources


def test_ci_is_told_how_to_post_a_deployment(tmp_path: Path) -> None:
    found = made(tmp_path, APART % "acme: 2, globex: 3")
    event = found.bundle["deployments"]["acme"]
    assert event["path"] == "/api/annotations" and event["in"] == "organisation:acme"
    assert event["services"] == ["api", "web"]
    posted = [
        a
        for a in found.json("acme/grafana/technical.json")["annotations"]["list"]
        if a["datasource"]["type"] == "datasource"
    ]
    (drawn,) = posted
    assert drawn["target"]["matchAny"] is False
    assert set(drawn["target"]["tags"]) <= set(event["body"]["tags"])
    assert "tenant:acme" in drawn["target"]["tags"]


def test_deployments_may_come_from_a_metric_of_versions(tmp_path: Path) -> None:
    more = "dashboards: {deployments: {metric: app_build_info, label: revision}}"
    found = made(tmp_path, more=more)
    drawn = {
        a["name"]: a for a in found.json("acme/grafana/technical.json")["annotations"]["list"]
    }["Deployments"]
    assert drawn["expr"] == (
        'count by (service, revision) (app_build_info{tenant="acme"}) unless '
        'count by (service, revision) (app_build_info{tenant="acme"} offset 5m)'
    )
    assert drawn["titleFormat"] == "{{ service }} {{ revision }}"
    starts = made(tmp_path).json("acme/grafana/technical.json")["annotations"]["list"]
    assert any("process_start_time_seconds" in a.get("expr", "") for a in starts)
