"""What running servers have that output/ has not, and the reverse."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generator.api import drift
from generator.deploying import Options
from generator.drifting import Watched
from generator.findings import Finding
from generator.servers.alertmanager import Alertmanager
from generator.servers.http import Server
from tests.deploy.place import NEWEST, Place

pytestmark = [pytest.mark.live, pytest.mark.tools]


def found(place: Place, *wanted: str, **changes: Any) -> list[Finding]:
    watched = Watched(place.root, place.output, Options(), wanted, **changes)
    return [f for f in drift(watched).findings if not f.code.startswith("server-flag")]


def told(findings: list[Finding]) -> list[str]:
    return [f"{finding.code}: {finding.message}" for finding in findings]


def test_what_was_just_deployed_has_not_drifted(place: Place) -> None:
    assert told(found(place)) == []


def test_what_was_changed_by_hand_in_the_rules_is_found(place: Place) -> None:
    rules = next((place.to / "acme" / "prometheus" / "rules").glob("*.yml"))
    text = rules.read_text()
    added = "      - record: mine\n        expr: up\n"
    changed = text.replace("for: 10m", "for: 1m\n        keep_firing_for: 3m").replace(
        "== 0", "== bool 0"
    )
    changed = changed.replace("interval: 1s", "interval: 2s\n    limit: 7")
    rules.write_text(changed + added)
    Server(f"http://127.0.0.1:{place.ports['prometheus']}").text("/-/reload", method="POST")
    messages = told(found(place))
    for code, part in (
        ("drift-changed", "for: 600s in the files, 60s live"),
        ("drift-changed", "keep_firing_for: 0s in the files, 180s live"),
        ("drift-changed", "expr is "),
        ("drift-changed", "interval: 1s in the files, 2s live"),
        ("drift-changed", "limit: 0 in the files, 7 live"),
        ("drift-extra", "record mine"),
        ("drift-changed", f"{rules} was edited"),
    ):
        assert any(m.startswith(code) and part in m for m in messages), (part, messages)
    assert len(messages) == 7
    assert told(found(place, "globex")) == []


def test_what_was_changed_by_hand_in_the_routes_is_found(place: Place) -> None:
    config = place.to / "fleet" / "alertmanager.yml"
    text = config.read_text()
    hook = "  - name: mine\n    webhook_configs: [{url: 'http://127.0.0.1:1/'}]\n"
    text = text.replace("receivers:\n", f"receivers:\n{hook}", 1)
    text = text.replace("group_wait: 30s", "group_wait: 40s", 1)
    route = '    - receiver: mine\n      matchers: [team="x"]\n      continue: true\n'
    text = text.replace("  routes:\n", f"  routes:\n{route}", 1)
    config.write_text(text)
    Server(f"http://127.0.0.1:{place.ports['alertmanager']}").text("/-/reload", method="POST")
    messages = told(found(place))
    for code, part in (
        ("drift-extra", "receivers[mine]"),
        ("drift-extra", 'route.routes[team="x"]'),
        ("drift-changed", 'route.group_wait "30s" in the files, "40s" live'),
    ):
        assert any(m.startswith(code) and part in m for m in messages), (part, messages)
    assert len(messages) == 4


@NEWEST
def test_what_was_built_and_not_deployed_is_found(place: Place) -> None:
    place.write("umbrella")
    (place.root / "specs" / "tenants" / "globex.yaml").unlink()
    place.compile()
    messages = told(found(place))
    for code, part in (
        ("drift-missing", "umbrella is built, and not deployed"),
        ("drift-missing", "of umbrella/prometheus/rules"),
        ("drift-missing", "does not scrape umbrella/api"),
        ("drift-missing", "receivers[umbrella/mail]"),
        ("drift-missing", 'route.routes[tenant="umbrella"]'),
        ("drift-extra", "globex is deployed, and output/ has no globex any more"),
        ("drift-extra", "of globex/prometheus/rules"),
        ("drift-extra", "scrapes globex/api"),
        ("drift-extra", "receivers[globex/mail]"),
        ("drift-changed", "fleet is another version than output/fleet"),
    ):
        assert any(m.startswith(code) and part in m for m in messages), (part, messages)


@pytest.fixture
def silenced(place: Place) -> Iterator[Place]:
    """A place whose silences end with the test."""
    yield place
    url = f"http://127.0.0.1:{place.ports['alertmanager']}"
    for one in Alertmanager(Server(url)).silences():
        Server(url).text(f"/api/v2/silence/{one['id']}", method="DELETE")


def silence(place: Place, comment: str, matchers: Mapping[str, str], days: int = 1) -> None:
    now = datetime.now(UTC)
    body = {
        "matchers": [
            {"name": k, "value": v, "isRegex": False, "isEqual": True} for k, v in matchers.items()
        ],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(days=days)).isoformat(),
        "createdBy": "ann",
        "comment": comment,
    }
    address = f"http://127.0.0.1:{place.ports['alertmanager']}/api/v2/silences"
    form = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), form)
    urllib.request.urlopen(request, timeout=10).close()


@NEWEST
def test_silences_that_outlive_their_alert_are_told(silenced: Place) -> None:
    place = silenced
    silence(place, "for later", {"tenant": "acme", "alertname": "Down"})
    assert told(found(place)) == []
    silence(place, "forgotten", {"tenant": "acme", "alertname": "Down"}, days=400)
    silence(place, "was fired", {"tenant": "hooli"})
    messages = told(found(place))
    assert len(messages) == 2
    assert any("(forgotten): it ends in 399 days" in m for m in messages)
    assert any("of ann (was fired): output/ has no tenant hooli" in m for m in messages)
    time.sleep(1.1)
    old = told(found(place, silence_age=timedelta(seconds=1)))
    assert sum("no alert that it matches was there for" in m for m in old) == 3
