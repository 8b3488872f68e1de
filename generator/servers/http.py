"""One HTTP server: JSON questions, reload calls, credentials from files.

Only the standard library: no proxy surprises, no retries nobody asked for.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from generator.servers import ServerFailed

__all__ = ["Params", "Server", "ServerFailed"]

Params = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and how to be let in. Secrets are read from files at each call."""

    url: str
    """Base address, with the path prefix if it has one."""
    token_file: Path | None = None
    """A bearer token."""
    ca_file: Path | None = None
    organisation: str = ""
    """`X-Scope-OrgID`, for Mimir and the like."""
    timeout: float = 30.0
    """Seconds for one call."""
    user: str = ""
    """Name for basic authentication, in place of a token."""
    password_file: Path | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for what is no http or https address."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"{self.url!r} is no address; write http://host:port")
        object.__setattr__(self, "url", self.url.rstrip("/"))

    def get(self, path: str, params: Params = ()) -> Any:
        """The JSON answer of a GET. Raises ServerFailed."""
        return self._json(path, urllib.request.Request(self._address(path, params)))

    def post(self, path: str, params: Params = ()) -> Any:
        """The JSON answer of a POST with a form; for questions too long for an address."""
        body = urlencode(list(_pairs(params))).encode()
        return self._json(path, urllib.request.Request(self._address(path, ()), body))

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON answer of a call with a JSON body and its own headers. Raises ServerFailed."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address(path, ()), content, method=method)
        if content is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        return self._json(path, request)

    def text(self, path: str, *, method: str = "GET") -> str:
        """The answer as it is: `/-/ready`, `/-/reload`, `/metrics`. Raises ServerFailed."""
        body = b"" if method == "POST" else None
        request = urllib.request.Request(self._address(path, ()), body, method=method)
        return self._answer(path, request).decode("utf-8", "replace")

    def _address(self, path: str, params: Params) -> str:
        question = urlencode(list(_pairs(params)))
        return f"{self.url}{path}" + (f"?{question}" if question else "")

    def _json(self, path: str, request: urllib.request.Request) -> Any:
        content = self._answer(path, request)
        try:
            return json.loads(content)
        except ValueError:
            shown = content[:80].decode("utf-8", "replace")
            raise ServerFailed(f"{self.url}{path} answered no JSON: {shown!r}") from None

    def _answer(self, path: str, request: urllib.request.Request) -> bytes:
        for name, value in self._headers().items():
            request.add_header(name, value)
        where = f"{self.url}{path}"
        try:
            with self._opener().open(request, timeout=self.timeout) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as problem:
            said = _reason(problem.read())
            told = f"{where} refused with {problem.code}{': ' + said if said else ''}"
            raise ServerFailed(told, problem.code) from None
        except (urllib.error.URLError, OSError) as problem:
            reason = getattr(problem, "reason", None) or problem
            raise ServerFailed(f"{where} does not answer: {reason}") from None

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "tocsin"}
        if self.token_file is not None:
            headers["Authorization"] = f"Bearer {self._read(self.token_file).strip()}"
        if self.user and self.password_file is not None:
            said = f"{self.user}:{self._read(self.password_file).strip()}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(said).decode()}"
        if self.organisation:
            headers["X-Scope-OrgID"] = self.organisation
        return headers

    def _opener(self) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = []
        if self.url.startswith("https:"):
            context = ssl.create_default_context()
            if self.ca_file is not None:
                context.load_verify_locations(cadata=self._read(self.ca_file))
            handlers.append(urllib.request.HTTPSHandler(context=context))
        return urllib.request.build_opener(*handlers)

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except OSError as problem:
            raise ServerFailed(f"{path} cannot be read: {problem.strerror}") from None


def _pairs(params: Params) -> Sequence[tuple[str, str]]:
    return list(params.items()) if isinstance(params, Mapping) else params


def _reason(body: bytes) -> str:
    """What a server says of a refusal: `error` or `message` of its JSON, else its first line."""
    try:
        told = json.loads(body)
        if isinstance(told, dict):
            for key in ("error", "message"):
                if told.get(key):
                    return str(told[key])
    except ValueError:
        pass
    return body.decode("utf-8", "replace").strip().partition("\n")[0][:300]
