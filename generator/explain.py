"""What `tocsin explain` answers with: who is told and why, what a rule and what an SLO mean.

Each function compiles one tenant anew; output/ is neither read nor written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from generator.api import load_one
from generator.compile.explained import place_text, slo_answer, written_expressions
from generator.compile.families import written
from generator.compile.kinds import FLAPPING
from generator.compile.naming import group_name
from generator.compile.tenant import compile_tenant
from generator.findings import SpecError, has_errors
from generator.ir.build import Build
from generator.ir.explained import AlertAnswer, RouteAnswer, SloAnswer
from generator.ir.rules import AlertRule, RuleGroup
from generator.spec.model import Platform, Tenant
from generator.spec.validate import did_you_mean
from generator.spec.wallclock import moment as moment
from generator.verify.notify.answer import Question, answer, steps
from generator.verify.notify.choice import Unclear, chosen
from generator.verify.notify.circumstances import Circumstances


def explain_route(root: Path, name: str, question: Question) -> RouteAnswer:
    """Who is told of an alert that starts at a moment. Raises SpecError and Unclear."""
    _, tenant, build = _compiled(root, name)
    return answer(name, build.alertmanager, build.groups, question, tenant.timezone)


def explain_alert(
    root: Path, name: str, alert: str, labels: Mapping[str, str], at: datetime
) -> AlertAnswer:
    """Everything about one alert, who is told of it if it starts at a moment (aware) among it.

    Raises SpecError and Unclear.
    """
    platform, tenant, build = _compiled(root, name, proven=frozenset({alert}))
    words = build.alertmanager.vocabulary
    found = chosen(build.groups, words, alert, labels)
    if len(found) > 1:
        choices = [written(family[0], found) for family in found]
        raise Unclear(f"{len(found)} alerts are named {alert}; say which with --label", choices)
    (family,) = found
    rule = family[0]
    group = next(g for g in build.groups if any(r is rule for r in g.rules))
    slug, kind, pack, policy = _documented(build, group)
    return AlertAnswer(
        tenant=name,
        alert=written(rule, chosen(build.groups, words, alert, {})),
        origin=place_text(rule.origin),
        pack=pack,
        kind=kind,
        written=written_expressions(tenant, platform, rule),
        isolated=rule.expr,
        hold=rule.for_,
        keep=rule.keep_firing_for,
        labels=tuple(sorted(rule.labels.items())),
        annotations=tuple(sorted(rule.annotations.items())),
        rule_file=f"output/{name}/prometheus/rules/{group.file}.yml",
        tests=tuple(s.name for t in build.tests if t.slug == slug for s in t.scenarios),
        test_folder=f"output/{name}/prometheus/tests/{slug}" if slug else "",
        runbook=rule.annotations.get("runbook_url", ""),
        policy=policy,
        steps=steps(build.alertmanager, family, at, labels, Circumstances(build.groups, words, ())),
        at=at.astimezone(ZoneInfo(tenant.timezone)),
    )


def explain_slo(root: Path, name: str, slo: str) -> SloAnswer:
    """What an SLO promises and when it alerts. Raises SpecError and Unclear."""
    platform, tenant, build = _compiled(root, name)
    known = tenant.slos.get(slo)
    if known is None:
        hint = did_you_mean(slo, tenant.slos)
        message = f"{name} has no SLO {slo!r}{f'; {hint}' if hint else ''}"
        raise Unclear(message, () if hint else tuple(tenant.slos))
    names = platform.labels
    rules = [r for g in build.groups for r in g.rules if isinstance(r, AlertRule)]
    notices = [r for r in rules if r.labels.get(names.kind) == FLAPPING]
    first = [r for r in rules if names.level not in r.labels and r not in notices]
    own = [(r,) for r in first if r.labels.get(names.slo) == slo]
    return slo_answer(tenant, known, tuple(written(family[0], own) for family in own))


def timezone_of(root: Path, name: str) -> str:
    """The timezone of a tenant's wall clock. Raises SpecError."""
    return load_one(root, name)[1].timezone


def _compiled(
    root: Path, name: str, *, proven: bool | frozenset[str] = False
) -> tuple[Platform, Tenant, Build]:
    platform, tenant = load_one(root, name)
    build = compile_tenant(tenant, platform, proven=proven)
    if has_errors(build.findings):
        raise SpecError(build.findings)
    return platform, tenant, build


def _documented(build: Build, group: RuleGroup) -> tuple[str, str, str, str]:
    """Slug, kind, pack and policy of the alert that a group is made for."""
    for entry in build.docs.runbooks:
        for variant in entry.variants:
            if group_name(build.tenant, "alert", variant.slug) == group.name:
                return variant.slug, variant.kind, entry.pack, variant.policy
    return "", "marker", "", ""
