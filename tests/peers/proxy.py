"""A TCP proxy that cuts at byte N of either direction, delays, and counts what passed.

    async with CutProxy(server_port, to_client=Cut(after=120), times=1) as proxy: ...connect to proxy.port

`Cut(after=N)`: exactly N octets of that direction pass, then both sides see a reset (or an orderly end with
`reset=False`). `times`: so many connections are cut, later ones pass whole (None: all are cut). `delay`: seconds before
each piece is passed on. `swallow`: what the client sends after the cut point vanishes while the connection stays open.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from tests.peers.tcp import TcpPeer, reset_after_sending

PIECE = 65_536


@dataclass(frozen=True)
class Cut:
    """Where a direction ends: after so many octets, by a reset, an orderly end, or silence."""

    after: int
    reset: bool = True
    swallow: bool = False


@dataclass
class Passed:
    """Octets of one connection that went each way."""

    to_server: int = 0
    to_client: int = 0


class CutProxy(TcpPeer):
    """Listens on 127.0.0.1 and passes on to `target` on 127.0.0.1."""

    def __init__(
        self,
        target: int,
        *,
        to_server: Cut | None = None,
        to_client: Cut | None = None,
        times: int | None = None,
        delay: float = 0.0,
    ) -> None:
        super().__init__()
        self.target = target
        self.to_server, self.to_client = to_server, to_client
        self.times = times
        self.delay = delay
        self.passed: list[Passed] = []
        self.cut_at: list[float] = []  # when each cut was made, by the loop's clock

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        passed = Passed()
        self.passed.append(passed)
        cutting = self.times is None or len(self.passed) <= self.times
        ways = [
            asyncio.create_task(
                self._way(reader, far_writer, passed, "to_server", self.to_server if cutting else None)
            ),
            asyncio.create_task(
                self._way(far_reader, writer, passed, "to_client", self.to_client if cutting else None)
            ),
        ]
        try:
            await asyncio.gather(*ways)
        except _CutHere as cut:
            self.cut_at.append(asyncio.get_running_loop().time())
            for side in (writer, far_writer):
                await self._end(side, reset=cut.reset)
        finally:
            for way in ways:
                way.cancel()
                with suppress(asyncio.CancelledError, ConnectionError, _CutHere):
                    await way
            far_writer.close()

    async def _way(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passed: Passed, way: str, cut: Cut | None
    ) -> None:
        done = 0
        while piece := await source.read(PIECE):
            await asyncio.sleep(self.delay)
            room = len(piece) if cut is None else max(0, cut.after - done)
            sink.write(piece[:room])
            await sink.drain()
            done += min(room, len(piece))
            setattr(passed, way, done)
            if cut is not None and done >= cut.after and not cut.swallow:
                raise _CutHere(reset=cut.reset)
        with suppress(OSError):
            sink.write_eof()

    async def _end(self, side: asyncio.StreamWriter, *, reset: bool) -> None:
        if reset:
            await reset_after_sending(side)
        else:
            side.close()


class _CutHere(Exception):
    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset
