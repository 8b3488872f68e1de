"""Reports on disk: whole files, written beside their place and moved there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from generator.deliver.output import OutputError
from generator.ir.artifacts import Artifact


def write_files(folder: Path, files: Sequence[Artifact]) -> tuple[Path, ...]:
    """Write files into a folder, which is made if need be; what is there is replaced.

    Returns their paths. Raises OutputError when the disk refuses.
    """
    written = []
    for file in files:
        path = folder / file.path
        stage = path.with_name(f".{path.name}.new")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stage.write_bytes(file.content)
            stage.replace(path)
        except OSError as problem:
            raise OutputError(f"{path} cannot be written: {problem.strerror}") from None
        written.append(path)
    return tuple(written)
