"""The least that a build must do: read the specs, parse each expression once, write the bytes.

`floor.py read|parse|write REPOSITORY`: the YAML of the specs by C; the expressions of all rule
files by promql-parser, in Rust; the files of output/ to another folder.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import promql_parser
import yaml

_EXPR = re.compile(r"^ +expr: (?:\|-?\n((?: {10,}.*\n)+)|(.*)\n)", re.MULTILINE)


def read(root: Path) -> None:
    for path in sorted((root / "specs").rglob("*.yaml")):
        yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)


def parse(root: Path) -> None:
    for path in sorted(root.glob("output/*/prometheus/rules/*.yml")):
        for block, line in _EXPR.findall(path.read_text(encoding="utf-8")):
            promql_parser.parse(block or line.strip("'"))


def write(root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root) as folder:
        for path in sorted((root / "output").rglob("*")):
            if path.is_file() and ".tocsin" not in path.parts:
                copy = Path(folder) / path.relative_to(root / "output")
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())


if __name__ == "__main__":
    {"read": read, "parse": parse, "write": write}[sys.argv[1]](Path(sys.argv[2]))
