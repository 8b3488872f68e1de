"""`tocsin merge`: one output/ from the parts that several machines have built."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from generator.cli.common import (
    end,
    find_root,
    output_option,
    print_outcome,
    report_options,
    root_option,
    stop,
)


@click.command(name="merge")
@click.argument(
    "parts",
    nargs=-1,
    required=True,
    metavar="PART...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@root_option
@output_option()
@click.option(
    "--verify",
    type=click.Choice(["auto", "required", "off"]),
    default=lambda: "required" if os.environ.get("CI") else "auto",
    show_default="auto; required when CI is set",
    help="As of tocsin build; what a part was verified with is not verified again.",
)
@click.option("--audit", is_flag=True, help="Append what changed to output/audit.jsonl.")
@report_options
def command(
    parts: tuple[Path, ...],
    root: Path | None,
    output: Path | None,
    verify: str,
    audit: bool,
    form: str,
    fail_on: str,
) -> None:
    """Join PARTs, the outputs of tocsin build --shard I/N, into output/, and write output/fleet.

    The result is what one machine would have built, byte for byte. Every part must be there, and
    made from the specs as they are here, by the same Tocsin.

    \b
      tocsin build --shard 1/2 --output part-1     on one machine
      tocsin build --shard 2/2 --output part-2     on another
      tocsin merge part-1 part-2                   where both were copied to
    """
    from generator.building import merge
    from generator.parts import PartError

    folder = find_root(root)
    try:
        outcome = merge(
            folder,
            parts,
            output or folder / "output",
            verify_mode=verify,
            progress=form == "text" and sys.stderr.isatty(),
            audit=audit,
        )
    except PartError as problem:
        stop(str(problem), 1)
    print_outcome(outcome, form, stats=False)
    end(outcome.findings, fail_on)
