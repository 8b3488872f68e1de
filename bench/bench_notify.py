"""The simulator at length: more random configurations against Alertmanager, and 1,000 tenants'
invariants.

`python -m bench.bench_notify [SEEDS] [TENANTS]` prints what was compared and how long it took.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from generator.compile.tenant import compile_tenant
from generator.tools import generations
from generator.verify.invariants import fleet_invariants, tenant_invariants
from tests.fleets import config_of
from tests.verify.fleets import PLATFORM, random_fleet, random_tenant
from tests.verify.oracle import alertmanager, random_config, random_labels
from tests.verify.test_oracle import EACH, EMPTY, FLEET, SUBTREES, compare, forgets

ROOT = Path(__file__).resolve().parent.parent


def main(seeds: int, tenants: int) -> None:
    for name, tools in generations(ROOT).items():
        count, start = 0, time.monotonic()
        with (
            tempfile.TemporaryDirectory() as folder,
            alertmanager(tools["alertmanager"], EMPTY, Path(folder) / "am") as server,
        ):
            old = forgets(tools["alertmanager"].version)
            for seed in range(100, 100 + seeds):
                alerts = random_labels(seed, SUBTREES, EACH)
                compare(server, random_config(seed, SUBTREES), alerts, "cfg", old)
                fleet, fired = random_fleet(seed, FLEET)
                compare(server, fleet, fired, "tenant", old)
                count += len(alerts) + len(fired)
        print(f"{name}: {count} alerts agree, {time.monotonic() - start:.0f} s")
    rng = random.Random(1)
    made = (random_tenant(rng, f"t{n}") for n in range(tenants))
    builds = {one.id: compile_tenant(one, PLATFORM, proven=False) for one in made}
    config = config_of(PLATFORM, builds)
    start = time.monotonic()
    found = [f for build in builds.values() for f in tenant_invariants(build)]
    each = time.monotonic()
    found += fleet_invariants(config)
    print(
        f"{tenants} tenants: {each - start:.2f} s each by itself, "
        f"{time.monotonic() - each:.2f} s the fleet, {len(found)} findings"
    )


if __name__ == "__main__":
    main(*(int(text) for text in (*sys.argv[1:], *("5", "1000")[len(sys.argv) - 1 :])))
