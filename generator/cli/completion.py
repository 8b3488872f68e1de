"""`tocsin completion`: what a shell needs to complete commands, tenants, packs, alerts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

VARIABLE = "_TOCSIN_COMPLETE"
"""Set by the shells' scripts when they ask."""


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL: commands, options, and your repository's names.

    \b
    bash: in ~/.bashrc
      eval "$(tocsin completion bash)"
    zsh: in ~/.zshrc, after compinit
      eval "$(tocsin completion zsh)"
    fish: once
      tocsin completion fish > ~/.config/fish/completions/tocsin.fish

    Then `tocsin build <Tab>` offers the tenants of the repository you are in.
    """
    from click.shell_completion import get_completion_class

    from generator.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "tocsin", VARIABLE).source())


def completing(found: click.Command) -> click.Command:
    """The command; while a shell asks, its parameters know the repository's names."""
    if VARIABLE in os.environ:
        for parameter in found.params:
            if parameter.name in _NAMES and isinstance(parameter.type, type(click.STRING)):
                parameter.type = _Named(_NAMES[parameter.name])
        if isinstance(found, click.Group):
            for below in found.commands.values():
                completing(below)
    return found


def _tenants(root: Path, _tenant: str) -> Iterable[str]:
    from generator.spec.load import tenant_names

    return tenant_names(root)


def _packs(root: Path, _tenant: str) -> Iterable[str]:
    from generator.spec.packs import pack_files

    return (path.stem for _, path in pack_files(root))


def _alerts(root: Path, tenant: str) -> Iterable[str]:
    from generator.spec.names import alert_names

    return alert_names(root, tenant)


def _section(key: str) -> Callable[[Path, str], Iterable[str]]:
    def names(root: Path, tenant: str) -> Iterable[str]:
        from generator.spec.names import section_names

        return section_names(root, tenant, key)

    return names


_NAMES: dict[str, Callable[[Path, str], Iterable[str]]] = {
    "alert": _alerts,
    "alerts": _alerts,
    "channel": _section("channels"),
    "channels": _section("channels"),
    "firing": _alerts,
    "names": _tenants,
    "pack": _packs,
    "packs": _packs,
    "person": _section("people"),
    "schedule": _section("oncall"),
    "service": _section("services"),
    "slo": _section("slos"),
    "tenant": _tenants,
    "tenants": _tenants,
    "words": _packs,
}
"""parameter -> where its values come from, given the repository and the tenant on the line."""


class _Named(click.ParamType[str]):
    """A text that is one of the repository's names."""

    name = "text"

    def __init__(self, names: Callable[[Path, str], Iterable[str]]) -> None:
        self.names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is: only completion looks at the names."""
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so; none outside a repository, or when a spec cannot be read."""
        from generator.cli.common import find_root
        from generator.findings import SpecError

        given = ctx.params.get("tenant") or ""
        try:
            names = sorted(set(self.names(find_root(ctx.params.get("root")), str(given))))
        except (SpecError, OSError, click.UsageError):
            return []
        taken = ctx.params.get(param.name or "") if param.nargs == -1 else ()
        return [
            CompletionItem(name)
            for name in names
            if name.startswith(incomplete) and name not in (taken or ())
        ]
