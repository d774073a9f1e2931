"""The switches of a plan that concern one profile.

    Switches(plan.switches, profile).at(Power(Capability.SEND), now.timestamp())

A power of a course is off when its capability is off for all, or when its own switch is. Of several switches that are
off at once, one for good goes before one that opens again, then the one that opens last, then the plan's order.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from schedules.amendments.coming import Edge
from schedules.blocks.dates import Switch
from schedules.words import Power, Profile


@dataclass(frozen=True, slots=True)
class _Off:
    """A switch, off from one instant on, before another."""

    off: Edge
    on: Edge | None
    switch: Switch

    @property
    def opens(self) -> float:
        return self.on.stamp if self.on is not None else float("inf")


class Switches:
    """What is switched off for one profile, and when."""

    def __init__(self, switches: Iterable[Switch], profile: Profile) -> None:
        covering = [one for one in switches if one.scope.covers(profile)]
        self._named: Mapping[Power, list[_Off]] = {}
        if covering:
            offs = [_Off(Edge(one.off), Edge(one.on) if one.on is not None else None, one) for one in covering]
            named = {power for one in covering for power in one.capabilities}
            self._named = {power: [one for one in offs if power in one.switch.capabilities] for power in named}

    def edges(self, power: Power) -> Iterator[Edge]:
        """The instants at which the answer for `power` may change."""
        for one in self._on(power):
            yield one.off
            if one.on is not None:
                yield one.on

    def at(self, power: Power, now: float) -> Switch | None:
        """The switch that has `power` off at a POSIX timestamp, or None."""
        off = (one for one in self._on(power) if one.off.stamp <= now < one.opens)
        strongest = max(off, key=lambda one: one.opens, default=None)
        return strongest.switch if strongest is not None else None

    def _on(self, power: Power) -> Iterator[_Off]:
        if not self._named:
            return
        yield from self._named.get(Power(power.capability), ())
        if power.course:
            yield from self._named.get(power, ())
