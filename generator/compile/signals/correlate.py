"""`correlate`: several alerts fire within a time."""

from __future__ import annotations

from generator.compile.context import Context
from generator.compile.plan import Compiled
from generator.compile.signals.registry import Draft, compiles, finished, not_flapping
from generator.compile.slo_alerts import BURN_ALERT
from generator.compile.wording import listed
from generator.findings import error
from generator.promql.build import selector
from generator.spec.model import Alert, Correlate

SLO_MEMBER = "slo:"


@compiles(Correlate)
def correlate(alert: Alert, context: Context) -> Compiled:
    """The number of members that fire, or fired within `within`, reaches what is asked."""
    signal = alert.signal
    assert isinstance(signal, Correlate)
    names = [member.value for member in signal.members]
    if alert.name in names:
        member = signal.members[names.index(alert.name)]
        message = f"{alert.name} would wait for itself"
        wrong = error("correlate-cycle", message, member.place, "name other alerts")
        return Compiled((), (wrong,))
    terms = [f"(max({_fires(name, signal, context)}) or vector(0))" for name in names]
    wanted = {"all": len(names), "any": 1}.get(signal.mode, signal.count)
    within = f" within {signal.within}" if signal.within.ms else ""
    draft = Draft(
        expr=f"{' + '.join(terms)} >= {wanted}",
        kind="correlate",
        source=signal.members[0],
        summary=f"{{{{ $value }}}} of {len(names)} related alerts fire{within}",
        description=_described(signal),
        value=" + ".join(terms),
        level=float(wanted) - 0.5,
    )
    return finished(draft, alert, context)


def _described(signal: Correlate) -> str:
    """`QueueBacklog and SLOErrorBudgetBurn (checkout) fire within 10m of each other.`"""
    members = [member.value for member in signal.members]
    names = listed(
        f"{BURN_ALERT} ({name.removeprefix(SLO_MEMBER)})" if name.startswith(SLO_MEMBER) else name
        for name in members
    )
    together = f"within {signal.within} of each other" if signal.within.ms else "together"
    if signal.mode == "any" or len(members) == 1:
        return f"{'' if len(members) == 1 else 'One of '}{names} fires."
    some = "" if signal.mode == "all" else f"At least {signal.count} of "
    return f"{some}{names} fire {together}."


def _fires(member: str, signal: Correlate, context: Context) -> str:
    """`ALERTS` of a member's first step: 1 while it fires, in the last `within` if given.

    A window always holds an evaluation of the member's group, which has an offset of its own.
    """
    names = context.platform.labels
    if member.startswith(SLO_MEMBER):
        own = [("alertname", "=", BURN_ALERT)]
        own.append((names.slo, "=", member.removeprefix(SLO_MEMBER)))
    else:
        own = [("alertname", "=", member)]
    own += [("alertstate", "=", "firing"), (names.level, "=", ""), *not_flapping(context)]
    firing = selector("ALERTS", own)
    window = max(signal.within, context.platform.evaluation_interval * 2)
    return f"max_over_time({firing}[{window}])" if signal.within.ms else firing
