"""Artifacts on disk for the real tools, in a folder of their own; output/ is never touched.

promtool demands that the files a configuration names exist, so stand-ins are made for secrets and
certificates and the configuration's copy points at them.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from generator.ir.artifacts import Artifact

_SECRET_KEYS = ("credentials_file", "password_file", "bearer_token_file", "key_file")
_CERTIFICATE_KEYS = ("ca_file", "cert_file")


@contextlib.contextmanager
def staged(trees: Mapping[str, Sequence[Artifact]]) -> Iterator[Path]:
    """A temporary folder that holds every tree under its name, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as name:
        root = Path(name)
        for tree, artifacts in trees.items():
            for artifact in artifacts:
                path = root / tree / artifact.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(artifact.content)
        yield root


def with_stand_ins(path: Path, folder: Path) -> None:
    """Rewrite a scrape configuration's copy so that every file it names exists below `folder`."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    folder.mkdir(parents=True, exist_ok=True)
    _replace(document, folder)
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")


def without_keys(path: Path, keys: Collection[str]) -> None:
    """Rewrite a scrape configuration's copy without these keys of its jobs."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    for job in document.get("scrape_configs") or ():
        for key in keys:
            job.pop(key, None)
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")


def _replace(value: Any, folder: Path) -> None:
    if isinstance(value, list):
        for item in value:
            _replace(item, folder)
        return
    if not isinstance(value, dict):
        return
    for key in [k for k in value if k in _CERTIFICATE_KEYS]:
        del value[key]
    for key, item in value.items():
        if key in _SECRET_KEYS and isinstance(item, str):
            stand_in = folder / "secret"
            stand_in.write_text("stand-in\n", encoding="utf-8")
            value[key] = str(stand_in)
        else:
            _replace(item, folder)
    if "key_file" in value and "cert_file" not in value:
        del value["key_file"]
