"""One Prometheus and Alertmanager of the oldest and of the newest generation for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator.deploying import Options
from generator.servers.http import Server
from generator.servers.prometheus import Prometheus
from tests.deploy.place import NAMES, Place, codes
from tests.live.stack import free_port, running, until


@pytest.fixture(params=["oldest", "newest"], scope="package")
def stood(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A deployment onto nothing, files only, and servers started upon it."""
    tools = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    place = Place(folder / "repository", folder / "etc", ports, tools)
    for name in NAMES:
        place.write(name)
    place.compile()
    first = place.deploy(options=Options(files_only=True))
    assert codes(first) == [], first.findings
    with running(tools, place.to / "fleet", folder / "data", ports):
        server = Prometheus(Server(f"http://127.0.0.1:{ports['prometheus']}"))
        until("the first scrape", lambda: server.query("up"))
        yield place


@pytest.fixture
def place(stood: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The three tenants as at the beginning, whatever a test before did."""
    monkeypatch.setenv("TOCSIN_TOOLS", str(stood.tools["promtool"].path.parent))
    stood.fresh()
    return stood
