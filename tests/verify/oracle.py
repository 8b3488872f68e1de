"""The real Alertmanager as an oracle: random configurations, and what it says of label sets."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator.ir.routing import (
    AlertmanagerConfig,
    InhibitRule,
    Matcher,
    Receiver,
    Route,
)
from generator.render.alertmanager import alertmanager_yml
from generator.tools import Tool
from generator.values import Duration
from tests.listening import Handler, listening
from tests.live.stack import free_port, post, until

NAMES = ("a", "b", "c", "d", "alertname")
VALUES = ("", "x", "y", "xy", "é", "雪", "7", 'q"\\', "x\ny", "X", "É")
REGEXES = (
    *("", ".*", ".+", "x|y", "x.*", "[a-y]", "é|雪", ".", "x.y", "(?s)x.y", "(?i)É", "(?i:X)y?"),
    *("\\d+", "\\w+", "\\W", "[^x]*", "^x$", "x?", "(x|y)+", '[q"]+.*', "\\s", "x\\b.*"),
)
LabelSet = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verdict:
    """What the real program says of one alert."""

    receivers: tuple[str, ...]
    inhibitors: tuple[LabelSet, ...]
    groups: tuple[tuple[str, LabelSet], ...]
    """(receiver, labels it is grouped by), sorted."""


@dataclass(frozen=True)
class Server:
    """A running Alertmanager with the file it reads."""

    port: int
    config: Path

    def load(self, config: AlertmanagerConfig) -> None:
        """Have it read another configuration."""
        write(config, self.config)
        request = urllib.request.Request(self._url("/-/reload"), b"", method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200

    def fire(self, alerts: Sequence[Mapping[str, str]]) -> None:
        """Have these alerts fire."""
        for start in range(0, len(alerts), 500):
            body = [{"labels": dict(labels)} for labels in alerts[start : start + 500]]
            post(self._url("/api/v2/alerts"), body)  # type: ignore[arg-type]

    def verdicts(self) -> dict[LabelSet, Verdict]:
        """What it says of every alert that fires."""
        alerts = self._get("/api/v2/alerts")
        by_print = {alert["fingerprint"]: key(alert["labels"]) for alert in alerts}
        groups: dict[LabelSet, list[tuple[str, LabelSet]]] = {}
        for group in self._get("/api/v2/alerts/groups"):
            told = group["receiver"]["name"], key(group["labels"])
            for alert in group["alerts"]:
                groups.setdefault(key(alert["labels"]), []).append(told)
        return {
            key(alert["labels"]): Verdict(
                tuple(receiver["name"] for receiver in alert["receivers"]),
                tuple(by_print[one] for one in alert["status"]["inhibitedBy"]),
                tuple(sorted(groups.get(key(alert["labels"]), []))),
            )
            for alert in alerts
        }

    def settled(self, alerts: Sequence[Mapping[str, str]]) -> dict[LabelSet, Verdict]:
        """The verdicts on alerts once all have been seen and nothing changes any more.

        Of several that inhibit an alert it names another each time.
        """
        asked = {key(labels) for labels in alerts}
        seen: list[dict[LabelSet, Verdict]] = []

        def still() -> bool:
            seen.append({one: told for one, told in self.verdicts().items() if one in asked})
            whole = len(seen[-1]) == len(asked) and all(v.groups for v in seen[-1].values())
            if not whole or len(seen) < 2 or steady(seen[-1]) != steady(seen[-2]):
                time.sleep(0.2)
                return False
            return True

        def steady(told: Mapping[LabelSet, Verdict]) -> object:
            return {
                one: replace(v, inhibitors=v.inhibitors[:1] and (one,)) for one, v in told.items()
            }

        until("every alert is grouped", still, 60)
        return seen[-1]

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self._url(path), timeout=60) as answer:
            return json.load(answer)


@contextlib.contextmanager
def alertmanager(
    tool: Tool, config: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The real program on loopback, ready."""
    folder.mkdir(parents=True)
    path, port = folder / "alertmanager.yml", free_port()
    path.write_text(config)
    arguments = [
        f"--config.file={path}",
        f"--storage.path={folder / 'data'}",
        "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [tool.path, *arguments],
            stdout=log,
            stderr=log,
            cwd=tool.path.parent.parent,
            env={**os.environ, **(environment or {})},
        )
    server = Server(port, path)
    try:
        until("Alertmanager is ready", lambda: _ready(server, process), 30)
        yield server
    finally:
        process.kill()
        process.wait()


@dataclass
class Sink:
    """A webhook that takes a thousand calls at once: (receiver, labels of an alert told)."""

    port: int
    told: list[tuple[str, Mapping[str, str]]]


@contextlib.contextmanager
def sink() -> Iterator[Sink]:
    """A running sink; its path's last part names the receiver."""
    state = Sink(0, [])

    class Web(Handler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            payload = json.loads(self.body())
            name = self.path.rpartition("/")[2]
            state.told += [(name, alert["labels"]) for alert in payload["alerts"]]
            self.answer(200)

    with listening(Web) as state.port:
        yield state


def key(labels: Mapping[str, str]) -> LabelSet:
    """A label set as Alertmanager keeps it: without empty values."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def write(config: AlertmanagerConfig, path: Path) -> None:
    """The configuration as rendered, but its receivers send nothing anywhere."""
    bare = replace(
        config,
        globals_={},
        templates=(),
        receivers=tuple(Receiver(r.name) for r in config.receivers),
    )
    path.write_text(alertmanager_yml(bare, "a test"))


def _ready(server: Server, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, (server.config.parent / "log").read_text()[-2000:]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


# --------------------------------------------------------------------------- random


def random_config(seed: int, subtrees: int) -> AlertmanagerConfig:
    """One configuration that holds many random ones, each below its own value of `cfg`."""
    rng = random.Random(seed)
    routes, rules = [], []
    for number in range(subtrees):
        mine = Matcher("cfg", "=", f"{seed}-{number}")
        routes.append(replace(_route(rng, 0), matchers=(mine,), continue_=False))
        rules += [_rule(rng, mine, index) for index in range(rng.randrange(4))]
    root = Route(receiver="r0", routes=tuple(routes), group_by=("a", "cfg"))
    names = [f"r{i}" for i in range(10)]
    return AlertmanagerConfig(
        {}, (), root, tuple(map(Receiver, names)), tuple(rules), (), {"level": "level"}
    )


def random_labels(seed: int, subtrees: int, each: int) -> list[dict[str, str]]:
    """Label sets for the random configurations of a seed; all of one fire together."""
    rng = random.Random(f"labels {seed}")
    found: dict[LabelSet, dict[str, str]] = {}
    for number in range(subtrees):
        for _ in range(each):
            labels = {name: rng.choice(VALUES) for name in NAMES if rng.random() < 0.7}
            labels["cfg"] = f"{seed}-{number}"
            found[key(labels)] = {k: v for k, v in labels.items() if v}
    return list(found.values())


def _route(rng: random.Random, depth: int) -> Route:
    children = rng.randrange(5 - depth) if depth < 4 else 0
    intervals = [None, *(Duration.of(minutes=m) for m in (1, 7, 60))]
    return Route(
        matchers=tuple(_matcher(rng) for _ in range(rng.choice((0, 1, 1, 1, 2)))),
        receiver=rng.choice((None, *(f"r{i}" for i in range(10)))),
        routes=tuple(_route(rng, depth + 1) for _ in range(children)),
        continue_=rng.random() < 0.5,
        group_by=rng.choice((None, None, ("...",), ("b",), ("a", "alertname"), ("nowhere",))),
        group_wait=rng.choice((None, Duration(0), Duration.of(hours=1))),
        group_interval=rng.choice(intervals),
        repeat_interval=rng.choice(intervals),
    )


def _rule(rng: random.Random, mine: Matcher, index: int) -> InhibitRule:
    source = tuple(_matcher(rng) for _ in range(rng.randrange(1, 3)))
    overlapping = source if rng.random() < 0.3 else ()
    target = (*overlapping, *(_matcher(rng) for _ in range(rng.randrange(2))))
    equal = tuple(sorted(rng.sample((*NAMES, "nowhere"), rng.randrange(4))))
    return InhibitRule(f"{mine.value}-{index}", (mine, *source), (mine, *target), equal)


def _matcher(rng: random.Random) -> Matcher:
    op = rng.choice(("=", "=", "!=", "=~", "!~"))
    return Matcher(rng.choice(NAMES), op, rng.choice(REGEXES if "~" in op else VALUES))
