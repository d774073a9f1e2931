"""From octets to responses: lines and literals, iteratively, in flat memory (RFC 3501 section 4.3, 7).

    reader = ResponseReader()
    for response in reader.feed(octets): ...

Small literals are octets in memory; a larger one goes to the sink that `spool` makes for it, chunk by chunk as it
comes, and stands in the response as that sink. BadResponse is raised for what is no IMAP or would fill the memory: the
connection cannot be used any further then, since nobody knows where the next response begins.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

KEPT = 262_144  # octets: a literal up to this size is kept in memory
LINE_LIMIT = (
    16_777_216  # octets of one response beside the literals that are spooled: a SEARCH over a million messages has 8 MB
)
LITERALS_LIMIT = 1_000  # literals of one response that are kept in memory
LITERAL_LIMIT = 4_294_967_295  # RFC 9051 section 9: number; what is more cannot be meant

_LITERAL = re.compile(rb"~?\{([0-9]{1,20})\+?\}$")  # RFC 3516: literal8 begins with ~


class BadResponse(Exception):
    """What the server sent is no response of IMAP; the message says what was wrong with it."""


class TooLarge(BadResponse):
    """A literal is announced that a spool does not take."""


class Sink(Protocol):
    """Takes the octets of one literal."""

    def write(self, octets: bytes) -> None:
        """Take the next octets."""
        ...


Literal = bytes | Sink
Spool = Callable[[int], Sink]  # makes the sink for a literal of so many octets; may raise TooLarge


@dataclass(frozen=True, slots=True)
class Response:
    """One response: its lines without line ends and without the literals' announcements, and the literals between."""

    lines: tuple[bytes, ...]  # one more than literals
    literals: tuple[Literal, ...] = ()

    @property
    def first(self) -> bytes:
        """The line it begins with."""
        return self.lines[0]


@dataclass(slots=True)
class _Open:
    """A literal that is still coming."""

    missing: int
    literal: bytearray | Sink


class ResponseReader:
    """Cuts what one server sends into responses; `kept` octets is the largest literal that stays in memory."""

    def __init__(self, spool: Spool | None = None, *, kept: int = KEPT, line_limit: int = LINE_LIMIT) -> None:
        self._spool = spool
        self._kept = kept
        self._line_limit = line_limit
        self._buffer = bytearray()
        self._at = 0  # how much of the buffer has been used
        self._looked = 0  # up to where no line end was found
        self._lines: list[bytes] = []
        self._literals: list[Literal] = []
        self._length = 0  # of the lines of this response
        self._open: _Open | None = None

    @property
    def within(self) -> bool:
        """Whether a response has begun and is not complete: a connection that is lost now was cut."""
        return bool(self._open or self._lines or len(self._buffer) > self._at)

    @property
    def spooling(self) -> bool:
        """Whether a literal is coming that is too large for the memory."""
        return self._open is not None and not isinstance(self._open.literal, bytearray)

    def feed(self, octets: bytes) -> Iterator[Response]:
        """The responses that these octets complete. Raises BadResponse, and what `spool` or a sink raises."""
        self._buffer += octets
        while True:
            if self._open is not None and not self._fill(self._open):
                break
            line = self._line()
            if line is None:
                break
            size = self._announced(line)
            if size is None:
                yield self._complete(line)
            else:
                self._begin(line, size)
        self._forget()

    def _line(self) -> bytes | None:
        """The next whole line, without its end."""
        end = self._buffer.find(b"\r\n", max(self._at, self._looked))
        if end < 0:
            self._looked = max(self._at, len(self._buffer) - 1)
            self._bounded(len(self._buffer) - self._at)
            return None
        line = bytes(self._buffer[self._at : end])
        self._at = self._looked = end + 2
        self._bounded(len(line))
        return line

    def _bounded(self, more: int) -> None:
        if self._length + more > self._line_limit:
            raise BadResponse(f"a response is longer than {self._line_limit} octets")

    @staticmethod
    def _announced(line: bytes) -> int | None:
        """The size of the literal that a line announces at its end."""
        found = _LITERAL.search(line) if line.endswith(b"}") else None
        return int(found[1]) if found else None

    def _begin(self, line: bytes, size: int) -> None:
        if size > LITERAL_LIMIT:
            raise BadResponse(f"a literal of {size} octets is announced")
        if len(self._literals) >= LITERALS_LIMIT:
            raise BadResponse(f"a response has more than {LITERALS_LIMIT} literals")
        spooled = size > self._kept and self._spool is not None
        self._lines.append(line[: line.rindex(b"{")].removesuffix(b"~"))
        self._length += len(line) + (0 if spooled else size)
        self._bounded(0)
        self._open = _Open(size, self._spool(size) if spooled and self._spool else bytearray())
        if size > self._kept and not spooled:
            raise BadResponse(f"a literal of {size} octets is announced where none was asked for")

    def _fill(self, literal: _Open) -> bool:
        """Give the literal what has come of it; whether it is complete."""
        chunk = bytes(self._buffer[self._at : self._at + literal.missing])
        self._at += len(chunk)
        literal.missing -= len(chunk)
        if isinstance(literal.literal, bytearray):
            literal.literal += chunk
        elif chunk:
            literal.literal.write(chunk)
        if literal.missing:
            return False
        whole = literal.literal
        self._literals.append(bytes(whole) if isinstance(whole, bytearray) else whole)
        self._open = None
        return True

    def _complete(self, line: bytes) -> Response:
        response = Response((*self._lines, line), tuple(self._literals))
        self._lines, self._literals, self._length = [], [], 0
        return response

    def _forget(self) -> None:
        del self._buffer[: self._at]
        self._looked = max(0, self._looked - self._at)
        self._at = 0
