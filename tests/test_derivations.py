"""What was derived is kept from run to run, and a cache that is broken is none."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from generator import cache, derivations
from generator.compile.derived import Derived
from generator.derivations import kept_derivations, packed, unpacked
from generator.ir.checks import Expectation, InputSeries, Scenario, TestFile
from generator.values import Duration

SCENARIO = Scenario(
    "fires 5m after its condition holds",
    Duration(15_000),
    (InputSeries('up{job="\ue000"}', "1x10 0x20"), InputSeries("gone", "1+1x3 _x5")),
    (
        Expectation(Duration(60_000), 'count(ALERTS{a="ü"})', {"{}": 2.0}),
        Expectation(Duration(0), "up", {}),
    ),
)
DERIVED = Derived((SCENARIO,), Duration(30_000), (TestFile("steps", Duration(1), (SCENARIO,)),))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache"
    monkeypatch.setenv("TOCSIN_CACHE", str(place))
    return place


def keep(key: str = "k", value: Derived = DERIVED) -> None:
    with kept_derivations() as kept:
        kept[key] = value


def known(key: str = "k") -> Derived | None:
    with kept_derivations() as kept:
        return kept.get(key)


def only(folder: Path) -> Path:
    (path,) = folder.glob("derived-*.sqlite")
    return path


def test_bytes_and_back() -> None:
    assert unpacked(packed(DERIVED)) == DERIVED
    nothing = Derived((), Duration(30_000))
    assert unpacked(packed(nothing)) == nothing


def test_another_run_knows_it(folder: Path) -> None:
    assert known() is None
    keep()
    assert known() == DERIVED
    assert known("other") is None
    assert folder.stat().st_mode & 0o077 == 0, "nobody else may put anything there"


def test_what_was_found_before_a_failure_is_kept() -> None:
    def fail() -> None:
        with kept_derivations() as kept:
            kept["k"] = DERIVED
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert known() == DERIVED


@pytest.mark.parametrize("content", [b"", b"no table at all" * 100])
def test_a_broken_file_is_begun_anew(folder: Path, content: bytes) -> None:
    keep()
    only(folder).write_bytes(content)
    assert known() is None
    keep()
    assert known() == DERIVED


@pytest.mark.parametrize("content", [b"", b"x", packed(DERIVED)[:-9], "text", None, 7])
def test_a_broken_entry_is_none(folder: Path, content: object) -> None:
    keep()
    with sqlite3.connect(only(folder)) as table:
        table.execute("update derived set value = ?", (content,))
    table.close()
    assert known() is None
    keep()
    assert known() == DERIVED


def test_a_folder_that_cannot_be_made_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path / "file" / "cache"))
    keep()
    assert known() is None


def test_another_users_folder_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep()
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert known() is None


def test_off(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TOCSIN_CACHE", "off")
    with kept_derivations() as kept:
        kept["k"] = DERIVED
        assert kept["k"] == DERIVED, "within a run it is remembered"
    assert known() is None
    assert not folder.exists()


def test_the_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TOCSIN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    keep()
    assert only(tmp_path / "xdg" / "tocsin").is_file()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    keep()
    assert only(tmp_path / "home" / ".cache" / "tocsin").is_file()


def test_other_code_asks_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keep()
    code = tmp_path / "code"
    code.mkdir()
    (code / "a.py").write_text("a = 1\n")
    monkeypatch.setattr(cache, "HERE", code)
    monkeypatch.setattr(cache, "code", cache.code.__wrapped__)
    assert known() is None
    keep()
    assert known() == DERIVED
    (code / "a.py").write_text("a = 2\n")
    assert known() is None


def test_what_old_code_left_is_removed(folder: Path) -> None:
    keep()
    old, young, foreign = (
        folder / n for n in ("derived-1.sqlite", "derived-2.sqlite", "other.sqlite")
    )
    for path in (old, young, foreign):
        path.write_bytes(b"")
    month = time.time() - 31 * 86_400
    os.utime(old, (month, month))
    os.utime(foreign, (month, month))
    keep()
    assert not old.exists() and young.exists() and foreign.exists()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivations, "_REMEMBERED", 3)
    monkeypatch.setattr(derivations, "_WAITING", 2)
    with kept_derivations() as kept:
        for number in range(8):
            kept[str(number)] = DERIVED
        assert len(kept) <= 3
        assert kept["0"] == DERIVED, "from the disk again"
        assert len(kept) <= 3
