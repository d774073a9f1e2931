"""INTERNALDATE on the wire (RFC 3501 section 9, date-time): to the second, with its offset.

    read_date("17-Jul-1996 02:44:25 -0700"), write_date(at)

The months are English whatever the locale. BadResponse for what is no date.
"""

import re
from datetime import datetime, timedelta, timezone

from migrator.imap.reading import BadResponse

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {month.upper(): number for number, month in enumerate(_MONTHS, 1)}
_DATE = re.compile(r" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})", re.ASCII)


def read_date(text: str) -> datetime:
    """The aware datetime that a server's INTERNALDATE says. Raises BadResponse."""
    found = _DATE.fullmatch(text)
    month = _NUMBERS.get(found[2].upper()) if found else None
    if found is None or month is None:
        raise BadResponse(f"{text[:40]!r} is no date of a message")
    day, year, hour, minute, second, hours, minutes = (int(found[group]) for group in (1, 3, 4, 5, 6, 8, 9))
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if found[7] == "-" else 1)
    try:
        # RFC 5321 writes leap seconds; Python has none.
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(offset))
    except ValueError:
        raise BadResponse(f"{text[:40]!r} is no date of a message") from None


def write_date(at: datetime) -> str:
    """An aware datetime as it goes into APPEND, in its own offset, to the minute as the wire has it."""
    offset = at.utcoffset()
    if offset is None:
        raise ValueError(f"{at.isoformat()} names no zone")
    minutes = round(offset.total_seconds() / 60)
    # Not by way of UTC: what a server says of the year 1 or 9999 may lie outside of Python's years there.
    local = _moved(at.replace(tzinfo=None), timedelta(minutes=minutes) - offset)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
    return f"{local.day:02d}-{_MONTHS[local.month - 1]}-{local.year:04d} {local:%H:%M:%S} {zone}"


def _moved(local: datetime, by: timedelta) -> datetime:
    """A local time moved by less than a minute, unless it stands at the very edge."""
    try:
        return local + by
    except OverflowError:
        return local
