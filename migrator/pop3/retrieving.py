"""One message taken from a POP3 server, however large: in memory while it is small, in a nameless file else.

    received = await retrieved(wire, entry, spool, largest)    # RETR was said already

Raises Declined where the server refuses it, TooLong where more comes than was announced (the connection is of no use
then), NoRoom where this machine's disk is full, and what `Wire` raises.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from migrator.content import Kept, Spooled
from migrator.dates import HEAD
from migrator.mailbox import Content
from migrator.pop3.session import Entry
from migrator.pop3.wire import Wire

_SMALL = 262_144  # octets that are kept in memory
_SLACK = 65_536  # octets: some servers count without the CR of each line, or without headers of their own


class TooLong(Exception):
    """A message has more octets than the server announced."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(f"the server announced {entry.size} octets, and sends many more")
        self.uid = entry.uid


class NoRoom(Exception):
    """What the server sends cannot be kept here."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message, and the beginning of it."""

    content: Content
    head: bytes


async def retrieved(wire: Wire, entry: Entry, spool: Path, largest: int) -> Received:
    """Take the answer to a RETR."""
    await wire.answer("RETR")
    most = min(2 * entry.size + _SLACK, largest)
    pieces: list[bytes] = []
    size, head = 0, b""
    spooled: Spooled | None = None
    try:
        async with aclosing(wire.body()) as coming:
            async for piece in coming:
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    raise TooLong(entry)
                if size > _SMALL and spooled is None:
                    head = b"".join(pieces)[:HEAD]
                    spooled = await asyncio.to_thread(Spooled, spool)
                if spooled is not None and sum(map(len, pieces)) >= _SMALL:
                    await asyncio.to_thread(spooled.write, b"".join(pieces))
                    pieces = []
        if spooled is None:
            octets = b"".join(pieces)
            return Received(Kept(octets), octets[:HEAD])
        await asyncio.to_thread(spooled.write, b"".join(pieces))
        return Received(spooled, head)
    except OSError as error:
        raise NoRoom(f"a message cannot be kept here: {error.strerror or error}") from error
