"""Who is told now and who no longer, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from generator.ir.change import Recipient, RoutingChange, Sort, Telling, TenantChange, ToldChange
from generator.render.changes.phrases import MARKS, Line, named
from generator.values import Duration


def routing_lines(change: TenantChange) -> Iterator[Line]:
    """Whom alerts tell now and no longer, and recipients who are told otherwise."""
    for one in sorted(change.routing, key=lambda one: list(Sort).index(one.sort)):
        who = _whose(one)
        if one.sort is Sort.ADDED:
            text = f"new: {who}: {_tells(one, 1)}"
        elif one.sort is Sort.REMOVED:
            text = f"gone: {who}: no longer {_tells(one, 0)}"
        else:
            text = f"{who}: {'; '.join(_told(c) for c in one.changes)}"
        yield Line(MARKS[one.sort], text)
    for receiver in change.receivers:
        fields = ", ".join(receiver.fields)
        yield Line("~", f"{who_text(receiver.recipient)} is told otherwise: {fields}")


def _whose(one: RoutingChange) -> str:
    """`all 32 critical alerts`, or their names with the severity."""
    severity = f"{one.severity} " if one.severity else ""
    if one.sort is Sort.CHANGED and len(one.alerts) == one.of > 3:
        return f"all {one.of} {severity}alerts"
    return f"{severity}{named(one.alerts)}"


def _tells(one: RoutingChange, side: int) -> str:
    tellings = [(c.before, c.after)[side] for c in one.changes]
    return ", ".join(_telling(t) for t in tellings if t is not None)


def _told(change: ToldChange) -> str:
    before, after = change.before, change.after
    if before is None:
        assert after is not None
        return f"+ {_telling(after)}"
    if after is None:
        return f"- {_telling(before)}"
    parts = []
    if before.after != after.after:
        parts.append(f"{_after(before.after)} -> {_after(after.after)}")
    if before.when != after.when:
        parts.append(f"{before.when or 'always'} -> {after.when or 'always'}")
    elif change.first is not None:
        parts.append(f"at other times, from {change.first:%a %Y-%m-%d %H:%M} UTC on")
    if before.repeat != after.repeat:
        parts.append(f"repeated every {before.repeat} -> {after.repeat}")
    if before.wait != after.wait:
        parts.append(f"first message waits {before.wait} -> {after.wait}")
    at = "" if before.after != after.after else f" {_after(after.after)}"
    who, whom = before.recipient, after.recipient
    if who != whom:
        parts.insert(0, " -> ".join(_places(who, whom)))
        return f"{whom.name}{at}: {', '.join(parts)}"
    return f"{who_text(whom)}{at}: {', '.join(parts)}"


def _places(who: Recipient, whom: Recipient) -> tuple[str, str]:
    """Where one is and is now, with the way in where that is all that differs."""
    one, other = (f"{place.way} {place.address}" for place in (who, whom))
    return (one, other) if one != other else (f"{one} by {who.via}", f"by {whom.via}")


def who_text(one: Recipient) -> str:
    """`chat (Slack #shop)`, `ann, on call (Email ann@example.com)`."""
    where = f"{one.way} {one.address}".strip()
    if not one.name:
        return where
    return f"{one.name}{', on call' if one.on_call else ''} ({where})"


def _telling(one: Telling) -> str:
    when = f" {one.when}" if one.when else ""
    return f"{who_text(one.recipient)} {_after(one.after)}{when}"


def _after(after: Duration) -> str:
    return f"after {after}" if after.ms else "at once"
