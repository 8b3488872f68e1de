"""How building grows with the fleet: `make bench` writes bench/results/growth.json.

For each size a full build, an unchanged one, one after an edit of a tenant's threshold and one
after an edit of its routing, without external tools; per process the memory of the largest.
Other sizes: `python bench/bench_growth.py 10000`. What was derived for unit tests is not asked for:
the fleet's platform says `output: {unit_tests: false}`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.fleets import tenant_name, tenant_text, write_fleet
from bench.measured import plain, store, tocsin

SIZES = (10, 100, 1000)


def measured(size: int) -> dict[str, Any]:
    """One fleet, four builds."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder, cache = write_fleet(Path(name), size), str(Path(name) / "cache")

        def build() -> dict[str, float]:
            return plain(tocsin("build", "--verify=off", cwd=folder, cache=cache))

        spec = folder / "specs" / "tenants" / f"{tenant_name(size // 2)}.yaml"
        text = tenant_text(size // 2)
        found: dict[str, Any] = {"tenants": size, "full": build(), "unchanged": build()}
        spec.write_text(text.replace("for: 10m", "for: 11m"))
        found["one_threshold_changed"] = build()
        spec.write_text(text.replace('channel: "#', 'channel: "#new-'))
        found["one_route_changed"] = build()
        found["full_ms_per_tenant"] = round(found["full"]["wall_s"] * 1000 / size, 1)
        return found


def main() -> int:
    """Measure each size, print and store."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    name = "growth" if not sys.argv[1:] else f"growth-{'-'.join(sys.argv[1:])}"
    store(name, {"fleets": [measured(size) for size in sizes]})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
