"""The dates of a plan that stand after its amendments.

    standing = applied(plan, amendments)
    standing.instants[Stage.RECEIVE_END], standing.holds

Amendments say what the plan is, not what it was: they count at every instant that is asked for, also before
they were made. Amendments that cannot follow one another raise BadAmendment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from schedules.amendments import (
    ANNOUNCED,
    Amendment,
    BadAmendment,
    GateAnswer,
    Hold,
    Pause,
    Postpone,
    Release,
    Resume,
    RollBack,
)
from schedules.blocks.scopes import Scope
from schedules.moments import later, start_of_day
from schedules.plan import IRREVERSIBLE, BrownOut, Plan
from schedules.planchecks import impossible
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Stage


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that stands, of the plan or of an amendment."""

    scope: Scope
    until: datetime
    stages: tuple[Stage, ...] = ()  # none named: every stage but the announcement
    legal_order: str = ""  # court and number; empty where it is none
    announced: timedelta = ANNOUNCED  # how long before its end the release is told
    reason: Text = field(kw_only=True)
    source: Position = field(kw_only=True)  # its line in the plan, or the amendment's number with line 0


@dataclass(frozen=True, slots=True)
class Applied:
    """What stands after all amendments: the instants of stages for everybody, what waits, brown-outs and holds."""

    instants: Mapping[Stage, datetime]
    waiting: Mapping[Stage, Text]  # stages that do not come until a gate opens or the plan is resumed, and why
    brown_outs: tuple[BrownOut, ...]
    holds: tuple[Held, ...]


def applied(plan: Plan, amendments: Sequence[Amendment]) -> Applied:
    """The dates that stand after `amendments`, in their order.

    Raises BadAmendment where a number does not rise, a stage is unknown to the plan, would move back, is purge or
    dns-end and has come already, or where stages would end up in an impossible order.
    """
    holds = tuple(
        Held(
            one.scope,
            one.until,
            one.stages,
            one.legal_order,
            one.announced,
            reason=one.reason,
            source=one.source,
        )
        for one in plan.holds
    )
    standing = Applied({stage: line.at for stage, line in plan.stages.items()}, {}, plan.brown_outs, holds)
    at_number: dict[int, Applied] = {0: standing}
    for amendment in amendments:
        if amendment.number <= max(at_number):
            raise BadAmendment(f"amendment {amendment.number} comes after number {max(at_number)}")
        standing = _with(plan, standing, amendment, at_number)
        at_number[amendment.number] = standing
    return standing


def _with(plan: Plan, standing: Applied, amendment: Amendment, at_number: Mapping[int, Applied]) -> Applied:
    act = amendment.act
    match act:
        case Postpone():
            return replace(standing, instants=_postponed(plan, standing.instants, act, amendment.made_at))
        case Hold():
            return replace(standing, holds=(*standing.holds, _held(amendment, act)))
        case RollBack():
            if act.to not in at_number:
                raise BadAmendment(f"there is no amendment {act.to} to roll back to")
            return at_number[act.to]
        case Pause() | Resume() | Release() | GateAnswer():
            return standing
        case _:
            assert_never(act)


def _held(amendment: Amendment, act: Hold) -> Held:
    return Held(
        act.scope,
        act.until,
        act.stages,
        act.legal_order,
        act.announced,
        reason=Text(amendment.reason, amendment.reason),
        source=Position(f"amendment {amendment.number}"),
    )


def _postponed(
    plan: Plan, instants: Mapping[Stage, datetime], act: Postpone, made_at: datetime
) -> Mapping[Stage, datetime]:
    coming = [stage for stage, at in instants.items() if at.timestamp() > made_at.timestamp()]
    moved = dict(instants)
    for stage in act.stages or coming:
        if stage not in instants:
            raise BadAmendment(f"the plan has no stage {stage}")
        if stage in IRREVERSIBLE and stage not in coming:
            raise BadAmendment(f"{stage} has come already and cannot be taken back")
        at = instants[stage]
        moved[stage] = (
            act.to.astimezone(plan.zone) if act.to is not None else shifted(at, act.by or timedelta(), plan.zone)
        )
        if moved[stage].timestamp() < at.timestamp():
            raise BadAmendment(f"{stage} would come earlier, at {moved[stage].isoformat()}, than {at.isoformat()}")
    for before, stage in impossible(moved):
        raise BadAmendment(f"{stage} would come before {before}: postpone {stage} as well")
    return moved


def shifted(at: datetime, by: timedelta, zone: ZoneInfo) -> datetime:
    """`at` later by `by` in the calendar of `zone`: whole days keep the time of day, the rest is elapsed time."""
    local = at.astimezone(zone)
    days, rest = timedelta(days=by.days), by - timedelta(days=by.days)
    if local.timestamp() == start_of_day(local.date(), zone).timestamp():
        return later(start_of_day(local.date() + days, zone), rest)
    return later(local if not days else (local + days).replace(fold=0), rest)
