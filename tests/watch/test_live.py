"""Watch with the real servers: they run what was written last, and never what is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from generator.api import build
from generator.reloading import Reloads
from generator.servers.alertmanager import Alertmanager
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus
from generator.tools import Tool
from generator.watching import Event
from tests.live.stack import Servers, free_port, prometheus, running
from tests.watch.conftest import Seen

pytestmark = pytest.mark.live


def targets(tools: Mapping[str, Tool]) -> str:
    ours, theirs = tools["prometheus"].version, tools["alertmanager"].version
    return f'targets: {{prometheus: "{ours}", alertmanager: "{theirs}", grafana: "11.0"}}\n'


@pytest.fixture(params=["oldest", "newest"])
def stack(request: pytest.FixtureRequest, repository: Path) -> Iterator[Servers]:
    tools: Mapping[str, Tool] = request.getfixturevalue(request.param)
    platform = repository / "specs" / "platform.yaml"
    platform.write_text(platform.read_text() + targets(tools))
    build(repository, (), repository / "output")
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    fleet = repository / "output" / "fleet"
    with running(tools, fleet, repository / "data", ports) as servers:
        yield servers


def asked(servers: Servers) -> tuple[Prometheus, Alertmanager]:
    first, second = (
        Server(f"http://127.0.0.1:{servers.ports[name]}") for name in ("prometheus", "alertmanager")
    )
    return Prometheus(first), Alertmanager(second)


def loaded(server: Prometheus) -> str:
    """Every expression that runs."""
    groups = server.rule_groups()
    return "\n".join(rule["query"] for group in groups for rule in group["rules"])


def test_servers_follow_the_specs(stack: Servers, watched: Callable[..., Seen]) -> None:
    metrics, alerts = asked(stack)
    seen = watched(Reloads((metrics, alerts)))
    seen.until("watching")
    order = [e.message.split()[0] for e in seen.events if e.kind == "reloaded"]
    assert order == ["Alertmanager", "Prometheus"]
    mails = alerts.configuration()
    since = seen.edit("acme", "above: 100", "above: 200")
    assert seen.until("reloaded", since).message.startswith("Prometheus reloaded")
    assert "> 200" in loaded(metrics)
    since = seen.edit("acme", "max(queue_depth)", "max(queue depth)")
    held = "acme has errors; the servers keep what they run until this is mended"
    assert seen.until("held", since).message == held
    since = seen.edit("globex", "above: 100", "above: 300")
    seen.until("held", since)
    assert "> 200" in loaded(metrics)
    assert "> 300" not in loaded(metrics), "nothing is loaded while a spec has errors"

    during: list[str] = []

    def edit_once(event: Event) -> None:
        if event.kind == "reloaded" and not during:
            during.append(event.message)
            seen.edit("globex", "above: 300", "above: 301")

    seen.on_event = edit_once
    since = seen.edit("acme", "max(queue depth), above: 200", "max(queue_depth), above: 201")
    first = seen.after(seen.until("reloaded", since))
    seen.until("reloaded", first)
    assert {"> 201", "> 301"} <= {
        f"> {line.rpartition('> ')[2]}" for line in loaded(metrics).split("\n")
    }
    assert alerts.configuration() == mails

    since = len(seen.events)
    (seen.root / "specs" / "tenants" / "globex.yaml").unlink()
    seen.until("built", since)
    ended = seen.until("reloaded", since)
    seen.until("reloaded", seen.after(ended))
    assert "globex" not in loaded(metrics)
    assert "globex" not in alerts.configuration()


@pytest.mark.parametrize("stack", ["newest"], indirect=True)
def test_a_refused_reload_is_told_in_the_servers_words(
    stack: Servers, watched: Callable[..., Seen]
) -> None:
    metrics, alerts = asked(stack)
    seen = watched(Reloads((metrics, alerts)))
    seen.until("watching")
    foreign = seen.root / "output" / "acme" / "prometheus" / "rules" / "by-hand.yml"
    foreign.write_text("groups: [{name: x, rules: [{alert: A, expr: 'sum('}]}]\n")
    since = seen.edit("acme", "above: 100", "above: 200")
    refused = seen.until("refused", since)
    assert "refused with 500: failed to reload config" in refused.message
    assert refused.hint.startswith("it keeps the configuration it had; its log says more")
    assert "> 100" in loaded(metrics)
    foreign.unlink()
    since = seen.edit("acme", "above: 200", "above: 201")
    seen.until("reloaded", since)
    assert "> 201" in loaded(metrics)
    stack.stop("alertmanager")
    since = len(seen.events)
    (seen.root / "specs" / "tenants" / "globex.yaml").unlink()
    refused = seen.until("refused", since)
    assert "does not answer" in refused.message
    assert refused.message.endswith("; 1 more not asked")
    assert "globex" in loaded(metrics), "not before there is somebody to tell"
    stack.start("alertmanager")
    since = seen.edit("acme", "above: 201", "above: 202")
    again = seen.until("reloaded", since)
    seen.until("reloaded", seen.after(again))
    assert "globex" not in loaded(metrics)


def test_a_prometheus_that_may_not_be_reloaded(
    repository: Path, newest: Mapping[str, Tool], watched: Callable[..., Seen]
) -> None:
    platform = repository / "specs" / "platform.yaml"
    platform.write_text(platform.read_text() + targets(newest))
    build(repository, (), repository / "output")
    port, fleet = free_port(), repository / "output" / "fleet"
    config, data = fleet / "prometheus.yml", repository / "data"
    with prometheus(newest["prometheus"], config, data, port):
        seen = watched(Reloads((Prometheus(Server(f"http://127.0.0.1:{port}")),)))
        refused = seen.until("refused")
        assert "Lifecycle API is not enabled" in refused.message
        assert "start Prometheus with --web.enable-lifecycle" in refused.hint
