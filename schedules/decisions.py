"""What an edition decides for one profile at one instant.

What decides, strongest first: the stage that ends a capability, once its soft hours are over; the address's own
expiry; those soft hours; its contract's suspension where it denies; a brown-out; a suspension that keeps mail; a hold;
nothing (open).
- Expiry (SK-5: an address's own end goes before its contract's) ends receiving, sending and every change at the next
  midnight. Reading, fetching copies and forwarding stay until their stages: an expiry destroys nothing.
- Suspension blocks sending, reading and changing mail; receiving follows the plan's `suspension` (KY-7).
- A hold moves every stage but the announcement to its `until` for those it covers; in between, what it keeps open is
  marked HOLD. Purge and dns-end wait for every hold in the domain, the change to a successor for those on all of it.
`schedules.timeline` asks at each instant where an answer may change, and keeps the answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from schedules.applied import Applied, Held
from schedules.blocks.scopes import Scope
from schedules.moments import end_of_day, later, start_of_day
from schedules.plan import IRREVERSIBLE, WHOLE_DOMAIN, Plan
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Capability, Profile, Rule, Ruling, Stage, Suspension

OPEN_REASON = Text("この時点では制限はありません", "Nothing ends this yet")
EXPIRY_REASON = Text("契約期間が終了しました", "The contract has ended")
SUSPENSION_REASON = Text("契約が一時停止されています", "The contract is suspended")

# The stages that end each capability: whichever comes first.
ENDED_BY: Mapping[Capability, tuple[Stage, ...]] = {
    Capability.RECEIVE: (Stage.RECEIVE_END,),
    Capability.SEND: (Stage.SEND_END,),
    Capability.FORWARD: (Stage.FORWARD_END,),
    Capability.READ: (Stage.READ_END,),
    Capability.CHANGE_MAIL: (Stage.READ_ONLY, Stage.READ_END),
    Capability.CHANGE_SETTINGS: (Stage.FREEZE,),
    Capability.EXPORT: (Stage.EXPORT_END,),
    Capability.HOMEPAGE_UPLOAD: (Stage.HOMEPAGE_UPLOAD_END, Stage.HOMEPAGE_END),
    Capability.HOMEPAGE_DOWNLOAD: (Stage.HOMEPAGE_END,),
    Capability.HOMEPAGE: (Stage.HOMEPAGE_END,),
    Capability.ADD_ADDRESS: (Stage.FREEZE, Stage.RECEIVE_END),
    Capability.CHANGE_OPTIONS: (Stage.FREEZE, Stage.RECEIVE_END),
    Capability.COURSE_CHANGE: (Stage.FREEZE, Stage.RECEIVE_END),
    Capability.RENEW: (Stage.RECEIVE_END,),
    Capability.RENEW_BEYOND_END: (Stage.RECEIVE_END,),
    Capability.PAY_ONLINE: (Stage.RECEIVE_END,),
}
EXPIRING = frozenset(
    {
        Capability.RECEIVE,
        Capability.SEND,
        Capability.CHANGE_MAIL,
        Capability.CHANGE_SETTINGS,
        Capability.HOMEPAGE_UPLOAD,
        Capability.HOMEPAGE_DOWNLOAD,
        Capability.ADD_ADDRESS,
        Capability.CHANGE_OPTIONS,
        Capability.COURSE_CHANGE,
    }
)
SUSPENDED = frozenset({Capability.SEND, Capability.READ, Capability.CHANGE_MAIL})
_STAGES = tuple(Stage)
RANK = {stage: rank for rank, stage in enumerate(_STAGES)}
_EVER, _NEVER = date(1900, 1, 1), date(2900, 1, 1)


class Edge:
    """An instant, and its POSIX timestamp at hand."""

    __slots__ = ("at", "stamp")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.stamp = at.timestamp()


@dataclass(frozen=True, slots=True)
class End:
    """When a stage comes for a profile, when the plan had it, and the reason of the hold in between."""

    stage: Stage
    comes: Edge
    planned: Edge
    held: Text | None


def held_until(stage: Stage, at: datetime, holds: Sequence[Held]) -> tuple[datetime, Held | None]:
    """When a stage planned at `at` comes under these holds, and the one that moved it, if any did."""
    until, moved = at, None
    for hold in holds if stage is not Stage.ANNOUNCE else ():
        if (not hold.stages or stage in hold.stages) and hold.until.timestamp() > until.timestamp():
            until, moved = hold.until.astimezone(at.tzinfo), hold
    return until, moved


def expiry_matters_until(standing: Applied) -> datetime | None:
    """When all that an expiry could end has ended for everybody; None where some of it never ends."""
    firsts = [[standing.instants[s] for s in ENDED_BY[c] if s in standing.instants] for c in sorted(EXPIRING)]
    if not all(firsts):
        return None
    ends = [min(instants, key=datetime.timestamp) for instants in firsts]
    return max([*ends, *(hold.until for hold in standing.holds)], key=datetime.timestamp)


class Decisions:
    """The instants that matter to one profile, and what is decided at any of them."""

    def __init__(self, plan: Plan, standing: Applied, profile: Profile) -> None:
        self._plan = plan
        self._nowhere = Position(plan.source.file)
        self.ends = {stage: _end(stage, at, standing, profile) for stage, at in standing.instants.items()}
        self._ended_by = {
            capability: sorted((self.ends[s] for s in stages if s in self.ends), key=lambda end: end.comes.stamp)
            for capability, stages in ENDED_BY.items()
        }
        self._brown_outs = [(Edge(one.start), Edge(one.end), one) for one in plan.brown_outs]
        expiry = _reachable(profile.address_expiry or profile.contract_expiry)
        self._expiry = Edge(end_of_day(expiry, plan.zone)) if expiry else None
        suspended = _reachable(profile.suspended_since)
        self._suspension = Edge(start_of_day(suspended, plan.zone)) if suspended else None
        soft = plan.stages[Stage.RECEIVE_END].soft_for if Stage.RECEIVE_END in self.ends else None
        self._soft_end = Edge(later(self.ends[Stage.RECEIVE_END].comes.at, soft)) if soft else None

    def edges(self, capability: Capability) -> Iterator[Edge]:
        """The instants at which the answer for `capability` may change, in no order."""
        for end in self._ended_by[capability]:
            yield from (end.planned, end.comes)
        if self._expiry is not None and capability in EXPIRING:
            yield self._expiry
        if self._suspension is not None and capability in {*SUSPENDED, Capability.RECEIVE}:
            yield self._suspension
        if capability is Capability.RECEIVE:
            for start, end_of_brown_out, _ in self._brown_outs:
                yield from (start, end_of_brown_out)
            if self._soft_end is not None:
                yield self._soft_end

    def ruling(self, capability: Capability, now: float) -> Ruling:
        """What is answered at a POSIX timestamp; `since` and `until` are left open."""
        ends = self._ended_by[capability]
        expired = capability in EXPIRING and _reached(self._expiry, now)
        if ends and ends[0].comes.stamp <= now and not (expired and self._is_soft(capability, now)):
            return self._ended(capability, ends[0], now)
        if expired:
            return self._unwritten(capability, Rule.EXPIRY, EXPIRY_REASON)
        receiving = capability is Capability.RECEIVE
        suspended = (receiving or capability in SUSPENDED) and _reached(self._suspension, now)
        if suspended and not (receiving and self._plan.suspension is Suspension.KEEP):
            deferred = receiving and self._plan.suspension is Suspension.DEFER
            return self._unwritten(capability, Rule.SUSPENSION, SUSPENSION_REASON, deferred=deferred)
        brown_out = self._brown_out(now) if receiving else None
        if brown_out is not None:
            return brown_out
        if suspended:
            return self._unwritten(capability, Rule.SUSPENSION, SUSPENSION_REASON, allowed=True)
        return self._held_or_open(capability, now)

    def position(self, now: float) -> Stage | None:
        """The latest stage that has come; of those of one instant the last that `Stage` lists."""
        come = [(end.comes.stamp, RANK[stage]) for stage, end in self.ends.items() if end.comes.stamp <= now]
        return _STAGES[max(come)[1]] if come else None

    def _is_soft(self, capability: Capability, now: float) -> bool:
        """Whether an end that has come is still told softly."""
        return capability is Capability.RECEIVE and self._soft_end is not None and now < self._soft_end.stamp

    def _ended(self, capability: Capability, end: End, now: float) -> Ruling:
        line = self._plan.stages[end.stage]
        soft = self._is_soft(capability, now)
        rule = Rule.SOFT_START if soft else Rule.STAGE
        reason = line.reason or self._plan.reason
        return Ruling(
            capability, allowed=False, rule=rule, reason=reason, source=line.source, deferred=soft, stage=end.stage
        )

    def _brown_out(self, now: float) -> Ruling | None:
        for start, end, told in self._brown_outs:
            if start.stamp <= now < end.stamp:
                return Ruling(
                    Capability.RECEIVE,
                    allowed=False,
                    rule=Rule.BROWN_OUT,
                    reason=told.reason,
                    source=told.source,
                    deferred=True,
                )
        return None

    def _held_or_open(self, capability: Capability, now: float) -> Ruling:
        planned = [end for end in self._ended_by[capability] if end.held is not None and end.planned.stamp <= now]
        if planned:
            first = min(planned, key=lambda end: end.planned.stamp)
            source, reason = self._plan.stages[first.stage].source, first.held or OPEN_REASON
            return Ruling(capability, allowed=True, rule=Rule.HOLD, reason=reason, source=source, stage=first.stage)
        return self._unwritten(capability, Rule.OPEN, OPEN_REASON, allowed=True)

    def _unwritten(
        self, capability: Capability, rule: Rule, reason: Text, *, allowed: bool = False, deferred: bool = False
    ) -> Ruling:
        """A ruling that no single line of the plan decides."""
        source = self._nowhere
        return Ruling(capability, allowed=allowed, rule=rule, reason=reason, source=source, deferred=deferred)


def _reachable(day: date | None) -> date | None:
    """A day that can be told in every zone: contracts "without end" have days such as 9999-12-31."""
    return None if day is None or day >= _NEVER else max(day, _EVER)


def _end(stage: Stage, at: datetime, standing: Applied, profile: Profile) -> End:
    covering = [hold for hold in standing.holds if _moves(hold.scope, stage, profile)]
    until, hold = held_until(stage, at, covering)
    planned = Edge(at)
    return End(stage, planned if hold is None else Edge(until), planned, None if hold is None else hold.reason)


def _moves(scope: Scope, stage: Stage, profile: Profile) -> bool:
    if stage in IRREVERSIBLE:
        return scope.touches(profile.domain.ascii)
    if stage in WHOLE_DOMAIN:
        return scope.whole_domain and scope.touches(profile.domain.ascii)
    return scope.covers(profile)


def _reached(edge: Edge | None, now: float) -> bool:
    return edge is not None and edge.stamp <= now
