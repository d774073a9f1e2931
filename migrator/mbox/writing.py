r"""Messages written at the end of an mboxrd file, durable before anybody counts on them.

    written = append(descriptor, at, messages, 12)          # at: where the file ends as far as it counts
    written.rows, written.end, written.refused

Each message is its From_ line, its octets with lines ended by LF and quoted, and an empty line. One that does not end
with a line's end gets one more; one whose lines are not all ended by CRLF keeps them as they are. Both is known by its
Row. What there is no room for is refused, and the file is cut back to its last whole message.
Blocks. Raises OSError for everything but lack of room.
"""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from migrator.disk.errors import full
from migrator.mailbox import Message, Refused
from migrator.mbox.envelopes import envelope
from migrator.mbox.quoting import quoted, with_lf
from migrator.mbox.rows import Row

_TOGETHER = 1_048_576  # octets that go to the disk in one piece
_HEAD = 65_536  # octets in which a Return-Path is looked for


@dataclass(frozen=True, slots=True)
class Written:
    """What came of messages, in order: the first of them stand in the file, the others were refused."""

    rows: Sequence[Row]
    end: int  # octets of the file that count now
    refused: Sequence[Refused]


def append(descriptor: int, at: int, messages: Sequence[Message], first_uid: int) -> Written:
    """Write messages behind the first `at` octets, and have them on disk."""
    os.ftruncate(descriptor, at)
    rows: list[Row] = []
    refused: list[Refused] = []
    try:
        for uid, message in enumerate(messages, first_uid):
            rows.append(_append(descriptor, at, message, uid))
            at = os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError as error:
        if not full(error):
            raise
        os.ftruncate(descriptor, at)
        refused = [Refused(f"there is no room ({error.strerror})", "OVERQUOTA")] * (len(messages) - len(rows))
    os.fsync(descriptor)
    return Written(rows, at, refused)


def _append(descriptor: int, at: int, message: Message, uid: int) -> Row:
    content = message.content
    chunks = iter(content.chunks())
    head = next(chunks, b"")
    line = envelope(head[:_HEAD], message.date)
    exact = _has_bare_lf(content.chunks())
    chunks = iter(content.chunks())
    octets, ended = 0, False
    os.lseek(descriptor, at, os.SEEK_SET)

    def body() -> Iterator[bytes]:
        nonlocal octets, ended
        for piece in quoted(chunks if exact else with_lf(chunks)):
            octets += len(piece)
            ended = piece.endswith(b"\n") if piece else ended
            yield piece
        yield b"\n" if ended else b"\n\n"

    for piece in _joined(itertools.chain([line], body())):
        _write(descriptor, piece)
    return Row(uid, at + len(line), octets, content.size, content.sha256, message.item.flags, message.date, exact=exact)


def _has_bare_lf(chunks: Iterable[bytes]) -> bool:
    """Whether a line is ended by LF alone: then no CRLF may become LF."""
    carriage = False
    for chunk in chunks:
        lone = chunk.startswith(b"\n") and not carriage
        crlf = chunk.count(b"\r\n") + (1 if chunk.startswith(b"\n") and carriage else 0)
        if lone or chunk.count(b"\n") != crlf:
            return True
        carriage = chunk.endswith(b"\r") if chunk else carriage
    return False


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Small pieces as large ones."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _TOGETHER:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _write(descriptor: int, octets: bytes) -> None:
    view = memoryview(octets)
    while view:
        view = view[os.write(descriptor, view) :]
