"""What grafanalib, from PyPI, takes by itself: four dashboards of twenty panels for each tenant.

The nearest peer of this sort that PyPI has: nothing there makes Prometheus rules of SLOs as sloth
does. Written as its documentation does it, and rendered as its `generate-dashboard` does.
https://grafanalib.readthedocs.io/
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from grafanalib._gen import write_dashboard
from grafanalib.core import Dashboard, GridPos, Target, TimeSeries

PANELS, DASHBOARDS = 20, 4


def panel(tenant: str, number: int) -> TimeSeries:
    expr = f'sum by (service) (rate(http_requests_total{{tenant="{tenant}",code="{number}"}}[5m]))'
    return TimeSeries(
        title=f"Requests {number}",
        dataSource="prometheus",
        targets=[Target(expr=expr, legendFormat="{{service}}", refId="A")],
        gridPos=GridPos(h=8, w=12, x=12 * (number % 2), y=8 * (number // 2)),
    )


def dashboard(tenant: str, number: int) -> bytes:
    made = Dashboard(
        title=f"{tenant} {number}",
        uid=f"{tenant}-{number}",
        panels=[panel(tenant, index) for index in range(PANELS)],
    ).auto_panel_ids()
    out = io.StringIO()
    write_dashboard(made, out)
    return out.getvalue().encode()


def main() -> int:
    """`peer.py FOLDER TENANTS`."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    for tenant in range(count):
        for number in range(DASHBOARDS):
            path = folder / f"tenant-{tenant:05}" / f"{number}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dashboard(f"tenant-{tenant:05}", number))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
