"""Speak HTTP with running Prometheus and Alertmanager servers: ask, reload, say what failed."""

from __future__ import annotations


class ServerFailed(Exception):
    """A server did not answer, refused, or said something that is no answer; the message is whole.

    `status` is the HTTP status, 0 where no answer came.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
