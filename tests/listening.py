"""An HTTP listener on loopback for tests: quiet, ended with its block."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Says nothing of its calls on standard error."""

    def body(self) -> bytes:
        """What was sent with the call."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, content: bytes = b"", kind: str = "application/json") -> None:
        """Answer the call."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class _Web(ThreadingHTTPServer):
    request_queue_size = 1024


@contextlib.contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """The port of a server that answers with a handler."""
    with served(_Web(("127.0.0.1", 0), handler)) as port:
        yield port


@contextlib.contextmanager
def served(server: socketserver.TCPServer) -> Iterator[int]:
    """The port of a server that runs in a thread until the block ends."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
