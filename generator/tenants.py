"""A tenant for programs: everything the command line does with one, as methods with types.

Tenant.from_config("specs/tenants/acme.yaml").build().write("output/")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from os import PathLike
from pathlib import Path

from generator.api import (
    Attainment,
    Diff,
    Live,
    Revision,
    attainment,
    check,
    compile_specs,
    deploy,
    diff,
    drift,
    load_one,
    preview,
    run_tests,
    verify,
)
from generator.compilation import Compilation
from generator.deploying import Options, Request
from generator.drifting import Watched
from generator.explain import explain_alert, explain_route, explain_slo, moment
from generator.findings import Finding, Place, SpecError, error, has_errors, in_order
from generator.ir.artifacts import Artifact
from generator.ir.attainment import TenantAttainment
from generator.ir.calendar import Duty
from generator.ir.explained import AlertAnswer, RouteAnswer, SloAnswer
from generator.judgement import Outcome
from generator.previewing import Source, Wanted
from generator.sides import Built as BuiltSide
from generator.spec.load import TENANTS_FOLDER, explain_value
from generator.spec.model import Tenant as TenantModel
from generator.verify.notify.answer import Question
from generator.writing import write_verified


@dataclass(frozen=True, slots=True)
class Built:
    """A tenant compiled and verified, with the files that all tenants share; nothing is written."""

    tenant: Tenant
    compilation: Compilation
    verified: Outcome

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The tenant's files: path below output/<tenant>/ and bytes."""
        return self.compilation.tenants[self.tenant.name].artifacts

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Warnings and notes; errors were raised."""
        return in_order((*self.compilation.findings, *self.verified.findings))

    def write(self, output: str | PathLike[str], *, audit: bool = False) -> Outcome:
        """Write output/<tenant> and output/fleet, each all or nothing; what was written.

        Files that the spec makes no more are removed. `audit`: the log of builds gets an entry.
        Raises OutputError when the disk refuses; then the old files still stand.
        """
        return write_verified(self.compilation, self.verified, Path(output), audit=audit)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant of a repository, by name. Every method reads the specs as they are then.

    Methods raise SpecError, whose `findings` say what is wrong and where, when specs have errors;
    ToolFailed when promtool or amtool does not run to an answer.
    """

    name: str
    root: Path
    """The repository: the folder with specs/."""

    @classmethod
    def from_config(cls, path: str | PathLike[str]) -> Tenant:
        """The tenant of `<repository>/specs/tenants/<name>.yaml`. Raises SpecError.

        The file must be there; what is in it is read when a method needs it.
        """
        file = Path(path).absolute()
        if file.parent.as_posix().endswith(f"/{TENANTS_FOLDER}") and file.suffix == ".yaml":
            if file.is_file():
                return cls(file.stem, file.parents[2])
            message, hint = f"there is no file {path}", "tocsin init writes one"
            raise SpecError([error("file-missing", message, Place(str(path), 1, 1), hint)])
        message = f"{path} is not specs/tenants/<tenant>.yaml of a repository"
        raise SpecError([error("file-missing", message, Place(str(path), 1, 1))])

    def load(self) -> TenantModel:
        """The spec as frozen values: defaults and tiers merged, references resolved."""
        return load_one(self.root, self.name)[1]

    def build(self, *, verify_mode: str = "auto") -> Built:
        """Compile and verify; write with `.write("output/")`. Raises SpecError with all errors.

        `verify_mode`: `auto` runs promtool and amtool when they are there, `required` always,
        `off` never.
        """
        compilation = compile_specs(self.root, [self.name], today=datetime.now(UTC).date())
        if has_errors(compilation.findings):
            raise SpecError(compilation.findings)
        verified = verify(self.root, compilation, verify_mode)
        if has_errors(verified.findings):
            raise SpecError((*compilation.findings, *verified.findings))
        return Built(self, compilation, verified)

    def check(self, *, min_tested: Decimal | None = None) -> Outcome:
        """Everything that a build would find, errors too, with the real tools; raises nothing.

        `min_tested`: the share of alerts, in percent, that must have unit tests.
        """
        return check(self.root, [self.name], min_tested=min_tested)

    def test(self, *, min_tested: Decimal | None = None) -> Outcome:
        """Run the generated unit tests with promtool. Raises ToolMissing and ToolFailed."""
        return run_tests(self.root, [self.name], min_tested=min_tested)

    def route(
        self,
        alert: str | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        at: str | datetime | None = None,
        firing: Sequence[str] = (),
    ) -> RouteAnswer:
        """Who is told when an alert fires and nobody reacts.

        `at`: when it starts, in the tenant's timezone unless it has an offset (None: now);
        `firing`: what else fires. Raises Unclear when no alert, or more than one, is meant.
        """
        start = self._moment(at)
        return explain_route(
            self.root, self.name, Question(alert, labels or {}, start, tuple(firing))
        )

    def alert(
        self,
        alert: str,
        labels: Mapping[str, str] | None = None,
        *,
        at: str | datetime | None = None,
    ) -> AlertAnswer:
        """One alert: as written, as isolated, its tests, who is told. Raises Unclear."""
        return explain_alert(self.root, self.name, alert, labels or {}, self._moment(at))

    def slo(self, slo: str) -> SloAnswer:
        """What an SLO promises, and when each of its alerts fires. Raises Unclear."""
        return explain_slo(self.root, self.name, slo)

    def value(self, key: str) -> tuple[tuple[str, str, Place], ...]:
        """(layer, value, place) of every layer that sets a key such as `slo.min_events`.

        The last one counts.
        """
        path = tuple(int(part) if part.isdigit() else part for part in key.split("."))
        return explain_value(self.root, self.name, path)

    def on_call(self, *, at: str | datetime | None = None) -> Mapping[str, Duty]:
        """schedule -> who is on call at a moment (None: now), until when, and why."""
        from generator.compile.calendar import duty_at

        start = self._moment(at)
        return {name: duty_at(rota, start)[0] for name, rota in self.load().oncall.items()}

    def diff(self, against: str | Live | Revision | None = None) -> Diff:
        """What the spec as it is now would change, in alerts, limits, people, panels and cost.

        `against`: a git revision's name, a `generator.api.Revision` or `Live`; None: output/.
        Raises NoRevision, Unreadable, ServerFailed, ToolMissing and ToolFailed.
        """
        if isinstance(against, str):
            against = Revision(against)
        return diff(self.root, [self.name], against or BuiltSide(self.root / "output"))

    def deploy(self, to: Options | None = None, *, dry_run: bool = False) -> Outcome:
        """Put this tenant's output/ on the servers, verified, or back where they refuse it.

        `to`: where; None: as platform.yaml says. Raises NoTarget, ServerFailed before anything
        was moved, OutputError and SpecError.
        """
        output = self.root / "output"
        request = Request(self.root, output, to or Options(), (self.name,), dry_run=dry_run)
        return deploy(request)

    def drift(self, where: Options | None = None) -> Outcome:
        """What the servers have of this tenant that output/ has not, and the reverse.

        `where`: the servers; None: as platform.yaml says. Raises NoTarget, ServerFailed,
        OutputError and SpecError.
        """
        watched = Watched(self.root, self.root / "output", where or Options(), (self.name,))
        return drift(watched)

    def preview(
        self,
        output: str | PathLike[str],
        source: Source | None = None,
        *,
        views: Sequence[str] = (),
    ) -> Outcome:
        """Draw its dashboards as web pages in a folder.

        `source`: where the data is from; None: the panels say that there is none. Raises
        ServerFailed, ToolMissing and ToolFailed.
        """
        wanted = Wanted(self.name, Path(output), tuple(views))
        return preview(self.root, wanted, source or Source())

    def report(self, asked: Attainment) -> TenantAttainment:
        """What was attained of its SLOs in a period, asked of a Prometheus.

        `asked`: the server and the period. Raises PeriodUnclear and ServerFailed.
        """
        return attainment(self.root, [self.name], asked)[0]

    def _moment(self, at: str | datetime | None) -> datetime:
        """Aware. Raises ValueError for what is no time."""
        if isinstance(at, datetime):
            at = at.isoformat()
        return moment(at, self.load().timezone)
