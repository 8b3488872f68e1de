"""A service's panels in rows: itself and what it needs, requests (RED), resources (USE), alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from generator.compile.context import Context
from generator.compile.kinds import DEPENDENCY_INFO
from generator.compile.naming import dashboard_uid
from generator.compile.views.parts import ALARM, firing, row, text_panel
from generator.compile.views.placed import Placed, drawn
from generator.ir.dashboards import Panel, Query, Row
from generator.promql.build import selector
from generator.spec.model import Service

REQUESTS = ("rate", "errors", "duration")
RESOURCES = ("utilization", "saturation")


def service_rows(
    service: Service,
    placed: Sequence[Placed],
    context: Context,
    *,
    collapsed: bool,
    urls: Mapping[str, str],
    elsewhere: Sequence[str] = (),
) -> list[Row]:
    """The rows of one service; what has no panel has no row.

    `urls`: where each service's state is; `elsewhere`: other views that have panels of this one.
    """
    name, owner = service.name, service.owner.team
    first = [state_panel(service.name, context), *needed(service, context, urls)]
    first += drawn(one for one in placed if not one.signal and one.alert is None)
    if not placed:
        first.append(_empty(name, elsewhere, context))
    rows = [row(f"service:{name}", f"{name}, {owner}", first, collapsed=collapsed)]
    for key, title, signals in (
        ("red", "rate, errors, duration", REQUESTS),
        ("use", "utilisation, saturation", RESOURCES),
    ):
        found = drawn(signalled(placed, signals))
        if found:
            rows.append(row(f"{key}:{name}", f"{name}: {title}", found, collapsed=collapsed))
    watched = drawn(one for one in placed if one.alert is not None and not one.signal)
    if watched:
        rows.append(row(f"alerts:{name}", f"{name}: what alerts watch", watched, collapsed=True))
    return rows


def _empty(name: str, elsewhere: Sequence[str], context: Context) -> Panel:
    """Words in place of panels: where else they are, or what to declare."""
    if elsewhere:
        uids = ((view, dashboard_uid(context.tenant.id, view)) for view in elsewhere)
        views = ", ".join(f"[{view}](/d/{uid})" for view, uid in uids)
        words = f"What watches `{name}` is drawn on another view: {views}."
    else:
        words = (
            f"Nothing is watched yet. Attach a pack to `{name}`, such as `service-health`, "
            "`http-api` or `resources`, or an alert."
        )
    return text_panel(f"empty:{name}", f"{name}: nothing here", words, width=12)


def signalled(placed: Iterable[Placed], signals: Sequence[str]) -> list[Placed]:
    """Panels that tell one of the signals, in the order of the signals."""
    found = [one for one in placed if one.signal in signals]
    return sorted(found, key=lambda one: signals.index(one.signal))


def class_panels(
    slug: str, variable: str, names: Sequence[str], placed: Sequence[Placed], context: Context
) -> list[Panel]:
    """The panels of one repeated row, in the order that rows have elsewhere."""
    technical = any(one.view == "technical" for one in placed)
    found: list[Panel] = []
    if technical:
        needing = [s for s in context.tenant.services.values() if s.depends_on]
        found.append(_shared_state(slug, variable, context))
        if any(service.name in names for service in needing):
            found.append(_shared_needed(slug, variable, context))
    found += drawn(one for one in placed if not one.signal and one.alert is None)
    found += [one.panel for one in signalled(placed, (*REQUESTS, *RESOURCES))]
    found += drawn(one for one in placed if one.alert is not None and not one.signal)
    return found


# --------------------------------------------------------------------------- state


def state_key(service: str) -> str:
    """Key of the panel with the number of a service's firing alerts."""
    return f"state:{service}"


def shared_state_key(slug: str) -> str:
    """Key of the same panel in the row that services of a class share."""
    return f"shared:{slug}:state"


def state_panel(service: str, context: Context) -> Panel:
    """How many alerts of a service fire: where links to the service lead."""
    label = context.platform.labels.service
    expr = f"count({firing(context, (label, '=', service))}) or vector(0)"
    return _firing(state_key(service), f"{service}: alerts that fire", expr, context)


def _shared_state(slug: str, variable: str, context: Context) -> Panel:
    label = context.platform.labels.service
    expr = f"count({firing(context, (label, '=~', f'${{{variable}:text}}'))}) or vector(0)"
    return _firing(shared_state_key(slug), "Alerts that fire", expr, context)


def _firing(key: str, title: str, expr: str, context: Context) -> Panel:
    return Panel(
        key=key,
        title=title,
        description="Alerts of this service that fire now. Red: open them below.",
        kind="stat",
        queries=(Query(context.graph(expr), "firing"),),
        unit="none",
        thresholds=ALARM,
        width=4,
        height=5,
        decimals=0,
    )


# --------------------------------------------------------------------------- dependencies


def needed(service: Service, context: Context, urls: Mapping[str, str]) -> list[Panel]:
    """What a service needs: firing alerts of each, with a link to its own panels."""
    if not service.depends_on:
        return []
    label = context.platform.labels.service
    queries = tuple(
        Query(context.graph(f"count({firing(context, (label, '=', name))}) or vector(0)"), name)
        for name in service.depends_on
    )
    panel = _depends(f"depends:{service.name}", f"{service.name}: depends on", queries)
    told = (
        f"Alerts that fire at what {service.name} needs. While one of them is down, its "
        "own symptoms are muted: begin with the red one, the links lead there."
    )
    links = tuple((name, urls[name]) for name in service.depends_on if name in urls)
    width = max(4, min(12, 4 * len(queries)))
    return [replace(panel, description=told, links=links, width=width)]


def _depends(key: str, title: str, queries: tuple[Query, ...]) -> Panel:
    """A number for each upstream: its firing alerts."""
    return Panel(
        key=key,
        title=title,
        description="",
        kind="stat",
        queries=queries,
        unit="none",
        thresholds=ALARM,
        height=5,
        decimals=0,
        options={"graphMode": "none", "textMode": "value_and_name"},
    )


def _shared_needed(slug: str, variable: str, context: Context) -> Panel:
    """The same for a repeated row, from the recorded graph of dependencies."""
    label = context.platform.labels.service
    graph = selector(DEPENDENCY_INFO, [(label, "=~", f"${{{variable}:text}}")])
    counted = f"count by ({label}) ({firing(context)})"
    by_upstream = f'label_replace({counted}, "upstream", "$1", "{label}", "(.*)")'
    expr = (
        f"max by (upstream) ({graph} * on (upstream) group_left () "
        f"max by (upstream) ({by_upstream})) or 0 * max by (upstream) ({graph})"
    )
    told = "Alerts that fire at what the service needs, directly or not. Begin with the red one."
    query = Query(context.graph(expr), "{{ upstream }}")
    return replace(_depends(f"shared:{slug}:depends", "Depends on", (query,)), description=told)
