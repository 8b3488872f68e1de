"""The Python entrance: what its page shows runs, and does what the command line does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import generator
from generator import SpecError, Tenant
from generator.api import Attainment, build
from generator.deliver.output import OutputError
from generator.servers.http import Server, ServerFailed
from generator.verify.notify.choice import Unclear
from tests.cli.test_commands import PLATFORM, TENANT
from tests.conftest import ROOT
from tests.live.stack import free_port

EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.S)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tenants = tmp_path / "specs" / "tenants"
    tenants.mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text(PLATFORM)
    (tenants / "acme.yaml").write_text(TENANT.format(name="acme", level=100))
    (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_pages_examples_run(
    repository: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    if "broken.yaml" in EXAMPLES[number]:
        broken = TENANT.format(name="broken", level=100).replace("max(", "max((")
        (repository / "specs/tenants/broken.yaml").write_text(broken)
    exec(compile(EXAMPLES[number], f"example {number}", "exec"), {})
    shown = capsys.readouterr().out
    assert shown
    if "broken.yaml" in EXAMPLES[number]:
        assert "specs/tenants/broken.yaml 8 promql-syntax" in shown


def test_it_writes_what_the_command_writes(repository: Path) -> None:
    outcome = Tenant.from_config("specs/tenants/acme.yaml").build().write("output/")
    assert outcome.reports["acme"].added
    build(repository, ("acme",), repository / "other")
    for path in (repository / "other").rglob("*"):
        if path.is_file() and ".tocsin" not in path.parts:
            same = repository / "output" / path.relative_to(repository / "other")
            assert same.read_bytes() == path.read_bytes()
    again = Tenant.from_config("specs/tenants/acme.yaml").build().write("output/")
    assert not any(report.touched for report in again.reports.values())


def test_errors_are_raised_and_nothing_is_written(repository: Path) -> None:
    path = repository / "specs/tenants/acme.yaml"
    path.write_text(path.read_text().replace("severity: warning", "severity: wrong"))
    tenant = Tenant.from_config(path)
    with pytest.raises(SpecError) as caught:
        tenant.build()
    assert caught.value.findings[0].place is not None
    assert caught.value.findings == tenant.check().findings
    assert not (repository / "output").exists()


@pytest.mark.parametrize("path", ["specs/tenants/acne.yaml", "specs/platform.yaml", "acme"])
def test_a_path_that_is_no_tenants(repository: Path, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        Tenant.from_config(path)
    assert [f.code for f in caught.value.findings] == ["file-missing"]


def test_questions(repository: Path) -> None:
    tenant = Tenant.from_config("specs/tenants/acme.yaml")
    with pytest.raises(Unclear):
        tenant.route("Backlog")
    with pytest.raises(Unclear):
        tenant.slo("none")
    with pytest.raises(ValueError, match="is not a time"):
        tenant.alert("QueueBacklog", at="tomorrow")
    assert tenant.on_call() == {}
    (repository / "output").write_text("in the way")
    with pytest.raises(OutputError):
        tenant.build(verify_mode="off").write("output")


def test_the_public_names_are_there() -> None:
    for name in generator.__all__:
        assert getattr(generator, name) is not None
        assert name in dir(generator)
    with pytest.raises(AttributeError, match="no attribute 'Tenants'"):
        getattr(generator, "Tenants")  # noqa: B009


def test_importing_is_cheap() -> None:
    code = "import generator, sys; print([m for m in sys.modules if m.startswith('generator.')])"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout == "[]\n"


def test_a_report_names_the_server_that_is_away(repository: Path) -> None:
    tenant = Tenant.from_config("specs/tenants/acme.yaml")
    away = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerFailed, match=f"{away}/.*does not answer"):
        tenant.report(Attainment(Server(away), "2026-10"))
