"""Dashboards of the user's own: the same isolation, checks and links as the views."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.compile.context import Context, findings_of
from generator.compile.naming import dashboard_uid
from generator.compile.views.events import events
from generator.compile.views.of_users import custom_panel
from generator.compile.views.parts import ordered, row
from generator.findings import Finding, error
from generator.ir.dashboards import Dashboard, Panel, Row, Variable
from generator.promql.problems import PromqlError
from generator.promql.variables import isolate_variable_query
from generator.spec.model import OwnDashboard, OwnVariable


def own_dashboards(context: Context) -> tuple[tuple[Dashboard, ...], tuple[Finding, ...]]:
    """The dashboards of `dashboards.own`, and what is wrong with their queries."""
    made, findings = [], []
    for wanted in context.tenant.dashboards.own:
        read = _Read(context)
        rows = read.rows(wanted)
        variables = tuple(v for one in wanted.variables if (v := read.variable(one)) is not None)
        made.append(_dashboard(wanted, rows, variables, context))
        findings += read.findings
    return tuple(made), tuple(findings)


@dataclass(slots=True)
class _Read:
    """What is read of one dashboard, and what is wrong with it."""

    context: Context
    findings: list[Finding] = field(default_factory=list)

    def rows(self, wanted: OwnDashboard) -> tuple[Row, ...]:
        """Panels by the row that they name, the first row for those that name none."""
        found: dict[str, list[Panel]] = {}
        for panel in wanted.panels:
            made, told = custom_panel(panel, self.context)
            self.findings += told
            if made is not None:
                found.setdefault(panel.row or wanted.title, []).append(made)
        return tuple(
            row(f"own:{wanted.name}:{title}", title, ordered(panels))
            for title, panels in found.items()
        )

    def variable(self, wanted: OwnVariable) -> Variable | None:
        """A variable whose values come from this tenant only."""
        try:
            query = isolate_variable_query(wanted.query.value, self.context.scope)
        except PromqlError as failure:
            self.findings += findings_of(failure, wanted.query)
            return None
        if "$" in wanted.query.value:
            place = wanted.query.place
            hint = "write each variable's query by itself"
            self.findings.append(
                error("dashboard-variable", "a variable cannot depend on another", place, hint)
            )
            return None
        return Variable(
            wanted.name,
            wanted.label,
            "query",
            query=query,
            multi=True,
            include_all=True,
            description=wanted.description or f"Which {wanted.label} is shown.",
        )


def _dashboard(
    wanted: OwnDashboard, rows: tuple[Row, ...], variables: tuple[Variable, ...], context: Context
) -> Dashboard:
    tenant = context.tenant
    return Dashboard(
        uid=dashboard_uid(tenant.id, wanted.name),
        view=wanted.name,
        title=f"{tenant.id} / {wanted.title}",
        description=f"{tenant.description or tenant.id}: {wanted.description or wanted.title}",
        tags=("tocsin", f"tenant:{tenant.id}", f"view:{wanted.name}"),
        rows=rows,
        variables=variables,
        annotations=events(context),
        time_from=f"now-{wanted.range}",
        refresh=str(wanted.refresh),
        timezone=tenant.timezone,
    )
