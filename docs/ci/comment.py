"""Put what `tocsin diff --format markdown` wrote under a pull or merge request, once.

    python3 docs/ci/comment.py github|gitlab diff.md

An earlier comment of the same author is updated. When nothing changes any more it says so; where
nothing ever changed there is none. The token is read from FORGE_TOKEN, all else from the variables
that the forge sets. Needs Python alone.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

MARK = "<!-- tocsin diff -->"
NOTHING = f"{MARK}\nMonitoring: nothing changes its meaning any more.\n"
BOTS = ("project_", "group_")
"""How the names of GitLab's access tokens begin."""
PAGE = 100


def call(method: str, url: str, body: object = None) -> object:
    """The JSON answer of the forge."""
    data = None if body is None else json.dumps(body).encode()
    headers = {
        "Authorization": f"Bearer {os.environ['FORGE_TOKEN']}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "tocsin",
    }
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def places(forge: str) -> tuple[str, str, str]:
    """Where comments are listed, where one is by its id, and how it is updated."""
    get = os.environ
    if forge == "github":
        base = f"{get['GITHUB_API_URL']}/repos/{get['GITHUB_REPOSITORY']}/issues"
        return f"{base}/{get['PULL_REQUEST']}/comments", f"{base}/comments", "PATCH"
    base = f"{get['CI_API_V4_URL']}/projects/{get['CI_PROJECT_ID']}/merge_requests"
    notes = f"{base}/{get['CI_MERGE_REQUEST_IID']}/notes"
    return notes, notes, "PUT"


def earlier(listed: str) -> int | None:
    """The id of the comment to update. People may quote the mark: only a bot's own counts."""
    page = 1
    while True:
        found = call("GET", f"{listed}?per_page={PAGE}&page={page}")
        for comment in found:
            author = comment.get("user") or comment.get("author") or {}
            bot = author.get("type") == "Bot" or author.get("username", "").startswith(BOTS)
            if bot and comment["body"].startswith(MARK):
                return comment["id"]
        if len(found) < PAGE:
            return None
        page += 1


def main(forge: str, file: str) -> None:
    """Update the comment, or write one if there is something to say."""
    text = Path(file).read_text(encoding="utf-8")
    listed, one, method = places(forge)
    known = earlier(listed)
    if known is not None:
        call(method, f"{one}/{known}", {"body": text or NOTHING})
    elif text:
        call("POST", listed, {"body": text})
    print("updated" if known is not None else "written" if text else "nothing to say")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("github", "gitlab"):
        sys.exit(__doc__)
    try:
        main(sys.argv[1], sys.argv[2])
    except KeyError as missing:
        sys.exit(f"comment: the variable {missing} is not set")
    except (urllib.error.URLError, OSError, ValueError) as problem:
        sys.exit(f"comment: the forge refused: {problem}")
