"""One profile's whole timeline under an edition, compiled once and then bisected.

    compile_timeline(plan, standing, profile).at(now.timestamp())

`schedules.decisions` says what is answered at an instant; here the instants are laid end to end.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from schedules.amendments.standing import Applied
from schedules.decisions import Decisions
from schedules.plan import Plan
from schedules.words import Capability, Power, Profile, Ruling, Rulings

_BEGINNING = float("-inf")
_EVERYBODYS = tuple(map(Power, Capability))


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rulings between consecutive instants at which any of them, or the plan's position, changes."""

    edges: tuple[float, ...]  # POSIX timestamps, rising
    rulings: tuple[Rulings, ...]  # one more than edges: before the first, between, after the last

    def at(self, timestamp: float) -> Rulings:
        """The rulings at a POSIX timestamp; what changes at an instant has changed at that instant."""
        return self.rulings[bisect_right(self.edges, timestamp)]


@dataclass(frozen=True, slots=True)
class _Runs:
    """One capability's rulings, each with the timestamp from which it stands."""

    starts: list[float]
    rulings: list[Ruling]

    def at(self, timestamp: float) -> Ruling:
        return self.rulings[bisect_right(self.starts, timestamp) - 1]


def compile_timeline(plan: Plan, standing: Applied, profile: Profile) -> Timeline:
    """All rulings for `profile` at all times."""
    decisions = Decisions(plan, standing, profile)
    named = {power for switch in plan.switches for power in switch.capabilities if power.course}
    everybodys = {power.capability: _runs(decisions, power) for power in _EVERYBODYS}
    courses = {power: _runs(decisions, power) for power in sorted(named)}
    edges = {end.stamp for end in decisions.ends.values() if end.comes is not None}
    edges.update(start for run in (*everybodys.values(), *courses.values()) for start in run.starts)
    edges.discard(_BEGINNING)
    instants = sorted(edges)
    rulings = tuple(_rulings(decisions, everybodys, courses, start) for start in (_BEGINNING, *instants))
    return Timeline(tuple(instants), rulings)


def rulings_of(decisions: Decisions, power: Power) -> tuple[tuple[float, Ruling], ...]:
    """The rulings for one power alone, each with the POSIX timestamp from which it stands; the first from ever."""
    runs = _runs(decisions, power)
    return tuple(zip(runs.starts, runs.rulings, strict=True))


def _runs(decisions: Decisions, power: Power) -> _Runs:
    edges = sorted(decisions.edges(power), key=lambda edge: edge.stamp)
    starts, plain, begun = [_BEGINNING], [decisions.ruling(power, _BEGINNING)], list[datetime]()
    for edge in edges:
        if edge.stamp == starts[-1]:
            continue
        ruling = decisions.ruling(power, edge.stamp)
        if ruling != plain[-1]:
            starts.append(edge.stamp)
            plain.append(ruling)
            begun.append(edge.at)
    return _Runs(starts, list(_dated(plain, begun)))


def _dated(plain: list[Ruling], begun: list[datetime]) -> Iterator[Ruling]:
    """Each ruling with the instants since and until when it stands."""
    for ruling, since, until in zip(plain, (None, *begun), (*begun, None), strict=True):
        if since is until:
            yield ruling
        else:  # as `replace` would, in a third of its time
            yield Ruling(
                *(ruling.capability, ruling.allowed, ruling.rule, ruling.reason, ruling.source),
                *(since, until, ruling.deferred, ruling.stage),
            )


def _rulings(
    decisions: Decisions, everybodys: Mapping[Capability, _Runs], courses: Mapping[Power, _Runs], start: float
) -> Rulings:
    of = {capability: run.at(start) for capability, run in everybodys.items()}
    also = {power: run.at(start) for power, run in courses.items()}
    changes = {ruling.until for ruling in (*of.values(), *also.values()) if ruling.until is not None}
    next_change = min(changes, key=datetime.timestamp, default=None)
    return Rulings(MappingProxyType(of), decisions.position(start), next_change, MappingProxyType(also))
