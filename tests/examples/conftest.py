"""The examples of this repository, compiled once for all tests."""

from __future__ import annotations

import pytest

from generator.api import Compilation, compile_specs
from tests.conftest import ROOT
from tests.once import once


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Compilation:
    """All of specs/, without an error."""
    compilation = once(tmp_path_factory, "examples", lambda: compile_specs(ROOT))
    assert compilation.fleet is not None, compilation.findings
    return compilation
