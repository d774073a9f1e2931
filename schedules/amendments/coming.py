"""When a stage comes for one profile, or for a domain as a whole.

    ends_for(standing, profile)[Stage.RECEIVE_END].comes
    end_of_domain(standing, Stage.PURGE, "closing.example").comes

A stage has its date: the plan's, or that of the closest exception, of equally close ones the latest. Holds move it to
their `until`, the latest of them; where any of them is a legal order, only legal orders count. Gates that opened later
move it to when they did. What a gate keeps shut, or a pause without an end rests, does not come: `comes` is None.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from schedules.amendments.standing import GATE_REASON, Applied, Held
from schedules.blocks.dates import PlanException
from schedules.blocks.scopes import Scope
from schedules.plan import IRREVERSIBLE, WHOLE_DOMAIN
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Profile, Stage

AS_ONE = IRREVERSIBLE | WHOLE_DOMAIN  # stages that come for all addresses of a domain at once


class Edge:
    """An instant, and its POSIX timestamp at hand."""

    __slots__ = ("at", "stamp")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.stamp = at.timestamp()


@dataclass(frozen=True, slots=True)
class End:
    """When a stage comes, and what keeps it from coming when it was planned."""

    stage: Stage
    planned: Edge
    released: Edge  # when the last hold lets go; `planned` where none moves it
    comes: Edge | None  # None: it waits, nobody knows until when
    hold: Held | None  # the one that moves it
    waits: Text  # why it does not come once it is released
    source: Position | None  # the line of the exception that gave its date; None: the stage's own line

    @property
    def stamp(self) -> float:
        """When it comes as a POSIX timestamp, infinite while it waits."""
        return self.comes.stamp if self.comes is not None else float("inf")


def ends_for(standing: Applied, profile: Profile, leaving_out: Collection[Stage] = ()) -> Mapping[Stage, End]:
    """Every stage of the plan as it comes for `profile`; whole domains end as one."""
    exceptions = [one for one in standing.exceptions if one.scope.covers(profile)]
    holds = [one for one in standing.holds if one.scope.covers(profile)]
    domain = profile.domain.ascii
    return {
        stage: end_of_domain(standing, stage, domain)
        if stage in AS_ONE
        else _end(standing, stage, exceptions, _strongest(stage, holds))
        for stage in standing.dates
        if stage not in leaving_out
    }


def end_of_domain(standing: Applied, stage: Stage, domain: str | None) -> End:
    """The stage as it comes for a domain as a whole (a name, or a plan's "*.x"; None: for all of the plan's).

    Exceptions and holds on all of it count. What cannot be taken back waits for every hold on any of its addresses,
    except those that a legal order on all the same addresses goes before.
    """
    everywhere = [one for one in standing.exceptions if _spans(one.scope, domain)]
    if stage in IRREVERSIBLE:
        holds = [one for one in standing.holds if domain is None or one.scope.touches(domain)]
        return _end(standing, stage, everywhere, _last_in_domain(stage, holds))
    spanning = [one for one in standing.holds if _spans(one.scope, domain)]
    return _end(standing, stage, everywhere, _strongest(stage, spanning))


def _spans(scope: Scope, domain: str | None) -> bool:
    return scope.spans(domain) if domain is not None else scope.whole_domain and not scope.domain


def _strongest(stage: Stage, holds: Iterable[Held]) -> Held | None:
    """The hold that decides, of those on one profile: the latest legal order, else the latest."""
    counting = [one for one in holds if one.concerns(stage)]
    return max(counting, key=lambda one: (bool(one.legal_order), one.until.timestamp()), default=None)


def _last_in_domain(stage: Stage, holds: Iterable[Held]) -> Held | None:
    """The hold that lets go last, of all that decide for some address of the domain that they touch."""
    latest = sorted((one for one in holds if one.concerns(stage)), key=lambda one: -one.until.timestamp())
    orders = [one.scope for one in latest if one.legal_order]
    return next((one for one in latest if one.legal_order or not any(o.includes(one.scope) for o in orders)), None)


def _end(standing: Applied, stage: Stage, exceptions: Iterable[PlanException], hold: Held | None) -> End:
    at, source = standing.dates[stage], None
    named = [one for one in exceptions if stage in one.stages]
    if named:
        closest = max(named, key=lambda one: (one.scope.closeness, one.stages[stage].timestamp()))
        at, source = closest.stages[stage], closest.source
    planned = released = Edge(at)
    if hold is not None and hold.until.timestamp() > planned.stamp:
        released = Edge(hold.until.astimezone(at.tzinfo))
    comes, waits = _opens(standing, stage, released)
    return End(stage, planned, released, comes, hold if released is not planned else None, waits, source)


def _opens(standing: Applied, stage: Stage, released: Edge) -> tuple[Edge | None, Text]:
    at = standing.not_before(stage, released.at)
    comes = released if at is released.at else Edge(at)
    if stage in standing.shut:
        return None, GATE_REASON
    if standing.paused is not None and comes.stamp > standing.resting_from:
        return None, standing.paused.reason
    return comes, GATE_REASON
