"""Find, install and run promtool, prometheus, amtool and alertmanager.

`python -m generator.tools install` puts three generations under `.tools/` from Debian packages,
without root. What the tools say is read in `verify`; this file only knows where they are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.values import Version

NAMES = ("promtool", "prometheus", "amtool", "alertmanager")
TOOLS_ENV = "TOCSIN_TOOLS"
ADVICE = (
    "run `make tools` (Debian and Ubuntu), install the prometheus and alertmanager release "
    "tarballs or Homebrew packages so that promtool and amtool are on PATH, "
    f"or name their folder in {TOOLS_ENV}"
)


ASSETS = "/usr/share/prometheus/alertmanager"
OWN_ASSETS = "share/prometheus/alertmanager"


class ToolMissing(Exception):
    """A tool that is needed is not on this machine; the message says how to get it."""


class ToolFailed(Exception):
    """A tool did not run to an answer: it could not start, or took too long."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program found on this machine and the version it reports."""

    name: str
    path: Path
    version: Version


@dataclass(frozen=True, slots=True)
class Generation:
    """One Debian release's packages: (package, pinned version or empty for a moving release)."""

    name: str
    packages: tuple[tuple[str, str], ...]
    required: bool


GENERATIONS: tuple[Generation, ...] = (
    Generation(
        "bookworm",
        (("prometheus", "2.42.0+ds-5+deb12u1"), ("prometheus-alertmanager", "0.25.0-1+b4")),
        required=True,
    ),
    Generation(
        "trixie",
        (
            ("prometheus", "2.53.3+ds1-2"),
            ("promtool", "2.53.3+ds1-2"),
            ("prometheus-alertmanager", "0.28.1+ds-1"),
        ),
        required=True,
    ),
    Generation(
        "sid",
        (("prometheus", ""), ("promtool", ""), ("prometheus-alertmanager", "")),
        required=False,
    ),
)


def run(
    tool: Tool, arguments: Sequence[str], *, cwd: Path | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a tool and give back what it said; any exit code is an answer.

    Its errors stand in `stdout` where it said them: promtool names a file on one and what is wrong
    with it on the other. `stderr` is empty.

    Raises ToolFailed when it cannot start or takes longer than `timeout` seconds.
    """
    command = [str(tool.path), *arguments]
    try:
        answer = subprocess.run(
            command,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return subprocess.CompletedProcess(command, answer.returncode, answer.stdout, "")
    except subprocess.TimeoutExpired:
        raise ToolFailed(f"{tool.name} gave no answer within {timeout:.0f} s") from None
    except OSError as problem:
        raise ToolFailed(f"{tool.name} could not be started: {problem.strerror}") from None


def installed(folder: Path) -> Mapping[str, Tool]:
    """The tools in a folder, by name; programs that do not run there are left out."""
    found = {}
    for name in NAMES:
        path = folder / name
        if path.is_file() and (version := probe(path)) is not None:
            found[name] = Tool(name, path, version)
    return found


def probe(path: Path) -> Version | None:
    """The version a program reports, None when it does not run on this machine."""
    try:
        answer = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"version (\d+\.\d+)", answer.stdout + answer.stderr)
    return Version.parse(match[1]) if match else None


def generations(root: Path) -> Mapping[str, Mapping[str, Tool]]:
    """Every generation under `.tools/` whose four programs all run."""
    found = {}
    for generation in GENERATIONS:
        tools = installed(root / ".tools" / generation.name / "bin")
        if len(tools) == len(NAMES):
            found[generation.name] = tools
    return found


def find(name: str, target: Version, root: Path) -> Tool | None:
    """The tool nearest to the target version: the oldest that is not older, else the newest.

    Looks into the folder named by TOCSIN_TOOLS (alone, when it is set), else into `.tools/` of
    `root` and on PATH. None when there is none.
    """
    candidates = sorted(_candidates(name, root.absolute()), key=lambda tool: tool.version)
    fitting = [tool for tool in candidates if tool.version >= target]
    if fitting:
        return fitting[0]
    return candidates[-1] if candidates else None


def need(name: str, target: Version, root: Path) -> Tool:
    """Like `find`. Raises ToolMissing with advice when there is none."""
    tool = find(name, target, root)
    if tool is None:
        raise ToolMissing(f"{name} was not found: {ADVICE}")
    return tool


def _candidates(name: str, root: Path) -> Iterable[Tool]:
    named = os.environ.get(TOOLS_ENV)
    if named:
        folders = [Path(named)]
    else:
        folders = [root / ".tools" / g.name / "bin" for g in GENERATIONS]
        on_path = shutil.which(name)
        if on_path:
            folders.append(Path(on_path).parent)
    for folder in folders:
        path = folder / name
        if path.is_file() and (version := probe(path)) is not None:
            yield Tool(name, path, version)


# --------------------------------------------------------------------------- installation


def install(root: Path) -> bool:
    """Unpack every generation under `root/.tools`; True when all required ones run.

    Done generations are left alone, so that it costs nothing the second time and goes on where
    it was interrupted. Speaks on standard output.
    """
    todo = [g for g in GENERATIONS if not _complete(root, g)]
    if not todo:
        print(f"tools: {_overview(root)}")
        return True
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return _say_unknown_system(root)
    apt = Apt(root / ".tools" / "apt")
    print(f"tools: reading package lists ({', '.join(g.name for g in todo)})", flush=True)
    apt.update()
    for generation in todo:
        _install_generation(root, generation, apt)
    print(f"tools: {_overview(root)}")
    return all(_complete(root, g) for g in GENERATIONS if g.required)


def _install_generation(root: Path, generation: Generation, apt: Apt) -> None:
    print(f"tools: unpacking {generation.name}", flush=True)
    stage = root / ".tools" / f"{generation.name}.new"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        for package, version in generation.packages:
            apt.unpack(package, version, generation.name, stage)
        final = root / ".tools" / generation.name
        shutil.rmtree(final, ignore_errors=True)
        (final / "bin").mkdir(parents=True)
        for name in NAMES:
            shutil.copy2(stage / "usr" / "bin" / f"{_packaged(name, stage)}", final / "bin" / name)
        _relocate(stage, final)
    except (ToolFailed, OSError) as problem:
        print(f"tools: {generation.name} is not to be had: {problem}", flush=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    if not _complete(root, generation):
        print(f"tools: {generation.name} does not run on this machine", flush=True)


def _relocate(stage: Path, final: Path) -> None:
    """Let Debian's Alertmanager start without root.

    Its default template is compiled in as a path below /usr/share. The copy is kept under the
    generation's folder, and the path in the copied program is made relative to the working
    folder, with the same length: run it in `.tools/<generation>`.
    """
    shared = stage / ASSETS.lstrip("/")
    if not shared.is_dir():
        return
    shutil.copytree(shared, final / OWN_ASSETS)
    program = final / "bin" / "alertmanager"
    new = f"./{OWN_ASSETS}".replace("/", "/" * (len(ASSETS) - len(OWN_ASSETS) - 1), 1)
    program.write_bytes(program.read_bytes().replace(ASSETS.encode(), new.encode()))


def _packaged(name: str, stage: Path) -> str:
    """Debian calls alertmanager `prometheus-alertmanager`."""
    debian = f"prometheus-{name}"
    return debian if (stage / "usr" / "bin" / debian).is_file() else name


def _complete(root: Path, generation: Generation) -> bool:
    folder = root / ".tools" / generation.name
    has_template = (folder / OWN_ASSETS / "default.tmpl").is_file()
    return has_template and len(installed(folder / "bin")) == len(NAMES)


def _overview(root: Path) -> str:
    parts = []
    for generation in GENERATIONS:
        tools = installed(root / ".tools" / generation.name / "bin")
        if len(tools) == len(NAMES):
            prometheus, alertmanager = tools["prometheus"].version, tools["alertmanager"].version
            parts.append(
                f"{generation.name} (Prometheus {prometheus}, Alertmanager {alertmanager})"
            )
        else:
            parts.append(f"{generation.name} MISSING")
    return ", ".join(parts)


def _say_unknown_system(root: Path) -> bool:
    on_path = [name for name in NAMES if shutil.which(name)]
    if len(on_path) == len(NAMES):
        print("tools: no apt here; the four programs on PATH will be used")
        return True
    missing = ", ".join(name for name in NAMES if name not in on_path)
    print(f"tools: no apt here and not on PATH: {missing}", file=sys.stderr)
    print(f"tools: {ADVICE}", file=sys.stderr)
    return False


class Apt:
    """apt with lists, cache and sources of its own in one folder; the system's is not touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("lists/partial", "cache/archives/partial", "etc", "state"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "state" / "status").touch()
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        signed = f"[signed-by={keyring}] " if Path(keyring).is_file() else ""
        mirror = _mirror()
        lines = [f"deb {signed}{mirror} {g.name} main\n" for g in GENERATIONS]
        (folder / "etc" / "sources.list").write_text("".join(lines))
        (folder / "apt.conf").write_text(_APT_CONF.format(folder=folder))

    def update(self) -> None:
        """Fetch the package lists. A release that cannot be read is told when it is unpacked."""
        answer = self._run("apt-get", "update")
        if answer.returncode:
            print(f"tools: {answer.stderr.strip().splitlines()[-1]}", flush=True)

    def unpack(self, package: str, version: str, release: str, target: Path) -> None:
        """Download one package, pinned or the release's own, and unpack it. Raises ToolFailed."""
        archives = self.folder / "cache" / "archives"
        wanted = f"{package}={version}" if version else f"{package}/{release}"
        answer = self._run("apt-get", "download", wanted, cwd=archives)
        if answer.returncode and version:
            print(f"tools: {wanted} is gone from the archive; taking {release}'s own", flush=True)
            answer = self._run("apt-get", "download", f"{package}/{release}", cwd=archives)
        if answer.returncode:
            raise ToolFailed(f"apt-get download {wanted}: {answer.stderr.strip()}")
        newest = max(archives.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime_ns)
        answer = self._run("dpkg-deb", "-x", str(newest), str(target))
        newest.unlink()
        if answer.returncode:
            raise ToolFailed(f"dpkg-deb -x {newest.name}: {answer.stderr.strip()}")

    def _run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        try:
            return subprocess.run(
                command, cwd=cwd, env=env, capture_output=True, text=True, timeout=900, check=False
            )
        except subprocess.TimeoutExpired:
            raise ToolFailed(f"{command[0]} gave no answer within 15 minutes") from None


_APT_CONF = """Dir "/";
Dir::State "{folder}";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
APT::Get::List-Cleanup "0";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "3";
"""


def _mirror() -> str:
    """The Debian mirror this machine's apt uses already. Raises ToolFailed when it uses none."""
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
        capture_output=True,
        text=True,
        check=False,
    )
    for uri in answer.stdout.split():
        if re.search(r"/debian/?$", uri):
            return uri
    raise ToolFailed("apt on this machine knows no Debian mirror; add one, or: " + ADVICE)


def main(arguments: Sequence[str]) -> int:
    """`python -m generator.tools install`: exit code 0 when the required generations run."""
    if list(arguments) != ["install"]:
        print("usage: python -m generator.tools install", file=sys.stderr)
        return 2
    try:
        return 0 if install(Path.cwd()) else 3
    except ToolFailed as problem:
        print(f"tools: {problem}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
