"""What FETCH responses say of a message, read and doubted.

`fetched(response)` gives Fetched with whatever the server said of one message; None where it is no FETCH, or names no
UID, as servers say flags that changed meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from migrator.content import Kept, Spooled
from migrator.imap.dates import read_date
from migrator.imap.reading import BadResponse, Response, Sink
from migrator.imap.tokens import String, Token, tokens
from migrator.imap.words import number_of
from migrator.mailbox import Content

WHOLE = b" (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"
LAST = 4_294_967_295  # RFC 3501 section 9: no UID is larger
BRIEF = b" (UID FLAGS RFC822.SIZE)"
LARGEST_SAID = 2**50  # octets: who announces more announces nothing
_BESIDE = 100  # octets
_SYSTEM = {flag.lower(): flag for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")}
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server said of a message. `body`: None where it said NIL, or nothing."""

    uid: int
    flags: frozenset[str]
    size: int | None
    date: str
    body: bytes | Sink | None
    has_body: bool

    @property
    def weight(self) -> int:
        """Octets that wait to be taken, in memory or on disk; what stands beside the message is guessed."""
        body = self.body
        octets = len(body) if isinstance(body, bytes) else body.size if isinstance(body, Spooled) else 0
        return octets + _BESIDE * (1 + len(self.flags))

    def content(self) -> Content | None:
        """The octets; None where the server gave none."""
        match self.body:
            case bytes():
                return Kept(self.body)
            case Spooled():
                return self.body
            case _:
                return None


def fetched(response: Response) -> Fetched | None:
    """Read a response."""
    match tokens(response):
        case [b"*", _, kind, list() as items] if isinstance(kind, bytes) and kind.upper() == b"FETCH":
            return _read(_paired(items))
        case _:
            return None


def date_of(message: Fetched) -> datetime:
    """When a message came; where the server says none that can be read, when it says itself it was written."""
    try:
        return read_date(message.date)
    except BadResponse:
        return _written_at(next(iter(content.chunks()), b"")) if (content := message.content()) else _NO_DATE


def _written_at(octets: bytes) -> datetime:
    header = octets.partition(b"\r\n\r\n")[0].decode("latin-1")
    for line in header.split("\r\n"):
        if line.lower().startswith("date:"):
            try:
                at = parsedate_to_datetime(line[5:].strip())
                # RFC 5322 section 3.3: "-0000" is UTC, of whose zone nothing is told; Python gives it none.
                return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
            except (ValueError, OverflowError):
                return _NO_DATE
    return _NO_DATE


def _read(items: Mapping[bytes, Token]) -> Fetched | None:
    uid = number_of(items.get(b"UID"))
    if uid is None or not 0 < uid <= LAST:
        return None
    said = items.get(b"INTERNALDATE")
    date = said.octets.decode("ascii", "replace") if isinstance(said, String) else ""
    body = items.get(b"BODY[]")
    if isinstance(body, list):
        raise BadResponse("a list stands where a message is expected")
    octets = body.octets if isinstance(body, String) else body
    size = number_of(items.get(b"RFC822.SIZE"))
    size = size if size is not None and size <= LARGEST_SAID else None
    return Fetched(uid, _flags(items), size, date, octets, b"BODY[]" in items)


def _flags(items: Mapping[bytes, Token]) -> frozenset[str]:
    r"""System flags as RFC 3501 writes them and keywords as the server does; not \Recent, which is the session's."""
    flags = items.get(b"FLAGS")
    listed = flags if isinstance(flags, list) else []
    words = (word.decode("utf-8", "replace") for word in listed if isinstance(word, bytes))
    return frozenset(_SYSTEM.get(word.lower(), word) for word in words if word.lower() != "\\recent")


def _paired(items: list[Token]) -> Mapping[bytes, Token]:
    names = (name.upper() for name in items[::2] if isinstance(name, bytes))
    return dict(zip(names, items[1::2], strict=False))
