"""Lengths of time as people write them: `6 hours`, `1 h 30 min`, `1d 2h`.

`parse_duration` and `print_duration` read and write whole microseconds, never signed.
What cannot be read raises Wrong, with a remedy.
"""

import re
from datetime import timedelta
from decimal import Decimal

from schedules.positions import Wrong

_SECONDS: dict[str, Decimal | int] = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), Decimal("0.001")),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([A-Za-z]+)[\s,]*", re.ASCII)
_LONGEST = timedelta(days=36_525)


def parse_duration(text: str) -> timedelta:
    """The sum of the numbers with units in `text`; a bare number is refused, since nobody could tell its unit.

    Raises Wrong, also above a hundred years.
    """
    rest, seconds = text.strip(), Decimal(0)
    known = bool(rest)
    while rest and known:
        part = _PART.match(rest)
        unit = _SECONDS.get(part[2].lower()) if part else None
        known = part is not None and unit is not None
        if part is not None and unit is not None:
            seconds, rest = seconds + Decimal(part[1]) * unit, rest[part.end() :]
    if not known or seconds > _LONGEST.total_seconds():
        raise Wrong(f"{text!r} is not a length of time", "write numbers with units, such as `6 hours` or `1d 2h 30m`")
    return timedelta(microseconds=int(seconds * 1_000_000))


def print_duration(length: timedelta) -> str:
    """`length`, which must not be negative, in days, hours, minutes and seconds; `parse_duration` reads it back."""
    left = length // timedelta(microseconds=1)
    parts = []
    for name, unit in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)):
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count}{name}")
    if left or not parts:
        parts.append(f"{(Decimal(left) / 1_000_000).normalize():f}s")
    return " ".join(parts)
