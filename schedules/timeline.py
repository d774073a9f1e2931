"""One profile's whole timeline under an edition, compiled once and then bisected.

    compile_timeline(plan, standing, profile).at(now.timestamp())

What decides, strongest first: the stage that ends a capability; the address's own expiry; its contract's suspension
where it denies; a brown-out; a suspension that keeps mail; a hold; nothing (open).
- Expiry (SK-5: an address's own end goes before its contract's) ends receiving, sending and every change at the next
  midnight. Reading, fetching copies and forwarding stay until their stages: an expiry destroys nothing.
- Suspension blocks sending, reading and changing mail; receiving follows the plan's `suspension` (KY-7).
- A hold moves every stage but the announcement to its `until` for those it covers; in between, what it keeps open is
  marked HOLD. Purge and dns-end wait for every hold in the domain.
"""

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from schedules.amendments import Hold
from schedules.applied import Applied
from schedules.moments import end_of_day, later, start_of_day
from schedules.plan import IRREVERSIBLE, Plan
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Capability, Profile, Rule, Ruling, Rulings, Stage, Suspension

OPEN_REASON = Text("この時点では制限はありません", "nothing ends this yet")
EXPIRY_REASON = Text("契約期間が終了しました", "the contract has ended")
SUSPENSION_REASON = Text("契約が一時停止されています", "the contract is suspended")

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
    Capability.HOMEPAGE: (Stage.HOMEPAGE_END,),
}
EXPIRING = frozenset(
    {
        Capability.RECEIVE,
        Capability.SEND,
        Capability.CHANGE_MAIL,
        Capability.CHANGE_SETTINGS,
        Capability.HOMEPAGE_UPLOAD,
    }
)
SUSPENDED = frozenset({Capability.SEND, Capability.READ, Capability.CHANGE_MAIL})
_EVER, _NEVER = date(1900, 1, 1), date(2900, 1, 1)
_RANK = {stage: rank for rank, stage in enumerate(Stage)}


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rulings between consecutive instants at which any of them, or the plan's position, changes."""

    edges: tuple[float, ...]  # POSIX timestamps, rising
    rulings: tuple[Rulings, ...]  # one more than edges: before the first, between, after the last

    def at(self, timestamp: float) -> Rulings:
        """The rulings at a POSIX timestamp; what changes at an instant has changed at that instant."""
        return self.rulings[bisect_right(self.edges, timestamp)]


@dataclass(frozen=True, slots=True)
class _End:
    """When a stage comes for a profile, when the plan had it, and the reason of the hold in between."""

    stage: Stage
    at: datetime
    planned: datetime
    held: Text | None


def compile_timeline(plan: Plan, standing: Applied, profile: Profile) -> Timeline:
    """All rulings for `profile` at all times."""
    return _Compiling(plan, standing, profile).timeline()


def held_until(stage: Stage, at: datetime, holds: Sequence[tuple[Hold, str]]) -> tuple[datetime, str | None]:
    """When a stage planned at `at` comes under these holds, and the reason of the one that moved it, if any did."""
    until, why = at, None
    for hold, reason in holds if stage is not Stage.ANNOUNCE else ():
        if hold.until.timestamp() > until.timestamp():
            until, why = hold.until.astimezone(at.tzinfo), reason
    return until, why


class _Compiling:
    """The instants that matter to one profile, and what holds between them."""

    def __init__(self, plan: Plan, standing: Applied, profile: Profile) -> None:
        self._plan = plan
        self._ends = {stage: self._end(stage, at, standing, profile) for stage, at in standing.instants.items()}
        expiry = _reachable(profile.address_expiry or profile.contract_expiry)
        self._expiry = end_of_day(expiry, plan.zone) if expiry else None
        suspended = _reachable(profile.suspended_since)
        self._suspension = start_of_day(suspended, plan.zone) if suspended else None

    @staticmethod
    def _end(stage: Stage, at: datetime, standing: Applied, profile: Profile) -> _End:
        domain = profile.domain.ascii
        covering = [
            (hold, reason)
            for hold, reason in standing.holds
            if (hold.scope.touches(domain) if stage in IRREVERSIBLE else hold.scope.covers(profile))
        ]
        until, why = held_until(stage, at, covering)
        return _End(stage, until, at, None if why is None else Text(why, why))

    def timeline(self) -> Timeline:
        edges = {at.timestamp(): at for at in self._edges()}
        instants = sorted(edges)
        starts = [float("-inf"), *instants]
        answers: list[dict[Capability, Ruling]] = [{} for _ in starts]
        for capability in Capability:
            plain = [self._ruling(capability, start) for start in starts]
            for number, ruling in enumerate(_dated(plain, [edges[instant] for instant in instants])):
                answers[number][capability] = ruling
        pairs = zip(answers, starts, strict=True)
        return Timeline(tuple(instants), tuple(self._rulings(answer, start) for answer, start in pairs))

    def _edges(self) -> Iterator[datetime]:
        for end in self._ends.values():
            yield from (end.planned, end.at)
        receive_end = self._ends.get(Stage.RECEIVE_END)
        if receive_end is not None:
            yield later(receive_end.at, self._plan.stages[Stage.RECEIVE_END].soft_for)
        for brown_out in self._plan.brown_outs:
            yield from (brown_out.start, brown_out.end)
        yield from (at for at in (self._expiry, self._suspension) if at is not None)

    def _rulings(self, answer: Mapping[Capability, Ruling], start: float) -> Rulings:
        come = [(end.at.timestamp(), _RANK[stage], stage) for stage, end in self._ends.items()]
        position = max((one for one in come if one[0] <= start), default=None)
        changes = [ruling.until for ruling in answer.values() if ruling.until is not None]
        next_change = min(changes, key=datetime.timestamp, default=None)
        return Rulings(MappingProxyType(answer), position[2] if position else None, next_change)

    def _ruling(self, capability: Capability, now: float) -> Ruling:
        """What is answered from `now`, one of the edges, to the next."""
        ends = [self._ends[stage] for stage in ENDED_BY[capability] if stage in self._ends]
        end = min(ends, key=lambda one: one.at.timestamp(), default=None)
        if end is not None and end.at.timestamp() <= now:
            return self._ended(capability, end, now)
        if self._expiry is not None and self._expiry.timestamp() <= now and capability in EXPIRING:
            return self._unwritten(capability, Rule.EXPIRY, EXPIRY_REASON)
        suspended = self._suspension is not None and self._suspension.timestamp() <= now
        keeps = capability is Capability.RECEIVE and self._plan.suspension is Suspension.KEEP
        if suspended and not keeps and (capability in SUSPENDED or capability is Capability.RECEIVE):
            deferred = capability is Capability.RECEIVE and self._plan.suspension is Suspension.DEFER
            return self._unwritten(capability, Rule.SUSPENSION, SUSPENSION_REASON, deferred=deferred)
        for brown_out in self._plan.brown_outs if capability is Capability.RECEIVE else ():
            if brown_out.start.timestamp() <= now < brown_out.end.timestamp():
                reason, source = brown_out.reason, brown_out.source
                return Ruling(
                    capability, allowed=False, rule=Rule.BROWN_OUT, reason=reason, source=source, deferred=True
                )
        if suspended and keeps:
            return self._unwritten(capability, Rule.SUSPENSION, SUSPENSION_REASON, allowed=True)
        return self._held_or_open(capability, ends, now)

    def _ended(self, capability: Capability, end: _End, now: float) -> Ruling:
        line = self._plan.stages[end.stage]
        soft = capability is Capability.RECEIVE and now < later(end.at, line.soft_for).timestamp()
        rule = Rule.SOFT_START if soft else Rule.STAGE
        reason = line.reason or self._plan.reason
        return Ruling(
            capability, allowed=False, rule=rule, reason=reason, source=line.source, deferred=soft, stage=end.stage
        )

    def _held_or_open(self, capability: Capability, ends: Sequence[_End], now: float) -> Ruling:
        for end in sorted(ends, key=lambda one: one.planned.timestamp()):
            if end.held is not None and end.planned.timestamp() <= now:
                source = self._plan.stages[end.stage].source
                return Ruling(capability, allowed=True, rule=Rule.HOLD, reason=end.held, source=source, stage=end.stage)
        return self._unwritten(capability, Rule.OPEN, OPEN_REASON, allowed=True)

    def _unwritten(
        self, capability: Capability, rule: Rule, reason: Text, *, allowed: bool = False, deferred: bool = False
    ) -> Ruling:
        """A ruling that no single line of the plan decides."""
        source = Position(self._plan.source.file)
        return Ruling(capability, allowed=allowed, rule=rule, reason=reason, source=source, deferred=deferred)


def _reachable(day: date | None) -> date | None:
    """A day that can be told in every zone: contracts "without end" have days such as 9999-12-31."""
    return None if day is None or day >= _NEVER else max(day, _EVER)


def _dated(plain: Sequence[Ruling], edges: Sequence[datetime]) -> Iterator[Ruling]:
    """Each ruling with the instants since and until when it stands; equal neighbours share one."""
    number = 0
    for ruling, run in itertools.groupby(plain):
        length = len(list(run))
        last = number + length
        since = edges[number - 1] if number else None
        until = edges[last - 1] if last <= len(edges) else None
        yield from itertools.repeat(replace(ruling, since=since, until=until), length)
        number = last
