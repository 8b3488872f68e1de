"""The simulator against the real Alertmanager: thousands of alerts through random configurations.

Every alert is posted to one running program and its answer compared: receivers in order, the
labels it is grouped by, whether it is inhibited and by whom. `bench/bench_oracle.py` runs longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from generator.ir.routing import AlertmanagerConfig
from generator.tools import Tool
from generator.values import Version
from generator.verify.notify import group_key
from generator.verify.notify.inhibition import sources
from generator.verify.notify.routing import Labels, Tree, all_match
from tests.verify.fleets import random_fleet
from tests.verify.oracle import LabelSet, Server, Verdict, alertmanager, key, random_config
from tests.verify.oracle import random_labels as labels_for

SUBTREES, EACH = 150, 16
FLEET = 25
ONE_SOURCE = (Version(0, 30), Version(0, 34))
"""Releases that remember one source per rule and set of equal labels (Alertmanager #5162)."""


@pytest.mark.tools
@pytest.mark.live
def test_routing_and_inhibition_agree(tmp_path: Path, tools: Mapping[str, Tool]) -> None:
    tool = tools["alertmanager"]
    forgetful = forgets(tool.version)
    with alertmanager(tool, EMPTY, tmp_path / "am") as server:
        config, alerts = random_config(1, SUBTREES), labels_for(1, SUBTREES, EACH)
        compared = compare(server, config, alerts, "cfg", forgetful)
        assert len(alerts) >= 2000
        assert compared.inhibited > 200 and compared.several > 200 and compared.lost < 20

        fleet, fired = random_fleet(3, FLEET)
        compared = compare(server, fleet, fired, "tenant", forgetful)
        assert len(fired) >= 500
        assert compared.inhibited > 50 and compared.several > 50 and compared.lost == 0


EMPTY = "route: {receiver: none}\nreceivers: [{name: none}]\n"


def forgets(version: Version) -> bool:
    """Whether a release remembers one source alone."""
    return ONE_SOURCE[0] <= version <= ONE_SOURCE[1]


class Compared:
    """How many alerts were of the kinds that a comparison is about."""

    inhibited = 0
    several = 0
    lost = 0
    """Inhibited but for the one source that the program forgot."""


def compare(
    server: Server,
    config: AlertmanagerConfig,
    alerts: Sequence[Mapping[str, str]],
    world: str,
    forgetful: bool,
) -> Compared:
    """Fails with the first disagreements. Alerts share a world when they have its label's value."""
    server.load(config)
    server.fire(alerts)
    real = server.settled(alerts)
    worlds: dict[str, list[Mapping[str, str]]] = {}
    for labels in alerts:
        worlds.setdefault(labels.get(world, ""), []).append(labels)
    told, wrong, tree = Compared(), [], Tree(config.route)
    for labels in alerts:
        verdict, around = real[key(labels)], worlds[labels.get(world, "")]
        routed = [one.leaf for one in tree.taken(labels)]
        told.several += len(routed) > 1
        expected = (
            tuple(leaf.receiver for leaf in routed),
            tuple(sorted((leaf.receiver, key(group_key(leaf, labels))) for leaf in routed)),
        )
        if expected != (verdict.receivers, verdict.groups):
            wrong.append((labels, expected, verdict))
        mutes = [list(map(key, sources(rule, labels, around))) for rule in config.inhibit_rules]
        told.inhibited += any(mutes)
        if any(mutes) and not verdict.inhibitors and forgetful:
            told.lost += 1
            if not _forgotten(config, labels, around):
                wrong.append((labels, "inhibited", verdict))
        elif not _agrees(mutes, verdict):
            wrong.append((labels, mutes, verdict))
    assert wrong == [], f"{len(wrong)} of {len(alerts)} disagree, such as {wrong[:3]}"
    return told


def _agrees(mutes: Sequence[Sequence[LabelSet]], verdict: Verdict) -> bool:
    """Old releases name one source of the first rule that mutes, newer ones may name several."""
    if not verdict.inhibitors:
        return not any(mutes)
    return any(set(verdict.inhibitors) & set(of_rule) for of_rule in mutes)


def _forgotten(config: AlertmanagerConfig, labels: Labels, around: Sequence[Labels]) -> bool:
    """Whether the one source that is remembered may be one that does not mute this alert.

    It may where the alert is source and target of the rule, and so are some of its rivals.
    """
    for rule in config.inhibit_rules:
        if not any(True for _ in sources(rule, labels, around)):
            continue
        alike = [
            other
            for other in around
            if all_match(rule.source, other)
            and all(other.get(n, "") == labels.get(n, "") for n in rule.equal)
        ]
        both = [other for other in alike if all_match(rule.target, other)]
        if not all_match(rule.source, labels) or not both:
            return False
    return True
