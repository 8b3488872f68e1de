"""The questions: none asks for too much at once, none leaves the tenant, all are recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator.attainment.recorded import Recorder, hours_of
from generator.cli.main import cli
from generator.compilation import load_one
from generator.compile.context import Context
from generator.compile.tenant import compile_tenant
from generator.ir.attainment import Span
from generator.ir.rules import RecordingRule
from generator.servers.http import Server, ServerFailed
from generator.servers.prometheus import Prometheus, Series
from tests.attainment import past
from tests.live.stack import free_port

START = datetime(2026, 10, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Picky(Prometheus):
    """Remembers questions; refuses more than so many points, and ranges longer than so long."""

    points: int = 11_000
    longest: timedelta = timedelta(days=60)
    status: int = 422
    closed: bool = False
    asked: list[str] = field(default_factory=list)

    def query(self, expr: str, at: float | None = None) -> tuple[Series, ...]:
        if expr.startswith("count_over_time(vector(1)"):
            return (Series({}, ((0.0, 2.0 if self.closed else 1.0),)),)
        self.asked.append(expr)
        if "ALERTS" not in expr:
            assert at is not None
            return (Series({"slo": "availability"}, ((at, 1.0),)),)
        length = re.search(r"\[(?:(\d+)d)?(?:(\d+)h)?", expr)
        assert length is not None
        days, hours = (int(number or 0) for number in length.groups())
        if timedelta(days=days, hours=hours) > self.longest:
            raise ServerFailed("too many samples", self.status)
        return ()

    def query_range(
        self, expr: str, start: float, end: float, step: timedelta
    ) -> tuple[Series, ...]:
        self.asked.append(expr)
        count = round((end - start) / step.total_seconds()) + 1
        if count > self.points:
            raise ServerFailed("too many samples", self.status)
        stamps = [start + step.total_seconds() * i for i in range(count)]
        return (Series({"slo": "availability"}, tuple((at, at) for at in stamps)),)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return past.repository(tmp_path_factory.mktemp("asked"))


@pytest.fixture(scope="module")
def context(root: Path) -> Context:
    platform, tenant = load_one(root, "acme")
    return Context(tenant, platform)


def recorder(context: Context, server: Picky) -> Recorder:
    return Recorder(server, context)


def picky(**limits: object) -> Picky:
    return Picky(Server("http://127.0.0.1:9"), **limits)  # type: ignore[arg-type]


@pytest.mark.parametrize("points", [11_000, 100, 1])
def test_every_hour_is_asked_once_in_answers_that_are_given(context: Context, points: int) -> None:
    spans = hours_of(Span(START, START + timedelta(days=31, minutes=20)))
    found = recorder(context, picky(points=points)).tables(spans, [])
    ((_, values),) = found.totals.items()
    assert sorted(values) == list(range(31 * 24 + 1))
    full = {index: at for index, at in values.items() if at > 1}
    assert all(at == spans[index].end.timestamp() for index, at in full.items())


@pytest.mark.parametrize("status", [413, 422, 503, 504])
def test_alerts_are_asked_in_pieces_and_halves(context: Context, status: int) -> None:
    server = picky(longest=timedelta(days=2), status=status)
    recorder(context, server).firing(Span(START, START + timedelta(days=14)), ["critical"])
    ranges = re.findall(r"\[(\w+)\]", " ".join(server.asked))
    assert ranges.count("7d") == 2
    assert ranges.count("1d18h") == 8


def test_other_refusals_are_the_servers(context: Context) -> None:
    server = picky(points=1, status=400)
    with pytest.raises(ServerFailed, match="too many samples"):
        recorder(context, server).tables(hours_of(Span(START, START + timedelta(days=1))), [])
    with pytest.raises(ServerFailed, match="too many samples"):
        recorder(context, picky(longest=timedelta(-1), status=422)).firing(
            Span(START, START + timedelta(days=1)), ["critical"]
        )


@pytest.mark.parametrize(("closed", "length"), [(True, "59m59s999ms"), (False, "1h")])
def test_ranges_take_the_samples_after_the_start_up_to_the_end(
    context: Context, closed: bool, length: str
) -> None:
    server = picky(closed=closed)
    recorder(context, server).objectives(hours_of(Span(START, START + timedelta(days=1))))
    assert f"[{length}]" in server.asked[0]


def test_no_question_leaves_the_tenant(context: Context) -> None:
    server = picky()
    asking, span = recorder(context, server), Span(START, START + timedelta(hours=5))
    asking.tables(hours_of(span), ["quality"])
    asking.objectives(hours_of(span))
    asking.firing(span, ["critical", "warning"])
    assert len(server.asked) == 7
    assert all(re.search(r'\{[^}]*tenant="acme"', question) for question in server.asked)


def test_what_is_asked_for_is_what_the_rules_record(context: Context) -> None:
    build = compile_tenant(context.tenant, context.platform, proven=False)
    rules = [r for group in build.groups for r in group.rules if isinstance(r, RecordingRule)]
    names = {"availability": {"slo", "service", "tenant"}, "quality": {"slo", "service", "tenant"}}
    server = picky()
    recorder(context, server).tables(hours_of(Span(START, START + timedelta(hours=5))), ["quality"])
    recorder(context, server).objectives(hours_of(Span(START, START + timedelta(hours=5))))
    asked = {
        re.split(r"[\s({\[]+", question.partition("(")[2].strip())[0] for question in server.asked
    }
    assert asked == {
        "slo:sli_errors:rate5m", "slo:sli_total:rate5m", "slo:sli_error:ratio_rate5m",
        "slo:objective:ratio",
    }  # fmt: skip
    for slo, labels in names.items():
        of_slo = {r.record: set(r.labels) for r in rules if r.labels["slo"] == slo}
        wanted = asked if slo == "availability" else {"slo:sli_error:ratio_rate5m"}
        assert {record: of_slo[record] for record in wanted} == dict.fromkeys(wanted, labels)


# --------------------------------------------------------------------------- wrong use


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--period", "october"), 2, "'october' is no period; write 2026-10"),
        (("--from", "yesterday"), 2, "'yesterday' is not a time"),
        (("--from", "2026-10-25T02:30"), 2, "the clocks of Europe/Paris change at"),
        (("--format", "csv", "--format", "json"), 2, "several formats need a folder"),
        (("--output", "report.pdf"), 2, "report.pdf names no format"),
        (("nobody",), 2, "specs/tenants/nobody.yaml"),
        (("--prometheus", "localhost"), 2, "'localhost' is no address"),
        ((), 3, "does not answer"),
    ],
)
def test_wrong_use_and_a_server_that_is_away(
    root: Path, arguments: tuple[str, ...], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    command = ["report", "--root", str(root), "--prometheus", url, *arguments]
    result = CliRunner().invoke(cli, command)
    if code == 3:
        assert isinstance(result.exception, ServerFailed)
        assert says in str(result.exception)
    else:
        assert (result.exit_code, says in result.stderr) == (code, True), result.output
