"""A small repository to watch, and a watch that the test can read and end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from generator.reloading import Reloads
from generator.watching import Event, Watch
from tests.cli.test_commands import PLATFORM, TENANT
from tests.conftest import ROOT


@dataclass
class Seen:
    """A watch in a thread, and what it told."""

    root: Path
    events: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda _event: None
    ended: bool = False

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)
        if self.ended:
            raise KeyboardInterrupt

    def run(self, watch: Watch) -> None:
        try:
            watch.run()
        except KeyboardInterrupt:
            return

    def kinds(self, since: int = 0) -> list[str]:
        return [one.kind for one in self.events[since:]]

    def until(self, kind: str, since: int = 0, seconds: float = 30) -> Event:
        """The first event of a kind after the first `since` ones."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [one for one in self.events[since:] if one.kind == kind]
            if found:
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"no {kind}: {self.events[since:]}")

    def after(self, event: Event) -> int:
        """How many events there were with this one, for `since`."""
        return next(i for i, one in enumerate(self.events, 1) if one is event)

    def edit(self, name: str, old: str, new: str) -> int:
        """Write a tenant's spec anew as editors do, by renaming; how many events there were."""
        path = self.root / "specs" / "tenants" / f"{name}.yaml"
        count = len(self.events)
        text = path.read_text()
        assert old in text
        beside = path.with_name(f".{name}.swp")
        beside.write_text(text.replace(old, new))
        beside.rename(path)
        return count


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "specs" / "tenants").mkdir(parents=True)
    (tmp_path / "specs" / "platform.yaml").write_text(PLATFORM)
    for name in ("acme", "globex"):
        text = TENANT.format(name=name, level=100)
        (tmp_path / "specs" / "tenants" / f"{name}.yaml").write_text(text)
    (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    return tmp_path


@pytest.fixture
def watched(repository: Path) -> Iterator[Callable[..., Seen]]:
    """Begins a watch: `watched(reloads, **fields of Watch)`."""
    begun: list[tuple[Seen, threading.Thread]] = []

    def begin(reloads: Reloads | None = None, **fields: object) -> Seen:
        seen = Seen(repository)
        watch = Watch(
            repository,
            repository / "output",
            seen.tell,
            reloads=reloads or Reloads(),
            **fields,  # type: ignore[arg-type]
        )
        thread = threading.Thread(target=seen.run, args=(watch,), daemon=True)
        begun.append((seen, thread))
        thread.start()
        return seen

    yield begin
    for seen, thread in begun:
        seen.ended = True
        path = seen.root / "specs" / "platform.yaml"
        path.write_text(path.read_text() + "# end\n")
        thread.join(20)
        assert not thread.is_alive()
