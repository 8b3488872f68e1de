"""Services that are watched alike share one row, repeated by a variable, where there are many.

Above MANY services a copy of every panel for each service is no dashboard any more. Services with
the same packs, whose selectors differ in one value and whose panels differ in nothing else, form a
class: its panels are drawn once, with the variable in place of that value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.compile.context import Context
from generator.compile.naming import dashboard_url, panel_id
from generator.compile.plan import PlannedAlert
from generator.compile.views.parts import CALM, row
from generator.compile.views.placed import Placed, by_service
from generator.compile.views.rows import class_panels
from generator.ir.dashboards import Panel, Query, Row, Variable
from generator.promql.isolate import with_values
from generator.spec.model import Service

MANY = 12
"""Services up to which each has rows of its own."""
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
"""Values that need no escaping in a list of values, nor in a regular expression but the dot."""

Signature = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ServiceClass:
    """Services that are watched alike on a view; `panels` are the first one's, with the variable.

    `members` are (name, value of the label that tells them apart). Keys derive from `slug`, so
    that another class changes no panel's id; the variable is called `service` where it is alone.
    """

    slug: str
    variable: str
    members: tuple[tuple[str, str], ...]
    panels: tuple[Placed, ...]

    @property
    def values(self) -> Variable:
        """The variable that its row repeats by."""
        names = ", ".join(name for name, _ in self.members[:3])
        more = f" and {len(self.members) - 3} more" if len(self.members) > 3 else ""
        return Variable(
            self.variable,
            "Service" if self.variable == "service" else f"Services like {self.members[0][0]}",
            "custom",
            multi=True,
            include_all=True,
            description=f"Whose rows are shown: {names}{more}.",
            options=self.members,
        )

    def row(self, context: Context) -> Row:
        """The row, repeated for each chosen service and closed."""
        names = [name for name, _ in self.members]
        panels = class_panels(self.slug, self.variable, names, self.panels, context)
        title = f"${{{self.variable}:text}}"
        return row(f"shared:{self.slug}", title, panels, collapsed=True, repeat=self.variable)


def shared(
    context: Context, placed: Sequence[Placed]
) -> tuple[tuple[ServiceClass, ...], tuple[Placed, ...]]:
    """The classes of one view's panels, and the panels that are nobody's but their service's."""
    services = context.tenant.services
    if len(services) <= MANY:
        return (), tuple(placed)
    alike: dict[Signature, list[tuple[Service, list[Placed]]]] = {}
    for name, found in by_service(placed).items():
        service = services.get(name or "")
        packed = [one for one in found if one.pack]
        if service is not None and packed and _own(service, context) is not None:
            signature = _signature(service, packed, context)
            alike.setdefault(signature, []).append((service, packed))
    several = {signature: found for signature, found in alike.items() if len(found) > 1}
    slugs = _slugs(several)
    classes = tuple(
        _class(slugs[signature], len(several) == 1, members, context)
        for signature, members in several.items()
    )
    taken = {one.panel.key for members in several.values() for _, p in members for one in p}
    return classes, tuple(one for one in placed if one.panel.key not in taken)


def _own(service: Service, context: Context) -> str | None:
    """The label of a service's selector that tells it from others like it."""
    for label in (context.platform.labels.service, "job", *service.selector):
        value = service.selector.get(label)
        if value is not None:
            return label if _PLAIN.fullmatch(value) and _PLAIN.fullmatch(service.name) else None
    return None


def _signature(service: Service, placed: Iterable[Placed], context: Context) -> Signature:
    own = _own(service, context)
    others = tuple(sorted((k, v) for k, v in service.selector.items() if k != own))
    panels = tuple(
        (
            one.local,
            one.panel.kind,
            one.panel.unit,
            tuple(q.expr for q in _with_variable(one.panel, service, "service", context)),
        )
        for one in placed
    )
    return (own, others, panels)


def _with_variable(
    panel: Panel, service: Service, variable: str, context: Context
) -> tuple[Query, ...]:
    own = _own(service, context)
    assert own is not None
    values = {(context.platform.labels.service, service.name): f"${{{variable}:text}}"}
    values[own, service.selector[own]] = f"${variable}"
    return tuple(replace(q, expr=with_values(q.expr, values, context.scope)) for q in panel.queries)


Members = Sequence[tuple[Service, Sequence[Placed]]]


def _slugs(classes: Mapping[Signature, Members]) -> dict[Signature, str]:
    """A short stable name of each class: by its selector and its packs.

    Classes of the same packs that are set up differently are told apart by their queries.
    """
    short: dict[Signature, str] = {}
    for signature, members in classes.items():
        own, others, _ = signature
        packs = list(dict.fromkeys(one.pack for one in members[0][1]))
        short[signature] = f"{re.sub(r'[^a-z0-9]', '_', packs[0])}_{_digest((own, others, packs))}"
    names = list(short.values())
    return {
        signature: name if names.count(name) == 1 else f"{name}_{_digest(signature)}"
        for signature, name in short.items()
    }


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:4]


def _class(slug: str, alone: bool, members: Members, context: Context) -> ServiceClass:
    variable = "service" if alone else f"service_{slug}"
    names = []
    for service, _ in members:
        own = _own(service, context)
        assert own is not None
        names.append((service.name, service.selector[own]))
    first, panels = members[0]
    columns = zip(*(found for _, found in members), strict=True)
    made = tuple(
        replace(
            one, panel=_merged(one, [c.panel for c in column], first, (slug, variable), context)
        )
        for one, column in zip(panels, columns, strict=True)
    )
    return ServiceClass(slug, variable, tuple(names), made)


def _merged(
    one: Placed, column: Sequence[Panel], first: Service, named: tuple[str, str], context: Context
) -> Panel:
    """One panel for all: levels that differ by service are not drawn but told."""
    panel = one.panel
    slug, variable = named
    told_name = f"${{{variable}:text}}"
    same = all(p.thresholds == panel.thresholds for p in column)
    told = panel.description if same else f"{panel.description} The level differs by service."
    return replace(
        panel,
        key=f"shared:{slug}:{one.local}",
        title=panel.title.removesuffix(f" ({first.name})"),
        description=told.replace(first.name, told_name),
        queries=_with_variable(panel, first, variable, context),
        thresholds=panel.thresholds if same else CALM,
        links=tuple((title, _link(url, first.name, told_name)) for title, url in panel.links),
    )


def _link(url: str, service: str, named: str) -> str:
    """A link to a generated runbook, whose anchor ends with the service."""
    base, hash_, anchor = url.rpartition("#")
    if hash_ and anchor.endswith(f"-{service.lower()}") and service == service.lower():
        return f"{base}#{anchor.removesuffix(service)}{named}"
    return url


def relinked(
    alerts: Sequence[PlannedAlert], classes: Mapping[str, Sequence[ServiceClass]], context: Context
) -> list[PlannedAlert]:
    """The alerts whose panels are shared, with annotations that name the shared panel."""
    moved: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    for view, found in classes.items():
        for one in found:
            for panel in one.panels:
                for name, value in one.members:
                    moved[view, name, panel.local] = (panel.panel.key, one.variable, value)
    return [_relinked(alert, moved, context) for alert in alerts]


def _relinked(
    alert: PlannedAlert,
    moved: Mapping[tuple[str, str, str], tuple[str, str, str]],
    context: Context,
) -> PlannedAlert:
    found = moved.get((alert.view, alert.service or "", f"alert:{alert.rule.alert}"))
    if found is None or not alert.pack:
        return alert
    key, variable, value = found
    annotations = dict(alert.rule.annotations)
    old = dashboard_url(context.platform, context.tenant.id, alert.view, alert.panel_key)
    annotations["__panelId__"] = str(panel_id(key))
    if annotations.get("dashboard_url") == old:
        new = dashboard_url(context.platform, context.tenant.id, alert.view, key)
        annotations["dashboard_url"] = f"{new}&var-{variable}={value}"
    return replace(alert, panel_key=key, rule=replace(alert.rule, annotations=annotations))
