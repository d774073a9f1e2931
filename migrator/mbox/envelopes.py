r"""The line that stands in front of each message of an mbox ("From_"), written and read.

    envelope(head, date)                 # b"From hanako@old.example Wed Jul 17 02:44:25 1996\n", in UTC
    separates(line, b"Return-Path: …", blank=True)
    date_of(line)                        # aware; None where it tells none

Written: the address of the message's own Return-Path, else MAILER-DAEMON. Read: what Dovecot, Thunderbird
("From - Wed …", "From "), qmail and others write, with or without seconds, zone and "remote from". Pure.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOBODY = b"MAILER-DAEMON"
_RETURN_PATH = re.compile(rb"^return-path:[ \t]*<([^<>\s]{1,320})>[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(rb"[\x21-\x7e]+")
_DATED = re.compile(
    rb"From .{0,400}?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +"
    rb"(?P<day>\d{1,2}) +(?P<time>\d{1,2}:\d\d(?::\d\d)?) +(?:(?P<zone>[A-Z]{1,5}|[+-]\d{4}) +)?(?P<year>\d{4})"
    rb"(?: +(?P<after>[+-]\d{4}))?(?: .{0,400})?\s*"
)
_BARE = re.compile(rb"From (?:-[ ]?)?\r?\n?")
_HEADER = re.compile(rb">?[!-9;-~]{1,76}[ \t]{0,3}:|>?From ")
LONGEST = 1000  # octets of a line that is looked at


def envelope(head: bytes, date: datetime) -> bytes:
    """The line in front of a message that begins with `head`, with lines ended by CRLF or LF."""
    at = _in_utc(date)
    when = f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day:2d} {at:%H:%M:%S} {at.year:04d}"
    return b"From %s %s\n" % (_sender(head), when.encode("ascii"))


def _in_utc(date: datetime) -> datetime:
    """The same moment in UTC, where its year is one that Python knows."""
    try:
        return date.astimezone(UTC)
    except OverflowError:
        return date


def _sender(head: bytes) -> bytes:
    header = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    found = _RETURN_PATH.search(header)
    return found[1] if found and _ADDRESS.fullmatch(found[1]) else _NOBODY


def separates(line: bytes, following: bytes, *, blank: bool) -> bool:
    """Whether a message begins here; `blank`: the line above is empty, or there is none."""
    if not line.startswith(b"From "):
        return False
    begins = not following.strip(b"\r\n") or _HEADER.match(following) is not None
    if _DATED.fullmatch(line):
        return blank or _HEADER.match(following) is not None
    return blank and begins and _BARE.fullmatch(line) is not None


def date_of(line: bytes) -> datetime | None:
    """When the message came, as the line says; in UTC where it names no zone that is known."""
    found = _DATED.fullmatch(line)
    if found is None:
        return None
    hour, minute, second = (*map(int, found["time"].split(b":")), 0)[:3]
    month = _MONTHS.index(found["month"].decode("ascii")) + 1
    try:
        zone = _zone((found["after"] or found["zone"] or b"").decode("ascii"))
        return datetime(int(found["year"]), month, int(found["day"]), hour, minute, min(second, 59), tzinfo=zone)
    except ValueError:
        return None


def _zone(said: str) -> timezone:
    if not said or said[0] not in "+-":
        return {"JST": timezone(timedelta(hours=9))}.get(said, UTC)
    shift = timedelta(hours=int(said[1:3]), minutes=int(said[3:5]))
    return timezone(-shift if said[0] == "-" else shift)
