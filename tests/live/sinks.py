"""What notifications are sent to: an HTTP server for every service's API, and a mail server."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socketserver
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs

from tests.listening import Handler, listening, served

ANSWER = {
    "ok": True,
    "success": True,
    "errcode": 0,
    "errmsg": "ok",
    "access_token": "token",
    "result": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "group"}},
    "issues": [],
    "id": "1",
    "key": "OPS-1",
}
"""What the services say when all went well, in one."""
SNS_ANSWER = (
    "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult>"
    "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>"
)


@dataclass
class Sinks:
    """What came in: (path, body) by HTTP, and mails."""

    posts: list[tuple[str, Any]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    http: int = 0
    smtp: int = 0

    def to(self, start: str) -> list[Any]:
        """The bodies that were sent to paths with this beginning."""
        return [body for path, body in self.posts if path.startswith(start)]


@contextlib.contextmanager
def sinks() -> Iterator[Sinks]:
    """Both servers on loopback."""
    state = Sinks()

    class Web(Handler):
        def do_GET(self) -> None:
            self._answer(200, json.dumps(ANSWER))

        def do_POST(self) -> None:
            text = self.body().decode()
            if self.headers["Content-Type"].startswith("application/x-www-form-urlencoded"):
                state.posts.append((self.path, {k: v[0] for k, v in parse_qs(text).items()}))
                self._answer(200, SNS_ANSWER)
                return
            state.posts.append((self.path, json.loads(text)))
            made = self.path.endswith("/issue")
            self._answer(201 if made else 202 if "pagerduty" in self.path else 200)

        def _answer(self, status: int, text: str = json.dumps(ANSWER)) -> None:
            kind = "text/xml" if text.startswith("<") else "application/json"
            self.answer(status, text.encode(), kind)

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 sink")
            for line in self.rfile:
                word = line.strip().upper()[:4]
                if word == b"QUIT":
                    self._say("221 bye")
                    return
                if word == b"DATA":
                    self._say("354 go on")
                    state.mails.append(self._message())
                self._say("250 ok")

        def _message(self) -> EmailMessage:
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            found = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert isinstance(found, EmailMessage)
            return found

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Servers(socketserver.ThreadingTCPServer):
        daemon_threads = True

    mail = Servers(("127.0.0.1", 0), Mail)
    with listening(Web) as state.http, served(mail) as state.smtp:
        yield state
