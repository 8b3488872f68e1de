"""Files of others that pages carry with them, so that a page needs no network.

`echarts.min.js` is Apache ECharts 6.1.0 (Apache-2.0), `dist/echarts.min.js` of the npm package
`echarts`, byte for byte. ECharts because it alone of the well-kept libraries draws lines, bars,
gauges, heat maps and state bands from one file.
"""

from __future__ import annotations

from importlib.resources import files

ECHARTS = "echarts.min.js"


def echarts() -> str:
    """The charting library's text, safe inside a `<script>` element.

    Raises ValueError if it could end the element: then the file is not the one that we shipped.
    """
    text = files(__package__).joinpath(ECHARTS).read_text(encoding="utf-8")
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError(f"{ECHARTS} cannot stand inside a page")
    return text


def preview_parts() -> tuple[str, str, str]:
    """(style, script, HTML with `@@…@@` where they go) of the preview of dashboards."""
    own = files(__package__).joinpath("preview")
    scripts = ("units.js", "fields.js", "charts.js", "boxes.js", "page.js")
    script = "\n".join(own.joinpath(name).read_text(encoding="utf-8") for name in scripts)
    style, body = (own.joinpath(n).read_text(encoding="utf-8") for n in ("page.css", "page.html"))
    return style, script, body
