"""The dates of a plan that stand after its amendments.

    standing = applied(plan, amendments)
    standing.instants[Stage.RECEIVE_END], standing.waiting, standing.holds

Amendments say what the plan is, not what it was: they count at every instant that is asked for, also before
they were made. Amendments that cannot follow one another raise BadAmendment.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from schedules.amendments import Amendment, BadAmendment, Pause, Postpone, Resume, RollBack
from schedules.amendments.acting import amended, come_somewhere
from schedules.amendments.coming import AS_ONE, ends_for
from schedules.amendments.standing import Applied, Gated, Held, Paused
from schedules.blocks.dates import Unanswered
from schedules.names import DomainName
from schedules.plan import IRREVERSIBLE, Plan
from schedules.shifting import shifted
from schedules.words import Profile, Stage

__all__ = ["Applied", "Gated", "Held", "Paused", "applied", "shifted"]

_LAST_YEAR = 9000  # so that whatever follows a date by years is a date as well
_TOO_LATE = f"something would come after the year {_LAST_YEAR}: choose a sooner time"
_NOWHERE = "plan.invalid"  # the domain of a plan that names none (RFC 2606)


def applied(plan: Plan, amendments: Sequence[Amendment]) -> Applied:
    """What stands after `amendments`, in their order.

    Raises BadAmendment where a number does not rise, or an amendment cannot follow those before it: a stage is unknown
    to the plan, would move back, has come already and cannot be taken back, or would end up in an impossible order.
    """
    standing, last = _written(plan), 0
    # Nothing but what is gone back to is kept: what stood after each of many holds is as long as all of them.
    gone_back_to = {one.act.to for one in amendments if isinstance(one.act, RollBack)}
    at_number: dict[int, Applied] = {0: standing}
    for amendment in amendments:
        if amendment.number <= last:
            raise BadAmendment(f"amendment {amendment.number} comes after number {last}")
        standing, last = _after(plan, standing, amendment, at_number), amendment.number
        if last in gone_back_to:
            at_number[last] = standing
    return standing


def _after(plan: Plan, standing: Applied, amendment: Amendment, at_number: Mapping[int, Applied]) -> Applied:
    """What stands after one more amendment. Raises BadAmendment."""
    try:
        if isinstance(amendment.act, RollBack):
            return _rolled_back(plan, standing, amendment, at_number)
        after = amended(plan, standing, amendment)
    except OverflowError:
        raise BadAmendment(_TOO_LATE) from None
    if isinstance(amendment.act, Postpone | Pause | Resume) and _last_year(after) > _LAST_YEAR:
        raise BadAmendment(_TOO_LATE)
    return after


def _last_year(standing: Applied) -> int:
    moved = (at.year for one in standing.exceptions for at in one.stages.values())
    return max(
        (*(at.year for at in standing.dates.values()), *moved, *(one.until.year for one in standing.holds)), default=0
    )


def _written(plan: Plan) -> Applied:
    """What stands of a plan that nobody has amended."""
    holds = tuple(
        Held(one.scope, one.until, one.stages, one.legal_order, one.announced, reason=one.reason, source=one.source)
        for one in plan.holds
    )
    gates = {
        stage: Gated(waits=stage in IRREVERSIBLE or line.unanswered is Unanswered.WAIT)
        for stage, line in plan.stages.items()
        if line.gates
    }
    dates = {stage: line.at for stage, line in plan.stages.items()}
    return Applied(dates, plan.exceptions, plan.brown_outs, holds, gates)


def _rolled_back(plan: Plan, standing: Applied, amendment: Amendment, at_number: Mapping[int, Applied]) -> Applied:
    """What stood at an earlier number, with the legal orders made since.

    Raises BadAmendment where there is none, purge or dns-end has come, or a stage would come in the past by it.
    """
    to, made_at = amendment.act.to if isinstance(amendment.act, RollBack) else 0, amendment.made_at
    before = at_number.get(to)
    if before is None:
        raise BadAmendment(f"there is no amendment {to} to roll back to")
    for stage in sorted(IRREVERSIBLE & standing.dates.keys()):
        if come_somewhere(plan, standing, stage, made_at):
            raise BadAmendment(f"{stage} has come already and cannot be taken back")
    known = {one.source for one in before.holds}
    ordered = tuple(one for one in standing.holds if one.legal_order and one.source not in known)
    gates = {stage: _asked_anew(plan, standing, before, stage, made_at) for stage in before.gates}
    after = replace(before, holds=(*before.holds, *ordered), gates=gates)
    for domain in _domains(plan):
        _refuse_the_past(standing, after, Profile(domain), made_at)
    for profile in _concerned(plan, standing, after):
        _refuse_the_past(standing, after, profile, made_at, leaving_out=AS_ONE)  # asked of each domain above
    return after


def _asked_anew(plan: Plan, standing: Applied, before: Applied, stage: Stage, made_at: datetime) -> Gated:
    """A stage's gates after going back: what opened them before they were closed or moved has to be found again."""
    was, now = before.gates[stage], standing.gates.get(stage)
    come = stage in before.dates and come_somewhere(plan, standing, stage, made_at)
    return Gated(was.waits) if was.opened and was != now and not come else was


def _refuse_the_past(
    standing: Applied, after: Applied, profile: Profile, made_at: datetime, *, leaving_out: Collection[Stage] = ()
) -> None:
    was = ends_for(standing, profile, leaving_out)
    for stage, end in ends_for(after, profile, leaving_out).items():
        if end.comes is not None and end.stamp <= made_at.timestamp() < was[stage].stamp:
            raise BadAmendment(f"{stage} would have come at {end.comes.at.isoformat()}: postpone it instead")


def _concerned(plan: Plan, before: Applied, after: Applied) -> Iterator[Profile]:
    """One profile in each domain of the plan for each scope that is dated otherwise before than after."""
    held = {*before.holds, *after.holds} - ({*before.holds} & {*after.holds})
    scopes = {one.scope for one in held} | {one.scope for one in before.exceptions}
    for scope in sorted(scopes, key=str):
        named = scope.address.domain if scope.address is not None else None
        for domain in (named,) if named is not None else _domains(plan):
            inside = DomainName(scope.domain) if scope.domain and named is None else domain
            yield Profile(inside, group=scope.group, area=scope.area, address=scope.address)


def _domains(plan: Plan) -> tuple[DomainName, ...]:
    return tuple(map(DomainName, plan.domains or (_NOWHERE,)))
