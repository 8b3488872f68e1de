"""Running servers against output/: what `tocsin drift` finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generator.compilation import FLEET
from generator.deliver.deploy.servers import Servers, flag_findings
from generator.deliver.drift.alertmanager import alertmanager_drift
from generator.deliver.drift.folder import folder_drift
from generator.deliver.drift.prometheus import prometheus_drift
from generator.deliver.drift.silences import Looking, silence_findings
from generator.deliver.output import owned_names
from generator.deploying import NoTarget, Options, folder_of, servers_of
from generator.findings import Finding, error, in_order
from generator.judgement import Outcome
from generator.spec.load import load_platform, tenant_names
from generator.spec.validate import no_tenant


@dataclass(frozen=True, slots=True)
class Watched:
    """What is compared: output/ with the servers and, where it is known, with their folder."""

    root: Path
    output: Path
    options: Options
    wanted: tuple[str, ...] = ()
    silence_age: timedelta = timedelta(days=1)


def drift(watched: Watched, say: Callable[[str], None] = lambda _line: None) -> Outcome:
    """What the servers have and output/ has not, and the reverse.

    Raises NoTarget without a server and a folder, ServerFailed, OutputError and SpecError.
    """
    platform = load_platform(watched.root).platform
    folder, servers = folder_of(platform, watched.options), servers_of(platform, watched.options)
    if not servers.all and folder is None:
        raise NoTarget(
            "say what to compare with: --prometheus, --alertmanager, --to, or deploy: in "
            "specs/platform.yaml"
        )
    built = owned_names(watched.output)
    there = {*built, *tenant_names(watched.root)} - {FLEET}
    for name in watched.wanted:
        if name not in there:
            raise NoTarget(no_tenant(name, there))
    missing = [name for name in (*watched.wanted, FLEET) if name not in built]
    if missing:
        hint = "build it: tocsin build"
        found = [error("output-missing", f"output/ has no {n}", None, hint) for n in missing]
        return Outcome(in_order(found))
    label = platform.labels.tenant
    findings: list[Finding] = []
    for prometheus in servers.prometheus:
        say(f"comparing {prometheus.server.url}")
        findings += prometheus_drift(prometheus, watched.output, watched.wanted)
    looking = Looking(datetime.now(UTC), watched.silence_age, built, label)
    for alertmanager in servers.alertmanager:
        say(f"comparing {alertmanager.server.url}")
        findings += alertmanager_drift(alertmanager, watched.output, watched.wanted, label)
        if not watched.wanted:
            findings += silence_findings(alertmanager, servers.prometheus, looking)
    if folder is not None:
        say(f"comparing {folder}")
        findings += folder_drift(folder, watched.output, watched.wanted)
    if not watched.wanted:
        findings += flag_findings(servers, watched.output)
    outcome = Outcome(in_order(findings))
    outcome.told.append(_told(servers, folder, outcome))
    return outcome


def _told(servers: Servers, folder: Path | None, outcome: Outcome) -> str:
    seen = [server.server.url for server in servers.all]
    places = ", ".join([*seen, *([str(folder)] if folder is not None else [])])
    differing = any(f.code.startswith("drift-") for f in outcome.findings)
    return f"compared with output/: {places}" + ("" if differing else "; no drift")
