"""The dates of a plan that stand after its amendments.

    standing = applied(plan, amendments)
    standing.instants[Stage.RECEIVE_END], standing.waiting, standing.holds

Amendments say what the plan is, not what it was: they count at every instant that is asked for, also before
they were made. Amendments that cannot follow one another raise BadAmendment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from schedules.acting import amended, come_somewhere
from schedules.amendments import Amendment, BadAmendment, RollBack
from schedules.blocks.dates import Unanswered
from schedules.blocks.scopes import Scope
from schedules.coming import ends_for
from schedules.names import DomainName
from schedules.plan import IRREVERSIBLE, Plan
from schedules.shifting import shifted
from schedules.standing import Applied, Gated, Held, Paused
from schedules.words import Profile

__all__ = ["Applied", "Gated", "Held", "Paused", "applied", "shifted"]

_NOWHERE = "plan.invalid"  # the domain of a plan that names none (RFC 2606)


def applied(plan: Plan, amendments: Sequence[Amendment]) -> Applied:
    """What stands after `amendments`, in their order.

    Raises BadAmendment where a number does not rise, or an amendment cannot follow those before it: a stage is unknown
    to the plan, would move back, has come already and cannot be taken back, or would end up in an impossible order.
    """
    standing = _written(plan)
    at_number: dict[int, Applied] = {0: standing}
    for amendment in amendments:
        if amendment.number <= max(at_number):
            raise BadAmendment(f"amendment {amendment.number} comes after number {max(at_number)}")
        if isinstance(amendment.act, RollBack):
            standing = _rolled_back(plan, standing, amendment, at_number)
        else:
            standing = amended(plan, standing, amendment)
        at_number[amendment.number] = standing
    return standing


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
    after = replace(before, holds=(*before.holds, *ordered))
    for profile in _concerned(plan, standing, after):
        _refuse_the_past(standing, after, profile, made_at)
    return after


def _refuse_the_past(standing: Applied, after: Applied, profile: Profile, made_at: datetime) -> None:
    was = ends_for(standing, profile)
    for stage, end in ends_for(after, profile).items():
        if end.comes is not None and end.stamp <= made_at.timestamp() < was[stage].stamp:
            raise BadAmendment(f"{stage} would have come at {end.comes.at.isoformat()}: postpone it instead")


def _concerned(plan: Plan, before: Applied, after: Applied) -> Iterator[Profile]:
    """One profile for each domain of the plan, and for each scope that is dated otherwise before than after."""
    domains = plan.domains or (_NOWHERE,)
    for domain in domains:
        yield Profile(DomainName(domain))
    held = {*before.holds, *after.holds} - ({*before.holds} & {*after.holds})
    scopes = {one.scope for one in held} | {one.scope for one in before.exceptions}
    for scope in sorted(scopes, key=str):
        yield from (_profile(scope, domain) for domain in domains)


def _profile(scope: Scope, domain: str) -> Profile:
    named = scope.address.domain if scope.address is not None else DomainName(scope.domain or domain)
    return Profile(named, group=scope.group, area=scope.area, address=scope.address)
