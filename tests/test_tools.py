"""Which of the tools that are there is used, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.tools import NAMES, ToolMissing, find, install, need
from generator.values import Version


def program(folder: Path, name: str, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{name}, version {version}.0 (branch: x)'\n")
    path.chmod(0o755)


@pytest.fixture(autouse=True)
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("TOCSIN_TOOLS", raising=False)


def test_the_oldest_that_is_not_older_than_the_target(tmp_path: Path) -> None:
    for generation, version in (("bookworm", "2.42"), ("trixie", "2.53"), ("sid", "3.5")):
        program(tmp_path / ".tools" / generation / "bin", "promtool", version)
    for target, used in (((2, 42), "2.42"), ((2, 45), "2.53"), ((3, 0), "3.5"), ((9, 0), "3.5")):
        tool = find("promtool", Version(*target), tmp_path)
        assert tool is not None
        assert str(tool.version) == used


def test_those_on_path_are_used(tmp_path: Path) -> None:
    program(tmp_path / "path", "promtool", "3.1")
    tool = find("promtool", Version(2, 42), tmp_path)
    assert tool is not None
    assert tool.path == tmp_path / "path" / "promtool"


def test_a_named_folder_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "path", "promtool", "2.42")
    program(tmp_path / "mine", "promtool", "3.5")
    monkeypatch.setenv("TOCSIN_TOOLS", str(tmp_path / "mine"))
    tool = find("promtool", Version(2, 42), tmp_path)
    assert tool is not None
    assert str(tool.version) == "3.5"


def test_a_program_that_does_not_run_is_none(tmp_path: Path) -> None:
    path = tmp_path / "path" / "promtool"
    path.parent.mkdir()
    path.write_bytes(b"\x7fELF not for this machine")
    path.chmod(0o755)
    assert find("promtool", Version(2, 42), tmp_path) is None
    with pytest.raises(ToolMissing, match="promtool was not found"):
        need("promtool", Version(2, 42), tmp_path)


def test_a_system_without_apt_is_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(tmp_path) is False
    told = capsys.readouterr().err
    assert "no apt here and not on PATH: promtool, prometheus, amtool, alertmanager" in told
    assert "Homebrew" in told


def test_a_system_without_apt_but_with_tools_is_fine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in NAMES:
        program(tmp_path / "path", name, "3.5")
    assert install(tmp_path) is True
    assert "on PATH will be used" in capsys.readouterr().out
