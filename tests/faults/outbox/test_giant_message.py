"""`giant-message`: a body of 100 MB goes through in pieces; memory stays flat whatever the hop or disk does."""

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mailsvc.outbox.parcel import Fate
from mailsvc.outbox.smtp import Timeouts
from mailsvc.records.deliveries import DeliveryState
from tests.peers.tcp import TcpPeer
from tests.rules.outbox.parcels import HANAKO, hand, parcel
from tests.rules.outbox.world import at_work, world
from tests.support.deadline import until

MEGABYTE = 1_000_000
CHUNK = (b"x" * 998 + b"\r\n") * 1000
PATIENT = Timeouts(end=60)


class Drain(TcpPeer):
    """Takes everything slowly and keeps only how much it was."""

    octets = 0

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 drain\r\n")
        for reply in (b"250 drain", b"250 ok", b"250 ok", b"354 go on"):
            await reader.readline()
            writer.write(reply + b"\r\n")
        tail = b""
        while not tail.endswith(b"\r\n.\r\n"):
            piece = await reader.read(65_536)
            self.octets += len(piece)
            tail = (tail + piece)[-5:]
        writer.write(b"250 taken\r\n")
        await reader.readline()


@contextmanager
def at_most(octets: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < octets
    finally:
        tracemalloc.stop()


async def giant() -> AsyncGenerator[bytes, None]:
    for _ in range(100):
        yield CHUNK


async def test_by_smtp() -> None:
    async with Drain() as peer:
        with at_most(15 * MEGABYTE):
            answers = await hand(peer.port, replace(parcel(), content=giant, size=100 * MEGABYTE), timeouts=PATIENT)
        assert answers[HANAKO].fate is Fate.TAKEN
        assert peer.octets == 100 * MEGABYTE + len(b".\r\n")


async def test_into_a_maildir(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        message = await here.accept(body=CHUNK * 40)
        with at_most(15 * MEGABYTE):
            async with at_work(here.outbox()):
                await until(lambda: here.states(message) == [DeliveryState.DELIVERED], "delivered")
        (path,) = (tmp_path / "mail/closing.example/hanako/new").iterdir()
        assert path.stat().st_size > 40 * MEGABYTE
