"""A fleet built in parts and joined is the fleet built at once; parts that do not fit are told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.parts import Shard, read_shard
from tests.conftest import ROOT
from tests.fleet.repository import fleet, tenant, tocsin, tree, write

SIZE = 12


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with its output, and with three parts made with caches of their own."""
    root = fleet(tmp_path_factory.mktemp("parts"), SIZE)
    assert tocsin("build", "--verify=off", cwd=root).returncode == 0
    for number in (1, 2, 3):
        arguments = ("build", "--verify=off", "--shard", f"{number}/3", "--output", f"p{number}")
        cache = str(root / f"cache-{number}")
        answer = tocsin(*arguments, cwd=root, TOCSIN_CACHE=cache)
        assert answer.returncode == 0, answer.stderr
        assert not (root / f"p{number}" / "fleet").exists()
    return root


def merged(root: Path, *parts: str, output: str = "joined") -> tuple[int, str, str]:
    arguments = ("merge", "--verify=off", *parts, "--output", output)
    answer = tocsin(*arguments, cwd=root, TOCSIN_CACHE=str(root / "cache-merge"))
    return answer.returncode, answer.stdout, answer.stderr


def test_parts_joined_are_the_whole(built: Path, tmp_path: Path) -> None:
    code, told, _ = merged(built, "p1", "p2", "p3", output=str(tmp_path / "joined"))
    assert code == 0, told
    assert tree(tmp_path / "joined") == tree(built / "output")
    assert f"{tenant(0)}: 22 added" in told, told


def test_a_tenant_is_in_one_part(built: Path) -> None:
    found = [p.parent.name for n in (1, 2, 3) for p in (built / f"p{n}").glob("*/manifest.json")]
    assert sorted(found) == [tenant(n) for n in range(SIZE)]


def test_shards_share_names_evenly_and_for_good() -> None:
    shards = [Shard(n, 8) for n in range(1, 9)]
    names = [tenant(n) for n in range(1000)]
    counts = [sum(name in shard for name in names) for shard in shards]
    assert sum(counts) == 1000 and min(counts) > 90 and max(counts) < 160
    assert [str(s) for s in shards if "acme" in s] == ["1/8"], "a name never moves"


def test_keys_are_the_same_in_every_process(tmp_path: Path) -> None:
    root = fleet(tmp_path, 2)
    code = (
        "import sys; from pathlib import Path\n"
        "from generator.making import recipe_of\n"
        "from generator.spec.load import load_platform\n"
        "root = Path(sys.argv[1])\n"
        "print(recipe_of(root, load_platform(root), 2).key(b'text'))\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code, str(root)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "1", "a/b", "1/0", "1/3/5", "-1/3"])
def test_what_is_no_shard_is_wrong_use(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no shard"):
        read_shard(text)
    if text:
        answer = tocsin("build", "--shard", text, cwd=fleet(tmp_path, 1))
        assert answer.returncode == 2 and "no shard" in answer.stderr


def test_names_and_shards_exclude_each_other(built: Path) -> None:
    answer = tocsin("build", tenant(0), "--shard", "1/3", cwd=built)
    assert answer.returncode == 2 and "--shard chooses the tenants itself" in answer.stderr


def edit_spec(root: Path) -> None:
    write(root, 1, 7)


def edit_platform(root: Path) -> None:
    path = root / "specs" / "platform.yaml"
    path.write_text(path.read_text() + "# more\n")


def cut_short(root: Path) -> None:
    (path,) = (root / "p1").glob("_shard-*")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def damage(root: Path) -> None:
    (path,) = (root / "p1").glob("_shard-*")
    path.write_text(path.read_text()[:-20])


def twice(root: Path) -> None:
    shutil.rmtree(root / "p2")
    shutil.copytree(root / "p1", root / "p2")


def one_less(root: Path) -> None:
    shutil.rmtree(root / "p2")
    (root / "p2").mkdir()


def of_another_whole(root: Path) -> None:
    (path,) = (root / "p2").glob("_shard-*")
    path.rename(root / "p2" / "_shard-2-of-4.json")


def other_code(root: Path) -> None:
    (path,) = (root / "p1").glob("_shard-*")
    head, _, rest = path.read_text().partition("\n")
    path.write_text(json.dumps({**json.loads(head), "recipe": "0" * 64}) + "\n" + rest)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (edit_spec, "is about another tenant-001 than the specs are now; build it again"),
        (edit_platform, "was made by other code, or from another platform"),
        (other_code, "was made by other code, or from another platform"),
        (cut_short, "lacks tenant-"),
        (damage, "is damaged"),
        (twice, "shard 1/3 is there twice"),
        (one_less, "is no part of a fleet"),
        (of_another_whole, "parts of different wholes: of 3 and of 4"),
    ],
)
def test_parts_that_do_not_fit_are_told_and_nothing_is_written(
    built: Path, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(built, root, ignore=shutil.ignore_patterns("output", "joined", "cache-*"))
    spoil(root)
    code, told, wrong = merged(root, "p1", "p2", "p3")
    assert (code, told) == (1, "")
    assert said in wrong and "Traceback" not in wrong
    assert not (root / "joined").exists()


def test_a_file_edited_in_a_part_is_made_again(built: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(built, root, ignore=shutil.ignore_patterns("joined", "cache-*"))
    path = next((root / "p1").glob("*/prometheus/rules/*.yml"))
    path.write_text(path.read_text().replace("max(", "min("))
    assert merged(root, "p1", "p2", "p3")[0] == 0
    assert tree(root / "joined") == tree(root / "output")
