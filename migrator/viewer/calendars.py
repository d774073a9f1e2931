"""What an invitation says (RFC 5545), as far as a reader wants to know: its title, times, place and organizer.

    events(text)        # [Event(...)]; at most 20

No calendar is computed: repetitions and zones stay as they are written. Pure; raises nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MOST: Final = 20
_LONGEST: Final = 100_000  # signs that are looked at
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(
    r"^(SUMMARY|DTSTART|DTEND|LOCATION|ORGANIZER|BEGIN|END)"
    r"((?:;[^:;\n\"]*(?:\"[^\"\n]*\"[^:;\n\"]*)*)*):(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ZONE = re.compile(r"TZID=\"?([^;:\"]{1,60})", re.IGNORECASE)
_NAME = re.compile(r"CN=\"?([^;:\"]{1,100})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what is not said is empty."""

    summary: str = ""
    start: str = ""
    end: str = ""
    place: str = ""
    organizer: str = ""


def events(text: str) -> list[Event]:
    """The events of a calendar."""
    return list(_events(_FOLD.sub("", text[:_LONGEST])))[:_MOST]


def _events(text: str) -> Iterator[Event]:
    said: dict[str, str] | None = None
    for found in _LINE.finditer(text):
        name, parameters, value = found[1].upper(), found[2], found[3].strip()
        match name, value.upper():
            case "BEGIN", "VEVENT" | "VTODO":
                said = {}
            case "END", "VEVENT" | "VTODO" if said is not None:
                yield Event(**said)
                said = None
            case "SUMMARY" | "LOCATION", _ if said is not None:
                said["summary" if name == "SUMMARY" else "place"] = _text(value)
            case "DTSTART" | "DTEND", _ if said is not None:
                said["start" if name == "DTSTART" else "end"] = _time(value, parameters)
            case "ORGANIZER", _ if said is not None:
                named = _NAME.search(parameters)
                said["organizer"] = named[1] if named else value.removeprefix("mailto:").removeprefix("MAILTO:")
            case _:
                pass


def _text(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], value)


def _time(value: str, parameters: str) -> str:
    found = _TIME.match(value)
    if not found:
        return value
    year, month, day, hour, minute, utc = found.groups()
    zone = _ZONE.search(parameters)
    named = "UTC" if utc else zone[1] if zone else ""
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}" if hour else "") + (f" ({named})" if named else "")
