"""`tocsin fmt`: lay specs out in canonical order."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from generator.cli.common import end, find_root, print_findings, root_option
from generator.findings import SpecError


@click.command(name="fmt")
@click.argument("names", nargs=-1, metavar="[TENANT|FILE|-]...")
@root_option
@click.option("--check", is_flag=True, help="Write nothing; name files to format, exit code 1.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(names: tuple[str, ...], root: Path | None, check: bool, diff: bool) -> None:
    """Lay specs out: keys in canonical order, no blanks at ends of lines. Default: all of specs/.

    Comments stay with the key below them, blank lines and quotes as they were written. Services,
    alerts and other names keep their order. What a file means never changes: it is read before
    and after, and left alone where it would. A mapping with anchors or aliases is not reordered.

    \b
      tocsin fmt                   every file of specs/
      tocsin fmt acme              one tenant
      tocsin fmt --check           for CI: exit code 1 when a file is not formatted
      tocsin fmt --diff acme       look first
      tocsin fmt - < acme.yaml     from standard input to standard output, for editors
    """
    if names == ("-",):
        _standard_input(check, diff)
        return
    if "-" in names:
        raise click.UsageError("- stands alone: standard input is formatted, or files are")
    from generator.formatting import format_files, spec_files, write_formatted

    place = find_root(root)
    files = [_file(place, name) for name in names] or spec_files(place)
    done, findings = format_files(place, files)
    changed = [one for one in done if one.changed]
    for one in changed:
        if diff:
            click.echo(one.diff(), nl=False)
        elif check:
            click.echo(f"{one.file} is not formatted")
        else:
            write_formatted(place, one)
            click.echo(f"{one.file} formatted")
    print_findings(findings, "text")
    if not done:
        end(findings, "info")
    told = f"{len(changed)} of {len(done)} files {'would change' if check or diff else 'formatted'}"
    sys.stderr.write(f"{told}; tocsin fmt formats them\n" if check and changed else f"{told}\n")
    if check and changed:
        sys.exit(1)
    end(findings, "info")


def _standard_input(check: bool, diff: bool) -> None:
    from generator.formatting import Formatted, format_text

    written = sys.stdin.buffer.read()
    try:
        one = Formatted("-", written.decode("utf-8", "replace"), format_text(written, "-"))
    except SpecError as problem:
        print_findings(problem.findings, "text")
        sys.exit(1)
    if diff:
        click.echo(one.diff(), nl=False)
    elif not check:
        sys.stdout.write(one.after)
    sys.exit(1 if check and one.changed else 0)


def _file(root: Path, name: str) -> str:
    """The file that a word names: a path from here, or a tenant. Raises click.UsageError."""
    from generator.spec.load import TENANTS_FOLDER

    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        absolute = path.absolute()
        if not absolute.is_relative_to(root):
            raise click.UsageError(
                f"{name} is not in the repository {root}; use: tocsin fmt - < {name}"
            )
        return absolute.relative_to(root).as_posix()
    return f"{TENANTS_FOLDER}/{name}.yaml"
