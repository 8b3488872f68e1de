"""Recording rules that packs bring, one group per service and pack."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.naming import group_name, rule_file
from generator.findings import Finding
from generator.ir.rules import RecordingRule, RuleGroup
from generator.spec.model import Platform, RecordingSpec, Tenant


def compile_recordings(
    tenant: Tenant, platform: Platform
) -> tuple[tuple[RuleGroup, ...], tuple[Finding, ...]]:
    """The packs' recording rules in the order of the packs; findings at their expressions."""
    context = Context(tenant, platform)
    findings: list[Finding] = []
    rules: dict[tuple[str | None, str], list[RecordingRule]] = {}
    for spec in tenant.recordings:
        checked, told = context.author(spec.expr)
        findings += told
        if checked is None:
            continue
        rule = RecordingRule(
            record=spec.record,
            expr=context.own(spec.expr.value),
            labels=_labels(spec, context),
            origin=spec.place,
        )
        rules.setdefault((spec.service, spec.pack), []).append(rule)
    groups = tuple(
        RuleGroup(
            file=rule_file(service),
            name=group_name(tenant.id, "record", service or "", pack),
            interval=platform.evaluation_interval,
            rules=tuple(found),
            comment=f"Recorded by the pack {pack}",
        )
        for (service, pack), found in rules.items()
    )
    return groups, tuple(findings)


def _labels(spec: RecordingSpec, context: Context) -> dict[str, str]:
    """The service's selector is written onto the series: the pack's own alerts select by it."""
    service = context.service(spec.service)
    selector = service.selector if service else {}
    return dict(sorted({**context.record_labels(spec.service), **selector}.items()))
