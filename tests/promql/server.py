"""A real Prometheus that answers thousands of questions: many requests over few connections."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from generator.tools import Tool
from tests.live.stack import free_port, prometheus

_CONNECTIONS = 4


@dataclass(frozen=True)
class Server:
    """A running Prometheus on loopback."""

    port: int

    def answers(self, path: str, questions: Sequence[Mapping[str, str]]) -> list[Any]:
        """The JSON answers to one POST each, in the order of the questions."""
        shares = [range(start, len(questions), _CONNECTIONS) for start in range(_CONNECTIONS)]
        found: dict[int, Any] = {}

        def work(share: range) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            for index in share:
                connection.request("POST", path, urlencode(questions[index]), form)
                found[index] = json.loads(connection.getresponse().read())
            connection.close()

        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            list(pool.map(work, shares))
        return [found[index] for index in range(len(questions))]


@contextlib.contextmanager
def serving(tool: Tool, folder: Path, *flags: str) -> Iterator[Server]:
    """A Prometheus that scrapes nothing, over `folder/prometheus` as its database."""
    folder.mkdir(exist_ok=True)
    config = folder / "prometheus.yml"
    config.write_text("global: {}\n")
    port = free_port()
    with prometheus(tool, config, folder, port, *flags):
        yield Server(port)
