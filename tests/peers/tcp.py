"""The ground of the scripted peers: a TCP server on 127.0.0.1 port 0 that ends all its sessions when its block ends.

Subclasses write `async def session(self, reader, writer)`. A session that fails by a lost connection ends quietly; any
other error is kept and raised where the block ends, so that a broken script never looks like a broken client.
"""

import asyncio
import socket
import ssl
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.support.deadline import until

LINE_LIMIT = 1 << 20


class TcpPeer(ABC):
    """An asynchronous context manager; `port` is known inside the block."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._port = 0
        self._sessions: set[asyncio.Task[None]] = set()
        self._errors: list[Exception] = []

    @abstractmethod
    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client until it or the script ends."""

    @property
    def port(self) -> int:
        assert self._port, "the peer is not started"
        return self._port

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        assert self._server is not None, "the peer is not started"
        return self._server.get_loop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        self.connections += 1
        try:
            await self.session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except Exception as error:  # noqa: BLE001 - told at the end of the block
            self._errors.append(error)
        finally:
            writer.close()
            self._sessions.discard(task)

    async def open(self) -> None:
        """Listen; after `shut` on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=LINE_LIMIT, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Listen no more, and cut every session."""
        assert self._server is not None
        self._server.close()
        for task in list(self._sessions):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.shut()
        if self._errors and error is None:
            raise self._errors[0]


def abort(writer: asyncio.StreamWriter) -> None:
    """Cut the connection with a reset, as a crashed peer or a firewall does."""
    held: socket.socket | None = writer.get_extra_info("socket")
    if held is not None:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def reset_after_sending(writer: asyncio.StreamWriter) -> None:
    """Cut with a reset, but only when what was written had time to arrive: a reset overtakes unread octets."""
    await until(lambda: not writer.transport.get_write_buffer_size(), "everything is sent")
    await asyncio.sleep(0.02)
    abort(writer)
