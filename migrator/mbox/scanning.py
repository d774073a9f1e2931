r"""Where messages begin in an mbox that somebody else wrote, and how its "From " lines are quoted. Bounded in memory.

    scan = Scan(descriptor)
    for found in scan.found(): found.line, found.at, found.end     # message by message
    scan.unquotes()                                                # once all are found

A From_ line tells a date, or nothing at all as Thunderbird's; it stands behind an empty line, or a header follows it.
What a Content-Length says is not believed: it could hide messages within another.
mboxrd quotes ">From " too, mboxo only "From ". Which it is, lines tell that begin with several ">": in mboxrd one of
them was added, so it is one more than the line above has. In mboxo nobody can know which lines were quoted, so they
stay as they stand. Without any evidence it is mboxrd: then both say the same. Blocks; raises OSError.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.mbox.envelopes import LONGEST, separates

_CHUNK = 1_048_576
_FROM = re.compile(rb"\nFrom ")
_QUOTED = re.compile(rb"\n(>+)From ")
_BEHIND = 2 * LONGEST  # octets behind a From_ line's beginning that are looked at
_BEFORE = 2 * LONGEST


@dataclass(frozen=True, slots=True)
class Found:
    """One message."""

    line: bytes  # its From_ line
    at: int  # its first octet behind that line
    end: int  # behind its last octet, without the empty line that parts it from the next


class Scan:
    """One walk through a file."""

    def __init__(self, descriptor: int) -> None:
        self._file = descriptor
        self._votes = 0  # more than 0: mboxrd

    def found(self) -> Iterator[Found]:
        """Every message, in the order of the file. What stands in front of the first From_ line is none."""
        line, at = b"", -1
        for begin, begins in self._lines():
            if at >= 0:
                yield Found(line, at, self._end(at, begin))
            line, at = begins, begin + len(begins)
        if at >= 0:
            yield Found(line, at, self._end(at, os.fstat(self._file).st_size))

    def unquotes(self) -> bool:
        """Whether ">From " is to be read as "From ", and so on."""
        return self._votes >= 0

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Every From_ line that begins a message, and where."""
        base, held = 0, b""  # base: where `held` begins in the file
        while octets := os.pread(self._file, _CHUNK, base + len(held)):
            window = held + octets
            last = len(octets) < _CHUNK
            limit = len(window) if last else len(window) - _BEHIND
            first = min(len(held), _BEFORE) if base else 0
            yield from self._within(window, base, first, limit)
            kept = max(0, limit - _BEFORE)
            base, held = base + kept, window[kept:limit]

    def _within(self, window: bytes, base: int, first: int, limit: int) -> Iterator[tuple[int, bytes]]:
        begins = [found.start() + 1 for found in _FROM.finditer(window)]
        if base == 0 and window.startswith(b"From "):
            begins.insert(0, 0)
        for begin in begins:
            if not first <= begin < limit:
                continue
            ahead = window[begin : begin + _BEHIND]
            line = ahead[: ahead.find(b"\n") + 1] or ahead
            before = (b"\n" if base == 0 and begin <= 3 else b"") + window[max(0, begin - 3) : begin]
            blank = before == b"\n" or before.endswith((b"\n\n", b"\n\r\n"))
            if len(line) <= LONGEST and separates(line, ahead[len(line) :], blank=blank):
                yield base + begin, line
        for quoted in _QUOTED.finditer(window):
            if first <= quoted.start() < limit:
                self._vote(_depth(_line_above(window, quoted.start())), len(quoted[1]))

    def _vote(self, above: int, depth: int) -> None:
        """What a quoted line tells by the line above it."""
        if depth == above:
            self._votes -= 1
        elif depth >= 2 and above in {0, depth - 1}:
            self._votes += 1

    def _end(self, at: int, following: int) -> int:
        """Where a message ends that has something else behind it."""
        first = max(at, following - 3)
        tail = os.pread(self._file, following - first, first)
        if tail.endswith(b"\n\r\n") or (tail == b"\r\n" and first == at):
            return following - 2
        if tail.endswith(b"\n\n") or (tail == b"\n" and first == at):
            return following - 1
        return following


def _line_above(window: bytes, end: int) -> bytes:
    """The line that ends there, or its end where it is long."""
    return window[window.rfind(b"\n", max(0, end - LONGEST), end) + 1 : end]


def _depth(line: bytes) -> int:
    """How deep a line is quoted."""
    marks = line[: len(line) - len(line.lstrip(b"> "))]
    return marks.count(b">")
