"""Dates moved by lengths of time in the calendar of a zone: whole days keep the time of day.

shifted(at, timedelta(days=7), zone)
beside(at, -timedelta(days=7), zone)  # a week before it
days_until(begun, ended, zone)      # how many whole days a pause was, the last one begun counted in full
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.moments import later, start_of_day

_DAY = timedelta(days=1)


def shifted(at: datetime, by: timedelta, zone: ZoneInfo) -> datetime:
    """`at` later by `by` in the calendar of `zone`: whole days keep the time of day, the rest is elapsed time."""
    local = at.astimezone(zone)
    days, rest = timedelta(days=by.days), by - timedelta(days=by.days)
    if local.timestamp() == start_of_day(local.date(), zone).timestamp():
        return later(start_of_day(local.date() + days, zone), rest)
    return later(local if not days else (local + days).replace(fold=0), rest)


def beside(at: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    """The instant `offset` after `at`, or before it where negative, in `zone`: whole days keep the time of day."""
    days = timedelta(days=abs(offset).days) * (-1 if offset < timedelta() else 1)
    return later(shifted(at, days, zone), offset - days)


def days_until(begun: datetime, ended: datetime, zone: ZoneInfo) -> timedelta:
    """The fewest whole days that `begun` must be shifted by to come at or after `ended`; none where it does already."""
    days = max(0, (ended.astimezone(zone).date() - begun.astimezone(zone).date()).days - 1)
    while shifted(begun, days * _DAY, zone).timestamp() < ended.timestamp():
        days += 1
    return days * _DAY
