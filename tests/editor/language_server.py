"""A client of yaml-language-server over standard input and output, just large enough for tests.

The protocol: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

SECONDS = 60


class LanguageServer:
    """One running server; documents are opened one after another."""

    def __init__(self, program: Path, root: Path) -> None:
        self.process = subprocess.Popen(
            ["node", str(program), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.number = 0
        self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "capabilities": {
                    "textDocument": {
                        "completion": {
                            "completionItem": {"documentationFormat": ["markdown", "plaintext"]}
                        }
                    },
                    "workspace": {"configuration": True},
                },
            },
        )
        self._send({"method": "initialized", "params": {}})

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()

    def diagnostics(self, path: Path, text: str) -> list[dict[str, Any]]:
        """What the server says of a document as if it stood at `path`."""
        self._open(path, text)
        while True:
            message = self._next()
            params = message.get("params") or {}
            same = params.get("uri") == path.as_uri()
            if message.get("method") == "textDocument/publishDiagnostics" and same:
                found: list[dict[str, Any]] = params["diagnostics"]
                return found

    def completion(self, path: Path, text: str, line: int, column: int) -> list[dict[str, Any]]:
        """What the server offers at a place (counted from 0) of a document."""
        self._open(path, text)
        answer = self.ask(
            "textDocument/completion",
            {
                "textDocument": {"uri": path.as_uri()},
                "position": {"line": line, "character": column},
            },
        )
        items: list[dict[str, Any]] = answer["items"] if isinstance(answer, dict) else answer
        return items

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a request."""
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _open(self, path: Path, text: str) -> None:
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def _next(self) -> dict[str, Any]:
        message = self.received.get(timeout=SECONDS)
        if "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: dict[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        settings = {"validate": True, "completion": True, "schemaStore": {"enable": False}}
        items = message["params"]["items"]
        return [settings if item.get("section") == "yaml" else None for item in items]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                line = stream.readline()
            self.received.put(json.loads(stream.read(length)))
