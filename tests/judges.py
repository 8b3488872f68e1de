"""Fetch what judges us besides the real tools: npm's judges, and rules that others have published.

`python -m tests.judges` puts both under `.tools/`: the parser of Prometheus' own interface and
the editors' YAML server from npm, pinned; rule files and dashboards out of Debian packages, whose
text is not ours to commit.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from generator.tools import Apt, ToolFailed

NPM = {
    "@prometheus-io/lezer-promql": "0.315.0",
    "@lezer/common": "1.5.5",
    "@lezer/highlight": "1.2.5",
    "@lezer/lr": "1.4.12",
    "yaml-language-server": "1.19.2",
}
"""Installed in one go: npm removes from a folder what one of its runs does not name."""
RELEASE = "bookworm"
PACKAGES = (
    "ceph-grafana-dashboards",
    "ceph-prometheus-alerts",
    "etcd-server",
    "prometheus-elasticsearch-exporter",
    "prometheus-node-exporter",
    "prometheus-smokeping-prober",
)
"""Debian packages that ship Prometheus rules or Grafana dashboards."""
_KINDS = frozenset({".yml", ".yaml", ".rules", ".json"})
_IN_CI = bool(os.environ.get("CI"))
"""Read once: tests themselves run without it."""


def lezer(root: Path) -> Path:
    """The folder of node_modules with lezer-promql; a test without it fails in CI, else skips."""
    return _modules(root)


def language_server(root: Path) -> Path:
    """yaml-language-server's program; without it as `lezer`."""
    return _modules(root) / "yaml-language-server" / "bin" / "yaml-language-server"


def grafana_check_file(root: Path) -> Path:
    """The offline check of Grafana's dashboards in the folder `shared` beside the repository.

    The environment's SHARED names another place. A test without it skips: it is no part of ours.
    """
    shared = Path(os.environ.get("SHARED", root.parent / "shared"))
    path = shared / "check" / "grafana_check.py"
    if not path.is_file():
        pytest.skip(f"{path} is not here: dashboards are not judged by Grafana's own schemas")
    return path


def grafana_check(root: Path) -> ModuleType:
    """grafana_check.py as a module, from where `grafana_check_file` finds it."""
    path = grafana_check_file(root)
    if path.stem not in sys.modules:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    return sys.modules[path.stem]


def judged_by_grafana(root: Path, folder: Path, tenant: str) -> subprocess.CompletedProcess[str]:
    """What `grafana_check_file` says of a folder with a tenant's finished dashboards."""
    options = ["--tenant-label", "tenant", "--tenant", tenant, "--closed-links", "--canonical"]
    return subprocess.run(
        [sys.executable, str(grafana_check_file(root)), *options, "--strict", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


def _modules(root: Path) -> Path:
    folder = root / ".tools" / "npm" / "node_modules"
    if shutil.which("node") is None or not _has_npm(folder):
        _missing("npm's judges are not here: install node and npm, then `make tools`")
    return folder


def published(root: Path) -> Path:
    """The folder of published rules, a folder for each package; without it as `lezer`."""
    folder = root / ".tools" / "corpus"
    if not all((folder / package).is_dir() for package in PACKAGES):
        _missing("the published rules are not here: `make tools` fetches them (Debian and Ubuntu)")
    return folder


def _missing(why: str) -> None:
    if _IN_CI:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def install(root: Path) -> bool:
    """Fetch what is not there yet and say what cannot be had; True when nothing is missing."""
    done = [_install_npm(root / ".tools" / "npm"), _install_published(root / ".tools")]
    return all(done)


def _has_npm(modules: Path) -> bool:
    return all(
        (manifest := modules / name / "package.json").is_file()
        and f'"version": "{version}"' in manifest.read_text(encoding="utf-8")
        for name, version in NPM.items()
    )


def _install_npm(folder: Path) -> bool:
    if _has_npm(folder / "node_modules"):
        return True
    npm = shutil.which("npm")
    if npm is None:
        print(f"judges: no npm here for {', '.join(NPM)}; install nodejs and npm")
        return False
    names = [f"{name}@{version}" for name, version in NPM.items()]
    folder.mkdir(parents=True, exist_ok=True)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-save")
    answer = subprocess.run(
        [npm, "install", "--prefix", str(folder), *quiet, *names],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if answer.returncode:
        print(f"judges: npm install failed: {answer.stderr.strip()[-300:]}")
    return answer.returncode == 0


def _install_published(tools: Path) -> bool:
    missing = [p for p in PACKAGES if not (tools / "corpus" / p).is_dir()]
    if not missing:
        return True
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        print("judges: no apt here, so published rules cannot be fetched")
        return False
    try:
        apt = Apt(tools / "apt")
        if not any((tools / "apt" / "lists").glob("*_Packages*")):
            apt.update()
        for package in missing:
            _fetch(apt, package, tools / "corpus")
    except (ToolFailed, OSError) as problem:
        print(f"judges: published rules are not to be had: {problem}")
        return False
    return True


def _fetch(apt: Apt, package: str, corpus: Path) -> None:
    """Keep a package's rules and dashboards, unpacked; its programs are thrown away."""
    stage, kept = corpus / f"{package}.new", corpus / f"{package}.kept"
    for folder in (stage, kept):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    apt.unpack(package, "", RELEASE, stage)
    for path in sorted(p for p in stage.rglob("*") if p.is_file() and not p.is_symlink()):
        name = path.name.removesuffix(".gz")
        if Path(name).suffix in _KINDS:
            data = path.read_bytes()
            (kept / name).write_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)
    shutil.rmtree(stage)
    kept.rename(corpus / package)


if __name__ == "__main__":
    sys.exit(0 if install(Path.cwd()) else 3)
