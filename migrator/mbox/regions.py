"""A message's octets in an mbox file: a part of the file, turned back into what was written.

    content = region(file, row, ours)        # a `migrator.mailbox.Content`
    read_back(path, row)                     # size and SHA-256 as they stand on disk

Small messages are kept in memory; of a large one the file stays open. Blocks; raises OSError, Short where the file
ends too early.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from migrator.content import CHUNK, Kept
from migrator.disk.files import READ_FILE
from migrator.mailbox import Content
from migrator.mbox.quoting import unquoted, with_crlf
from migrator.mbox.rows import Row

SMALL = 1_048_576  # octets that are kept in memory
Turn = Callable[[Iterable[bytes]], Iterator[bytes]]


class Short(Exception):
    """The file ends before the message does."""


class Region:
    """A large message: its part of the file, read as often as needed. A `migrator.mailbox.Content`."""

    def __init__(self, descriptor: int, at: int, octets: int, turn: Turn) -> None:
        self._file: int | None = os.dup(descriptor)
        self._at, self._octets, self._turn = at, octets, turn
        self.size, self.sha256 = 0, b""

    def measure(self) -> None:
        """Read it once to know its size and SHA-256."""
        whole = hashlib.sha256()
        size = 0
        for octets in self.chunks():
            whole.update(octets)
            size += len(octets)
        self.size, self.sha256 = size, whole.digest()

    def chunks(self) -> Iterator[bytes]:
        """The octets from the beginning."""
        if self._file is None:
            raise ValueError("a message that was forgotten is read")
        return self._turn(stored(self._file, self._at, self._octets))

    def forget(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self.forget()


def region(descriptor: int, row: Row, turn: Turn) -> Content:
    """A message, measured."""
    if row.octets <= SMALL:
        small = Kept(b"".join(turn(stored(descriptor, row.at, row.octets))))
        _ = small.sha256  # here, in a thread, and not later in the loop
        return small
    large = Region(descriptor, row.at, row.octets, turn)
    try:
        large.measure()
    except BaseException:
        large.forget()
        raise
    return large


def as_written(row: Row) -> Turn:
    """How a message that we wrote is turned back."""
    return unquoted if row.exact else _ours


def read_back(path: Path, row: Row) -> tuple[int, bytes]:
    """Size and SHA-256 of a message of ours, as it stands on disk; what is damaged has others."""
    descriptor = os.open(path, READ_FILE)
    try:
        content = region(descriptor, row, as_written(row))
        found = content.size, content.sha256
        content.forget()
    except Short:
        return 0, b""
    else:
        return found
    finally:
        os.close(descriptor)


def stored(descriptor: int, at: int, octets: int) -> Iterator[bytes]:
    """A part of a file as it stands there."""
    end = at + octets
    while at < end:
        piece = os.pread(descriptor, min(CHUNK, end - at), at)
        if not piece:
            raise Short("the file ends within the message")
        at += len(piece)
        yield piece


def _ours(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return with_crlf(unquoted(chunks))
