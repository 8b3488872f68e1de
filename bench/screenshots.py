"""Pictures of the gold example's previews, over a lifelike day: docs/images/preview-*.png.

`python bench/screenshots.py` makes data, lets a real Prometheus record what the rules record, draws
the four views and takes their pictures with the machine's Chromium. `--all DIR` takes each view at
1280 and 1920, dark and light, as well. Needs `make tools` and chromium; about two minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.budgets import counted, lay_month  # noqa: E402
from bench.lifelike import END, HOUR, TENANT, World, text  # noqa: E402
from bench.recorded import record, rules_of  # noqa: E402
from generator.api import Source, Wanted, preview  # noqa: E402
from generator.servers.temporary import blocks_from  # noqa: E402
from generator.tools import need  # noqa: E402
from generator.values import Duration, Version  # noqa: E402
from tests.browser import browser, opened  # noqa: E402

TARGET = Version(2, 42)
VIEWS = ("executive", "technical", "security", "ml")
SHOWN = Duration.of(hours=6)


def data(folder: Path, hours: float = 40) -> Path:
    """A TSDB with a lifelike time and what the rules made of its last seven hours."""
    tsdb = folder / "tsdb"
    tsdb.mkdir(parents=True)
    prometheus, promtool = need("prometheus", TARGET, ROOT), need("promtool", TARGET, ROOT)
    raw = folder / "raw.om"
    with raw.open("w", encoding="utf-8") as out:
        out.writelines(text(World(END - hours * HOUR, END), 30))
    blocks_from(promtool, raw, tsdb)
    raw.unlink()
    rules = rules_of(ROOT / "output" / TENANT / "prometheus" / "rules")
    tools, known = (prometheus, promtool), END - 7 * HOUR
    first = counted(rules)
    failed = record(tools, first, tsdb, known, END)
    failed += lay_month(tools, rules, tsdb, World(known, END), known)
    failed += record(tools, [rule for rule in rules if rule not in first], tsdb, known, END)
    for told in failed:
        print(f"not recorded: {told}")
    return tsdb


def sizes(everything: Path | None) -> Iterator[tuple[Path, int, int, bool]]:
    """(folder, width, height, dark) of the pictures to take; height 0: the whole page."""
    yield ROOT / "docs" / "images", 1280, 900, True
    if everything is not None:
        for width in (1280, 1920):
            for dark in (True, False):
                yield everything / f"{width}-{'dark' if dark else 'light'}", width, 0, dark


def pictures(pages: Path, everything: Path | None) -> int:
    complaints = 0
    with browser() as chromium:
        for folder, width, height, dark in sizes(everything):
            folder.mkdir(parents=True, exist_ok=True)
            for view in VIEWS:
                page = pages / f"{view}.html"
                with opened(chromium, page, width, height or 1000, dark=dark) as seen:
                    seen.page.wait_for_selector("html[data-ready]")
                    if height == 0 and seen.page.query_selector(".row-head[aria-expanded=false]"):
                        seen.page.click("#unfold")
                    seen.page.wait_for_timeout(200)
                    path = folder / f"preview-{view}.png"
                    seen.page.screenshot(path=path, full_page=height == 0)
                    for told in seen.complaints:
                        complaints += 1
                        print(f"{view}: {told}")
    return complaints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", type=Path, dest="everything", help="every size and colour, here")
    parser.add_argument("--keep", type=Path, help="keep the data and the pages in this folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-") as temporary:
        folder = given.keep or Path(temporary)
        tsdb = folder / "tsdb" if (folder / "tsdb").is_dir() else data(folder)
        wanted = Wanted(TENANT, folder / "pages", VIEWS, END, SHOWN)
        outcome = preview(ROOT, wanted, Source(tsdb=tsdb), progress=True)
        for finding in outcome.findings:
            print(f"{finding.code}: {finding.message}")
        sys.exit(1 if pictures(folder / "pages", given.everything) else 0)


if __name__ == "__main__":
    main()
