"""Sizes and durations as people write them: `100 MB`, `7 days`, `1 h 30 min`.

`Size` is a whole number of octets, `Duration` a `timedelta`; as pydantic types they read text and print it back.
MB is 1,000,000 octets and MiB 1,048,576; a bare number of a size is octets, a bare number of a duration is refused,
since nobody could tell its unit. What cannot be read raises `Wrong`, a ValueError with a remedy.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from schedules import durations
from schedules.positions import Wrong

_OCTETS = {
    "": 1,
    "b": 1,
    "octets": 1,
    "bytes": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SHOWN_SIZES = (
    ("TB", 10**12),
    ("GB", 10**9),
    ("MB", 10**6),
    ("TiB", 2**40),
    ("GiB", 2**30),
    ("MiB", 2**20),
    ("kB", 10**3),
    ("KiB", 2**10),
)
_SIZE = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)", re.ASCII)
_LARGEST_SIZE = 2**60
_SIZE_REMEDY = "write octets or a unit, as in `100 MB` (1,000,000 each) or `100 MiB` (1,048,576 each)"
_DURATION_REMEDY = "write a number and a unit, as in `30 s`, `5 min`, `1 h 30 min` or `7 days`"


def parse_size(text: str) -> int:
    """Octets of a size such as `150 MB`; units in any case, decimals allowed where whole octets come out.

    Raises Wrong.
    """
    match = _SIZE.fullmatch(text.strip())
    unit = _OCTETS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise Wrong(f"{text!r} is not a size", _SIZE_REMEDY)
    octets = Decimal(match[1]) * unit
    if octets != int(octets) or octets > _LARGEST_SIZE:
        raise Wrong(f"{text!r} is not a size", _SIZE_REMEDY)
    return int(octets)


def print_size(octets: int) -> str:
    """The shortest text that `parse_size` reads back to the same number of octets."""
    for name, unit in _SHOWN_SIZES:
        if octets and octets % unit == 0:
            return f"{octets // unit} {name}"
    return str(octets)


def parse_duration(text: str) -> timedelta:
    """The length of time written as one or more numbers with units, added up; a leading sign is refused.

    Raises Wrong, also above a hundred years.
    """
    stripped = text.strip()
    if stripped == "0":
        return timedelta()
    try:
        return durations.parse_duration(stripped)
    except Wrong:
        raise Wrong(f"{text!r} is not a duration", _DURATION_REMEDY) from None


def print_duration(length: timedelta) -> str:
    """The length in days, hours, minutes and seconds, as `parse_duration` reads it back."""
    microseconds = length // timedelta(microseconds=1)
    parts = []
    for name, unit in (("days", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000)):
        count, microseconds = divmod(microseconds, unit)
        if count:
            parts.append("1 day" if (count, name) == (1, "days") else f"{count} {name}")
    if microseconds or not parts:
        parts.append(f"{Decimal(microseconds) / 1_000_000:f} s")
    return " ".join(parts)


def _read_size(value: object) -> object:
    if isinstance(value, str):
        return parse_size(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Wrong(f"{value!r} is not a size", _SIZE_REMEDY)
    return value


def _read_duration(value: object) -> object:
    if isinstance(value, str):
        return parse_duration(value)
    if not isinstance(value, timedelta):
        raise Wrong(f"{value!r} is not a duration", _DURATION_REMEDY)
    return value


Size = Annotated[int, BeforeValidator(_read_size), PlainSerializer(print_size, return_type=str)]
Duration = Annotated[timedelta, BeforeValidator(_read_duration), PlainSerializer(print_duration, return_type=str)]
