"""SLA reports as Markdown, from `templates/docs/sla.md.j2`."""

from __future__ import annotations

from collections.abc import Sequence

from generator.ir.attainment import TenantAttainment
from generator.render.docs import document
from generator.render.report_shown import shown


def report_markdown(reports: Sequence[TenantAttainment]) -> str:
    """One chapter for each tenant, with its incidents as a Mermaid timeline."""
    return document("sla", reports=[shown(report) for report in reports]).decode()
