"""The browser that judges pages sees what they complain of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import browser as judge
from tests.browser import browser, opened


def test_complaints_and_calls_to_the_network_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<p id=x>hello</p><img src='http://127.0.0.1:9/a.png'>"
        "<script>console.error('bad'); setTimeout(() => { throw Error('worse') })</script>"
    )
    with browser() as chromium, opened(chromium, page, dark=True) as seen:
        seen.page.wait_for_timeout(50)
        assert seen.page.inner_text("#x") == "hello"
        assert seen.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        assert "bad" in seen.complaints
        assert "worse" in " ".join(seen.complaints)
        assert seen.asked == ["http://127.0.0.1:9/a.png"]


def test_a_missing_browser_fails_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(judge, "_IN_CI", True)
    with pytest.raises(pytest.fail.Exception, match="install chromium"):
        judge.program()
    monkeypatch.setattr(judge, "_IN_CI", False)
    with pytest.raises(pytest.skip.Exception, match="install chromium"):
        judge.program()
