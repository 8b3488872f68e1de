"""promtool's verdict on rules, configuration and unit tests, told at the spec's places."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from generator.findings import Finding, Place, error, info
from generator.tools import Tool, ToolFailed, run
from generator.verify.stage import with_stand_ins, without_keys

Origins = Mapping[tuple[str, str], Place]
"""(rule file's path below the stage, alert or record name) -> the spec's place."""

BATCH = 40
"""Test files in one promtool process: many are quicker than one each, all are slower."""


_UNKNOWN_DISCOVERY = re.compile(r"field (\w+_sd_configs) not found in type")


def check_rules(tool: Tool, files: Sequence[Path], root: Path, origins: Origins) -> list[Finding]:
    """`promtool check rules` with every lint fatal. Raises ToolFailed when it does not run."""
    if not files:
        return []
    names = [path.relative_to(root).as_posix() for path in files]
    answer = run(tool, ["check", "rules", "--lint=all", "--lint-fatal", *names], cwd=root)
    if answer.returncode == 0:
        return []
    return _told(answer.stdout + answer.stderr, names, origins, "promtool-rules")


def check_config(tool: Tool, config: Path, root: Path) -> list[Finding]:
    """`promtool check config` on a fleet's prometheus.yml with all it includes.

    Builds differ in the kinds of discovery that were compiled in (Debian's have no Kubernetes):
    what the tool at hand does not know is left out, and a finding says so.
    """
    files = [config, *sorted(root.glob("*/prometheus/scrape.yml"))]
    for path in files:
        with_stand_ins(path, root / "stand-ins")
    name = config.relative_to(root).as_posix()
    found: list[Finding] = []
    while True:
        answer = run(tool, ["check", "config", name], cwd=root)
        output = answer.stdout + answer.stderr
        unknown = set(_UNKNOWN_DISCOVERY.findall(output)) - {f.message.split()[-1] for f in found}
        if answer.returncode == 0 or not unknown:
            break
        for path in files:
            without_keys(path, unknown)
        found += [_not_built_in(tool, key) for key in sorted(unknown)]
    if answer.returncode == 0:
        return found
    return [*found, error("promtool-config", f"promtool: {_shortened(output)}")]


def _not_built_in(tool: Tool, key: str) -> Finding:
    message = f"this promtool {tool.version} was built without, so it did not check: {key}"
    return info("discovery-unchecked", message, None, "a release of prometheus.io has them all")


def run_tests(
    tool: Tool, files: Sequence[Path], root: Path, places: Mapping[str, Place], cache: Path | None
) -> tuple[list[Finding], int]:
    """Run unit-test files in parallel batches; findings and how many were run, not remembered.

    `places` maps a test folder's path below the root to the alert's place. A file whose bytes,
    rules and tool have passed before is not run again when there is a `cache` folder.
    """
    todo = [f for f in files if not _passed(tool, f, cache)]
    batches = [todo[i : i + BATCH] for i in range(0, len(todo), BATCH)]
    with ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1)) as pool:
        results = list(pool.map(lambda batch: _run_batch(tool, batch, root), batches))
    findings: list[Finding] = []
    for batch, output in zip(batches, results, strict=True):
        if output is None:
            for path in batch:
                _remember(tool, path, cache)
        else:
            findings += _failed_tests(tool, batch, output, root, places, cache)
    return findings, len(todo)


def _run_batch(tool: Tool, batch: Sequence[Path], root: Path) -> str | None:
    names = [path.relative_to(root).as_posix() for path in batch]
    answer = run(tool, ["test", "rules", *names], cwd=root, timeout=900)
    return None if answer.returncode == 0 else answer.stdout + answer.stderr


def _failed_tests(
    tool: Tool,
    batch: Sequence[Path],
    output: str,
    root: Path,
    places: Mapping[str, Place],
    cache: Path | None,
) -> list[Finding]:
    """One finding per test file that failed, with what promtool said of it."""
    said = verdicts(output)
    if len(said) != len(batch):
        raise ToolFailed(f"promtool test rules failed without a verdict: {_shortened(output)}")
    findings = []
    for path, (passed, text) in zip(batch, said, strict=True):
        if passed:
            _remember(tool, path, cache)
            continue
        folder = path.parent.relative_to(root).as_posix()
        message = f"the unit test {folder} fails: {_shortened(text)}"
        findings.append(error("unit-test-failed", message, places.get(folder)))
    if not findings:
        raise ToolFailed(f"promtool test rules failed without naming a test: {_shortened(output)}")
    return findings


def verdicts(output: str) -> list[tuple[bool, str]]:
    """Whether each test file passed, and what is said of it, in the order they were given.

    promtool 3 names no file any more; all generations say SUCCESS or FAILED once for each.
    """
    parts = re.split(r"^  (SUCCESS|FAILED:)$", output, flags=re.MULTILINE)
    texts = [re.sub(r"^Unit Testing:.*$", "", text, flags=re.MULTILINE) for text in parts[2::2]]
    return [(word == "SUCCESS", text) for word, text in zip(parts[1::2], texts, strict=True)]


def _shortened(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines)[:600]


def _told(output: str, names: Sequence[str], origins: Origins, code: str) -> list[Finding]:
    """promtool's complaints, each at the place of the rule that its text names."""
    findings = []
    for line in output.splitlines():
        text = line.strip()
        if not text or text.startswith(("Checking", "SUCCESS")) or "rules found" in text:
            continue
        file = next((n for n in names if n in text), names[0] if len(names) == 1 else "")
        place = next(
            (p for (f, rule), p in origins.items() if f == file and f'"{rule}"' in text), None
        )
        findings.append(error(code, f"promtool: {text}", place))
    return findings or [error(code, f"promtool: {_shortened(output) or 'failed without a word'}")]


def _key(tool: Tool, path: Path) -> str:
    digest = hashlib.sha256(f"{tool.path}:{tool.version}:{path.name}".encode())
    for file in sorted(path.parent.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _passed(tool: Tool, path: Path, cache: Path | None) -> bool:
    return cache is not None and (cache / _key(tool, path)).exists()


def _remember(tool: Tool, path: Path, cache: Path | None) -> None:
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        (cache / _key(tool, path)).touch()
