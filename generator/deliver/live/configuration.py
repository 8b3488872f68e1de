"""A configuration as it was written, held against what a server prints of what it loaded.

Servers fill in defaults, hide secrets, sort matchers and spell durations their own way.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.values import Duration

SECRET = "<secret>"
"""What stands where a server hides something: equal to anything."""
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_TLS = {"TLS10": "769", "TLS11": "770", "TLS12": "771", "TLS13": "772"}
"""How Prometheus 2.42 prints versions of TLS."""
_SIZE = re.compile(r"([0-9]+)([KMGTPE])i?B")
"""Sizes count in 1024s whichever way they are written."""
_SENSITIVE = re.compile(r"(url|token|key|password|secret|credentials|authorization)$")
_UNORDERED = frozenset({"matchers", "source_matchers", "target_matchers", "equal", "group_by"})
_WHOLE = ("route", "inhibit_rules", "time_intervals")
"""Sections in which a server adds nothing of its own."""
_MATCHER = re.compile(r'\s*"?([^"=~!]+?)"?\s*(=~|!~|!=|=)\s*(.*?)\s*', re.DOTALL)


@dataclass(frozen=True, slots=True)
class ConfigurationDifference:
    """One place, as `route.routes[tenant="acme"].receiver`, and what is there."""

    path: str
    what: str


def configuration_differences(
    written: Mapping[str, Any], live: Mapping[str, Any]
) -> Iterator[ConfigurationDifference]:
    """Where what a server loaded is not what was written.

    What the server has besides is told where it adds nothing by itself: routes, inhibit rules,
    intervals, receivers and their integrations; elsewhere it is taken for a default.
    """
    yield from _mapping(written, live, "")


def _mapping(
    written: Mapping[str, Any], live: Mapping[str, Any], path: str
) -> Iterator[ConfigurationDifference]:
    for key, value in written.items():
        where = f"{path}.{key}" if path else key
        if key not in live:
            if not _empty(value):
                yield ConfigurationDifference(where, f"is not loaded: {_shown(value, key)}")
        else:
            yield from _value(value, live[key], where, key)
    for key in live.keys() - written.keys():
        if not _empty(live[key]) and _strict(path, key):
            where = f"{path}.{key}" if path else key
            yield ConfigurationDifference(where, f"is live only: {_shown(live[key], key)}")


def _strict(path: str, key: str) -> bool:
    """Whether a server has this key only when somebody wrote it."""
    if not path:
        return key in _WHOLE
    root = path.partition(".")[0].partition("[")[0]
    in_receiver = root == "receivers" and path.endswith("]") and path.count("[") == 1
    return root in _WHOLE or (in_receiver and key.endswith("_configs"))


def _value(written: Any, live: Any, path: str, key: str) -> Iterator[ConfigurationDifference]:
    if isinstance(written, Mapping) and isinstance(live, Mapping):
        yield from _mapping(written, live, path)
    elif _is_list(written) and _is_list(live):
        yield from _lists(written, live, path, key)
    elif not _same(written, live):
        yield ConfigurationDifference(
            path, f"{_shown(written, key)} in the files, {_shown(live, key)} live"
        )


def _lists(
    written: Sequence[Any], live: Sequence[Any], path: str, key: str
) -> Iterator[ConfigurationDifference]:
    if any(isinstance(item, Mapping) for item in (*written, *live)):
        yield from _items(written, live, path)
        return
    ours, theirs = [_scalar(v) for v in written], [_scalar(v) for v in live]
    if key in _UNORDERED:
        ours, theirs = sorted(ours), sorted(theirs)
    if len(ours) != len(theirs) or not all(map(_same, ours, theirs)):
        yield ConfigurationDifference(
            path, f"{_shown(written, key)} in the files, {_shown(live, key)} live"
        )


def _items(
    written: Sequence[Any], live: Sequence[Any], path: str
) -> Iterator[ConfigurationDifference]:
    """Lists of mappings: each is found again by its name, or by what it matches."""
    ours, theirs = _named(written), _named(live)
    if len(ours) == len(theirs) == 1 and not path.endswith("routes"):
        yield from _value(written[0], live[0], f"{path}[0]", "")
        return
    for name, item in ours.items():
        where = f"{path}[{name}]"
        if name not in theirs:
            yield ConfigurationDifference(where, f"is not loaded: {_shown(item)}")
        else:
            yield from _value(item, theirs[name], where, "")
    for name in theirs.keys() - ours.keys():
        yield ConfigurationDifference(f"{path}[{name}]", f"is live only: {_shown(theirs[name])}")
    if ours.keys() == theirs.keys() and list(ours) != list(theirs) and path.endswith("routes"):
        yield ConfigurationDifference(path, "the order is another")


def _named(items: Iterable[Any]) -> dict[str, Any]:
    """Items by what tells them apart; those that nothing does by their number."""
    seen: Counter[str] = Counter()
    found = {}
    for item in items:
        name = _name(item)
        seen[name] += 1
        found[f"{name} #{seen[name]}" if seen[name] > 1 else name] = item
    return found


def _name(item: Any) -> str:
    if not isinstance(item, Mapping):
        return _shown(item)
    for key in ("job_name", "name"):
        if key in item:
            return str(item[key])
    if "source_matchers" in item:
        sides = (item["source_matchers"], item.get("target_matchers") or ())
        return " mutes ".join(_matchers(side) for side in sides)
    if "matchers" in item:
        return _matchers(item["matchers"])
    return ""


def _matchers(matchers: Iterable[Any]) -> str:
    return ",".join(sorted(_scalar(m) for m in matchers))


def _scalar(value: Any) -> Any:
    """A text in one spelling: matchers without spaces, months as numbers."""
    if not isinstance(value, str):
        return value
    if value.lower() in _MONTHS:
        return str(_MONTHS.index(value.lower()) + 1)
    if ":" in value and all(part.lower() in _MONTHS for part in value.split(":")):
        return ":".join(str(_MONTHS.index(part.lower()) + 1) for part in value.split(":"))
    if size := _SIZE.fullmatch(value):
        return f"{size[1]}{size[2]}iB"
    match = _MATCHER.fullmatch(value)
    return f"{match[1]}{match[2]}{match[3]}" if match else value


def _same(written: Any, live: Any) -> bool:
    if live == SECRET or written == live:
        return True
    if _empty(written) and _empty(live):
        return True
    if isinstance(written, bool) or isinstance(live, bool):
        return str(written).lower() == str(live).lower()
    one, other = str(_scalar(written)), str(_scalar(live))
    if one == other:
        return True
    if _TLS.get(one, one) == other:
        return True
    return _same_duration(one, other) or _same_path(one, other)


def _same_duration(one: str, other: str) -> bool:
    try:
        return Duration.parse(one) == Duration.parse(other)
    except ValueError:
        return False


def _same_path(written: str, live: str) -> bool:
    """A relative path is told as the server resolved it."""
    tail = written
    while tail.startswith("../"):
        tail = tail.removeprefix("../")
    return "/" in live and not written.startswith("/") and live.endswith(f"/{tail}")


def _empty(value: Any) -> bool:
    return value in (None, False, "", 0, "0s") or value == [] or value == {}


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _shown(value: Any, key: str = "") -> str:
    """A value in a message; what may be a secret is not told."""
    text = json.dumps(_hidden(value, key), ensure_ascii=False, default=str)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _hidden(value: Any, key: str) -> Any:
    """Older servers print some addresses whole, tokens in them included."""
    if isinstance(value, Mapping):
        return {name: _hidden(item, str(name)) for name, item in value.items()}
    if _is_list(value):
        return [_hidden(item, key) for item in value]
    return SECRET if isinstance(value, str) and _SENSITIVE.search(key) else value
