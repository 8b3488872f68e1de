"""SLA reports as one page that carries everything with it: no network at any time.

The words are `report_shown`'s; here are the page (`templates/docs/sla/`) and its charts' data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import jinja2
from markupsafe import Markup

from generator.assets import echarts
from generator.ir.attainment import SloAttainment, State, TenantAttainment
from generator.render.docs import TEMPLATES
from generator.render.report_charts import charts_of, heat_height, heat_title, legend_of, tone_of
from generator.render.report_shown import shown
from generator.render.report_values import Shown, ShownIncident, ShownSlo
from generator.render.report_words import coverage_of, duration, share

FOLDER = TEMPLATES / "sla"
_TONES = {State.MET.value: "met", State.MISSED.value: "missed", State.NO_DATA.value: "warned"}


@dataclass(frozen=True, slots=True)
class _Tile:
    name: str
    value: str
    note: str
    tone: str


def report_html(reports: Sequence[TenantAttainment]) -> str:
    """One page of all reports, for screens in light and dark, and for paper."""
    titles = [f"{report.tenant}, {report.period.title}" for report in reports]
    return _page().render(
        title="; ".join(titles),
        reports=[_report(report) for report in reports],
        data=_script_data([charts_of(report) for report in reports]),
        echarts=Markup(echarts()),
        css=Markup(_file("page.css")),
        js=Markup(_file("page.js")),
    )


def _report(report: TenantAttainment) -> dict[str, Any]:
    told = shown(report)
    charted = any(slo.whole.spent is not None for slo in report.slos)
    services = {incident.service for incident in report.incidents}
    page = asdict(told)
    page["heading"] = report.description or report.tenant
    page["incidents"] = [_incident(one) for one in told.incidents]
    page["slos"] = [
        _slo(words, slo, report) for words, slo in zip(told.slos, report.slos, strict=True)
    ]
    return {
        "shown": page,
        "tiles": _tiles(report, told),
        "charted": charted,
        "overview_height": 72 + 38 * len(report.slos),
        "incidents_height": 48 + 32 * len(services),
    }


def _slo(words: ShownSlo, slo: SloAttainment, report: TenantAttainment) -> dict[str, Any]:
    return {
        **asdict(words),
        "tone": _TONES.get(words.state, "quiet"),
        "meter": f"{min(words.spent_ratio, 1) * 100:.1f}",
        "measured_whole": slo.whole.coverage >= 1,
        "charted": slo.whole.spent is not None,
        "groups": [{**asdict(g), "tone": _TONES.get(g.state, "quiet")} for g in words.groups],
        "heat_title": heat_title(report.period),
        "legend": legend_of(slo),
        "heat_height": heat_height(report.period),
    }


def _incident(words: ShownIncident) -> dict[str, Any]:
    return {**asdict(words), "tone": tone_of(words.severity)}


# --------------------------------------------------------------------------- at a glance


def _tiles(report: TenantAttainment, told: Shown) -> list[_Tile]:
    return [_met(report, told), _budget(report), _fired(report), _measured(report)]


def _met(report: TenantAttainment, told: Shown) -> _Tile:
    missed = sum(slo.whole.state is State.MISSED for slo in report.slos)
    unjudged = sum(slo.whole.spent is None for slo in report.slos)
    notes = [f"{missed} missed"] if missed else []
    notes += [f"{unjudged} without data or traffic"] if unjudged else []
    tone = "missed" if missed else "warned" if unjudged else "met"
    return _Tile("Objectives met", told.met, ", ".join(notes) or "all of them", tone)


def _budget(report: TenantAttainment) -> _Tile:
    """The SLO that spent most of its budget."""
    judged = [slo for slo in report.slos if slo.whole.spent is not None]
    if not judged:
        return _Tile("Most budget spent", "no data", "", "warned")
    most = max(judged, key=lambda slo: slo.whole.spent or 0.0)
    spent = most.whole.spent or 0.0
    tone = "missed" if spent > 1 else "met"
    return _Tile("Most budget spent", share(spent), f"by {most.service}: {most.name}", tone)


def _fired(report: TenantAttainment) -> _Tile:
    count = len(report.incidents)
    total = sum((incident.length for incident in report.incidents), timedelta(0))
    lasting = f"{duration(total)} in all; " if count else ""
    return _Tile(
        "Incidents", str(count), f"{lasting}{report.incidents_before} in the period before", ""
    )


def _measured(report: TenantAttainment) -> _Tile:
    """The SLO that was measured least."""
    if not report.slos:
        return _Tile("Measured", "no SLOs", "", "warned")
    least = min(report.slos, key=lambda slo: slo.whole.coverage)
    if least.whole.coverage >= 1:
        return _Tile("Measured", "100 %", "every evaluation is there", "met")
    note = f"{least.service}: {least.name}"
    return _Tile("Least measured", coverage_of(least.whole), note, "warned")


# --------------------------------------------------------------------------- the page


def _script_data(value: object) -> Markup:
    """JSON that can stand inside a script element, whatever names are in it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _page() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    return environment.get_template("page.html.j2")
