"""Values of all rooms as plain JSON values, the same for the command line and for pages.

Use: `plainly(value)`. Times become ISO 8601 with offset, addresses and positions their text, a Text both its languages.
Fails: `TypeError` for a value that has no plain form (a programming error).
"""

import dataclasses
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from enum import Enum

from schedules.names import Address, DomainName
from schedules.positions import Position

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


def plainly(value: object) -> Plain:
    """The plain form of `value`: frozen records become objects with their fields' names."""
    plain: Plain
    match value:
        case Enum():
            plain = plainly(value.value)
        case None | bool() | int() | float() | str():
            plain = value
        case Address() | DomainName() | Position():
            plain = str(value)
        case date() | time():
            plain = value.isoformat()
        case timedelta():
            plain = value.total_seconds()
        case Mapping():
            plain = {str(plainly(key)): plainly(item) for key, item in value.items()}
        case AbstractSet():
            plain = sorted((plainly(item) for item in value), key=str)
        case Iterable():
            plain = [plainly(item) for item in value]
        case _:
            plain = _record(value)
    return plain


def _record(value: object) -> Plain:
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"{type(value).__name__} has no plain form")
    return {field.name: plainly(getattr(value, field.name)) for field in dataclasses.fields(value)}
