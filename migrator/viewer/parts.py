"""The parts of a message, for a reader: whatever comes, something is found, and none of it is lost.

    part = read_message(octets)     # part.parts, part.text_of(…)

A judge of mail stops where readers would differ (`filters.mime`); a reader must show all the same, so this one goes on
with what most mail programs do: an unclosed multipart ends with what is around it, the first of two Content-Types
counts. Bounded: what is nested deeper, or has more parts, stays together as one part. Linear in time; raises nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from migrator.viewer.decoding import decode
from migrator.viewer.fields import (
    HEADER,
    ContentType,
    Fields,
    decoded_words,
    read_content_type,
    read_disposition,
    read_fields,
)
from migrator.viewer.tnef import read_tnef
from migrator.viewer.uuencoded import uuencoded

DEPTH, PARTS, _DELIMITERS = 15, 1000, 100_000
MESSAGES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_EMPTY_LINE = re.compile(rb"\n[ \t]*\r?\n")
_BOUNDARY = re.compile(rb"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_CONTAINED: Final = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit"})


@dataclass(frozen=True)
class Part:
    """One part: a container of others, or octets of the message from `start` to `end`."""

    message: bytes = field(repr=False)
    fields: Fields
    start: int  # of its body
    end: int
    kind: ContentType
    parts: Sequence["Part"] = ()

    @property
    def octets(self) -> bytes:
        """What it holds, decoded."""
        return decode(self.message[self.start : self.end], self.encoding)

    def beginning(self, count: int) -> bytes:
        """About the first `count` octets of what it holds."""
        return decode(self.message[self.start : min(self.end, self.start + 2 * count)], self.encoding)[:count]

    @property
    def encoding(self) -> str:
        """Its Content-Transfer-Encoding, in lower case."""
        return self.fields.raw("content-transfer-encoding").strip().lower().decode("ascii", "replace")

    @property
    def raw_size(self) -> int:
        """Octets in the message."""
        return self.end - self.start

    @cached_property
    def disposition(self) -> ContentType:
        """How its writer wanted it shown."""
        return read_disposition(self.fields.raw("content-disposition"))

    @property
    def name(self) -> str:
        """The file's name that its writer gave it; empty where there is none."""
        return (self.disposition.parameter("filename") or self.kind.parameter("name")).strip()

    @property
    def content_id(self) -> str:
        """By what other parts refer to it (RFC 2392)."""
        return self.fields.text("content-id").strip("<> ")


@dataclass(slots=True)
class _Budget:
    parts: int = PARTS
    delimiters: int = _DELIMITERS


def read_message(octets: bytes) -> Part:
    """Read a whole message."""
    return _entity(octets, 0, len(octets), "text/plain", DEPTH, _Budget())


def leaves(part: Part) -> Iterator[Part]:
    """The parts that hold no others, in order."""
    if not part.parts:
        yield part
    for one in part.parts:
        yield from leaves(one)


def _entity(message: bytes, start: int, end: int, default: str, depth: int, budget: _Budget) -> Part:
    header, body = _header(message, start, end)
    fields = read_fields(header)
    value = fields.raw("content-type")
    kind = read_content_type(value) if value else ContentType(default, {})
    part = Part(message, fields, body, end, kind)
    if depth <= 0:
        return part
    if kind.name.startswith("multipart/"):
        found = list(_inner(message, body, end, value, budget))
        inner = "message/rfc822" if kind.name == "multipart/digest" else "text/plain"
        parts = [_entity(message, at, to, inner, depth - 1, budget) for at, to in found]
        return Part(message, fields, body, end, kind if parts else ContentType("text/plain", kind.parameters), parts)
    if kind.name in MESSAGES and part.encoding in _CONTAINED:
        return Part(message, fields, body, end, kind, [_entity(message, body, end, "text/plain", depth - 1, budget)])
    if kind.name == "text/plain" and part.encoding in _CONTAINED:
        return Part(message, fields, body, end, kind, _parted(part))
    if kind.name in TNEF or part.name.lower() == "winmail.dat":
        return Part(message, fields, body, end, kind, _unwrapped(part.octets))
    return part


def _parted(text: Part) -> Sequence[Part]:
    """The pieces of a text that holds uuencoded files, and these; none where it holds none."""
    found = list(uuencoded(text.message, text.start, text.end))
    if not found or text.disposition.name == "attachment" or text.name:
        return ()
    parts, at = list[Part](), text.start
    encoded = Fields({"content-transfer-encoding": b"x-uuencode"})
    for file in found:
        name = decoded_words(file.name, text.kind.parameter("charset"))
        kind = ContentType("application/octet-stream", {"name": name})
        parts.append(Part(text.message, text.fields, at, file.start, text.kind))
        parts.append(Part(text.message, encoded, file.start, file.end, kind))
        at = file.end
    return (*parts, Part(text.message, text.fields, at, text.end, text.kind))


def _unwrapped(octets: bytes) -> Sequence[Part]:
    """The files in a winmail.dat."""
    return [
        Part(octets, Fields({}), file.start, file.end, ContentType("application/octet-stream", {"name": file.name}))
        for file in read_tnef(octets).files
    ]


def _header(message: bytes, start: int, end: int) -> tuple[bytes, int]:
    """A header's octets, and where the body behind it starts."""
    if message.startswith((b"\n", b"\r\n"), start):
        return b"", message.index(b"\n", start) + 1
    found = _EMPTY_LINE.search(message, start, min(end, start + HEADER))
    if found:
        return message[start : found.start() + 1], found.end()
    if end - start > HEADER:
        return message[start : start + HEADER], start + HEADER
    return message[start:end], end


def _inner(message: bytes, start: int, end: int, value: bytes, budget: _Budget) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart lie; the last one holds the rest where there are too many."""
    given = _BOUNDARY.search(value)
    boundary = (given[1] or given[2]).rstrip() if given else b""
    if not boundary:
        return
    delimiter = b"--" + boundary
    opened, at, line = -1, start, -1
    while (at := message.find(delimiter, at, end)) >= 0:
        budget.delimiters -= 1
        if line < at:  # else it is known from a delimiter before: of a line without end nobody looks for it each time
            line = message.find(b"\n", at, end)
            line = end if line < 0 else line
        rest = message[at + len(delimiter) : min(line, at + len(delimiter) + 100)].strip()
        if rest not in {b"", b"--"} or (at > start and message[at - 1] != 0x0A):
            at += len(delimiter)
            if budget.delimiters < 0:
                break
            continue
        if opened >= 0:
            yield opened, max(opened, _before(message, at))
        opened, at = min(line + 1, end), line
        if rest or budget.parts <= 0 or budget.delimiters < 0:
            opened = -1 if rest else opened
            break
        budget.parts -= 1
    if opened >= 0:
        yield opened, end


def _before(message: bytes, at: int) -> int:
    """Where the octets end that stand before a delimiter: its line's beginning belongs to it (RFC 2046 5.1.1)."""
    return at - (2 if message[at - 2 : at] == b"\r\n" else 1)
