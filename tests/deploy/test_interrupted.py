"""Deployments that are stopped or killed in the middle, and repeated."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from generator.deliver.deploy.journal import JOURNAL
from generator.deliver.output import STAGING
from generator.deploying import Options, Request, deploy
from tests.conftest import ROOT
from tests.deploy.place import NEWEST, Place, codes, tree

pytestmark = [pytest.mark.live, pytest.mark.tools, NEWEST]

KILLED = """
import os, signal, sys
from pathlib import Path
from generator.deploying import Options, Request, deploy

def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

root = Path(sys.argv[1])
deploy(Request(root, root / "output", Options()), step=step)
"""
MOMENTS = ("keep", "moved acme", "exchange", "reloaded")
"""Before anything, with half of the tenants, in the middle of a tree, before it is verified."""


def state(place: Place) -> str:
    return str(json.loads((place.to / STAGING / JOURNAL).read_text())["state"])


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_deployment_may_be_repeated(place: Place, moment: str) -> None:
    """After each kill every tree is whole; the next run puts back, deploys, and is verified."""
    before = {name: tree(place.to / name) for name in ("acme", "globex", "initech", "fleet")}
    place.write("acme", wait="20m")
    place.write("globex", wait="20m")
    place.write("umbrella", wait="20m")
    place.compile()
    command = [sys.executable, "-c", KILLED, str(place.root), moment]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    for name, old in before.items():
        assert tree(place.to / name) in (old, tree(place.output / name)), f"half of {name}"
    assert state(place) == ("verified" if moment == "keep" else "moving")
    dry = place.deploy(dry_run=True)
    assert any("would be put back" in line for line in dry.told) is (moment != "keep")
    outcome = place.deploy()
    assert codes(outcome) == [], outcome.findings
    assert tree(place.to) == tree(place.output)
    assert place.live() == {"acme": 1200, "globex": 1200, "initech": 600, "umbrella": 1200}
    assert state(place) == "verified"


def test_a_killed_deployment_of_what_is_not_wanted_any_more_is_undone(place: Place) -> None:
    """The servers run the new files, output/ is the old again: they must be reloaded."""
    place.write("acme", wait="20m")
    place.compile()
    command = [sys.executable, "-c", KILLED, str(place.root), "reloaded"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert place.live()["acme"] == 1200
    place.write("acme")
    place.compile()
    assert codes(place.deploy()) == []
    assert place.live()["acme"] == 600


def test_a_killed_deployment_is_undone_even_where_nothing_may_follow(place: Place) -> None:
    """The fleet's files are edited, so nothing goes out: the servers run the earlier set again."""
    place.write("acme", wait="20m")
    place.compile()
    command = [sys.executable, "-c", KILLED, str(place.root), "reloaded"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    edited = place.output / "fleet" / "prometheus.yml"
    text = edited.read_text()
    edited.write_text("global: {}\n")
    outcome = place.deploy()
    edited.write_text(text)
    assert codes(outcome) == ["output-edited"]
    assert place.live()["acme"] == 600


@pytest.mark.parametrize(
    ("sent", "moment"), [(signal.SIGTERM, "moved acme"), (signal.SIGINT, "reloaded")]
)
def test_a_stopped_deployment_goes_back_in_order(
    place: Place, moment: str, sent: signal.Signals
) -> None:
    before = tree(place.to)
    place.write("acme", wait="20m")
    place.write("globex", wait="20m")
    place.compile()

    def step(name: str) -> None:
        if name == moment:
            os.kill(os.getpid(), sent)

    outcome = deploy(Request(place.root, place.output, Options()), step=step)
    assert codes(outcome) == ["deploy-interrupted"]
    assert tree(place.to) == before
    assert set(place.live().values()) == {600}
    assert state(place) == "rolled back"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_two_deployments_follow_one_another(place: Place) -> None:
    place.write("acme", wait="20m")
    place.compile()
    command = [sys.executable, "-c", KILLED, str(place.root), "never"]
    both = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert any("another run is writing" in text for text in said)
    assert place.live()["acme"] == 1200
