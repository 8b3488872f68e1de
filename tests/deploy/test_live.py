"""What servers print of themselves, held against what was written: spellings, and differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.deliver.live.configuration import configuration_differences
from generator.deliver.live.groups import (
    Side,
    file_key,
    group_differences,
    groups_in_files,
    groups_of_server,
)
from generator.deliver.live.running import running_configuration, running_groups
from generator.servers.http import Server, ServerFailed
from generator.servers.prometheus import Prometheus

ALIKE: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"global": {"scrape_interval": "60s"}}, {"global": {"scrape_interval": "1m"}}),
    ({"a": {"honor_labels": False}}, {"a": {"other": 1}}),
    ({"route": {"receiver": "r"}}, {"route": {"receiver": "r", "continue": False}}),
    ({"x": {"url": "http://h/"}}, {"x": {"url": "<secret>"}}),
    ({"route": {"matchers": ['b="1"', "a =~ x"]}}, {"route": {"matchers": ["a=~x", 'b="1"']}}),
    (
        {"time_intervals": [{"name": "i", "time_intervals": [{"months": ["january:march"]}]}]},
        {"time_intervals": [{"name": "i", "time_intervals": [{"months": ["1:3"]}]}]},
    ),
    ({"rule_files": ["../a/r/*.yml"]}, {"rule_files": ["/etc/m/a/r/*.yml"]}),
    ({"a": {"body_size_limit": "10MB"}}, {"a": {"body_size_limit": "10MiB"}}),
    ({"a": {"min_version": "TLS12"}}, {"a": {"min_version": 771}}),
    ({"a": [{"name": "x"}, {"name": "y"}]}, {"a": [{"name": "y"}, {"name": "x"}]}),
)
DIFFERENT: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    (
        {"route": {"receiver": "r"}},
        {"route": {"receiver": "r", "continue": True}},
        "route.continue is live only: true",
    ),
    (
        {"route": {"routes": [{"matchers": ["a=b"]}, {"matchers": ["c=d"]}]}},
        {"route": {"routes": [{"matchers": ["c=d"]}, {"matchers": ["a=b"]}]}},
        "route.routes the order is another",
    ),
    (
        {"receivers": [{"name": "r"}]},
        {"receivers": [{"name": "r", "slack_configs": [{"channel": "x"}]}]},
        'receivers[0].slack_configs is live only: [{"channel": "x"}]',
    ),
    (
        {"receivers": [{"name": "r"}, {"name": "s"}]},
        {"receivers": [{"name": "r"}, {"name": "t"}]},
        'receivers[s] is not loaded: {"name": "s"}',
    ),
    (
        {"inhibit_rules": [{"source_matchers": ["a=b"], "equal": ["x", "y"]}]},
        {"inhibit_rules": [{"source_matchers": ["a=b"], "equal": ["x"]}]},
        'inhibit_rules[0].equal ["x", "y"] in the files, ["x"] live',
    ),
    ({"rule_files": ["../a/r/*.yml"]}, {"rule_files": ["/b/r/*.yml"]}, "rule_files "),
    (
        {"receivers": [{"name": "r"}]},
        {"receivers": [{"name": "r", "webhook_configs": [{"url": "http://h/token"}]}]},
        'receivers[0].webhook_configs is live only: [{"url": "<secret>"}]',
    ),
    ({"a": {"url": "http://a"}}, {"a": {"url": "http://b"}}, 'a.url "<secret>" in the files'),
    ({"a": {"n": 1}}, {"a": {}}, "a.n is not loaded: 1"),
)


@pytest.mark.parametrize(("written", "live"), ALIKE)
def test_the_same_in_other_words(written: dict[str, Any], live: dict[str, Any]) -> None:
    assert list(configuration_differences(written, live)) == []


@pytest.mark.parametrize(("written", "live", "told"), DIFFERENT)
def test_what_is_not_the_same(written: dict[str, Any], live: dict[str, Any], told: str) -> None:
    found = [f"{one.path} {one.what}" for one in configuration_differences(written, live)]
    assert found and found[0].startswith(told)


RULES = """\
groups:
  - name: g
    rules:
      - {alert: A, expr: 'sum by (b, a) (rate(x{c="1",d="2"}[5m]))', for: 5m, labels: {s: w}}
      - {record: r, expr: up}
"""


def test_rules_are_compared_as_trees(tmp_path: Path) -> None:
    path = tmp_path / "acme" / "prometheus" / "rules" / "x.yml"
    path.parent.mkdir(parents=True)
    path.write_text(RULES)
    written = groups_in_files([path], 30)
    alert = {
        "type": "alerting", "name": "A", "duration": 300, "keepFiringFor": 0,
        "query": 'sum by(a, b) (rate(x{d="2",c="1"}[300s]))', "labels": {"s": "w"},
    }  # fmt: skip
    record = {"type": "recording", "name": "r", "query": "up"}
    group = {"name": "g", "file": "/m/acme/prometheus/rules/x.yml", "interval": 30}
    same = groups_of_server([{**group, "rules": [alert, record]}])
    assert list(group_differences(written, same)) == []
    other = groups_of_server([{**group, "rules": [record, {**alert, "query": "x"}]}])
    found = [(one.side, one.what) for one in group_differences(written, other)]
    assert found == [
        (Side.BOTH, "alert A: expr is x live"),
        (Side.BOTH, "the order of the rules"),
    ]
    gone = [(one.side, one.group) for one in group_differences(written, ())]
    assert gone == [(Side.FILES, "g")]


def test_files_are_known_by_what_machines_share() -> None:
    assert file_key("/data/acme/prometheus/rules/x.yml") == "acme/prometheus/rules/x.yml"
    assert file_key("/etc/prometheus/own.yml") == "/etc/prometheus/own.yml"


@pytest.mark.parametrize("answer", [{}, {"groups": [{"name": "g"}]}, {"groups": [7]}, None])
def test_what_is_no_answer_of_prometheus_is_a_failed_server(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Prometheus, "ask", lambda _self, _path: answer)
    with pytest.raises(ServerFailed, match="http://p:9090"):
        running_groups(Prometheus(Server("http://p:9090")))
    with pytest.raises(ServerFailed, match="http://p:9090"):
        running_configuration(Prometheus(Server("http://p:9090")))
