"""What the examples compile to is what is committed, byte for byte, wherever it is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".tocsin" not in path.parts
    }


@pytest.mark.parametrize(
    ("seed", "zone"), [("1", "Pacific/Auckland"), ("2", "America/Los_Angeles")]
)
def test_the_examples_compile_to_the_committed_output(tmp_path: Path, seed: str, zone: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONHASHSEED": seed,
        "TZ": zone,
        "LC_ALL": "C",
        "PYTHONPATH": str(ROOT),
    }
    arguments = ["build", "--root", str(ROOT), "--output", str(tmp_path), "--verify=off"]
    answer = subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    made, committed = contents(tmp_path), contents(ROOT / "output")
    assert sorted(made) == sorted(committed)
    changed = [path for path, content in made.items() if committed[path] != content]
    assert not changed, f"run make golden and review: {changed}"
