"""Options that name servers and say how to be let in; a function gets them as one value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.common import output_option

if TYPE_CHECKING:
    from generator.deploying import Options
    from generator.servers.http import Server

Called = Callable[..., Any]
"""A command's function; an option that is handed over otherwise changes its parameters."""
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Access:
    """How servers let a call in; empty: anybody is."""

    token_file: Path | None
    ca_file: Path | None
    organisation: str

    @property
    def given(self) -> bool:
        """Whether any of it was said."""
        return self != Access(None, None, "")

    def server(self, url: str, option: str = "--prometheus", timeout: float = 30.0) -> Server:
        """The server at an address that `option` named. Raises click.BadParameter."""
        from generator.servers.http import Server

        try:
            return Server(url, self.token_file, self.ca_file, self.organisation, timeout)
        except ValueError as problem:
            raise click.BadParameter(str(problem), param_hint=option) from None


@dataclass(frozen=True, slots=True)
class Named:
    """The servers that a command line names."""

    prometheus: tuple[str, ...]
    alertmanager: tuple[str, ...]
    access: Access


@dataclass(frozen=True, slots=True)
class Target:
    """What was built, and the folder and the servers that it is for."""

    folder: Path | None
    output: Path | None
    servers: Named

    def options(self, files_only: bool = False) -> Options:
        """The same as the API takes it."""
        from generator.deploying import Options

        named, access = self.servers, self.servers.access
        return Options(
            folder=self.folder,
            prometheus=named.prometheus,
            alertmanager=named.alertmanager,
            token_file=access.token_file,
            ca_file=access.ca_file,
            organisation=access.organisation,
            files_only=files_only,
        )


def access_options(command: Called) -> Called:
    """`--token-file`, `--ca-file` and `--org`, as `access`."""

    @functools.wraps(command)
    def called(
        *args: Any, token_file: Path | None, ca_file: Path | None, org: str, **k: Any
    ) -> Any:
        return command(*args, access=Access(token_file, ca_file, org), **k)

    return _with(
        called,
        click.option(
            "--token-file", type=_FILE, help="File with the bearer token that servers ask for."
        ),
        click.option("--ca-file", type=_FILE, help="Authority of the servers' certificates."),
        click.option("--org", default="", metavar="ID", help="X-Scope-OrgID, of Mimir and others."),
    )


def server_options(prometheus: str, alertmanager: str) -> Callable[[Called], Called]:
    """`--prometheus`, `--alertmanager` (with these helps) and `access_options`, as `servers`."""

    def decorated(command: Called) -> Called:
        @functools.wraps(command)
        def called(
            *args: Any, prometheus: tuple[str, ...], alertmanager: tuple[str, ...], **k: Any
        ) -> Any:
            return command(*args, servers=Named(prometheus, alertmanager, k.pop("access")), **k)

        return _with(
            access_options(called),
            click.option("--prometheus", multiple=True, metavar="URL", help=prometheus),
            click.option("--alertmanager", multiple=True, metavar="URL", help=alertmanager),
        )

    return decorated


def target_options(command: Called) -> Called:
    """`--to`, `server_options` and `--output`, as `target`."""

    @functools.wraps(command)
    def called(*args: Any, to: Path | None, output: Path | None, servers: Named, **k: Any) -> Any:
        return command(*args, target=Target(to, output, servers), **k)

    named = server_options("A Prometheus; may repeat.", "An Alertmanager; may repeat.")
    folder = click.option(
        "--to",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="The folder that the servers read (default: deploy.folder of platform.yaml).",
    )
    built = output_option("What was built (default: output/ in the repository).")
    return _with(called, folder, named, built)


def _with(command: Called, *options: Callable[[Called], Called]) -> Called:
    """The command with options, in the order of its help."""
    for option in reversed(options):
        command = option(command)
    return command
