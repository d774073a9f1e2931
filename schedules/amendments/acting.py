"""What each act of an amendment makes of what stands; `schedules.applied` goes through them in order.

`amended(plan, standing, amendment)` is what stands after an amendment that is no RollBack; `come_somewhere` says
whether a stage has come for a domain. Raises BadAmendment where the act cannot follow what stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from schedules.amendments.acts import BadAmendment, GateAnswer, Hold, Pause, Postpone, Release, Resume, RollBack
from schedules.amendments.amendment import Amendment
from schedules.amendments.coming import end_of_domain
from schedules.amendments.resting import rested, resumed
from schedules.amendments.standing import Applied, Gated, Held
from schedules.blocks.dates import PlanException
from schedules.blocks.scopes import Scope
from schedules.checks.pairs import torn
from schedules.checks.stages import impossible
from schedules.plan import IRREVERSIBLE, Plan
from schedules.positions import Position
from schedules.shifting import shifted
from schedules.text import Text
from schedules.words import Stage

Move = Callable[[datetime], datetime]


def amended(plan: Plan, standing: Applied, amendment: Amendment) -> Applied:
    """What stands after `amendment`. Raises BadAmendment; ValueError for a RollBack, which needs what stood before."""
    act, reason = amendment.act, Text(amendment.reason, amendment.reason)
    match act:
        case Postpone():
            after = _postponed(plan, standing, act, amendment.made_at)
        case Hold():
            after = replace(standing, holds=(*standing.holds, _held(act, reason, amendment.number)))
        case Pause():
            after = rested(standing, act, amendment.made_at, reason, plan.zone)
        case Resume():
            after = resumed(standing, amendment.made_at, plan.zone)
        case Release():
            after = _released(standing, act, amendment.made_at)
        case GateAnswer():
            after = _answered(plan, standing, act, amendment.made_at)
        case RollBack():
            raise ValueError("a roll back is not made from what stands alone")
        case _:
            assert_never(act)
    return after


def come_somewhere(plan: Plan, standing: Applied, stage: Stage, at: datetime) -> bool:
    """Whether `stage` has come by `at` for any domain of the plan as a whole."""
    domains = plan.domains or (None,)
    return any(end_of_domain(standing, stage, domain).stamp <= at.timestamp() for domain in domains)


def _held(act: Hold, reason: Text, number: int) -> Held:
    source = Position(f"amendment {number}")
    return Held(act.scope, act.until, act.stages, act.legal_order, act.announced, reason=reason, source=source)


def _postponed(plan: Plan, standing: Applied, act: Postpone, made_at: datetime) -> Applied:
    def movable(stage: Stage, at: datetime) -> bool:
        return not standing.has_come(stage, at, made_at) or not come_somewhere(plan, standing, stage, made_at)

    for stage in act.stages:
        _refuse_move(plan, standing, stage, act.to)
        if stage in IRREVERSIBLE and not movable(stage, standing.dates[stage]):
            raise BadAmendment(f"{stage} has come already and cannot be taken back")
    move = _move(act, plan)
    dates = {s: move(at) if _moves(act, s, movable(s, at)) else at for s, at in standing.dates.items()}
    exceptions = []
    for one in standing.exceptions:
        coming = {stage: not standing.has_come(stage, at, made_at) for stage, at in one.stages.items()}
        moved = {s: move(at) if _moves(act, s, coming[s]) else at for s, at in one.stages.items()}
        exceptions.append(replace(one, stages=moved))
    gates = standing.asked_again(stage for stage, at in dates.items() if at is not standing.dates[stage])
    after = replace(standing, dates=dates, exceptions=tuple(exceptions), gates=gates)
    _refuse_impossible(standing, after)
    return after


def _refuse_move(plan: Plan, standing: Applied, stage: Stage, to: datetime | None) -> None:
    if stage not in standing.dates:
        raise BadAmendment(f"the plan has no stage {stage}")
    at = standing.dates[stage]
    if to is not None and to.timestamp() < at.timestamp():
        there = to.astimezone(plan.zone).isoformat()
        raise BadAmendment(f"{stage} would come earlier, at {there}, than {at.isoformat()}")


def _moves(act: Postpone, stage: Stage, movable: bool) -> bool:
    """What is named moves, also where it has come, unless nothing takes it back; of the rest, what has not come."""
    return movable if not act.stages or (stage in IRREVERSIBLE and stage in act.stages) else stage in act.stages


def _move(act: Postpone, plan: Plan) -> Move:
    by, to = act.by, act.to.astimezone(plan.zone) if act.to is not None else None

    def move(at: datetime) -> datetime:
        there = shifted(at, by, plan.zone) if by is not None else to
        return there if there is not None and there.timestamp() >= at.timestamp() else at

    return move


def _refuse_impossible(before: Applied, after: Applied) -> None:
    """Orders that could not be carried out and were not there before, for everybody or by an exception."""
    known = set(impossible(before.dates))
    for earlier, stage in impossible(after.dates):
        if (earlier, stage) not in known:
            raise BadAmendment(f"{stage} would come before {earlier}: postpone {stage} as well")
    for was, one in zip(before.exceptions, after.exceptions, strict=True):
        known = set(impossible(_dates(before, was)))
        for earlier, stage in impossible(_dates(after, one)):
            if (earlier, stage) not in known:
                told = f"for {one.scope} {stage} would come before {earlier}"
                raise BadAmendment(f"{told}: postpone {stage} as well")
    torn_before = {(pair.early.source, pair.late.source) for pair in torn(before.dates, before.exceptions)}
    for pair in torn(after.dates, after.exceptions):
        if (pair.early.source, pair.late.source) not in torn_before:
            told = f"for {pair.late.scope} in {pair.early.scope} {pair.stage} would come before {pair.before}"
            raise BadAmendment(f"{told}: postpone {pair.stage} as well")


def _dates(standing: Applied, exception: PlanException) -> Mapping[Stage, datetime]:
    return {**standing.dates, **{stage: at for stage, at in exception.stages.items() if stage in standing.dates}}


def _released(standing: Applied, act: Release, made_at: datetime) -> Applied:
    if act.at.timestamp() < made_at.timestamp():
        raise BadAmendment(f"{act.at.isoformat()} has passed: release it now or at a time to come")
    return replace(
        standing,
        holds=tuple(
            replace(one, until=min(one.until, act.at, key=datetime.timestamp)) if _same(one.scope, act.scope) else one
            for one in standing.holds
        ),
    )


def _same(one: Scope, other: Scope) -> bool:
    return one.domain == other.domain and one.includes(other) and other.includes(one)


def _answered(plan: Plan, standing: Applied, act: GateAnswer, made_at: datetime) -> Applied:
    if act.stage not in standing.dates:
        raise BadAmendment(f"the plan has no stage {act.stage}")
    if come_somewhere(plan, standing, act.stage, made_at):
        raise BadAmendment(f"{act.stage} has come already: postpone it instead")
    gated = standing.gates.get(act.stage)
    if gated is None:  # the plan asks for nothing any more: an answer from before changes nothing
        return standing
    answered = Gated(gated.waits, act.opened, made_at, act.findings, act.overridden)
    return replace(standing, gates={**standing.gates, act.stage: answered})
