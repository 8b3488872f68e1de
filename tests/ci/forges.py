"""The recipes of docs/ci/ as forges run them: jobs, steps and variables, and a forge's comments.

Of a forge there is what the recipes use, no more: a step or an expression that is not known fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.conftest import ROOT
from tests.listening import Handler, listening

RECIPES = ROOT / "docs" / "ci"
TOKEN = "let-me-in"
_JUDGING = ("Check", "Test")
"""Steps of GitHub's that a run of one job alone leaves out: they take longest."""
_MAKE = """\
#!/bin/sh
[ "$*" = tools ] || exit 2
mkdir -p .venv/bin && ln -sfn "{root}/.tools" .tools
printf '#!/bin/sh\\nPYTHONPATH="{root}" exec "{python}" -m generator "$@"\\n' > .venv/bin/tocsin
chmod +x .venv/bin/tocsin
"""


@dataclass
class Comments:
    """What a forge keeps under one request; `others` stand before ours and fill a page."""

    port: int = 0
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bot: Mapping[str, Any] = field(default_factory=dict)

    def of_the_bot(self) -> list[str]:
        return [c["body"] for c in self.kept.values() if self.bot.items() <= c.items()]


@contextlib.contextmanager
def comments(bot: Mapping[str, Any]) -> Iterator[Comments]:
    """A forge's comments over HTTP, with 150 by people, one of which quotes the mark."""
    state = Comments(bot=bot)
    person = {key: {**value, "type": "User", "username": "ann"} for key, value in bot.items()}
    for number in range(1, 151):
        body = "<!-- tocsin diff -->\nquoted" if number == 7 else f"remark {number}"
        state.kept[number] = {"id": number, "body": body, **person}

    class Web(Handler):
        def said(self, status: int, content: Any) -> None:
            self.answer(status, json.dumps(content).encode())

        def handled(self) -> None:
            url = urlsplit(self.path)
            given = json.loads(self.body() or "{}")
            state.calls.append(f"{self.command} {url.path}")
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.said(401, {})
            elif self.command == "GET":
                asked = {key: int(value[0]) for key, value in parse_qs(url.query).items()}
                start = (asked["page"] - 1) * asked["per_page"]
                self.said(200, list(state.kept.values())[start : start + asked["per_page"]])
            elif self.command == "POST":
                number = max(state.kept) + 1
                state.kept[number] = {"id": number, **given, **state.bot}
                self.said(201, state.kept[number])
            else:
                number = int(url.path.rpartition("/")[2])
                state.kept[number].update(given)
                self.said(200, state.kept[number])

        do_GET = do_POST = do_PATCH = do_PUT = handled

    with listening(Web) as state.port:
        yield state


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    answer = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@dataclass
class Repositories:
    """Two bare repositories, and somebody's clone of the first."""

    root: Path
    specs: Path
    ops: Path
    work: Path

    def commit(self, branch: str, files: Mapping[str, str]) -> str:
        """Put files onto a branch (made from main) and push it; the commit."""
        new = branch not in git(self.work, "branch", "--list", branch)
        git(self.work, "checkout", "-q", *(["-b", branch, "main"] if new else [branch]))
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.work, "add", "--all")
        git(self.work, "commit", "-qm", "change", "--allow-empty")
        git(self.work, "push", "-q", "origin", branch)
        return git(self.work, "rev-parse", "HEAD")

    def delivered(self) -> list[str]:
        """The subjects of the ops repository's commits, the newest first."""
        return git(self.ops, "log", "--format=%s", "main").splitlines()

    def file(self, path: str) -> str:
        """A file of the ops repository's newest commit."""
        return git(self.ops, "show", f"main:{path}")


def repositories(root: Path, files: Mapping[str, str]) -> Repositories:
    """Specs with the recipes beside them on main, and an ops repository with a readme."""
    found = Repositories(root, root / "specs.git", root / "ops.git", root / "work")
    for bare in (found.specs, found.ops):
        git(root, "init", "-q", "--bare", "-b", "main", str(bare))
    git(root, "init", "-q", "-b", "main", str(found.work))
    git(found.work, "remote", "add", "origin", str(found.specs))
    shutil.copytree(RECIPES, found.work / "docs" / "ci")
    (found.work / ".gitignore").write_text(".tocsin-cache/\n.tools\n.venv/\nops/\ndiff.md\n")
    git(found.work, "checkout", "-q", "-B", "main")
    for name, text in files.items():
        path = found.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(found.work, "add", "--all")
    git(found.work, "commit", "-qm", "specs")
    git(found.work, "push", "-q", "origin", "main")
    start = root / "start"
    git(root, "clone", "-q", str(found.ops), str(start))
    (start / "README.md").write_text("What servers read.\n")
    git(start, "checkout", "-q", "-B", "main")
    git(start, "add", "--all")
    git(start, "commit", "-qm", "begin")
    git(start, "push", "-q", "origin", "main")
    programs = root / "programs"
    programs.mkdir()
    (programs / "make").write_text(_MAKE.format(root=ROOT, python=sys.executable))
    (programs / "make").chmod(0o755)
    return found


@dataclass(frozen=True)
class Ran:
    """A pipeline: whether all of it passed, the jobs that ran, and what was said."""

    passed: bool
    jobs: tuple[str, ...]
    output: str


@dataclass
class _Shell:
    """Where steps run: a fresh machine's folder and its variables, nothing of this one's."""

    folder: Path
    variables: dict[str, str]
    output: str = ""

    def run(self, script: str, flags: str, more: Mapping[str, str]) -> bool:
        answer = subprocess.run(
            ["bash", flags, "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.variables, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.output += answer.stdout
        return answer.returncode == 0


def _shell(found: Repositories, name: str, variables: Mapping[str, str]) -> _Shell:
    home = found.root / "home"
    home.mkdir(exist_ok=True)
    folder = found.root / "runs" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python = Path(sys.executable).parent
    path = os.pathsep.join([str(found.root / "programs"), str(python), os.environ["PATH"]])
    known = {"PATH": path, "HOME": str(home), "CI": "true", "LC_ALL": "C.UTF-8"}
    return _Shell(folder, {**known, **variables})


# --------------------------------------------------------------------------- GitHub Actions


def github(
    found: Repositories, branch: str, *, pull: bool, port: int, only: str = "", fork: bool = False
) -> Ran:
    """Run the workflow for a branch that was pushed, or for its pull request into main."""
    workflow = yaml.load((found.work / "docs/ci/github-actions.yml").read_text(), yaml.BaseLoader)
    event = "pull_request" if pull else "push"
    triggers = workflow["on"]
    assert event in triggers
    if not pull and branch not in triggers["push"]["branches"]:
        return Ran(True, (), "")
    commit = git(found.specs, "rev-parse", branch)
    values = {
        "github.event_name": event,
        "github.token": TOKEN,
        "github.base_ref": "main",
        "github.event.number": "12",
        "github.repository": "org/specs",
        "github.event.pull_request.head.repo.full_name": "ann/specs" if fork else "org/specs",
        "vars.OPS_REPOSITORY": "org/ops",
        "secrets.OPS_DEPLOY_KEY": "a key",
    }
    variables = {
        "GITHUB_API_URL": f"http://127.0.0.1:{port}",
        "GITHUB_REPOSITORY": "org/specs",
        "GITHUB_REF": f"refs/heads/{branch}",
        "GITHUB_SHA": commit,
        "GITHUB_ACTOR": "ann",
        "GITHUB_ACTIONS": "true",
    }
    passed: dict[str, bool] = {}
    output = ""
    for name, job in workflow["jobs"].items():
        needed = job.get("needs")
        if only not in ("", name) or not _true(job.get("if"), values):
            continue
        if not only and needed and not passed[needed]:
            continue
        shell = _shell(found, f"github-{name}", variables)
        steps = [s for s in job["steps"] if not only or s.get("name") not in _JUDGING]
        passed[name] = all(_step(step, shell, found, values) for step in steps)
        output += shell.output
    return Ran(all(passed.values()), tuple(passed), output)


def _step(step: Mapping[str, Any], shell: _Shell, found: Repositories, values: Any) -> bool:
    if not _true(step.get("if"), values):
        return True
    if "uses" in step:
        assert step["uses"].startswith("actions/checkout@")
        _checkout(step.get("with", {}), shell, found, values)
        return True
    files = {name: found.root / name.lower() for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    given = {key: _filled(text, values) for key, text in step.get("env", {}).items()}
    done = shell.run(step["run"], "-e", {**given, **{k: str(v) for k, v in files.items()}})
    for folder in files["GITHUB_PATH"].read_text().split():
        shell.variables["PATH"] = f"{folder}{os.pathsep}{shell.variables['PATH']}"
    shell.output += files["GITHUB_STEP_SUMMARY"].read_text()
    return done


def _checkout(given: Mapping[str, str], shell: _Shell, found: Repositories, values: Any) -> None:
    """What actions/checkout leaves: the commit of the event, or another repository's main."""
    other = _filled(given.get("repository", ""), values)
    assert other in ("", "org/ops")
    target = shell.folder / given.get("path", ".")
    git(shell.folder, "clone", "-q", str(found.ops if other else found.specs), str(target))
    if not other:
        git(target, "checkout", "-q", shell.variables["GITHUB_SHA"])
    else:
        assert _filled(given["ssh-key"], values)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """An expression's value; KeyError for one that is not known."""
    if text.startswith("${{"):
        return values[text.removeprefix("${{").removesuffix("}}").strip()]
    return text


def _true(condition: str | None, values: Mapping[str, str]) -> bool:
    """Comparisons joined by `&&`."""
    for part in (condition or "").split(" && "):
        left, _, right = part.partition(" == ")
        if part and values[left] != (right[1:-1] if right[0] == "'" else values[right]):
            return False
    return True


# --------------------------------------------------------------------------- GitLab


def gitlab(
    found: Repositories, branch: str, *, pull: bool, port: int, only: str = "", fork: bool = False
) -> Ran:
    """Run the pipeline of a branch that was pushed, or of its merge request into main."""
    pipeline = yaml.safe_load((found.work / "docs/ci/gitlab-ci.yml").read_text())
    variables = {
        "CI_PIPELINE_SOURCE": "merge_request_event" if pull else "push",
        "CI_COMMIT_SHA": git(found.specs, "rev-parse", branch),
        "CI_DEFAULT_BRANCH": "main",
        "CI_PROJECT_ID": "5",
        "CI_PROJECT_PATH": "group/specs",
        "CI_API_V4_URL": f"http://127.0.0.1:{port}/api/v4",
        "GITLAB_USER_NAME": "ann",
        "GITLAB_USER_EMAIL": "ann@example.com",
        "OPS_REPOSITORY_URL": str(found.ops),
        "OPS_TOKEN": "another token",
        **({} if fork else {"COMMENT_TOKEN": TOKEN}),
        **pipeline["variables"],
    }
    if pull:
        variables["CI_MERGE_REQUEST_IID"] = "12"
        variables["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "main"
    else:
        variables["CI_COMMIT_BRANCH"] = branch
    if not _ruled(pipeline["workflow"], variables):
        return Ran(True, (), "")
    ran: dict[str, bool] = {}
    output = ""
    for stage in pipeline["stages"]:
        if not all(ran.values()):
            break
        for name, job in pipeline.items():
            wanted = isinstance(job, dict) and job.get("stage") == stage and only in ("", name)
            if not wanted or not _ruled(job, variables):
                continue
            shell = _shell(found, f"gitlab-{name}", variables)
            git(shell.folder, "clone", "-q", str(found.specs), ".")
            git(shell.folder, "checkout", "-q", variables["CI_COMMIT_SHA"])
            lines = [*pipeline["default"]["before_script"], *job["script"]]
            ran[name] = shell.run("\n".join(lines), "-e", {})
            output += shell.output
            for path in job.get("artifacts", {}).get("paths", ()):
                output += (shell.folder / path).read_text() if ran[name] else ""
    return Ran(all(ran.values()), tuple(ran), output)


def _ruled(job: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
    """Whether one of a job's rules holds; a job without rules always runs."""
    rules = job.get("rules")
    return rules is None or any(_holds(rule["if"], variables) for rule in rules)


def _holds(condition: str, variables: Mapping[str, str]) -> bool:
    def value(text: str) -> str | None:
        return text[1:-1] if text.startswith('"') else variables.get(text[1:])

    pairs = (part.split(" == ") for part in condition.split(" && "))
    return all(value(left) is not None and value(left) == value(right) for left, right in pairs)
