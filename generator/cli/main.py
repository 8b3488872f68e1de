"""The `tocsin` command: finds the subcommands, turns exceptions of ours into exit codes.

Subcommands are imported when they are used, so that `--help` and completion stay quick.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from types import TracebackType
from typing import Any

import click

from generator import __version__
from generator.cli.common import EXIT_CODES
from generator.cli.completion import VARIABLE, completing

COMMANDS: dict[str, tuple[str, str]] = {
    "audit": ("generator.cli.audit", "Read and verify the log of builds."),
    "build": ("generator.cli.build", "Compile specs and write output/."),
    "catalog": ("generator.cli.catalog", "List and search the packs."),
    "check": ("generator.cli.check", "Validate everything with the real tools; write nothing."),
    "completion": ("generator.cli.completion", "Print the completion script of a shell."),
    "deploy": ("generator.cli.deploy", "Put output/ on servers, reload and verify; or go back."),
    "diff": ("generator.cli.diff", "Say what a change means, in alerts and people."),
    "drift": ("generator.cli.drift", "Say what running servers have that output/ has not."),
    "explain": ("generator.cli.explain", "Say who is told and why, what a rule or an SLO means."),
    "fmt": ("generator.cli.fmt", "Lay specs out in canonical order."),
    "grafana": ("generator.cli.grafana", "Do in Grafana what its files cannot say."),
    "init": ("generator.cli.init", "Begin a repository, or a tenant in one."),
    "merge": ("generator.cli.merge", "Join the parts of a fleet that machines have built."),
    "oncall": ("generator.cli.oncall", "Show who is on call."),
    "preview": ("generator.cli.preview", "Draw the dashboards as web pages, without a Grafana."),
    "report": ("generator.cli.report", "Report what was attained of the SLOs in a period."),
    "schema": ("generator.cli.schema", "Print a JSON Schema of the language."),
    "test": ("generator.cli.test", "Run the generated unit tests."),
    "verify-output": ("generator.cli.verify_output", "Find edited, missing and added files."),
    "watch": ("generator.cli.watch", "Build and reload at every edit."),
}
"""name -> (module that defines a click command of that name, one line of help)."""


INTERRUPTED = "\ninterrupted; every folder of output/ is whole, as it was or as it would be\n"


class LazyGroup(click.Group):
    """A click group that imports a subcommand only when it is called."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; an interruption ends with 130 as a shell expects, not as click's own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.stderr.write(INTERRUPTED)
            ctx.exit(130)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), "command")  # noqa: B009
        assert isinstance(command, click.Command)
        return completing(ending(command))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


def ending(command: click.Command) -> click.Command:
    """The command; its help, and that of those below it, ends with the exit codes."""
    command.epilog = EXIT_CODES
    if isinstance(command, click.Group):
        for below in command.commands.values():
            ending(below)
    return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="tocsin")
def cli() -> None:
    """Compile monitoring specs into Prometheus, Alertmanager and Grafana configuration.

    Run it where specs/platform.yaml is, or below. A first look:

    \b
      tocsin check                 validate every tenant, write nothing
      tocsin build acme            write output/acme and output/fleet
      tocsin test acme             run the unit tests of acme's alerts
    """


def main() -> None:
    """Entry point of the console script; no traceback reaches a user.

    Garbage is looked for seldom: a command ends soon, and what it imports and reads stays.
    """
    gc.set_threshold(50_000, 20, 50)
    from generator.deliver.output import OutputError
    from generator.ir.artifacts import ExtraMissing
    from generator.servers import ServerFailed
    from generator.tools import ToolFailed, ToolMissing

    sys.excepthook = _say_bug
    try:
        cli(complete_var=VARIABLE)
    except (ExtraMissing, OutputError, ServerFailed, ToolFailed, ToolMissing) as problem:
        sys.stderr.write(f"tocsin: {problem}\n")
        sys.exit(3)


def _say_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write(INTERRUPTED)
        os._exit(130)
    if os.environ.get("TOCSIN_DEBUG"):
        traceback.print_exception(kind, error, trace)
    sys.stderr.write(
        f"tocsin: this is a fault in tocsin, not in your specs: {kind.__name__}: {error}\n"
        "  output/ was not changed by the step that failed. "
        "Set TOCSIN_DEBUG=1 for the details to put into a report.\n"
    )
    sys.stderr.flush()
    os._exit(3)
