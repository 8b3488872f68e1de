"""The charting library is npm's own file, and may stand inside a page."""

from __future__ import annotations

import hashlib

from generator.assets import echarts

PUBLISHED = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"
"""SHA-256 of dist/echarts.min.js in npm's echarts 6.1.0."""


def test_the_charting_library_is_npms_file() -> None:
    text = echarts()
    assert hashlib.sha256(text.encode()).hexdigest() == PUBLISHED
    assert "Apache Software Foundation" in text[:200]
