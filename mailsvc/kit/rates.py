"""Rates as people write them: `500/1 h` is five hundred in any hour; an empty text is no limit.

`Rate` is the value, `RateLimit` the pydantic type. What cannot be read raises `Wrong`, a ValueError with a remedy.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from mailsvc.kit.quantities import parse_duration, print_duration
from schedules.positions import Wrong

_RATE = re.compile(r"([1-9][0-9]{0,8})\s*/\s*(.+)", re.ASCII)
_REMEDY = 'write COUNT/DURATION, as in "500/1 h", or "" for no limit'


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in any `per`."""

    count: int
    per: timedelta

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read `COUNT/DURATION`. Raises Wrong."""
        found = _RATE.fullmatch(text.strip())
        if found is None:
            raise Wrong(f"{text!r} is not a rate", _REMEDY)
        per = parse_duration(found[2])
        if per < timedelta(seconds=1):
            raise Wrong(f"{text!r} is not a rate", "count over one second or more")
        return cls(int(found[1]), per)

    def __str__(self) -> str:
        return f"{self.count}/{print_duration(self.per)}"


def _read(value: object) -> Rate | None:
    if value is None or value == "":
        return None
    if isinstance(value, Rate):
        return value
    if not isinstance(value, str):
        raise Wrong(f"{value!r} is not a rate", _REMEDY)
    return Rate.parse(value)


def _print(rate: Rate | None) -> str:
    return str(rate) if rate else ""


RateLimit = Annotated[Rate | None, PlainValidator(_read), PlainSerializer(_print, return_type=str, when_used="always")]
