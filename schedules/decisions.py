"""What an edition decides for one profile at one instant.

What decides, strongest first: the stage that ends a capability, once its soft hours are over; the address's own
expiry; a switch; those soft hours; its contract's suspension where it denies; a brown-out; a suspension that keeps
mail; what keeps a stage from coming (a hold, then a gate or a pause); nothing (open).
- When a stage comes for whom, after exceptions, holds, gates and a pause, is said by `amendments.coming`. From when it
  was planned until it comes, what it would end is marked HOLD, then WAITING.
- Expiry (SK-5: an address's own end goes before its contract's) ends receiving, sending and every change at the next
  midnight. Reading, fetching copies and forwarding stay until their stages: an expiry destroys nothing.
- A switch has a capability, or one of a course, off for good or until it opens again; then its refusal is deferred.
- Suspension blocks sending, reading and changing mail; receiving follows the plan's `suspension` (KY-7).
`schedules.timeline` asks at each instant where an answer may change, and keeps the answers.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from schedules.amendments.coming import Edge, End, ends_for
from schedules.amendments.standing import Applied
from schedules.moments import end_of_day, later, start_of_day
from schedules.plan import Plan
from schedules.positions import Position
from schedules.switching import Switches
from schedules.text import Text
from schedules.words import Capability, Power, Profile, Rule, Ruling, Stage, Suspension

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


def expiry_matters_until(plan: Plan, standing: Applied, profile: Profile) -> date | None:
    """The day in the plan's zone on which all that an expiry could end has ended for `profile`; None if on none."""
    decisions = Decisions(plan, standing, profile)
    ended = [decisions.ended_for_good(capability) for capability in EXPIRING]
    last = max((edge for edge in ended if edge is not None), key=lambda edge: edge.stamp, default=None)
    return None if last is None or None in ended else last.at.astimezone(plan.zone).date()


class Decisions:
    """The instants that matter to one profile, and what is decided at any of them."""

    def __init__(self, plan: Plan, standing: Applied, profile: Profile) -> None:
        self._plan = plan
        self._nowhere = Position(plan.source.file)
        self.ends = ends_for(standing, profile)
        self._ended_by = {
            capability: sorted((self.ends[s] for s in stages if s in self.ends), key=lambda end: end.stamp)
            for capability, stages in ENDED_BY.items()
        }
        self._switches = Switches(plan.switches, profile)
        self._brown_outs = [(Edge(one.start), Edge(one.end), one) for one in standing.brown_outs]
        expiry = _reachable(profile.address_expiry or profile.contract_expiry)
        self._expiry = Edge(end_of_day(expiry, plan.zone)) if expiry else None
        suspended = _reachable(profile.suspended_since)
        self._suspension = Edge(start_of_day(suspended, plan.zone)) if suspended else None
        end = self.ends.get(Stage.RECEIVE_END)
        soft = plan.stages[Stage.RECEIVE_END].soft_for if end is not None else None
        self._soft_end = Edge(later(end.comes.at, soft)) if soft and end is not None and end.comes is not None else None

    def edges(self, power: Power) -> Iterator[Edge]:
        """The instants at which the answer for `power` may change, in no order."""
        capability = power.capability
        for end in self._ended_by[capability]:
            yield from (end.planned, end.released)
            if end.comes is not None:
                yield end.comes
        if self._expiry is not None and capability in EXPIRING:
            yield self._expiry
        yield from self._switches.edges(power)
        if self._suspension is not None and capability in {*SUSPENDED, Capability.RECEIVE}:
            yield self._suspension
        if capability is Capability.RECEIVE:
            for start, end_of_brown_out, _ in self._brown_outs:
                yield from (start, end_of_brown_out)
            if self._soft_end is not None:
                yield self._soft_end

    def ended_for_good(self, capability: Capability) -> Edge | None:
        """When a stage ends `capability` without soft hours any more; None where none does."""
        ends = self._ended_by[capability]
        soft_end = self._soft_end if capability is Capability.RECEIVE else None
        return soft_end or (ends[0].comes if ends else None)

    def ruling(self, power: Power, now: float) -> Ruling:
        """What is answered at a POSIX timestamp; `since` and `until` are left open."""
        capability = power.capability
        ends = self._ended_by[capability]
        ended = ends[0] if ends and ends[0].stamp <= now else None
        if ended is not None and not self._is_soft(capability, now):
            return self._ended(capability, ended, soft=False)
        if capability in EXPIRING and _reached(self._expiry, now):
            return self._unwritten(capability, Rule.EXPIRY, EXPIRY_REASON)
        switched = self._switched(power, now)
        if switched is not None:
            return switched
        if ended is not None:
            return self._ended(capability, ended, soft=True)
        return self._suspended(capability, now) or self._held_or_open(capability, now)

    def position(self, now: float) -> Stage | None:
        """The latest stage that has come; of those of one instant the last that `Stage` lists."""
        come = [(end.stamp, RANK[stage]) for stage, end in self.ends.items() if end.stamp <= now]
        return _STAGES[max(come)[1]] if come else None

    def _is_soft(self, capability: Capability, now: float) -> bool:
        """Whether an end that has come is still told softly."""
        return capability is Capability.RECEIVE and self._soft_end is not None and now < self._soft_end.stamp

    def _ended(self, capability: Capability, end: End, *, soft: bool) -> Ruling:
        line = self._plan.stages[end.stage]
        rule = Rule.SOFT_START if soft else Rule.STAGE
        reason, source = line.reason or self._plan.reason, end.source or line.source
        return Ruling(
            capability, allowed=False, rule=rule, reason=reason, source=source, deferred=soft, stage=end.stage
        )

    def _switched(self, power: Power, now: float) -> Ruling | None:
        switch = self._switches.at(power, now)
        if switch is None:
            return None
        return Ruling(
            power.capability,
            allowed=False,
            rule=Rule.SWITCH,
            reason=switch.reason,
            source=switch.source,
            deferred=switch.on is not None,
        )

    def _suspended(self, capability: Capability, now: float) -> Ruling | None:
        """A suspension that denies, else a brown-out, else a suspension that keeps mail."""
        receiving = capability is Capability.RECEIVE
        suspended = (receiving or capability in SUSPENDED) and _reached(self._suspension, now)
        if suspended and not (receiving and self._plan.suspension is Suspension.KEEP):
            deferred = receiving and self._plan.suspension is Suspension.DEFER
            return self._unwritten(capability, Rule.SUSPENSION, SUSPENSION_REASON, deferred=deferred)
        brown_out = self._brown_out(now) if receiving else None
        if brown_out is None and suspended:
            return self._unwritten(capability, Rule.SUSPENSION, SUSPENSION_REASON, allowed=True)
        return brown_out

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
        planned = [end for end in self._ended_by[capability] if end.planned.stamp <= now]
        if not planned:
            return self._unwritten(capability, Rule.OPEN, OPEN_REASON, allowed=True)
        first = min(planned, key=lambda end: (end.planned.stamp, RANK[end.stage]))
        source, hold = self._plan.stages[first.stage].source, first.hold
        if hold is None or first.released.stamp <= now:
            rule, reason = Rule.WAITING, first.waits
        else:
            rule, reason = Rule.HOLD, hold.reason
            source = hold.source if hold.source.line else source
        return Ruling(capability, allowed=True, rule=rule, reason=reason, source=source, stage=first.stage)

    def _unwritten(
        self, capability: Capability, rule: Rule, reason: Text, *, allowed: bool = False, deferred: bool = False
    ) -> Ruling:
        """A ruling that no single line of the plan decides."""
        source = self._nowhere
        return Ruling(capability, allowed=allowed, rule=rule, reason=reason, source=source, deferred=deferred)


def _reachable(day: date | None) -> date | None:
    """A day that can be told in every zone: contracts "without end" have days such as 9999-12-31."""
    return None if day is None or day >= _NEVER else max(day, _EVER)


def _reached(edge: Edge | None, now: float) -> bool:
    return edge is not None and edge.stamp <= now
