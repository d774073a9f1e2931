"""One profile's whole timeline under an edition, compiled once and then bisected.

    compile_timeline(plan, standing, profile).at(now.timestamp())

`schedules.decisions` says what is answered at an instant; here the instants are laid end to end.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from schedules.applied import Applied
from schedules.decisions import Decisions
from schedules.plan import Plan
from schedules.words import Capability, Profile, Ruling, Rulings

_BEGINNING = float("-inf")


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
    runs = {capability: _runs(decisions, capability) for capability in Capability}
    edges = {end.comes.stamp for end in decisions.ends.values()}
    edges.update(start for run in runs.values() for start in run.starts)
    edges.discard(_BEGINNING)
    instants = sorted(edges)
    return Timeline(tuple(instants), tuple(_rulings(decisions, runs, start) for start in (_BEGINNING, *instants)))


def _runs(decisions: Decisions, capability: Capability) -> _Runs:
    edges = sorted(decisions.edges(capability), key=lambda edge: edge.stamp)
    starts, plain, begun = [_BEGINNING], [decisions.ruling(capability, _BEGINNING)], list[datetime]()
    for edge in edges:
        ruling = decisions.ruling(capability, edge.stamp)
        if ruling != plain[-1]:
            starts.append(edge.stamp)
            plain.append(ruling)
            begun.append(edge.at)
    return _Runs(starts, list(_dated(plain, begun)))


def _dated(plain: list[Ruling], begun: list[datetime]) -> Iterator[Ruling]:
    """Each ruling with the instants since and until when it stands."""
    for ruling, since, until in zip(plain, (None, *begun), (*begun, None), strict=True):
        yield ruling if since is until else replace(ruling, since=since, until=until)


def _rulings(decisions: Decisions, runs: dict[Capability, _Runs], start: float) -> Rulings:
    rulings = {capability: run.at(start) for capability, run in runs.items()}
    changes = [ruling.until for ruling in rulings.values() if ruling.until is not None]
    next_change = min(changes, key=datetime.timestamp, default=None)
    return Rulings(MappingProxyType(rulings), decisions.position(start), next_change)
