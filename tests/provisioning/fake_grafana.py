"""A server that answers as Grafana's documented HTTP API does: organisations, teams, folders.

https://grafana.com/docs/grafana/latest/developers/http_api/: org, team, folder, folder_permissions.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.listening import Handler, listening

Answer = tuple[int, Any]
TOKEN = "glsa_of_organisation_1"
ADMIN = "Basic " + base64.b64encode(b"admin:hunter").decode()


@dataclass
class Organisation:
    name: str
    teams: dict[str, int] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    permissions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass
class FakeGrafana:
    organisations: dict[int, Organisation] = field(
        default_factory=lambda: {1: Organisation("Main Org.")}
    )
    changes: list[str] = field(default_factory=list)
    teams_made: int = 0
    broken: str = ""
    """A path that answers 500."""

    def answer(self, method: str, url: str, headers: Any, body: Any) -> Answer:
        parts = urlsplit(url)
        path, query = unquote(parts.path), parse_qs(parts.query)
        if path == self.broken:
            return 500, {"message": "database is locked"}
        caller = headers.get("Authorization")
        if caller not in (ADMIN, f"Bearer {TOKEN}"):
            return 401, {"message": "Invalid username or password"}
        if method != "GET":
            self.changes.append(f"{method} {path}")
        if path.startswith("/api/orgs"):
            if caller != ADMIN:
                return 403, {"message": "You'll need additional permissions: orgs:create"}
            return self.admin(method, path, body)
        number = int(headers.get("X-Grafana-Org-Id") or 1)
        if number not in self.organisations or (caller != ADMIN and number != 1):
            return 401, {"message": "Unauthorized"}
        return self.inside(self.organisations[number], method, path, query, body)

    def admin(self, method: str, path: str, body: Any) -> Answer:
        names = {o.name: number for number, o in self.organisations.items()}
        if method == "GET" and path.startswith("/api/orgs/name/"):
            name = path.removeprefix("/api/orgs/name/")
            if name not in names:
                return 404, {"message": "Organization not found"}
            return 200, {"id": names[name], "name": name, "address": {}}
        if method == "POST" and path == "/api/orgs":
            if body["name"] in names:
                return 409, {"message": "Organization name taken"}
            number = max(self.organisations) + 1
            self.organisations[number] = Organisation(body["name"])
            return 200, {"orgId": str(number), "message": "Organization created"}
        return 404, {"message": "Not found"}

    def inside(
        self, own: Organisation, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> Answer:
        if (method, path) == ("GET", "/api/teams/search"):
            (name,) = query["name"]
            found = [{"id": n, "name": t} for t, n in own.teams.items() if t == name]
            return 200, {"totalCount": len(found), "teams": found, "page": 1, "perPage": 1000}
        if (method, path) == ("POST", "/api/teams"):
            if body["name"] in own.teams:
                return 409, {"message": "Team name taken"}
            self.teams_made += 1
            own.teams[body["name"]] = 70 + self.teams_made
            return 200, {"message": "Team created", "teamId": own.teams[body["name"]]}
        if (method, path) == ("POST", "/api/folders"):
            uid = body["uid"]
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid)
            own.folders[uid] = body["title"]
            own.permissions[uid] = [
                {"role": "Admin", "permission": 4},
                {"role": "Editor", "permission": 2},
                {"role": "Viewer", "permission": 1},
            ]
            return 200, {"id": 1, "uid": uid, "title": body["title"]}
        return self.folder(own, method, path, body)

    def folder(self, own: Organisation, method: str, path: str, body: Any) -> Answer:
        found = re.fullmatch(r"/api/folders/([^/]+)(/permissions)?", path)
        if found is None or found[1] not in own.folders:
            return 404, {"message": "folder not found", "status": "not-found"}
        uid = found[1]
        if method == "GET" and not found[2]:
            return 200, {"id": 1, "uid": uid, "title": own.folders[uid]}
        if method == "GET":
            return 200, [{"teamId": 0, "userId": 0, **p} for p in own.permissions[uid]]
        assert method == "POST" and found[2]
        for item in body["items"]:
            assert item["permission"] in (1, 2, 4) and len(item) == 2
            if "teamId" in item:
                assert item["teamId"] in own.teams.values()
        own.permissions[uid] = [{"role": "Admin", "permission": 4}, *body["items"]]
        return 200, {"message": "Folder permissions updated"}


@contextlib.contextmanager
def serving(grafana: FakeGrafana) -> Iterator[str]:
    class Web(Handler):
        def do_GET(self) -> None:
            body = json.loads(self.body() or "null")
            status, answer = grafana.answer(self.command, self.path, self.headers, body)
            self.answer(status, json.dumps(answer).encode())

        do_POST = do_GET

    with listening(Web) as port:
        yield f"http://127.0.0.1:{port}"
