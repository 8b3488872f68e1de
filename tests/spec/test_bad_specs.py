"""Bad specs, each answered with exactly the findings in `bad_specs.expected`.

`python -m tests.spec.test_bad_specs` writes that file anew, for a diff to be reviewed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from generator.findings import has_errors
from generator.report import render
from generator.spec.load import PlatformSpec, load_platform, load_tenant
from tests.spec.bad import ADDED, BASE, WHOLE

ROOT = Path(__file__).parent.parent.parent
EXPECTED = Path(__file__).parent / "bad_specs.expected"
MARK = "######## "
CASES: Mapping[str, str] = {**{name: BASE + text for name, text in ADDED.items()}, **WHOLE}
PLATFORM = """\
version: 1
targets: {alertmanager: "0.28"}
fallback: hook
channels: {hook: {webhook: {url_file: /s/hook}}}
tiers: {gold: {}}
"""


def repository(folder: Path) -> PlatformSpec:
    """A repository with a small platform and the packs; the tenant's file is still missing."""
    (folder / "specs" / "tenants").mkdir(parents=True)
    (folder / "specs" / "platform.yaml").write_text(PLATFORM)
    shutil.copytree(ROOT / "templates" / "packs", folder / "templates" / "packs")
    return load_platform(folder)


def answer(text: str, folder: Path, spec: PlatformSpec) -> tuple[str, bool]:
    """What a user reads, and whether it stops the build."""
    (folder / "specs" / "tenants" / "acme.yaml").write_text(text, newline="")
    findings = load_tenant(folder, "acme", spec).findings
    return render(findings, "text"), has_errors(findings)


@cache
def expected() -> Mapping[str, str]:
    sections = EXPECTED.read_text().split(MARK)[1:]
    return {s.split("\n", 1)[0]: s.split("\n", 1)[1] for s in sections}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PlatformSpec]:
    folder = tmp_path_factory.mktemp("bad")
    return folder, repository(folder)


@pytest.mark.parametrize("name", CASES)
def test_bad_spec(name: str, place: tuple[Path, PlatformSpec]) -> None:
    said, stops = answer(CASES[name], *place)
    assert stops, "this bad spec would be built"
    assert said == expected()[name]


def test_there_are_enough_and_none_is_left_over() -> None:
    assert len(CASES) >= 60
    assert sorted(expected()) == sorted(CASES)


def test_the_base_is_good(place: tuple[Path, PlatformSpec]) -> None:
    assert answer(BASE, *place) == ("", False)


def main() -> None:
    """Write the expected answers anew."""
    folder = Path(tempfile.mkdtemp())
    spec = repository(folder)
    EXPECTED.write_text("".join(f"{MARK}{n}\n{answer(CASES[n], folder, spec)[0]}" for n in CASES))


if __name__ == "__main__":
    main()
