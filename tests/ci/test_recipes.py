"""The recipes of docs/ci/, step by step, on a pair of git repositories and a forge on loopback."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.render.changes.markdown import MARK
from tests.ci.forges import RECIPES, comments, git, github, gitlab, repositories

PLATFORM = """\
version: 1
targets: {prometheus: "2.42", alertmanager: "0.28"}
fallback: ops
channels: {ops: {email: {to: ops@example.com}}}
smtp: {smarthost: "mail:25", from: tocsin@example.com}
escalation: {ops-only: [{notify: [ops]}]}
defaults: {routing: {critical: ops-only, warning: ops-only, info: ops-only}}
"""
TENANT = """\
version: 1
tenant: acme
owner: {team: core}
services: {api: {selector: {job: api}}}
alerts:
  QueueFull:
    {service: api, threshold: {expr: max(queue_depth), above: LEVEL}, severity: warning, for: 1m}
"""
SPEC = "specs/tenants/acme.yaml"
BOTS: Mapping[str, Mapping[str, Any]] = {
    "github": {"user": {"type": "Bot"}},
    "gitlab": {"author": {"username": "project_5_bot"}},
}
RUN = {"github": github, "gitlab": gitlab}


def level(number: int) -> dict[str, str]:
    return {SPEC: TENANT.replace("LEVEL", str(number))}


@pytest.mark.tools
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_recipe_from_the_first_commit_to_a_bad_one(forge: str, tmp_path: Path) -> None:
    found = repositories(tmp_path, {"specs/platform.yaml": PLATFORM, **level(100)})
    with comments(BOTS[forge]) as kept:

        def run(branch: str, *, pull: bool = False, only: str = "", fork: bool = False) -> Any:
            return RUN[forge](found, branch, pull=pull, port=kept.port, only=only, fork=fork)

        before = found.delivered()
        first = run("main")
        assert first.passed, first.output
        assert first.jobs == ("check", "deliver")
        commit = git(found.specs, "rev-parse", "main")
        assert found.delivered() == [f"Monitoring from {_path(forge)}@{commit}", *before]
        assert "> 100" in found.file("output/acme/prometheus/rules/api.yml")
        assert "acme" in found.file("output/fleet/prometheus.yml")
        again = run("main", only="deliver")
        assert again.passed and "nothing changes" in again.output
        assert len(found.delivered()) == len(before) + 1

        found.commit("change", level(200))
        asked = run("change", pull=True)
        assert asked.passed, asked.output
        assert "deliver" not in asked.jobs
        (said,) = kept.of_the_bot()
        assert said.startswith(MARK) and "loosened: fires above 100 → 200" in said
        assert "loosened: fires above 100 → 200" in asked.output
        commenting = "check" if forge == "github" else "comment"
        found.commit("change", level(50))
        assert run("change", pull=True, only=commenting).passed
        (said,) = kept.of_the_bot()
        assert "tightened: fires above 100 → 50" in said, "updated, not repeated"
        found.commit("change", level(100))
        assert run("change", pull=True, only=commenting).passed
        (said,) = kept.of_the_bot()
        assert "nothing changes its meaning any more" in said
        assert kept.kept[7]["body"].endswith("quoted"), "a person's comment is left alone"

        calls = len(kept.calls)
        found.commit("fork", level(300))
        stranger = run("fork", pull=True, only=commenting, fork=True)
        assert stranger.passed and "fires above 100 → 300" in stranger.output
        assert len(kept.calls) == calls

        found.commit("bad", {SPEC: TENANT.replace("LEVEL", "[")})
        refused = run("bad", pull=True)
        assert not refused.passed and f"{SPEC}" in refused.output
        assert len(kept.calls) == calls
        head, state = git(found.ops, "rev-parse", "main"), found.delivered()
        git(found.work, "checkout", "-q", "main")
        found.commit("main", {SPEC: TENANT.replace("LEVEL", "[")})
        broken = run("main")
        assert not broken.passed and "deliver" not in broken.jobs
        assert not run("main", only="deliver").passed
        assert (git(found.ops, "rev-parse", "main"), found.delivered()) == (head, state)

        old = git(found.work, "rev-parse", "HEAD~1")
        git(found.specs, "branch", "-f", "stale", old)
        assert _superseded(forge, found, kept.port, old)
        assert git(found.ops, "rev-parse", "main") == head


def _path(forge: str) -> str:
    return "org/specs" if forge == "github" else "group/specs"


def _superseded(forge: str, found: Any, port: int, old: str) -> bool:
    """Whether an old run that is started again leaves the ops repository to the newest."""
    from tests.ci import forges

    real = forges.git

    def as_of_then(folder: Path, *arguments: str) -> str:
        return old if arguments == ("rev-parse", "main") else real(folder, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forges, "git", as_of_then)
        ran = RUN[forge](found, "main", pull=False, port=port, only="deliver")
    return bool(ran.passed) and "has moved on" in ran.output


def test_a_branch_that_is_only_pushed_runs_nothing(tmp_path: Path) -> None:
    found = repositories(tmp_path, {"specs/platform.yaml": PLATFORM, **level(100)})
    found.commit("change", level(200))
    for run in RUN.values():
        assert run(found, "change", pull=False, port=0).jobs == ()


def test_the_token_of_the_ops_repository_is_asked_for(tmp_path: Path) -> None:
    """What git is told on GitLab, where a local repository asks for nothing."""
    job = yaml.safe_load((RECIPES / "gitlab-ci.yml").read_text())["deliver"]
    settings = [line for line in job["script"] if line.startswith("export GIT_CONFIG")]
    assert len(settings) == 2
    script = "\n".join([*settings, "git credential fill"])
    answer = subprocess.run(
        ["bash", "-ec", script],
        input="protocol=https\nhost=gitlab.example.com\n\n",
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OPS_TOKEN": "a b$c"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "username=tocsin\npassword=a b$c\n" in answer.stdout


def test_recipes_hold_no_secret_and_run_what_is_there() -> None:
    for path in RECIPES.glob("*.yml"):
        text = path.read_text()
        assert not re.search(r"gh[pousr]_\w{20}|glpat-|BEGIN .*KEY", text)
        for script in re.findall(r"docs/ci/[\w.-]+", text):
            assert (RECIPES.parent.parent / script).is_file()
    assert f'MARK = "{MARK}"' in (RECIPES / "comment.py").read_text()
