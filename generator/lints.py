"""The register of lints: doubts about a spec that is valid, each with a code and a page.

Where a lint is written it names its codes here; nothing else has to know it. `docs/lints/<code>.md`
says what it finds, why, and how to mend it, and a test runs the page's examples.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.findings import Level

PAGES = "docs/lints"
LINTS: dict[str, Level] = {}
"""Every code with the worst level it is found at, filled where the lints are written."""


def declare(codes: Mapping[str, Level]) -> None:
    """Enters the codes of one lint. Raises ValueError for a code that another lint has."""
    for code, level in codes.items():
        if code in LINTS:
            raise ValueError(f"two lints have the code {code}")
        LINTS[code] = level


def page_of(code: str) -> str | None:
    """The page about a finding's code, as a path in the repository; None when it is no lint."""
    return f"{PAGES}/{code}.md" if code in LINTS else None
