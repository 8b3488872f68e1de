"""The machine's own Chromium, headless, without a network: pages seen as people see them."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
_IN_CI = bool(os.environ.get("CI"))
"""Read once: tests themselves run without it."""


@dataclass
class Opened:
    """A page with what it complained of, and what it asked the network for (which it may not)."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def program() -> str:
    """Chromium's path; a test without it fails in CI, else skips."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    why = "no Chromium here: install chromium (Debian and Ubuntu: apt-get install chromium)"
    if _IN_CI:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def opened(
    chromium: Browser, file: Path, width: int = 1280, height: int = 900, *, dark: bool = False
) -> Iterator[Opened]:
    """A page of a file on disk in a window of this size, in the reader's light or dark."""
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    seen = Opened(context.new_page())

    def deny(route: Route) -> None:
        seen.asked.append(route.request.url)
        route.abort()

    context.route(lambda url: not url.startswith(("file:", "data:", "blob:")), deny)
    seen.page.on(
        "console",
        lambda said: (
            seen.complaints.append(said.text) if said.type in ("error", "warning") else None
        ),
    )
    seen.page.on("pageerror", lambda problem: seen.complaints.append(str(problem)))
    try:
        seen.page.goto(file.absolute().as_uri())
        yield seen
    finally:
        context.close()
