"""Instants as a plan writes them, and the day's edges in a zone.

    Moment.parse("end of 2024-01").instant(ZoneInfo("Asia/Tokyo"))    # 2024-02-01T00:00+09:00

A date is the first instant of that day; "end of" a day or month is the first instant after it: what ends there is
usable until, and not at, that instant. A local time that a zone's clocks skip does not exist and raises Wrong; one
that they show twice means the first. A date always exists: where clocks skip midnight, the day begins right after.
Datetimes of one zone compare by their wall time in Python, so everything here calculates in UTC.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedules.positions import Wrong

EXAMPLES = "write a date (2024-02-01), a time (2024-01-31T18:00), or `end of 2024-01`"
_DAY = timedelta(days=1)
_YEARS = range(1970, 2200)
_WRITTEN = re.compile(
    r"(?P<end>end\s+of\s+)?(?P<day>[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?)"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as it was written; which one it is depends on the zone, unless `clock` has an offset."""

    day: date
    clock: time | None = None  # None: the day's first instant

    @classmethod
    def parse(cls, text: str) -> "Moment":
        """Read a date, a date and time with or without offset, or "end of" a month or day. Raises Wrong."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise Wrong(f"{text!r} is not an instant", EXAMPLES)
        try:
            moment = cls._read(found)
        except (ValueError, OverflowError) as error:  # the end of the year 9999 lies beyond all dates
            raise Wrong(f"{text!r} does not exist: {error}", EXAMPLES) from None
        if moment is None:
            raise Wrong(f"{text!r} does not say which instant is meant", EXAMPLES)
        _check_year(moment.day, text)
        return moment

    @classmethod
    def _read(cls, found: re.Match[str]) -> "Moment | None":
        day, clock = found["day"], found["time"]
        whole_month = len(day) == len("2024-01")
        first = date.fromisoformat(f"{day}-01" if whole_month else day)
        if clock is not None:
            end_or_month = found["end"] is not None or whole_month
            return None if end_or_month else cls(first, time.fromisoformat(clock + (found["offset"] or "")))
        if found["end"] is None:
            return None if whole_month else cls(first)
        return cls((first.replace(day=28) + 4 * _DAY).replace(day=1) if whole_month else first + _DAY)

    def instant(self, zone: ZoneInfo) -> datetime:
        """The instant in `zone`. Raises Wrong where clocks skip it, or an offset leads out of the years read."""
        if self.clock is None:
            return start_of_day(self.day, zone)
        written = datetime.combine(self.day, self.clock)
        if written.tzinfo is not None:
            there = written.astimezone(zone)
            _check_year(there.date(), there.isoformat())
            return there
        local = written.replace(tzinfo=zone)
        if _skipped(local):
            after = local.astimezone(UTC).astimezone(zone)
            raise Wrong(
                f"{written.isoformat(' ')} does not exist in {zone.key}, where clocks go forward then",
                f"write {after.replace(tzinfo=None).isoformat(timespec='minutes')}, or a time with its offset",
            )
        return local


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in `zone`: midnight, or where clocks skip midnight, the instant after."""
    local = datetime.combine(day, time(), zone)
    if not _skipped(local):
        return local
    # The skipped time read with the offset before the change lies after it, and with the one after it, before it.
    before, after = local.replace(fold=1).astimezone(UTC), local.astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.astimezone(zone)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after `day` in `zone`."""
    return start_of_day(day + _DAY, zone)


def months_after(day: date, months: int) -> date:
    """The same day so many calendar months later; where that month is shorter, its last day (KY-1)."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def later(at: datetime, by: timedelta) -> datetime:
    """`at` plus `by` of elapsed time, in the zone of `at`; plain addition would move the wall clock instead."""
    return (at.astimezone(UTC) + by).astimezone(at.tzinfo)


def written(at: datetime, zone: ZoneInfo) -> str:
    """`at` as `Moment.parse` reads it back in `zone`: a date where a day begins, else a time."""
    local = at.astimezone(zone)
    if start_of_day(local.date(), zone).timestamp() == local.timestamp():
        return local.date().isoformat()
    naive = local.replace(tzinfo=None, fold=0)
    if naive.replace(tzinfo=zone).timestamp() == local.timestamp():
        return naive.isoformat(timespec="minutes" if not naive.second else "seconds")
    return local.isoformat(timespec="minutes" if not local.second else "seconds")


def _check_year(day: date, text: str) -> None:
    if day.year not in _YEARS:
        raise Wrong(f"{text!r} is outside the years {_YEARS[0]} to {_YEARS[-1]}", "correct the year")


def _skipped(local: datetime) -> bool:
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) != local.replace(tzinfo=None, fold=0)
