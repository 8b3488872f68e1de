"""The audit log and the verification of output/, as an operator uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import repository, tocsin

__all__ = ["repository"]


@pytest.fixture
def built(repository: Path) -> Path:
    answer = tocsin("build", "--verify=off", "--audit", cwd=repository, TOCSIN_ACTOR="carol")
    assert answer.returncode == 0, answer.stderr
    return repository


def log(root: Path) -> Path:
    return root / "output" / "audit.jsonl"


def lines(root: Path) -> list[str]:
    return log(root).read_text().splitlines()


def raised(root: Path, level: int) -> str:
    """Builds acme with another level; returns the head that the build printed."""
    spec = root / "specs" / "tenants" / "acme.yaml"
    before = spec.read_text()
    spec.write_text(before.replace("above: ", f"above: {level}"))
    answer = tocsin("build", "--verify=off", "--audit", cwd=root)
    spec.write_text(before)
    (told,) = (line for line in answer.stdout.splitlines() if line.startswith("audit: "))
    return told.split()[-1]


def test_a_build_is_logged(built: Path) -> None:
    entries = [json.loads(line) for line in lines(built)]
    assert [e["name"] for e in entries] == ["acme", "globex", "fleet"]
    assert {e["who"] for e in entries} == {"carol"}
    assert entries[0]["spec"] == "specs/tenants/acme.yaml"
    assert "prometheus/rules/api.yml" in entries[0]["added"]
    answer = tocsin("audit", "verify", cwd=built)
    assert (answer.returncode, answer.stdout) == (0, "3 entries, the chain is whole\n")
    shown = tocsin("audit", "show", "--tenant", "acme", cwd=built).stdout
    assert "carol  acme: " in shown and "globex" not in shown


def test_an_unchanged_build_logs_nothing(built: Path) -> None:
    before = lines(built)
    answer = tocsin("build", "--verify=off", "--audit", cwd=built)
    assert "nothing logged" in answer.stdout
    assert lines(built) == before


def test_a_later_build_says_what_changed(built: Path) -> None:
    raised(built, 7)
    entry = json.loads(lines(built)[-1])
    assert (entry["name"], entry["added"], entry["removed"]) == ("acme", [], [])
    assert "prometheus/rules/api.yml" in entry["changed"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_edited_entry_is_found(built: Path, number: int) -> None:
    found = lines(built)
    found[number] = found[number].replace("carol", "mallory")
    log(built).write_text("\n".join(found) + "\n")
    answer = tocsin("audit", "verify", cwd=built)
    assert answer.returncode == 1
    assert f"audit.jsonl:{number + 1}:1: error: entry {number + 1} was edited" in answer.stderr


@pytest.mark.parametrize("number", [0, 1])
def test_a_removed_entry_is_found(built: Path, number: int) -> None:
    found = lines(built)
    del found[number]
    log(built).write_text("\n".join(found) + "\n")
    answer = tocsin("audit", "verify", cwd=built)
    assert answer.returncode == 1
    assert "missing or moved" in answer.stderr


def test_an_entry_hashed_anew_breaks_the_next_one(built: Path) -> None:
    """Whoever edits an entry and its hash has to forge all that follow, and the head."""
    from generator.deliver.audit import _hash, _line

    found = lines(built)
    entry = {**json.loads(found[0]), "who": "mallory"}
    found[0] = _line({**entry, "hash": _hash(entry)})
    log(built).write_text("\n".join(found) + "\n")
    answer = tocsin("audit", "verify", cwd=built)
    assert answer.returncode == 1
    assert "audit.jsonl:2:1: error: entries before number 2" in answer.stderr


def test_a_log_cut_off_at_its_end_is_found_by_its_head(built: Path) -> None:
    head = raised(built, 7)
    assert tocsin("audit", "verify", "--head", head, cwd=built).returncode == 0
    log(built).write_text("\n".join(lines(built)[:-1]) + "\n")
    answer = tocsin("audit", "verify", "--head", head, cwd=built)
    assert answer.returncode == 1
    assert "the log ends at" in answer.stderr


def test_a_build_without_audit_is_found(built: Path) -> None:
    spec = built / "specs" / "tenants" / "acme.yaml"
    spec.write_text(spec.read_text().replace("above: 1", "above: 9"))
    tocsin("build", "--verify=off", cwd=built)
    answer = tocsin("audit", "verify", cwd=built)
    assert answer.returncode == 1
    assert "acme is not what entry 1 says was built last" in answer.stderr


def test_rubbish_in_the_log(built: Path) -> None:
    log(built).write_text(log(built).read_text() + "rubbish\n")
    assert tocsin("audit", "verify", cwd=built).returncode == 1
    spec = built / "specs" / "tenants" / "acme.yaml"
    spec.write_text(spec.read_text().replace("above: 1", "above: 9"))
    answer = tocsin("build", "--verify=off", "--audit", cwd=built)
    assert answer.returncode == 3
    assert "does not end with an entry" in answer.stderr


def test_no_log_at_all(repository: Path) -> None:
    answer = tocsin("audit", "verify", cwd=repository)
    assert answer.returncode == 2
    assert "tocsin build --audit begins one" in answer.stderr


# --------------------------------------------------------------------------- verify-output


def test_output_as_it_was_built(built: Path) -> None:
    answer = tocsin("verify-output", cwd=built)
    assert answer.returncode == 0
    assert "files are what their manifests say" in answer.stdout


def test_every_kind_of_tampering_is_found(built: Path) -> None:
    acme = built / "output" / "acme"
    rules = acme / "prometheus" / "rules" / "api.yml"
    rules.write_text(rules.read_text().replace("100", "1000000"))
    (acme / "prometheus" / "scrape.yml").unlink()
    (acme / "prometheus" / "rules" / "own.yml").write_text("groups: []\n")
    dashboard = acme / "grafana" / "technical.json"
    dashboard.unlink()
    dashboard.symlink_to("/etc/hostname")
    (built / "output" / "evil").mkdir()
    answer = tocsin("verify-output", "--format", "json", cwd=built)
    assert answer.returncode == 1
    found = json.loads(answer.stdout)
    told = {(f["code"], f["message"].split("output/")[1]) for f in found}
    files = [f["file"] for f in found if f["code"] == "output-edited"]
    assert "output/acme/prometheus/rules/api.yml" in files, "as annotations name it"
    assert told == {
        ("output-edited", "acme/prometheus/rules/api.yml was edited"),
        ("output-missing", "acme/prometheus/scrape.yml is missing"),
        ("output-added", "acme/prometheus/rules/own.yml is in no manifest"),
        ("output-edited", "acme/grafana/technical.json is a symbolic link"),
        ("output-added", "evil has no manifest: it is not of Tocsin's making"),
    }
    assert tocsin("verify-output", "globex", cwd=built).returncode == 0


@pytest.mark.parametrize("text", ["", "[]", '{"files": 7}', '{"files": {"../../x": "0"}}'])
def test_a_manifest_that_is_none(built: Path, text: str) -> None:
    (built / "output" / "acme" / "manifest.json").write_text(text)
    answer = tocsin("verify-output", "acme", cwd=built)
    assert answer.returncode == 1
    assert "manifest" in answer.stderr


def test_a_folder_that_was_never_built(built: Path) -> None:
    answer = tocsin("verify-output", "nobody", cwd=built)
    assert answer.returncode == 1
    assert "hint: build it: tocsin build nobody" in answer.stderr
