"""Do in Grafana what its files cannot say: what `tocsin grafana apply` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from generator.deliver.grafana import (
    Done,
    WrongOrganisation,
    apply,
    in_organisations,
    read_steps,
    wrong_organisations,
)
from generator.findings import Finding, error
from generator.judgement import Outcome
from generator.servers.http import Server


def needs_administrator(output: Path) -> bool:
    """Whether the last build asks for organisations, which only a server's administrator makes.

    Raises OutputError when there is no build.
    """
    return in_organisations(read_steps(output))


def applied_grafana(
    output: Path,
    server: Server,
    *,
    dry_run: bool = False,
    seen: Callable[[Done], None] = lambda _: None,
) -> Outcome:
    """Do the last build's steps; each is shown to `seen` when it is done.

    Nothing is changed while an organisation has another number than the specs say: its tenant's
    files would then lie in somebody else's. Raises OutputError when there is no build, and
    ServerFailed when Grafana refuses; what was done until then is done, and doing all of it again
    is safe.
    """
    steps = read_steps(output)
    wrong = tuple(map(_wrong, wrong_organisations(server, steps)))
    if wrong:
        return Outcome(wrong, ["nothing was changed"])
    counts: dict[str, int] = {}
    unknown: list[str] = []
    for done in apply(server, steps, dry_run=dry_run):
        counts[done.did] = counts.get(done.did, 0) + 1
        seen(done)
        new = done.step.get("key", "").startswith("organisation:") and "expected" not in done.step
        if new and done.id is not None:
            unknown.append(f"{done.step['create']['body']['name']}: {done.id}")
    told = [", ".join(f"{count} {did}" for did, count in sorted(counts.items())) or "no steps"]
    if unknown:
        told += [
            "write these numbers into specs/platform.yaml and build again, for their files:",
            f"  grafana: {{organisations: {{{', '.join(unknown)}}}}}",
        ]
    return Outcome((), told)


def _wrong(organisation: WrongOrganisation) -> Finding:
    name, expected, found = organisation.name, organisation.expected, organisation.found
    if found is None:
        message = f"Grafana has no organisation {name}, and the specs say that it is {expected}"
        hint = f"remove {name} from grafana.organisations, build, and apply: that creates it"
    else:
        message = f"the organisation {name} is {found}, and the specs say {expected}"
        hint = f"write grafana: {{organisations: {{{name}: {found}}}}}"
    return error("organisation-number", message, None, hint)
