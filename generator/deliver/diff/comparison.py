"""One tenant on both sides: everything that differs, but who is told and what it costs."""

from __future__ import annotations

from generator.deliver.diff.alerts import Around, alert_changes
from generator.deliver.diff.dashboards import Boards, dashboard_changes
from generator.deliver.diff.inhibitions import inhibition_changes
from generator.deliver.diff.pairs import Pair, paired
from generator.deliver.diff.recordings import inputs, recording_changes, recording_pairs
from generator.deliver.diff.settings import job_changes
from generator.deliver.diff.slos import slo_changes
from generator.ir.change import DashboardChange, InhibitionChange, Sort, TenantChange
from generator.ir.deployed import Deployed
from generator.spec.model import LabelNames

NOTHING = Deployed((), None, (), {}, {})
"""What there is of a tenant that is not there."""


def tenant_change(
    tenant: str,
    before: Deployed | None,
    after: Deployed | None,
    names: LabelNames,
    *,
    live: bool = False,
) -> tuple[TenantChange, tuple[Pair, ...]]:
    """What differs, and the alerts of both sides in pairs; one side at least is there.

    `live`: the earlier side comes from servers, whose inhibit rules are all tenants' together.
    """
    left, right = before or NOTHING, after or NOTHING
    pairs = paired(left.groups, right.groups, names)
    recordings = recording_pairs(left.groups, right.groups, names.tenant)
    around = Around(names, right.dashboards, inputs(recordings, right.groups))
    written = {id(rule): p.after.written for p in pairs if p.after for rule in p.after.rules}
    series = recording_changes(recordings, right.groups, written, names.slo)
    change = TenantChange(
        tenant=tenant,
        sort=Sort.ADDED if before is None else Sort.REMOVED if after is None else Sort.CHANGED,
        slos=slo_changes(left.groups, right.groups, series, names),
        alerts=alert_changes(pairs, around),
        recordings=series,
        inhibitions=() if live else _inhibitions(before, after, names.tenant),
        dashboards=_dashboards(left, right, names.tenant),
        jobs=()
        if left.jobs is None or right.jobs is None
        else job_changes(left.jobs, right.jobs, defaults=live),
    )
    return change, pairs


def _inhibitions(
    before: Deployed | None, after: Deployed | None, label: str
) -> tuple[InhibitionChange, ...]:
    """Of a tenant that stays: with one that comes or goes all of its rules do."""
    configs = [side.alertmanager for side in (before, after) if side and side.alertmanager]
    if len(configs) < 2:
        return ()
    return inhibition_changes(configs[0].inhibit_rules, configs[1].inhibit_rules, label)


def _dashboards(left: Deployed, right: Deployed, label: str) -> tuple[DashboardChange, ...]:
    if left.dashboards is None or right.dashboards is None:
        return ()
    before = Boards(left.dashboards, left.further)
    after = Boards(right.dashboards, right.further)
    return dashboard_changes(before, after, label)
