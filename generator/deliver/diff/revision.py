"""Files of a git revision, read through git alone: the user's tree and index are not touched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from generator.tools import ToolFailed, ToolMissing

_REGULAR = ("100644", "100755")


class NoRevision(Exception):
    """There is no such revision here, or no repository; the message says what to do."""


def resolved(root: Path, revision: str) -> str:
    """The commit that a revision names; `main...` is where the current branch left main.

    Raises NoRevision, ToolMissing and ToolFailed.
    """
    if revision.endswith("..."):
        base = resolved(root, revision[:-3])
        answer = _git(root, "merge-base", base, "HEAD", refused=True)
        if answer is None:
            raise NoRevision(f"{revision[:-3]} and HEAD have no commit in common here{_SHALLOW}")
        return answer.decode().strip()
    wanted = f"{revision}^{{commit}}"
    answer = _git(root, "rev-parse", "--verify", "-q", "--end-of-options", wanted, refused=True)
    if answer is None:
        refusal = _run(root, "rev-parse", "--git-dir")
        if refusal.returncode:
            raise NoRevision(f"{root}: {_said(refusal)}")
        raise NoRevision(f"git knows no revision {revision!r} here{_SHALLOW}")
    return answer.decode().strip()


_SHALLOW = "; in CI, fetch it first: git fetch origin main, or a whole clone (fetch-depth: 0)"


def files_at(
    root: Path, commit: str, folder: str, keep: Callable[[str], bool] = lambda _path: True
) -> Mapping[str, bytes]:
    """Path below `root/folder` -> content, of a commit's regular files that are to be kept.

    Links are left out: what they point at is not the commit's. Raises ToolFailed.
    """
    listing = _git(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", _inside(root, folder))
    prefix = f"{_inside(root, folder)}/"
    entries = []
    for line in (listing or b"").split(b"\0"):
        about, _, path = line.partition(b"\t")
        name = path.decode("utf-8", "surrogateescape")
        if about and about.split()[0].decode() in _REGULAR and name.startswith(prefix):
            inside = name.removeprefix(prefix)
            if keep(inside):
                entries.append((inside, about.split()[2]))
    contents = _contents(root, [digest for _, digest in entries])
    return dict(zip((name for name, _ in entries), contents, strict=True))


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Lay files out below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _inside(root: Path, folder: str) -> str:
    """A folder of `root` as a path from the repository's top."""
    prefix = (_git(root, "rev-parse", "--show-prefix") or b"").decode().strip()
    return f"{prefix}{folder}"


def _contents(root: Path, digests: Sequence[bytes]) -> Iterator[bytes]:
    answer = _git(root, "cat-file", "--batch", given=b"\n".join(digests) + b"\n") or b""
    position = 0
    for _ in digests:
        end = answer.index(b"\n", position)
        size = int(answer[position:end].split()[-1])
        yield answer[end + 1 : end + 1 + size]
        position = end + 2 + size


def _git(
    root: Path, *arguments: str, given: bytes | None = None, refused: bool = False
) -> bytes | None:
    """What git says; None where it refuses and that may be. Raises ToolMissing and ToolFailed."""
    answer = _run(root, *arguments, given=given)
    if answer.returncode == 0:
        return answer.stdout
    if refused:
        return None
    raise ToolFailed(f"git {arguments[0]} failed: {_said(answer)}")


def _run(
    root: Path, *arguments: str, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(
            command, input=given, capture_output=True, env=environment, check=False, timeout=120
        )
    except FileNotFoundError:
        raise ToolMissing("git was not found; it reads the revision to compare with") from None
    except subprocess.TimeoutExpired:
        raise ToolFailed(f"git {arguments[0]} did not answer within 120 s") from None


def _said(answer: subprocess.CompletedProcess[bytes]) -> str:
    """Why git refused, on one line."""
    text = answer.stderr.decode("utf-8", "replace")
    return " ".join(text.split())[:300].removeprefix("fatal: ")
