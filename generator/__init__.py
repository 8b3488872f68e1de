"""Tocsin: compiles monitoring specs to Prometheus, Alertmanager and Grafana configuration."""

import zoneinfo

# The zones of the pinned package tzdata, never the machine's: the same spec, the same bytes.
zoneinfo.reset_tzpath(to=())

__version__ = "0.1.0"
