"""Which alerts are muted while others fire: Alertmanager's inhibit rules."""

from __future__ import annotations

from collections.abc import Iterable

from generator.ir.incident import Muting
from generator.ir.routing import AlertmanagerConfig, InhibitRule
from generator.verify.notify.routing import Labels, all_match


def inhibited_by(
    config: AlertmanagerConfig, labels: Labels, firing: Iterable[Labels]
) -> tuple[str, ...]:
    """The names of the inhibit rules that mute an alert while others fire."""
    return tuple(muting.rule for muting in mutings(config, labels, firing))


def mutings(
    config: AlertmanagerConfig, labels: Labels, firing: Iterable[Labels]
) -> tuple[Muting, ...]:
    """The inhibit rules that mute an alert while others fire, each with the first source."""
    others = list(firing)
    found = []
    for rule in config.inhibit_rules:
        source = next(iter(sources(rule, labels, others)), None)
        if source is not None:
            found.append(Muting(rule.name, rule.comment, tuple(sorted(source.items()))))
    return tuple(found)


def sources(rule: InhibitRule, labels: Labels, firing: Iterable[Labels]) -> Iterable[Labels]:
    """The alerts by which a rule mutes one.

    An alert that is source and target of a rule is not muted by another that is both.
    """
    if not all_match(rule.target, labels):
        return
    both = all_match(rule.source, labels)
    for source in firing:
        if (
            all_match(rule.source, source)
            and all(source.get(name, "") == labels.get(name, "") for name in rule.equal)
            and not (both and all_match(rule.target, source))
        ):
            yield source
