"""Texts that try to break out of what they stand in, and how many of them a run tries."""

from __future__ import annotations

import os

from hypothesis import strategies as st


def cases(usual: int) -> int:
    """How many random cases a test tries; `TOCSIN_CASES=2000` makes a long run of it."""
    return int(os.environ.get("TOCSIN_CASES", usual))


FRAGMENTS = (
    '"',
    "'",
    "`",
    "\\",
    "\\n",
    "\\u0022",
    '"} or secret{x="',
    '", tenant="globex',
    '"}) or vector(1) #',
    "\n- alert: Injected",
    "\nlabels: {tenant: globex}",
    ": ",
    " #",
    "# ",
    "- ",
    "? ",
    "!!python/object",
    "*alias",
    "&anchor",
    "%TAG",
    "---\n",
    "...\n",
    "|",
    ">",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "~~~",
    "```",
    "| a | b |",
    "</a>",
    "<!--",
    "-->",
    "&lt;",
    "$tenant",
    "${tenant}",
    "$$",
    "$1",
    "[[tenant]]",
    "[% for i in x %]",
    "%s%n",
    "=1+1",
    "yes",
    "null",
    "0x10",
    "1e3",
    "10:30",
    "é",
    "Ω",
    "аcme",
    "日本",
    "👩‍💻",
    "\t",
    "{",
    "}",
    "}}",
    ".*",
    "$(id)",
)
TEXTS = st.one_of(
    st.sampled_from(FRAGMENTS),
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5).map("".join),
    st.text(
        st.characters(
            codec="utf-8",
            exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Cn", "Co"),
        ),
        min_size=1,
        max_size=25,
    ),
).filter(lambda text: bool(text.strip()) and "{{" not in text)
"""Anything that a reviewer can see as it is; what he cannot is refused and tested elsewhere."""
LINES = TEXTS.map(lambda text: " ".join(text.split())).filter(bool)
"""The same in one line, for values that are compared as such."""
