"""What a pause makes of the dates of a plan, and its end.

What had not come when it was made comes later by as many whole days as it lasts, the last one counted in full, so that
midnight stays midnight: stages, exceptions' dates, brown-outs, and the ends of holds, for what is held has not come
either. Switches and a contract's own dates stay. Gates of what moves are asked again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.amendments.acts import BadAmendment, Pause
from schedules.amendments.standing import Applied, Paused
from schedules.plan import BrownOut
from schedules.shifting import days_until, shifted
from schedules.text import Text
from schedules.words import Stage


def rested(standing: Applied, act: Pause, made_at: datetime, reason: Text, zone: ZoneInfo) -> Applied:
    """What stands with a pause more. Raises BadAmendment where it would not make the plan rest any longer."""
    last = standing.paused
    if last is not None and last.until is None:
        raise BadAmendment("the plan is paused already: resume it first")
    since = made_at if last is None or last.until is None else max(made_at, last.until, key=datetime.timestamp)
    paused = Paused(made_at, since, act.until, reason)
    if act.until is None:
        return replace(standing, paused=paused)
    if act.until.timestamp() <= since.timestamp():
        told = since.astimezone(zone).isoformat()
        raise BadAmendment(f"the pause would be over by {told}, when it begins: pause the plan until a later time")
    return replace(_later(standing, made_at, days_until(since, act.until, zone), zone), paused=paused)


def resumed(standing: Applied, made_at: datetime, zone: ZoneInfo) -> Applied:
    """What stands once a pause without an end is over. Raises BadAmendment where there is none."""
    paused = standing.paused
    if paused is None or paused.until is not None:
        raise BadAmendment("the plan waits for nobody to resume it: only a pause without an end is resumed")
    days = days_until(paused.since, made_at, zone)
    after = _later(standing, paused.made_at, days, zone)
    return replace(after, paused=replace(paused, until=max(made_at, paused.since, key=datetime.timestamp)))


def _later(standing: Applied, made_at: datetime, days: timedelta, zone: ZoneInfo) -> Applied:
    if not days:
        return standing
    dates = _moved(standing, standing.dates, made_at, days, zone)
    return replace(
        standing,
        dates=dates,
        exceptions=tuple(
            replace(one, stages=_moved(standing, one.stages, made_at, days, zone)) for one in standing.exceptions
        ),
        planned_brown_outs=tuple(
            _brown_out(one, days, zone) if one.start.timestamp() > made_at.timestamp() else one
            for one in standing.planned_brown_outs
        ),
        holds=tuple(
            replace(one, until=shifted(one.until, days, zone)) if one.until.timestamp() > made_at.timestamp() else one
            for one in standing.holds
        ),
        gates=standing.asked_again(stage for stage, at in dates.items() if at is not standing.dates[stage]),
    )


def _moved(
    standing: Applied, dates: Mapping[Stage, datetime], made_at: datetime, days: timedelta, zone: ZoneInfo
) -> Mapping[Stage, datetime]:
    """The dates, those that had not come later; never one before another that it came after."""
    moved, last = dict(dates), None
    for stage, at in sorted(dates.items(), key=lambda item: item[1].timestamp()):
        if not standing.has_come(stage, at, made_at):
            there = shifted(at, days, zone)
            last = there if last is None or there.timestamp() > last.timestamp() else last
            moved[stage] = last
    return moved


def _brown_out(one: BrownOut, days: timedelta, zone: ZoneInfo) -> BrownOut:
    start, end = shifted(one.start, days, zone), shifted(one.end, days, zone)
    return replace(one, start=start, end=max(start, end, key=datetime.timestamp))
