"""When a message came, as its own header tells, for mailboxes that do not say it.

    arrived(head)              # of the topmost Received, else of Date; None where neither tells
    written(head)              # of Date alone

`head` is the beginning of a message, lines ended by CRLF or LF. Pure; raises nothing.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

HEAD = 65_536  # octets in which headers are looked for
_EARLIEST, _LATEST = 1970, 9998  # years
_END = re.compile(rb"\A\r?\n|\n\r?\n")
_FOLDED = re.compile(rb"\r?\n(?=[ \t])")
_RECEIVED = re.compile(rb"^received:([^\r\n]{0,20000})", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(rb"^date:([^\r\n]{0,500})", re.IGNORECASE | re.MULTILINE)


def arrived(head: bytes) -> datetime | None:
    """When the last server received it, else when it was written."""
    header = _header(head)
    found = _RECEIVED.search(header)
    date = _read(found[1].rpartition(b";")[2]) if found else None
    return date or _written(header)


def written(head: bytes) -> datetime | None:
    """When it was written."""
    return _written(_header(head))


def _written(header: bytes) -> datetime | None:
    found = _DATE.search(header)
    return _read(found[1]) if found else None


def _header(head: bytes) -> bytes:
    """The header, each field on one line."""
    head = head[:HEAD]
    end = _END.search(head)
    return _FOLDED.sub(b"", head[: end.start()] if end else head)


def _read(text: bytes) -> datetime | None:
    """A date as messages write it (RFC 5322 section 3.3), from 1970 on; None where it is none."""
    try:
        date = parsedate_to_datetime(text.decode("ascii", "replace").strip()[:200])
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return date if _EARLIEST <= date.astimezone(UTC).year <= _LATEST else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
