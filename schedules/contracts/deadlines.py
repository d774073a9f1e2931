"""What must be done in time after a contract was given up, or it is gone, with its reminders (SW-6)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.blocks.terms import Deadline
from schedules.moments import end_of_day, later, start_of_day
from schedules.positions import Position
from schedules.text import Text


@dataclass(frozen=True, slots=True)
class Due:
    """One deadline of one contract."""

    id: str
    title: Text
    last_day: date  # the last whole day on which it can be done
    until: datetime  # it can be done before this instant, and not at it
    reminders: tuple[datetime, ...]  # in order of time, none before the day of asking
    loses: Text
    source: Position


def due(deadline: Deadline, asked: date, complete: datetime | None, zone: ZoneInfo) -> Due:
    """When `deadline` runs out for a contract given up on `asked`; `complete` is when its end is, where it is known."""
    last_day = asked + timedelta(days=deadline.days)
    until = end_of_day(last_day, zone)
    if deadline.before_completion and complete is not None and complete.timestamp() < until.timestamp():
        until = complete.astimezone(zone)
        last_day = until.date() - timedelta(days=1)
    told = reminders(deadline, start_of_day(asked, zone), until)
    return Due(deadline.id, deadline.title, last_day, until, told, deadline.loses, deadline.source)


def reminders(deadline: Deadline, since: datetime, until: datetime) -> tuple[datetime, ...]:
    """When somebody is reminded of a deadline that runs out at `until`, in order of time and never before `since`."""
    told = {later(until, -before) for before in deadline.reminders}
    return tuple(sorted((at for at in told if at.timestamp() >= since.timestamp()), key=datetime.timestamp))
