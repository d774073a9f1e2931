"""The dates of a plan that stand after its amendments.

    standing = applied(plan, amendments)
    standing.instants[Stage.RECEIVE_END], standing.holds

Amendments say what the plan is, not what it was: they count at every instant that is asked for, also before
they were made. Amendments that cannot follow one another raise BadAmendment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from schedules.amendments import Amendment, BadAmendment, Hold, Postpone, RollBack
from schedules.moments import later, start_of_day
from schedules.plan import IRREVERSIBLE, Plan
from schedules.planchecks import impossible
from schedules.words import Stage


@dataclass(frozen=True, slots=True)
class Applied:
    """What stands after all amendments: the instants of stages for everybody, and the holds."""

    instants: Mapping[Stage, datetime]
    holds: tuple[tuple[Hold, str], ...]  # with their reasons


def applied(plan: Plan, amendments: Sequence[Amendment]) -> Applied:
    """The dates that stand after `amendments`, in their order.

    Raises BadAmendment where a number does not rise, a stage is unknown to the plan, would move back, is purge or
    dns-end and has come already, or where stages would end up in an impossible order.
    """
    standing = Applied({stage: line.at for stage, line in plan.stages.items()}, ())
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
            return Applied(_postponed(plan, standing.instants, act, amendment.made_at), standing.holds)
        case Hold():
            return Applied(standing.instants, (*standing.holds, (act, amendment.reason)))
        case RollBack():
            if act.to not in at_number:
                raise BadAmendment(f"there is no amendment {act.to} to roll back to")
            return at_number[act.to]
        case _:
            assert_never(act)


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
