"""Scalars of a spec to typed values: durations, ratios, times, names; findings where they fail.

A `Reading` gathers the findings of one file while its readers walk the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from generator.findings import Finding, Place, Text, error, warning
from generator.spec.source import Node, Path
from generator.spec.validate import did_you_mean
from generator.values import Duration

NOWHERE = Text("", (Place("", 1, 1),))

_FIRST_YEAR, _LAST_YEAR = 1971, 2998
"""Years that Alertmanager's time intervals can name, with a margin for the ends of all time."""

RESERVED_LABELS = frozenset({"alertname", "alertstate", "__name__"})


@dataclass(slots=True)
class Reading:
    """What the readers of one file share: its findings and what its schema has refused."""

    findings: list[Finding] = field(default_factory=list)
    unusable: frozenset[Path] = frozenset()

    def usable(self, *path: str | int) -> bool:
        """Whether the schema had nothing against the value at a path or inside it."""
        return not any(p[: len(path)] == path for p in self.unusable)

    def error(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        """Report something that stops the build."""
        self.findings.append(error(code, message, place, hint))

    def warning(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        """Report something a reviewer should see."""
        self.findings.append(warning(code, message, place, hint))

    def reference(self, name: str, known: Mapping[str, object], what: str, place: Place) -> bool:
        """Whether a name is known; otherwise reports it with the nearest one."""
        if name in known:
            return True
        hint = did_you_mean(name, known)
        if hint is None:
            hint = f"there are: {', '.join(known)}" if known else f"this spec has no {what} at all"
        sized = place.over(len(name))
        self.error("unknown-reference", f"there is no {what} {name!r}", sized, hint)
        return False


def string(node: Node | None, default: str = "") -> str:
    """The text of a scalar, as written."""
    return node.text.value if node is not None and node.text is not None else default


def text(node: Node | None) -> Text:
    """The text of a scalar with its place; empty and nowhere when there is none."""
    return node.text if node is not None and node.text is not None else NOWHERE


def strings(node: Node | None) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(string(item) for item in node.items) if node is not None else ()


def mapping(node: Node | None) -> dict[str, str]:
    """A mapping of texts."""
    if node is None:
        return {}
    return {key: string(value) for key, _, value in node.values()}


def flag(node: Node | None, default: bool) -> bool:
    """A truth value."""
    return node.scalar if node is not None and isinstance(node.scalar, bool) else default


def duration(node: Node | None, default: Duration = Duration(0)) -> Duration:
    """A duration that the schema has already accepted."""
    return default if node is None else Duration.parse(string(node))


def decimal(node: Node | None, default: Decimal, reading: Reading) -> Decimal:
    """A finite number, exactly as written."""
    if node is None:
        return default
    try:
        number = Decimal(string(node))
    except InvalidOperation:
        number = Decimal(node.scalar) if isinstance(node.scalar, int | float) else Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 30:
        reading.error("bad-value", f"{string(node)} is not a usable number", node.place)
        return default
    return number


def ratio(node: Node, reading: Reading, what: str) -> Decimal | None:
    """`99.9%` or `0.999` as a fraction; None and a finding when it is neither."""
    written = string(node).strip()
    try:
        number = Decimal(written[:-1].strip()) / 100 if written.endswith("%") else Decimal(written)
    except InvalidOperation:
        reading.error("bad-ratio", f"{what}: {written!r} is not a ratio", node.place, _RATIO_HINT)
        return None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        reading.error("bad-ratio", f"{what}: {written!r} is not a ratio", node.place, _RATIO_HINT)
        return None
    return number


_RATIO_HINT = "write 99.9% or 0.999"


def zone(name: str, place: Place, reading: Reading) -> ZoneInfo:
    """A timezone by name; UTC and a finding when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = "write a name like Europe/Paris or UTC"
        reading.error("unknown-timezone", f"there is no timezone {name!r}", place, hint)
        return ZoneInfo("UTC")


def moment(node: Node, local: ZoneInfo, reading: Reading) -> datetime | None:
    """A time as aware UTC; wall-clock of `local` unless it carries an offset.

    A wall-clock time that a change of clocks skips or repeats is a finding.
    """
    written = string(node)
    try:
        stamp = datetime.fromisoformat(written)
    except ValueError:
        hint = "write 2026-12-24T09:00"
        reading.error("bad-time", f"{written!r} is not a time", node.place, hint)
        return None
    if stamp.second or stamp.microsecond:
        reading.error("bad-time", f"{written!r}: whole minutes only", node.place)
        return None
    if not _FIRST_YEAR <= stamp.year <= _LAST_YEAR:
        reading.error("bad-time", f"{written!r} is too far away", node.place)
        return None
    if stamp.tzinfo is not None:
        return stamp.astimezone(UTC)
    early = stamp.replace(tzinfo=local, fold=0)
    late = stamp.replace(tzinfo=local, fold=1)
    if early.utcoffset() != late.utcoffset():
        skipped = early.astimezone(UTC).astimezone(local).replace(tzinfo=None) != stamp
        what = "does not exist" if skipped else "comes twice"
        message = f"{written} {what} in {local.key}: the clocks change then"
        offset = f"{early:%z}"
        hint = f"write an offset: {written}{offset[:3]}:{offset[3:]}"
        reading.error("ambiguous-time", message, node.place, hint)
        return None
    return early.astimezone(UTC)


def static_labels(node: Node | None, reading: Reading, reserved: frozenset[str]) -> dict[str, str]:
    """Labels the author sets; those that Tocsin writes itself are refused."""
    labels: dict[str, str] = {}
    if node is None:
        return labels
    for key, place, value in node.values():
        if key in reserved or key in RESERVED_LABELS or key.startswith("__"):
            hint = "Tocsin writes it; remove it here"
            sized = place.over(len(key))
            reading.error("reserved-label", f"the label {key!r} cannot be set", sized, hint)
        elif "{{" in string(value):
            message = f"the label {key!r} holds a template; its value would restart the alert"
            reading.error("templated-label", message, value.place, "write a fixed value")
        else:
            labels[key] = string(value)
    return labels
