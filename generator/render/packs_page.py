"""The catalogue of Tocsin's own packs in Markdown: `docs/packs.md`.

`python -m generator.render.packs_page docs/packs.md` writes it; a test holds it fresh.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from generator.spec.packs import OWN_PACKS, SHIPPED, Pack, read_packs

_INTRODUCTION = """\
<!-- Generated from templates/packs/*.yaml by make golden; do not edit. -->
# Packs

Ready-made alerts and panels. A service takes them by name and sets their parameters:

```yaml
services:
  api:
    selector: {job: api}
    packs:
      http-api: {latency_p99: 300ms, error_ratio: 1%}
      service-health: {}
```

`tocsin catalog WORD` searches them. A pack of your own is a file `specs/packs/<pack>.yaml` in the
same language. Every alert comes with a runbook text and with unit tests.
"""


def packs_page() -> str:
    """The whole document, packs by category."""
    packs, _ = read_packs(SHIPPED)
    shipped = [pack for pack in packs.values() if pack.file.startswith(OWN_PACKS)]
    ordered = sorted(shipped, key=lambda pack: (pack.category, pack.name))
    lines = [_INTRODUCTION]
    for category, found in groupby(ordered, key=lambda pack: pack.category):
        lines += [f"## {category.capitalize()}", ""]
        for pack in found:
            lines += _pack(pack)
    return "\n".join(lines).rstrip("\n") + "\n"


def _pack(pack: Pack) -> Iterator[str]:
    yield f"### {pack.name}: {pack.title}"
    yield ""
    yield " ".join(pack.description.split())
    yield ""
    yield f"Alerts: {', '.join(f'`{name}`' for name in pack.alert_names())}."
    if pack.compliance:
        yield f"Evidence for: {', '.join(pack.compliance)}."
    yield ""
    if pack.parameters:
        yield "| parameter | type | default | meaning |"
        yield "|---|---|---|---|"
    for parameter in pack.parameters:
        default = "required" if parameter.required else f"`{parameter.default}`"
        meaning = " ".join(parameter.description.split()).replace("|", "\\|")
        yield f"| `{parameter.name}` | {parameter.type} | {default} | {meaning} |"
    yield ""


def main(arguments: Sequence[str]) -> int:
    """Write the page to the one path given, or print it."""
    if arguments:
        Path(arguments[0]).write_text(packs_page(), encoding="utf-8")
    else:
        sys.stdout.write(packs_page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
