"""The fleet's files when some tenants are held back, and flags held against servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.deliver.deploy.compose import Held, composed
from generator.deliver.deploy.plan import Tree
from generator.deliver.deploy.servers import Servers, flag_findings
from generator.ir.artifacts import Artifact
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus


def node(name: str, receiver: str) -> dict[str, Any]:
    return {"matchers": [f'tenant="{name}"'], "receiver": f"{name}/{receiver}"}


def shard(number: int, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"matchers": [f'shard="{number}"'], "routes": list(nodes)}


MARKERS = {"matchers": ['kind="marker"'], "receiver": "_platform/nobody"}


def fleet(routes: list[dict[str, Any]], equal: list[str], receiver: str, *names: str) -> Tree:
    receivers = ["_platform/mail", "_platform/nobody", *(f"{n}/{receiver}" for n in names)]
    alertmanager = {
        "route": {"receiver": "_platform/mail", "routes": [MARKERS, *routes]},
        "inhibit_rules": [
            {"source_matchers": ['a="1"'], "target_matchers": ['a="2"'], "equal": equal}
        ],
        "receivers": [{"name": name} for name in receivers],
        "time_intervals": [{"name": f"{name}/{receiver}"} for name in names],
    }
    prometheus = {
        "rule_files": [f"../{name}/prometheus/rules/*.yml" for name in names],
        "scrape_configs": [{"job_name": f"{name}/{receiver}"} for name in names],
    }
    return tuple(
        Artifact(f"{name}.yml", f"# head\n{yaml.safe_dump(document)}".encode())
        for name, document in (("alertmanager", alertmanager), ("prometheus", prometheus))
    )


def read(tree: Tree, name: str) -> Any:
    return yaml.safe_load(next(a.content for a in tree if a.path == f"{name}.yml"))


NEW = fleet([node("acme", "new"), node("globex", "new")], ["tenant", "x"], "new", "acme", "globex")
OLD = fleet([node("acme", "old"), node("globex", "old")], ["tenant", "y"], "old", "acme", "globex")


def test_a_held_tenant_keeps_its_part_of_everything() -> None:
    held = Held(frozenset({"globex"}), frozenset({"globex"}), "tenant")
    made = composed(NEW, OLD, held, "tocsin test")
    found = read(made, "alertmanager")
    assert found["route"]["routes"] == [MARKERS, node("acme", "new"), node("globex", "old")]
    names = [receiver["name"] for receiver in found["receivers"]]
    assert names == ["_platform/mail", "_platform/nobody", "acme/new", "globex/old"]
    assert [i["name"] for i in found["time_intervals"]] == ["acme/new", "globex/old"]
    assert found["inhibit_rules"][0]["equal"] == ["tenant", "x", "y"]
    jobs = [job["job_name"] for job in read(made, "prometheus")["scrape_configs"]]
    assert jobs == ["acme/new", "globex/old"]
    text = next(a.content for a in made if a.path == "alertmanager.yml").decode()
    assert text.startswith("# head\n# globex: as deployed before\n")


def test_a_held_tenant_that_was_never_deployed_is_left_out() -> None:
    held = Held(frozenset({"globex"}), frozenset(), "tenant")
    made = composed(NEW, (), held, "tocsin test")
    found = read(made, "alertmanager")
    assert found["route"]["routes"] == [MARKERS, node("acme", "new")]
    assert "globex" not in str(found)
    assert read(made, "prometheus")["rule_files"] == ["../acme/prometheus/rules/*.yml"]


def test_a_held_tenant_without_a_new_part_stands_before_the_shards() -> None:
    """A shard's node takes all that falls on it; what comes after it would get nothing."""
    new = fleet([shard(1, node("acme", "new"))], ["tenant"], "new", "acme")
    held = Held(frozenset({"globex"}), frozenset({"globex"}), "tenant")
    found = read(composed(new, OLD, held, "tocsin test"), "alertmanager")["route"]["routes"]
    assert found == [MARKERS, node("globex", "old"), shard(1, node("acme", "new"))]


def test_a_held_tenant_stays_in_its_shard() -> None:
    new = fleet([shard(1, node("acme", "new"), node("globex", "new"))], [], "new", "acme", "globex")
    old = fleet([shard(1, node("acme", "old"), node("globex", "old"))], [], "old", "acme", "globex")
    held = Held(frozenset({"globex"}), frozenset({"globex"}), "tenant")
    found = read(composed(new, old, held, "tocsin test"), "alertmanager")["route"]["routes"]
    assert found == [MARKERS, shard(1, node("acme", "new"), node("globex", "old"))]


def test_with_nobody_held_back_nothing_is_composed() -> None:
    assert composed(NEW, OLD, Held(frozenset(), frozenset(), "tenant"), "tocsin test") is NEW


def test_flags_are_held_against_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {"rules.alert.for-grace-period": "600s", "web.enable-lifecycle": "true", "x": "1m"}
    monkeypatch.setattr(Prometheus, "flags", lambda _self: runs)
    (tmp_path / "fleet").mkdir()
    wanted = "# why\n--rules.alert.for-grace-period=0s\n--web.enable-lifecycle\n--x=60s\n"
    (tmp_path / "fleet" / "prometheus.flags").write_text(wanted)
    servers = Servers((Prometheus(Server("http://p:9090")),))
    found = list(flag_findings(servers, tmp_path))
    assert [finding.message for finding in found] == [
        "http://p:9090 runs with --rules.alert.for-grace-period=600s, not 0s"
    ]
