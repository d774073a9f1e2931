"""Reading the structure of a message as it streams by: bounded, in linear time, with flat memory, octets only.

    reader = MimeReader()
    for chunk in content: reader.feed(chunk)
    reading = reader.end()      # reading.oddity: why no reader can be sure of it, or None

Nothing is decoded and nothing raises: `Reading` says the first thing on which readers would differ, or where the
parts lie. Lines end with LF, with or without CR. Many times faster than parsing, so it runs inline.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from filters.mime_entity import MESSAGES, PLAIN, Entity, Odd, Oddity, read_entity


@dataclass(frozen=True, slots=True)
class Limits:
    """What is more than anybody writes."""

    depth: int = 15  # multiparts and messages within one another; clamd looks two deeper (MaxRecursion 17)
    parts: int = 1000
    header: int = 262_144  # octets of one entity's header


UNENDED: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that is no container: `start` to `end` are octets of the message; UNENDED where reading ended in it."""

    start: int
    end: int
    kind: bytes  # type/subtype in lower case
    encoding: bytes  # in lower case, empty where the octets stand as they are


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found: `leaves` are complete where `oddity` is None or its `why` is ENCRYPTED."""

    oddity: Oddity | None
    leaves: Sequence[Leaf]


@dataclass(slots=True)
class _Multipart:
    """One multipart that is being read; `depth` counts the containers down to it and with it."""

    delimiter: bytes  # LF, "--" and its boundary (RFC 2046 5.1.1)
    kind: bytes
    depth: int
    forgiven: bool  # inside a report, where a returned message may have been cut (RFC 3462 2)
    preamble: bool = False  # there is text before its first delimiter
    opened: bool = False
    closed: bool = False


_DASHES: Final = b"\n--"
_ARMOUR: Final = b"\n-----BEGIN PGP MESSAGE-----"  # RFC 4880 6.2, in the text of a message
_HEADER_STOP = re.compile(rb"\n(?:\r?\n|--)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]")
_LINE: Final = 1000  # octets of a line that begins like a delimiter


class MimeReader:
    """Reads one message; `feed` it in chunks of any size, then `end`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._buffer = bytearray(_DASHES[:1])  # as if a line had ended before the first
        self._base = -1  # where in the message the buffer starts
        self._looked = 0  # up to where the buffer holds nothing of interest
        self._open: list[_Multipart] = []
        self._delimiters: tuple[bytes, ...] = ()
        self._longest = len(_ARMOUR)
        self._in_header = True
        self._whole = True  # the header is a message's own
        self._default = PLAIN
        self._depth, self._parts = 0, 1
        self._leaf: tuple[int, Entity] | None = None
        self._padded = False  # the padding of a part in base64 has been seen
        self._leaves: list[Leaf] = []
        self._odd: Oddity | None = None
        self._sealed: Oddity | None = None

    def feed(self, octets: bytes) -> None:
        """Read on."""
        if self._odd is None:
            self._buffer += octets
            self._read(last=False)

    def end(self) -> Reading:
        """The message ends here."""
        if self._odd is None:
            self._read(last=True)
        return Reading(self._odd or self._sealed, self._leaves)

    def _read(self, *, last: bool) -> None:
        try:
            while self._header(last=last) if self._in_header else self._body(last=last):
                pass
            if last:
                self._end_leaf(self._base + len(self._buffer))
                self._leave(0)
        except Odd as odd:
            self._odd = odd.oddity
            self._end_leaf(UNENDED)
            self._buffer.clear()

    # ── headers ─────────────────────────────────────────────────────────────────────────────────────────
    def _header(self, *, last: bool) -> bool:
        """Read one entity's header where it is complete: up to an empty line, a delimiter, or the end."""
        stop = self._header_stop(last=last)
        if stop is None:
            if len(self._buffer) > self._limits.header:
                raise Odd(Oddity.LONG_HEADER)
            return False
        end, body = stop
        header = bytes(self._buffer[1:end])
        self._drop(body)
        self._begin(read_entity(header, self._default, whole=self._whole))
        return True

    def _header_stop(self, *, last: bool) -> tuple[int, int] | None:
        """Where the header ends, and where the line end before what follows it is."""
        at = self._looked
        while found := _HEADER_STOP.search(self._buffer, at, self._limits.header):
            at, line = found.span()
            if self._buffer[line - 1 : line] == b"\n":
                return at + 1, line - 1
            if self._buffer.startswith(self._delimiters, at):  # RFC 2046 5.1.1: a part may be a header alone
                return at + 1, at
            if len(self._buffer) - at < self._longest and not last:
                self._looked = at
                return None
            at = line
        self._looked = max(at, min(len(self._buffer), self._limits.header) - 2)
        return (len(self._buffer), len(self._buffer)) if last and len(self._buffer) <= self._limits.header else None

    def _begin(self, entity: Entity) -> None:
        """What follows a header: another header, the parts of a multipart, or plain octets."""
        self._sealed = self._sealed or entity.sealed
        self._in_header = self._whole = entity.kind in MESSAGES
        self._default = PLAIN
        if entity.boundary:
            self._enter(entity)
        elif self._in_header:
            self._deeper()
        else:
            self._leaf, self._padded = (self._base + 1, entity), False

    def _enter(self, entity: Entity) -> None:
        delimiter = _DASHES + entity.boundary
        if any(delimiter.startswith(one) or one.startswith(delimiter) for one in self._delimiters):
            raise Odd(Oddity.LIKE_BOUNDARY)
        self._deeper()
        forgiven = any(one.kind == b"multipart/report" for one in self._open)
        self._open.append(_Multipart(delimiter, entity.kind, self._depth, forgiven))
        self._expect()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > self._limits.depth:
            raise Odd(Oddity.DEEP)

    # ── bodies ──────────────────────────────────────────────────────────────────────────────────────────
    def _body(self, *, last: bool) -> bool:
        """Pass over octets to the next line that begins like a delimiter; False where there is none yet."""
        buffer, wanted, at = self._buffer, (*self._delimiters, _ARMOUR), self._looked
        while (at := buffer.find(_DASHES, at)) >= 0:
            if buffer.startswith(wanted, at):
                return self._line(at, last=last)
            if len(buffer) - at < self._longest and not last:
                self._drop(max(0, at - 1))
                return False
            at += 3
        self._drop(max(0, len(buffer) - (0 if last else 3)))
        return False

    def _line(self, at: int, *, last: bool) -> bool:
        """Obey the line behind `at`, once it is there whole."""
        end = self._buffer.find(b"\n", at + 1)
        if end < 0:
            if not last and len(self._buffer) - at < _LINE:
                self._drop(max(0, at - 1))
                return False
            end = len(self._buffer)
        line = bytes(self._buffer[at : min(end, at + _LINE)])
        for level in range(len(self._open) - 1, -1, -1):
            if line.startswith(self._open[level].delimiter):
                break
        else:
            self._sealed = self._sealed or Oddity.PGP
            self._looked = end
            return True
        leaf_end = self._base + at - (self._buffer[at - 1 : at] == b"\r")
        self._drop(at)
        self._forget(end - at)
        self._end_leaf(leaf_end)
        self._delimit(level, line[len(self._open[level].delimiter) :].rstrip(b" \t\r"))
        return True

    def _delimit(self, level: int, rest: bytes) -> None:
        """A delimiter of the multipart at `level`: a new part, or with `rest` "--" the last one's end."""
        if rest not in {b"", b"--"}:  # RFC 2046 5.1.1 compares the beginning of a line, most readers all of it
            raise Odd(Oddity.ODD_DELIMITER)
        self._leave(level + 1)
        multipart = self._open[level]
        if rest:
            multipart.closed = True
            return
        if multipart.closed:
            raise Odd(Oddity.REOPENED)
        multipart.opened = True
        self._parts += 1
        if self._parts > self._limits.parts:
            raise Odd(Oddity.MANY_PARTS)
        self._depth, self._in_header, self._whole = multipart.depth, True, False
        self._default = b"message/rfc822" if multipart.kind == b"multipart/digest" else PLAIN

    def _leave(self, level: int) -> None:
        """The multiparts from `level` inward end here; each must have been read to its own end."""
        for multipart in self._open[level:]:
            if multipart.forgiven or (multipart.opened and multipart.closed):
                continue
            if multipart.opened:
                raise Odd(Oddity.NEVER_CLOSED)
            if multipart.preamble:
                raise Odd(Oddity.NEVER_OPENED)
        if level < len(self._open):
            del self._open[level:]
            self._expect()

    def _expect(self) -> None:
        self._delimiters = tuple(one.delimiter for one in self._open)
        self._longest = max(map(len, (*self._delimiters, _ARMOUR)))

    def _end_leaf(self, end: int) -> None:
        if self._leaf is not None:
            start, entity = self._leaf
            self._leaves.append(Leaf(start, max(start, end), entity.kind, entity.encoding))
            self._leaf = None

    def _drop(self, count: int) -> None:
        """Pass over the first octets of the buffer."""
        innermost = self._open[-1] if self._open and not self._in_header else None
        if innermost and not innermost.opened and not innermost.preamble:
            innermost.preamble = bool(self._buffer[:count].strip())
        if self._leaf and self._leaf[1].encoding == b"base64":
            self._check_padding(count)
        self._forget(count)

    def _check_padding(self, count: int) -> None:
        """Some readers, clamd among them, end base64 at its padding; others read on (RFC 2045 6.8 allows both)."""
        at = 0 if self._padded else self._buffer.find(b"=", 0, count)
        self._padded = at >= 0
        if self._padded and _BASE64.search(self._buffer, at, count):
            raise Odd(Oddity.BEHIND_PADDING)

    def _forget(self, count: int) -> None:
        del self._buffer[:count]
        self._base += count
        self._looked = 0


def read_mime(octets: bytes, limits: Limits | None = None) -> Reading:
    """Read a message that is in memory."""
    reader = MimeReader(limits)
    reader.feed(octets)
    return reader.end()
