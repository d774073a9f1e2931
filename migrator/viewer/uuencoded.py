"""Files that old mail carries in the midst of its text, uuencoded (POSIX `uuencode`): where they lie.

    for found in uuencoded(octets, start, end):    # Found(start, end, name), in order

What only looks like one, as a sentence that begins with "begin", stays text. Linear in time; raises nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MOST: Final = 1000  # lines of one text that may begin a file
_BEGIN = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n")
_LINES = re.compile(rb"(?:[!-`][ -`]{1,90}\r?\n)+")
_END = re.compile(rb"(?:[` ]?\r?\n)?end[ \t]*(?:\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class Found:
    """A file from its line "begin" to behind its line "end"."""

    start: int
    end: int
    name: bytes  # as written


def uuencoded(message: bytes, start: int, end: int) -> Iterator[Found]:
    """The files between two places of a message."""
    at = _next(message, start, end)
    for _ in range(_MOST):
        if at < 0:
            return
        found = _file(message, at, end)
        if found:
            yield found
        at = _next(message, found.end if found else at + 1, end)


def _next(message: bytes, at: int, end: int) -> int:
    """Where the next line begins so; `at` is a line's beginning, or just behind such a one. -1: nowhere."""
    if message.startswith(b"begin ", at, end):
        return at
    before = message.find(b"\nbegin ", at, end)
    return before + 1 if before >= 0 else -1


def _file(message: bytes, at: int, end: int) -> Found | None:
    begin = _BEGIN.match(message, at, end)
    lines = _LINES.match(message, begin.end(), end) if begin else None
    if not begin or not lines or not _is_line(message[lines.start() : message.find(b"\n", lines.start())]):
        return None
    last = _END.match(message, lines.end(), end)
    if last is None and lines.end() < end:
        return None
    return Found(at, last.end() if last else end, begin[1].strip())


def _is_line(line: bytes) -> bool:
    """Whether a line is as long as its first sign says; blanks at its end may be gone, a checksum may be there."""
    octets = (line[0] - 0x20) & 0x3F
    wanted = 1 + (octets + 2) // 3 * 4
    return octets > 0 and len(line.rstrip()) <= wanted + 2 and len(line) + 8 >= wanted
