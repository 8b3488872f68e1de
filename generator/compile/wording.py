"""Words that the compilers put into default summaries: values in their unit, series by label."""

from __future__ import annotations

from collections.abc import Iterable

from generator.promql.labels import LabelSet
from generator.promql.parser import parse
from generator.promql.tree import Aggregate, Call, Paren, VectorSelector
from generator.spec.model import Tenant


def drawn_view(tenant: Tenant, wanted: str) -> str:
    """The view of this tenant on which something wanted on a view is drawn; empty when none is."""
    views = tenant.dashboards.views
    if wanted in views:
        return wanted
    return "technical" if "technical" in views else next(iter(views), "")


def told_value(unit: str) -> str:
    """A template that prints `$value` in words that fit a Grafana unit."""
    return {
        "percentunit": "{{ $value | humanizePercentage }}",
        "percent": '{{ $value | printf "%.1f" }} %',
        "s": "{{ $value | humanizeDuration }}",
        "bytes": "{{ $value | humanize1024 }}B",
        "reqps": "{{ $value | humanize }} requests/s",
    }.get(unit, "{{ $value | humanize }}")


def told_labels(labels: LabelSet, known: Iterable[str]) -> str:
    """A template that names the series by its certain labels, without those in `known`."""
    names = sorted(labels.must - {"__name__", *known})
    if not names:
        return ""
    return " (" + ", ".join(f"{name} {{{{ $labels.{name} }}}}" for name in names) + ")"


ONE_PER_TARGET = dict.fromkeys(
    (
        "up",
        "process_cpu_seconds_total",
        "process_max_fds",
        "process_open_fds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
    ),
    frozenset({"instance", "job"}),
)
"""Series that every target has once, with the labels that tell them apart."""


def legend_of(labels: LabelSet, known: Iterable[str]) -> str:
    """A legend that names a series by all its labels; empty when they are not all known.

    A target's address stands first and makes its job superfluous.
    """
    if labels.open:
        return ""
    names = labels.named - {"__name__", *known}
    if "instance" in names:
        names -= {"job"}
    ordered = sorted(names, key=lambda name: (name != "instance", name))
    return " ".join(f"{{{{ {name} }}}}" for name in ordered)


def certain(labels: LabelSet, known: Iterable[str]) -> bool:
    """Whether every series has a label of its legend, so that the legend is never empty."""
    return "instance" in labels.named or bool(labels.must - {"__name__", *known})


def operand(text: str) -> str:
    """An author's expression such that any operator may stand before or after it."""
    bare = text.strip()
    if "#" in bare:
        return f"({bare}\n)"
    tree = parse(bare, variables=True)
    return bare if isinstance(tree, _ATOMIC) else f"({bare})"


_ATOMIC = VectorSelector | Call | Aggregate | Paren


def listed(parts: Iterable[str]) -> str:
    """`a, b and c`."""
    found = list(parts)
    return " and ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else "".join(found)
