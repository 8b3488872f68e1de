"""`tocsin explain`: who is told and why, what an alert and an SLO mean, where a value is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from generator.cli.common import end, find_root, print_findings, root_option, stop
from generator.findings import SpecError

Answer = TypeVar("Answer")

_label_option = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help="A label of the alert; may be given several times.",
)
_at_option = click.option(
    "--at",
    help="When it starts to fire, in the tenant's timezone: 2026-12-25T03:00 (default: now).",
)


def _format_option(*forms: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default="text",
        show_default=True,
        help="How the answer is printed.",
    )


@click.group(name="explain")
def command() -> None:
    """Say who is told of an alert, what a rule means, where a value comes from."""


@command.command(name="route")
@click.argument("tenant")
@click.argument("alert", required=False)
@_label_option
@_at_option
@click.option(
    "--firing",
    multiple=True,
    metavar="ALERT",
    help='What else fires: an alert\'s name, or Alert{service="x"}; may be given several times.',
)
@_format_option("text", "json", "mermaid")
@root_option
def route(
    tenant: str,
    alert: str | None,
    labels: tuple[str, ...],
    at: str | None,
    firing: tuple[str, ...],
    form: str,
    root: Path | None,
) -> None:
    """Show who is told when ALERT of TENANT fires and nobody reacts, and why.

    Name the alert, or its labels, or both. It is the simulation that docs/escalation.md shows,
    proven against the real Alertmanager. Nothing is sent.

    \b
      tocsin explain route acme DiskFull
      tocsin explain route acme DiskFull --at 2026-12-25T03:00
      tocsin explain route acme --label service=api --label severity=critical
      tocsin explain route acme HttpErrors --firing 'ServiceDown{service="postgres"}'
      tocsin explain route acme DiskFull --format mermaid
    """
    from generator.explain import explain_route, moment, timezone_of
    from generator.render.explained_route import route_json, route_mermaid, route_text
    from generator.verify.notify.answer import Question

    if alert is None and not labels:
        raise click.UsageError("name an alert, or give its labels with --label")
    given, folder = _pairs(labels), find_root(root)

    def ask() -> str:
        try:
            start = moment(at, timezone_of(folder, tenant))
        except ValueError as problem:
            raise click.BadParameter(str(problem), param_hint="--at") from None
        answer = explain_route(folder, tenant, Question(alert, given, start, firing))
        return {"text": route_text, "json": route_json, "mermaid": route_mermaid}[form](answer)

    click.echo(_answered(ask), nl=False)


@command.command(name="alert")
@click.argument("tenant")
@click.argument("alert")
@_label_option
@_at_option
@_format_option("text", "json")
@root_option
def alert_(
    tenant: str, alert: str, labels: tuple[str, ...], at: str | None, form: str, root: Path | None
) -> None:
    """Show the rule of ALERT: its expression as written and as isolated, tests, who is told.

    \b
      tocsin explain alert acme DiskFull
      tocsin explain alert acme ServiceDown --label service=postgres
    """
    from generator.explain import explain_alert, moment, timezone_of
    from generator.render.explained import alert_json, alert_text

    given, folder = _pairs(labels), find_root(root)

    def ask() -> str:
        try:
            start = moment(at, timezone_of(folder, tenant))
        except ValueError as problem:
            raise click.BadParameter(str(problem), param_hint="--at") from None
        answer = explain_alert(folder, tenant, alert, given, start)
        return alert_json(answer) if form == "json" else alert_text(answer)

    click.echo(_answered(ask), nl=False)


@command.command(name="slo")
@click.argument("tenant")
@click.argument("slo")
@_format_option("text", "json")
@root_option
def slo_(tenant: str, slo: str, form: str, root: Path | None) -> None:
    """Show what SLO promises: its budget, and when each of its alerts fires, in words.

    \b
      tocsin explain slo acme availability
    """
    from generator.explain import explain_slo
    from generator.render.explained import slo_json, slo_text

    def ask() -> str:
        answer = explain_slo(find_root(root), tenant, slo)
        return slo_json(answer) if form == "json" else slo_text(answer)

    click.echo(_answered(ask), nl=False)


@command.command(name="value")
@click.argument("tenant")
@click.argument("key")
@root_option
def value(tenant: str, key: str, root: Path | None) -> None:
    """Show every layer that sets KEY for TENANT; the last one counts.

    \b
      tocsin explain value acme slo.min_events
      tocsin explain value acme channels.chat
      tocsin explain value acme escalation.urgent.0.notify
    """
    from generator.spec.load import explain_value

    path = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    try:
        found = explain_value(find_root(root), tenant, path)
    except SpecError as problem:
        print_findings(problem.findings, "text")
        end(problem.findings)
    if not found:
        stop(f"nothing sets {key} for {tenant}: what Tocsin assumes counts (docs/reference.md)", 1)
    for index, (layer, text, place) in enumerate(found):
        mark = "=>" if index == len(found) - 1 else "  "
        click.echo(f"{mark} {place.file}:{place.line}:{place.column} ({layer}): {text}")


def _answered(ask: Callable[[], Answer]) -> Answer:
    """An answer; or the findings of a spec with errors (1), or what is unclear in the question
    (2)."""
    from generator.verify.notify.choice import Unclear

    try:
        return ask()
    except SpecError as problem:
        print_findings(problem.findings, "text")
        end(problem.findings)
    except Unclear as problem:
        listed = "".join(f"\n  {choice}" for choice in problem.choices)
        stop(f"{problem.message}{f'; there are:{listed}' if listed else ''}", 2)


def _pairs(labels: tuple[str, ...]) -> Mapping[str, str]:
    """`name=value` options. Raises click.BadParameter."""
    found: dict[str, str] = {}
    for label in labels:
        name, equal, value = label.partition("=")
        if not equal or not name:
            raise click.BadParameter(f"{label!r} is not NAME=VALUE", param_hint="--label")
        found[name] = value.strip('"')
    return found
