"""Which running servers have to read their files again after a build, and what they say to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generator.deliver.output import MANIFEST, WriteReport
from generator.servers.alertmanager import Alertmanager
from generator.servers.http import ServerFailed
from generator.servers.prometheus import Prometheus

_REFUSED = "it keeps the configuration it had; "
_ADVICE = {
    0: "it reads output/ when it starts; mend the address, or start it and save a file again",
    401: "give a token with --token-file",
    403: "start Prometheus with --web.enable-lifecycle, or give a token with --token-file",
    404: "give the whole address, with the path prefix of --web.external-url",
    405: "start Prometheus with --web.enable-lifecycle",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; with a `hint` what to do where it refused."""

    message: str
    hint: str = ""


@dataclass(slots=True)
class Reloads:
    """Servers that follow a build. Alertmanager goes first: new alerts need somebody to tell."""

    servers: tuple[Alertmanager | Prometheus, ...] = ()
    _behind: set[int] = field(init=False)
    """Which of `servers` do not run what is written."""

    def __post_init__(self) -> None:
        ordered = sorted(self.servers, key=lambda one: isinstance(one, Prometheus))
        self.servers = tuple(ordered)
        self._behind = set(range(len(ordered)))

    @property
    def due(self) -> bool:
        """Whether a server does not run what is written."""
        return bool(self._behind)

    def named(self) -> str:
        """The servers' addresses."""
        return ", ".join(one.server.url for one in self.servers)

    def changed(self, reports: Mapping[str, WriteReport]) -> None:
        """Note what a build wrote."""
        paths = [
            path
            for report in reports.values()
            for path in (*report.added, *report.changed, *report.removed)
        ]
        for index, one in enumerate(self.servers):
            if any(_concerns(one, path) for path in paths):
                self._behind.add(index)

    def run(self) -> Iterator[Answer]:
        """Have those that are behind read their files; after a refusal the later ones are left."""
        for index in sorted(self._behind):
            one = self.servers[index]
            name = type(one).__name__
            try:
                one.reload()
            except ServerFailed as problem:
                advice = _advice(problem.status)
                left = len(self._behind) - 1
                rest = f"; {left} more not asked" if left else ""
                yield Answer(f"{name}: {problem}{rest}", advice)
                return
            self._behind.discard(index)
            yield Answer(f"{name} reloaded ({one.server.url})")


def _concerns(server: Alertmanager | Prometheus, path: str) -> bool:
    """Whether a server reads a file of output/<name>/."""
    first = path.partition("/")[0]
    if path.startswith(("prometheus/tests/", "grafana/", "docs/")) or path == MANIFEST:
        return False
    alertmanagers = first in ("alertmanager", "alertmanager.yml")
    return alertmanagers == isinstance(server, Alertmanager)


def _advice(status: int) -> str:
    if status in _ADVICE:
        return _ADVICE[status] if status == 0 else _REFUSED + _ADVICE[status]
    return f"{_REFUSED}its log says more; it is asked again after the next edit"
