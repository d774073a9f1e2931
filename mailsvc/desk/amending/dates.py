"""Amendments of the whole plan: stages moved to later, the plan paused and resumed, amendments taken back.

Use: `postpone(desk, plan, stages, by=..., to=..., reason=...)`, `pause`, `resume`, `roll_back`.
"""

from datetime import datetime

from mailsvc.desk.amending.core import Amended, amend
from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from schedules.amendments import Pause, Postpone, Resume, RollBack
from schedules.durations import parse_duration
from schedules.edition import Edition
from schedules.moments import Moment
from schedules.words import Stage


def postpone(
    desk: Desk, plan: str, stages: tuple[Stage, ...], *, by: str | None, to: str | None, reason: str
) -> Amended:
    """Move stages (none named: all to come) to later, by a length of time or to an instant in the plan's zone."""
    length = parse_duration(by) if by is not None else None
    moment = Moment.parse(to) if to is not None else None
    return amend(
        desk,
        plan,
        reason,
        lambda edition: Postpone(stages, length, moment.instant(edition.plan.zone) if moment else None),
    )


def pause(desk: Desk, plan: str, *, until: str | None, reason: str) -> Amended:
    """Let nothing of the plan come until an instant in its zone, or without one until it is resumed.

    What has not come yet then comes later by as many whole days. Raises Refused where the time has passed.
    """
    moment = Moment.parse(until) if until is not None else None

    def act(edition: Edition) -> Pause:
        end = moment.instant(edition.plan.zone) if moment else None
        if end is not None:
            refuse_past(desk, end, "pause until a time to come")
        return Pause(end)

    return amend(desk, plan, reason, act)


def resume(desk: Desk, plan: str, *, reason: str) -> Amended:
    """End the pause now. Raises Refused where the plan is not paused."""
    return amend(desk, plan, reason, lambda _: Resume())


def roll_back(desk: Desk, plan: str, *, to: int, reason: str) -> Amended:
    """Back to the plan with its amendments up to number `to`; legal orders stay.

    Raises Refused where something that cannot be undone has come, or a stage would have come already.
    """
    return amend(desk, plan, reason, lambda _: RollBack(to))


def refuse_past(desk: Desk, at: datetime, remedy: str) -> None:
    """Raises Refused for an instant that has passed."""
    if at <= desk.clock.now():
        raise Refused(f"{at.isoformat()} has passed", remedy)
