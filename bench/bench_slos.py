"""Rules alone, without dashboards, routing or tests: how quickly SLOs become files of rules.

`make bench` writes bench/results/slos.json for 5,000 SLOs, fifty a tenant, on every processor.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.fleets import PLATFORM
from bench.measured import store
from generator.compile.slo import compile_slos
from generator.compile.tenant import alert_groups
from generator.render.prometheus import rule_files
from generator.side_by_side import Work, begun
from generator.spec.load import PlatformSpec, load_platform, tenant_of

TENANTS, EACH = 100, 50
HEAD = """\
version: 1
tenant: {name}
owner: {{team: core}}
services: {{api: {{selector: {{service: api}}}}}}
slos:
"""
SLO = """\
  slo-{number}:
    service: api
    objective: 99.9%
    sli:
      events:
        total: 'http_requests_total{{service="api", route="/{number}"}}'
        errors: 'http_requests_total{{service="api", route="/{number}", code=~"5.."}}'
"""


def text(name: str) -> str:
    return HEAD.format(name=name) + "".join(SLO.format(number=n) for n in range(EACH))


def made(spec: PlatformSpec, name: str) -> tuple[int, int]:
    """The rules and bytes of one tenant's SLOs."""
    tenant = tenant_of(name, text(name).encode(), spec).tenant
    assert tenant is not None
    groups, compiled = compile_slos(tenant, spec.platform)
    whole = (*groups, *alert_groups(tenant, spec.platform, compiled.alerts))
    files = rule_files(whole, tenant.file)
    return sum(len(group.rules) for group in whole), sum(len(a.content) for a in files)


@contextlib.contextmanager
def nothing() -> Iterator[None]:
    yield


def main() -> int:
    """Measure, print and store."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "specs" / "tenants").mkdir(parents=True)
        (Path(folder) / "specs" / "platform.yaml").write_text(PLATFORM)
        spec = load_platform(Path(folder))
    names = [f"tenant-{number:03}" for number in range(TENANTS)]
    start = time.perf_counter()
    done = [one for _, one in begun(Work(lambda n, _m: made(spec, n), names, nothing), 0)]
    took = time.perf_counter() - start
    store(
        "slos",
        {
            "slos": TENANTS * EACH,
            "rules": sum(rules for rules, _ in done),
            "bytes": sum(size for _, size in done),
            "wall_s": round(took, 2),
            "ms_per_slo": round(took * 1000 / TENANTS / EACH, 2),
        },
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
