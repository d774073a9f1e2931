"""What blocks are made of, and how each value is read from a plan file.

Fields of blocks are annotated with these: `Instant`, `Length`, `Sentence`, `Yen`, `Percent`, `Word`, `PowerWord`, ….
A value that is no text any more passes through, so that code makes blocks without a file. Readers raise Wrong; which
zone dates are meant in stands in the validation's context under "zone" (UTC where that cannot be read).
"""

import errno
import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, ClassVar, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo

from schedules.durations import parse_duration
from schedules.moments import Moment
from schedules.names import BadName, DomainName
from schedules.positions import Position, Wrong
from schedules.words import COURSES_HAVE, Capability, Power
from schedules.yamlfile import did_you_mean

_WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_YEN = re.compile(r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\s*(?:yen|円))?")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%?")
_OCTETS = re.compile(r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\s*(?P<unit>kB|MB|GB))?")
_UNITS = {None: 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})

T = TypeVar("T")


class Block:
    """What every block is: a dataclass that refuses keys it does not know."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def texted(value: object, example: str) -> str:
    """The text written here. Raises Wrong where there is none."""
    if not isinstance(value, str) or not value.strip():
        raise Wrong("nothing is written here", f"write {example}")
    return value.strip()


def read_zone(value: object) -> zoneinfo.ZoneInfo:
    """The time zone of that name. Raises Wrong; OSError where a shortage keeps it from being looked up."""
    name = texted(value, "a zone such as Asia/Tokyo")
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno in _SHORTAGES:
            raise  # the zone may well be there: it cannot be looked up now
        remedy = did_you_mean(name, zoneinfo.available_timezones())
        raise Wrong(
            f"{name!r} is not a time zone", remedy if "?" in remedy else "write a zone such as Asia/Tokyo"
        ) from None


def read_pattern(value: object) -> str:
    """A domain name or "*." and one, as A-labels in lower case. Raises Wrong."""
    text = texted(value, "a domain such as closing.example")
    apex = text.removeprefix("*.")
    try:
        domain = DomainName.parse(apex)
    except BadName as error:
        raise Wrong(str(error), 'write closing.example, or "*.closing.example" for all names below it') from None
    if domain.is_literal:
        raise Wrong(f"{text!r} is an address literal", "write a domain name")
    return text[: len(text) - len(apex)] + domain.ascii


def read_power(value: object) -> Power:
    """A capability, and for some a course: `receive`, `renew:two-year`. Raises Wrong."""
    if isinstance(value, Power):
        return value
    name, colon, course = texted(value, "a capability such as send or renew:two-year").partition(":")
    if name not in {*Capability}:
        raise Wrong(f"`{name}` is not a capability", did_you_mean(name, [*Capability]))
    capability = Capability(name)
    if colon and (capability not in COURSES_HAVE or not course):
        named = ", ".join(sorted(COURSES_HAVE))
        raise Wrong(f"`{value}` cannot name a course", f"write `{name}`; courses are named with {named}")
    return Power(capability, course)


def _zone(info: ValidationInfo) -> tzinfo:
    zone = (info.context or {}).get("zone")
    return zone if isinstance(zone, tzinfo) else UTC


def _instant(value: object, info: ValidationInfo) -> object:
    if isinstance(value, datetime):
        return value
    moment = Moment.parse(texted(value, "a date such as 2024-02-01"))
    zone = _zone(info)
    return moment.instant(zone if isinstance(zone, zoneinfo.ZoneInfo) else zoneinfo.ZoneInfo("UTC"))


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Wrong(f"{at.isoformat()} names no zone", "write the time with its offset")
    return at


def _length(value: object) -> object:
    return value if isinstance(value, timedelta) else parse_duration(texted(value, "a length such as `6 hours`"))


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    text = texted(value, "a day such as 2024-01-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(f"{text!r} is not a day", "write a day such as 2024-01-31") from None


def is_word(text: str) -> bool:
    """Whether `text` is a word as plans and accounts name services, desks and notices with."""
    return _WORD.fullmatch(text) is not None


def _word(value: str) -> str:
    if not is_word(value):
        raise Wrong(f"{value!r} is not a word of plans", "write lower-case letters, digits, hyphens, dots; 63 at most")
    return value


def _number(value: object, pattern: re.Pattern[str], example: str) -> object:
    if not isinstance(value, str):
        return value
    found = pattern.fullmatch(value.strip())
    if found is None:
        raise Wrong(f"{value!r} cannot be read", f"write {example}")
    return found[1].replace(",", "")


def _octets(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _OCTETS.fullmatch(value.strip())
    if found is None:
        raise Wrong(f"{value!r} cannot be read", "write a size such as 100 MB")
    return int(found["number"].replace(",", "")) * _UNITS[found["unit"]]


def _several(value: object) -> object:
    """One word stands for a list of one; a list must not be empty."""
    if isinstance(value, str | dict):
        return [value]
    if isinstance(value, list | tuple) and not value:
        raise Wrong("the list is empty", "write one at least, or leave the key out")
    return value


def _from_code(value: object) -> object:
    if isinstance(value, Position):
        return value
    raise Wrong("this key is not known", "remove it")


Instant = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_aware)]
Length = Annotated[timedelta, BeforeValidator(_length)]
Day = Annotated[date, BeforeValidator(_day)]
Word = Annotated[str, AfterValidator(_word)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_several)]
Names = Annotated[tuple[str, ...], BeforeValidator(_several)]  # courses, types, groups, areas: as accounts write them
Pattern = Annotated[str, BeforeValidator(read_pattern)]
PowerWord = Annotated[Power, BeforeValidator(read_power)]
Powers = Annotated[tuple[PowerWord, ...], BeforeValidator(_several)]
Yen = Annotated[int, BeforeValidator(lambda value: _number(value, _YEN, "an amount such as 20,000 yen")), Field(ge=0)]
Percent = Annotated[
    float, BeforeValidator(lambda value: _number(value, _PERCENT, "a share such as 95 %")), Field(ge=0, le=100)
]
Octets = Annotated[int, BeforeValidator(_octets), Field(ge=1)]  # MB is 1,000,000 octets
Count = Annotated[int, Field(ge=0)]
Spell = Annotated[int, Field(ge=0, le=1200)]  # days or months that rules count: a hundred years lead to a date
Placed = Annotated[Position, BeforeValidator(_from_code)]  # where a block stands; readers of files put it in
several = BeforeValidator(_several)
