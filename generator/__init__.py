"""Tocsin: compiles monitoring specs to Prometheus, Alertmanager and Grafana configuration.

The names below are what programs may rely on; each is imported when it is used first.
"""

import importlib
import zoneinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.api import Outcome, build, check, run_tests
    from generator.findings import Finding, Level, Place, SpecError
    from generator.tenants import Built, Tenant

# The zones of the pinned package tzdata, never the machine's: the same spec, the same bytes.
zoneinfo.reset_tzpath(to=())

__version__ = "0.1.0"
__all__ = [
    "Built",
    "Finding",
    "Level",
    "Outcome",
    "Place",
    "SpecError",
    "Tenant",
    "__version__",
    "build",
    "check",
    "run_tests",
]

_HOMES = {
    **dict.fromkeys(("Built", "Tenant"), "generator.tenants"),
    **dict.fromkeys(("Finding", "Level", "Place", "SpecError"), "generator.findings"),
    **dict.fromkeys(("Outcome", "build", "check", "run_tests"), "generator.api"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
