"""Who a step tells, as leaves of the routing tree, with the receivers and intervals they name.

Names say whom: `acme/chat+mail`, `acme/oncall/ann/sms`. What everybody shares is under `_platform`,
which no tenant can be called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.compile.naming import receiver
from generator.compile.oncall import off_interval, on_duty, person_interval
from generator.compile.receivers import Integration, contact, integration
from generator.compile.windows import window_interval
from generator.findings import Finding, Place, error, warning
from generator.ir.routing import Member, Receiver, Route, TimeInterval
from generator.spec.model import Channel, Platform, Policy, Recipient, Schedule, Step, Tenant

SHARED = "_platform"
"""Prefix of receivers that belong to no tenant; tenant ids have no underscore."""

_MACHINES = frozenset({"webhook", "sns", "jira"})
"""Kinds whose other end is a program or a list of tickets, unless it says `people: true`."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One integration of a receiver, and whom it tells."""

    made: Integration
    member: Member


@dataclass(slots=True)
class Directory:
    """Collects a tenant's receivers and intervals while its policies are compiled."""

    tenant: Tenant
    platform: Platform
    findings: list[Finding] = field(default_factory=list)
    _receivers: dict[str, Receiver] = field(default_factory=dict)
    _intervals: dict[str, TimeInterval] = field(default_factory=dict)

    def receivers(self) -> tuple[Receiver, ...]:
        """All receivers named so far, by name."""
        return tuple(r for _, r in sorted(self._receivers.items()))

    def intervals(self) -> tuple[TimeInterval, ...]:
        """All time intervals named so far, by name."""
        return tuple(i for _, i in sorted(self._intervals.items()))

    def leaves(self, policy: Policy, step: Step) -> tuple[Route, ...]:
        """The leaves of one step, at least one. All but the last are meant to continue.

        First who is always told, then everybody who is ever on call, each at their times, then
        who is told while nobody is on call.
        """
        active = self._window(step)
        always = self._static(step.notify)
        found = [Route(receiver=name, active_time_intervals=active) for name in always]
        schedules = self._schedules(step)
        if schedules:
            found += self._on_call(schedules, active, step.place)
            nobody = self._when_nobody(policy, schedules, step.place)
            for name in (n for n in nobody if n not in always):
                found.append(
                    Route(
                        receiver=name,
                        active_time_intervals=active,
                        mute_time_intervals=self._turns(schedules),
                        comment="while nobody is on call",
                    )
                )
        return tuple(found) or (Route(receiver=self.fallback()),)

    def fallback(self) -> str:
        """The platform's fallback receiver."""
        return f"{SHARED}/{self.platform.fallback.name}"

    # ----------------------------------------------------------------------- who

    def _static(self, recipients: Sequence[Recipient]) -> tuple[str, ...]:
        """Receivers of channels and people: one for all, and one for each that must be alone."""
        told: dict[str, _Told] = {}
        for recipient in recipients:
            named = self._integration(recipient)
            if named is not None:
                told[named[0]] = named[1]
        alone = {name: one for name, one in told.items() if one.made.alone}
        rest = {name: one for name, one in sorted(told.items()) if not one.made.alone}
        names = []
        if rest:
            names.append(self._receiver(self._name(rest), tuple(rest.values())))
        for name, one in sorted(alone.items()):
            names.append(self._receiver(receiver(self.tenant.id, name), (one,)))
        return tuple(names)

    def _name(self, told: Mapping[str, _Told]) -> str:
        only = next(iter(told)) if len(told) == 1 else ""
        channel = self.tenant.channels.get(only)
        if channel is not None and channel.shared:
            return receiver(SHARED, *filter(None, (channel.layer, only)))
        return receiver(self.tenant.id, "+".join(told))

    def _integration(self, recipient: Recipient) -> tuple[str, _Told] | None:
        """A channel's or person's name in receivers, and how they are told."""
        if recipient.kind == "channel":
            channel = self.tenant.channels.get(recipient.name)
            if channel is None:
                return None
            made, findings = integration(channel, self.platform)
            self.findings += findings
            number = str(channel.fields.get("to", "")).removeprefix("+")
            name = f"{channel.name}/{number}" if made and made.alone else channel.name
            return (name, _Told(made, channel_member(channel))) if made else None
        if recipient.kind == "person":
            return self._person(recipient.name, recipient.contact, False, recipient.place)
        return None

    def _person(
        self, name: str, way: str, on_call: bool, place: Place | None
    ) -> tuple[str, _Told] | None:
        person = self.tenant.people.get(name)
        if person is None:
            return None
        at = place or person.place
        chosen, made, findings = contact(person, way, on_call, self.tenant, self.platform, at)
        self.findings += findings
        if made is None:
            return None
        number = person.contacts["sms"].removeprefix("+") if made.alone else ""
        kind = "oncall" if on_call else "person"
        member = Member(kind, name, chosen, person.contacts[chosen])
        return "/".join(part for part in (name, chosen, number) if part), _Told(made, member)

    # ----------------------------------------------------------------------- on call

    def _schedules(self, step: Step) -> tuple[Schedule, ...]:
        named = (r.name for r in step.notify if r.kind == "oncall")
        return tuple(self.tenant.oncall[n] for n in dict.fromkeys(named) if n in self.tenant.oncall)

    def _on_call(
        self, schedules: Sequence[Schedule], active: tuple[str, ...], place: Place
    ) -> list[Route]:
        """A leaf per person: active in their turns, or during the step's window and not else."""
        people = dict.fromkeys(p for s in schedules for p in on_duty(s))
        routes: list[Route] = []
        for person in people:
            named = self._person(person, "", True, place)
            if named is None:
                self._unreachable(person, schedules)
                continue
            name = self._receiver(receiver(self.tenant.id, "oncall", named[0]), (named[1],))
            if active:
                off = self._interval(off_interval(self.tenant.id, schedules, person))
                routes.append(
                    Route(receiver=name, active_time_intervals=active, mute_time_intervals=(off,))
                )
            else:
                turns = self._turns(schedules, person)
                routes.append(Route(receiver=name, active_time_intervals=turns))
        return routes

    def _turns(self, schedules: Sequence[Schedule], only: str | None = None) -> tuple[str, ...]:
        """The intervals of everybody's turns, or of one person's."""
        return tuple(
            self._interval(person_interval(self.tenant.id, schedule, person))
            for schedule in schedules
            for person in on_duty(schedule)
            if only in (None, person)
        )

    def _unreachable(self, person: str, schedules: Sequence[Schedule]) -> None:
        if person in self.tenant.people:
            message = f"{person} has turns in {schedules[0].name} but cannot be told"
            self.findings.append(error("oncall-unreachable", message, schedules[0].place))

    def _when_nobody(
        self, policy: Policy, schedules: Sequence[Schedule], place: Place
    ) -> tuple[str, ...]:
        """Who is told while nobody is on call: the policy's last step that names somebody fixed."""
        for step in reversed(policy.steps):
            if step.during is None and (names := self._static(step.notify)):
                return names
        rotas = ", ".join(s.name for s in schedules)
        message = (
            f"{policy.name} tells only who is on call in {rotas}; outside its rotation the "
            f"platform's fallback {self.platform.fallback.name} is told"
        )
        hint = "add a step that tells a channel or a person"
        self.findings.append(warning("nobody-on-call", message, place, hint))
        return (self.fallback(),)

    # ----------------------------------------------------------------------- names

    def _window(self, step: Step) -> tuple[str, ...]:
        window = self.tenant.time_windows.get(step.during or "")
        return (self._interval(window_interval(self.tenant.id, window)),) if window else ()

    def _interval(self, interval: TimeInterval) -> str:
        self._intervals[interval.name] = interval
        return interval.name

    def _receiver(self, name: str, told: Sequence[_Told]) -> str:
        sections: dict[str, tuple[Mapping[str, Any], ...]] = {}
        for one in told:
            section = one.made.section
            sections[section] = (*sections.get(section, ()), one.made.fields)
        members = tuple(one.member for one in told)
        self._receivers[name] = Receiver(name, dict(sorted(sections.items())), members)
        return name


def channel_member(channel: Channel) -> Member:
    """Whom a channel tells: its address as far as it is no secret, and whether people read it."""
    address = next((str(channel.fields[k]) for k in _ADDRESSES if channel.fields.get(k)), "")
    human = channel.kind not in _MACHINES if channel.people is None else channel.people
    return Member("channel", channel.name, channel.kind, address, human)


_ADDRESSES = ("channel", "to", "url")
"""Fields of channels that say where to and are no secret."""
