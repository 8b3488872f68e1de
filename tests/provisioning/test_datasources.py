"""Data sources: who can be asked for what, and that dashboards cannot leave theirs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from generator.api import compile_specs
from generator.findings import SpecError
from tests.conftest import ROOT
from tests.judges import judged_by_grafana
from tests.provisioning.place import made, refused

MIMIR = "grafana: {datasources: mimir, url: 'https://mimir.example.com/prometheus'%s}"
VERSIONS = "dashboards: {deployments: {metric: app_build_info}}"
PROXY = "grafana: {datasources: proxy, url: 'http://proxy.example.com:8080', header: X-Tenant%s}"


def variable(dashboard: Any) -> Any:
    return next(v for v in dashboard["templating"]["list"] if v["name"] == "datasource")


def test_one_plain_data_source_says_that_it_keeps_nobody_apart(tmp_path: Path) -> None:
    plain = made(tmp_path)
    assert plain.datasources == {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Tocsin Prometheus",
                "uid": "tocsin-prometheus",
                "type": "prometheus",
                "access": "proxy",
                "orgId": 1,
                "url": "https://prometheus.example.com",
                "isDefault": True,
                "editable": False,
                "jsonData": {
                    "allowAsRecordingRulesTarget": False,
                    "httpMethod": "POST",
                    "manageAlerts": True,
                    "prometheusType": "Prometheus",
                    "prometheusVersion": "2.53.0",
                    "timeInterval": "20s",
                },
            }
        ],
    }
    (told,) = plain.told("grafana-not-isolated")
    assert told.startswith("info: ") and "queries in Explore are not" in told
    assert variable(plain.json("acme/grafana/executive.json"))["regex"] == ""


def test_a_single_tenant_needs_no_keeping_apart(tmp_path: Path) -> None:
    assert made(tmp_path, tenants=("acme",)).told("grafana-not-isolated") == []


def test_the_finding_stands_where_the_choice_is_written(tmp_path: Path) -> None:
    found = made(tmp_path, "grafana:\n  datasources: plain").findings
    (place,) = [f.place for f in found if f.code == "grafana-not-isolated"]
    assert place is not None and place.source == "  datasources: plain"


@pytest.mark.parametrize(
    ("written", "header"), [(MIMIR, "X-Scope-OrgID"), (PROXY, "X-Tenant")], ids=["mimir", "proxy"]
)
def test_each_tenant_has_a_data_source_that_names_it(
    tmp_path: Path, written: str, header: str
) -> None:
    found = made(tmp_path, written % "")
    assert found.datasources["deleteDatasources"] == [{"name": "Tocsin Prometheus", "orgId": 1}]
    told = [
        (s["name"], s["uid"], s["jsonData"]["httpHeaderName1"], s["secureJsonData"], s["isDefault"])
        for s in found.datasources["datasources"]
    ]
    assert told == [
        (f"Tocsin {name}", f"{name}-prometheus", header, {"httpHeaderValue1": name}, False)
        for name in ("acme", "globex")
    ]
    (finding,) = found.told("grafana-not-isolated")
    assert "share an organisation" in finding


def test_a_proxy_may_have_an_address_for_each_tenant(tmp_path: Path) -> None:
    found = made(
        tmp_path, "grafana: {datasources: proxy, url: 'http://{tenant}.proxy.example.com'}"
    )
    first, second = found.datasources["datasources"]
    assert (first["url"], second["url"]) == (
        "http://acme.proxy.example.com",
        "http://globex.proxy.example.com",
    )
    assert "secureJsonData" not in first


def test_mimir_is_told_as_what_it_is(tmp_path: Path) -> None:
    known = made(tmp_path, MIMIR % ", version: '2.17'").datasources["datasources"][0]["jsonData"]
    assert (known["prometheusType"], known["prometheusVersion"]) == ("Mimir", "2.17.0")
    unknown = made(tmp_path, MIMIR % "").datasources["datasources"][0]["jsonData"]
    assert unknown["prometheusType"] == "Mimir" and "prometheusVersion" not in unknown


def test_secrets_stay_in_files_on_grafanas_machine(tmp_path: Path) -> None:
    basic = made(
        tmp_path,
        MIMIR % ", username: gra$fana, password_file: /run/secrets/p$w, ca_file: /etc/ca.crt",
    ).datasources["datasources"][0]
    assert basic["basicAuth"] is True and basic["basicAuthUser"] == "gra$$fana"
    assert basic["secureJsonData"] == {
        "basicAuthPassword": "$__file{/run/secrets/p$$w}",
        "httpHeaderValue1": "acme",
        "tlsCACert": "$__file{/etc/ca.crt}",
    }
    bearer = made(tmp_path, MIMIR % ", token_file: /run/secrets/token").datasources
    first = bearer["datasources"][0]
    assert first["jsonData"]["httpHeaderName2"] == "Authorization"
    assert first["secureJsonData"]["httpHeaderValue2"] == "Bearer $__file{/run/secrets/token}"
    plain = made(tmp_path, "grafana: {token_file: /run/secrets/token}").datasources
    only = plain["datasources"][0]
    assert only["jsonData"]["httpHeaderName1"] == "Authorization"


def test_a_tenants_dashboards_cannot_leave_its_data_source(tmp_path: Path) -> None:
    found = made(tmp_path, MIMIR % "", tenants=("acme", "acme-2"))
    sources = {s["name"]: s["uid"] for s in found.datasources["datasources"]}
    for name in ("acme", "acme-2"):
        for view in ("executive", "technical"):
            chosen = variable(found.json(f"{name}/grafana/{view}.json"))
            inside = re.fullmatch(r"/(\^.*\$)/", chosen["regex"])
            assert inside is not None
            matched = [source for source in sources if re.search(inside[1], source)]
            assert matched == [f"Tocsin {name}"]
            assert chosen["current"]["value"] == sources[f"Tocsin {name}"]
            assert chosen["skipUrlSync"] is True and chosen["hide"] == 2


def test_metrics_without_the_label_are_missing_behind_a_scoped_data_source(tmp_path: Path) -> None:
    found = made(tmp_path, PROXY % "" + "\nshared_metrics: [kube_node_info]")
    (told,) = found.told("shared-metrics-hidden")
    assert "kube_node_info" in told


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{datasources: proxy}", "missing-key: nothing tells the proxy which tenant asks"),
        (
            "{datasources: mimir, header: X-T}",
            "bad-value: grafana.header is for datasources: proxy",
        ),
        ("{version: '2.1'}", "bad-value: grafana.version is for datasources: mimir"),
        ("{url: 'http://{tenant}.example.com'}", "bad-value: one data source for all tenants"),
        ("{username: me}", "missing-key: grafana has username but no password_file"),
        ("{password_file: /x}", "missing-key: grafana has password_file but no username"),
        (
            "{token_file: /x, username: me, password_file: /y}",
            "bad-value: grafana has a token and a user name",
        ),
        ("{organisations: {acme: 2}}", "bad-value: grafana.organisations has no meaning"),
        (
            "{organisation: per-tenant, organisations: {acme: 2, globex: 2}}",
            "organisation-shared: globex and acme cannot share organisation 2",
        ),
        ("{datasources: mixed}", "bad-choice: grafana.datasources"),
        ("{url: 'http://me:secret@mimir'}", "bad-form: grafana.url"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, written: str, said: str) -> None:
    found = refused(tmp_path, f"grafana: {written}")
    assert any(one.startswith(said) for one in found), found


def test_a_scoped_data_source_needs_an_address(tmp_path: Path) -> None:
    path = tmp_path / "specs" / "platform.yaml"
    made(tmp_path)
    text = path.read_text().replace("urls:", "# urls:") + "grafana: {datasources: mimir}\n"
    path.write_text(text)
    with pytest.raises(SpecError, match="needs an address"):
        compile_specs(tmp_path)


def test_the_note_ends_with_a_reason(tmp_path: Path) -> None:
    written = (
        "grafana:\n"
        "  # tocsin: ignore grafana-not-isolated only the platform's people may use Explore\n"
        "  datasources: plain"
    )
    assert made(tmp_path, written).told("grafana-not-isolated") == []


@pytest.mark.parametrize("schema", ["classic", "v2"])
def test_the_judge_takes_pinned_dashboards(tmp_path: Path, schema: str) -> None:
    found = made(
        tmp_path, MIMIR % f", dashboard_schema: {schema}", more=VERSIONS, grafana_version="13.0"
    )
    folder = tmp_path / "boards"
    folder.mkdir()
    for path, content in found.files.items():
        if path.startswith("acme/grafana/"):
            (folder / Path(path).name).write_bytes(content)
    answer = judged_by_grafana(ROOT, folder, "acme")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stderr.startswith("2 files")
