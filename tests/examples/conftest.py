"""The examples of this repository, compiled once for all tests of a process."""

from __future__ import annotations

import pytest

from generator.api import Compilation, compile_specs
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def examples() -> Compilation:
    """All of specs/, without an error."""
    compilation = compile_specs(ROOT)
    assert compilation.fleet is not None, compilation.findings
    return compilation
