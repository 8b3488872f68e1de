"""The real tools for tests: every generation under `.tools/`. Missing ones fail, never skip."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from generator.tools import ADVICE, GENERATIONS, Tool, generations

ROOT = Path(__file__).parent.parent


# Machines are busy: how long an example takes says nothing.
settings.register_profile("tocsin", deadline=None)
settings.load_profile("tocsin")


def pytest_configure(config: pytest.Config) -> None:
    """What is derived is kept for this run alone, in one folder for all its processes."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="tocsin-test-cache-")
        config.add_cleanup(folder.cleanup)
        os.environ["TOCSIN_CACHE"] = folder.name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which generations ran, and aloud which did not."""
    found = generations(ROOT)
    for generation in GENERATIONS:
        tools = found.get(generation.name)
        if tools is None:
            terminalreporter.write_line(
                f"NOT TESTED: {generation.name} does not run here", red=True
            )
        else:
            versions = ", ".join(f"{t.name} {t.version}" for t in tools.values())
            terminalreporter.write_line(f"tested on {generation.name}: {versions}")


def _names() -> list[str]:
    """Required generations always, so that a missing one fails; the moving one when it runs."""
    found = generations(ROOT)
    return [g.name for g in GENERATIONS if g.required or g.name in found]


@pytest.fixture(params=_names(), scope="session")
def tools(request: pytest.FixtureRequest) -> Mapping[str, Tool]:
    """The four programs of each generation in turn."""
    found = generations(ROOT).get(request.param)
    if found is None:
        pytest.fail(f"the {request.param} tools are missing: {ADVICE}", pytrace=False)
    return found


@pytest.fixture(scope="session")
def newest() -> Mapping[str, Tool]:
    """The newest generation that runs here."""
    return _any(reversed(_names()))


@pytest.fixture(scope="session")
def oldest() -> Mapping[str, Tool]:
    """The oldest generation."""
    return _any(iter(_names()))


def _any(names: object) -> Mapping[str, Tool]:
    found = generations(ROOT)
    for name in names:  # type: ignore[attr-defined]
        if name in found:
            return found[name]
    pytest.fail(f"no real tools: {ADVICE}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands under test behave alike on a laptop and in CI, unless a test says otherwise."""
    if "CI" in os.environ:
        monkeypatch.delenv("CI")
