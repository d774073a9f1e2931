"""The line to a next hop: one TCP or TLS connection on which commands go out and replies come in.

`HopLine.open` connects; `say` writes commands, `reply` awaits one reply with its own time limit, `pour` writes
content and waits while the peer is slow, so that a body never piles up in memory. Everything that breaks raises
`LineBroken`; what that means for a message is the business of `smtp.py`.
"""

import asyncio
import ssl
from contextlib import suppress
from typing import cast

from mailsvc.outbox.hop_replies import GarbageReply, HopReply, Replies

SLICE = 262_144  # octets of content written before the peer's speed is felt
UNREAD_LIMIT = 1_048_576  # octets of replies nobody asked for


class LineBroken(Exception):
    """The connection is gone, silent for too long, or speaks no SMTP; the message says which."""


class _Wire(asyncio.Protocol):
    """Collects replies and keeps the transport's state; wakes whoever waits."""

    def __init__(self) -> None:
        self.replies = Replies()
        self.changed = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.broken = ""
        self._transport: asyncio.Transport | None = None  # the one below TLS, where there is TLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.replies.feed(data) > UNREAD_LIMIT:
            self._break("the next hop floods us")
            if self._transport is not None:
                self._transport.abort()  # nobody may look for a long time, and what came meanwhile would be kept
        self.changed.set()

    def eof_received(self) -> bool:
        self._break("the next hop closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(f"the connection broke: {exc}" if exc else "the connection is closed")

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def _break(self, why: str) -> None:
        self.broken = self.broken or why
        self.changed.set()
        self.writable.set()


class HopLine:
    """One connection; use it from one task only."""

    def __init__(self, transport: asyncio.Transport, wire: _Wire) -> None:
        self._transport = transport
        self._wire = wire
        self.tls = False

    @classmethod
    async def open(cls, host: str, port: int, *, within: float, socket: str = "") -> "HopLine":
        """Connect to a port, or to a socket in the file system; `within` is in seconds. Raises LineBroken."""
        loop = asyncio.get_running_loop()
        where = socket or f"{host} port {port}"
        transport: asyncio.Transport
        try:
            async with asyncio.timeout(within):
                if socket:
                    transport, wire = await loop.create_unix_connection(_Wire, socket)
                else:
                    transport, wire = await loop.create_connection(_Wire, host, port)
        except TimeoutError:
            raise LineBroken(f"no connection to {where} within {within:g} s") from None
        except OSError as error:
            raise LineBroken(f"no connection to {where}: {error.strerror or error}") from None
        return cls(transport, wire)

    async def secure(self, context: ssl.SSLContext, name: str, *, within: float) -> None:
        """Turn to TLS after the 220 to STARTTLS. Raises LineBroken.

        What the peer sent in clear behind that reply was injected on the way and ends the connection (RFC 3207 6).
        """
        if self._wire.replies.pending:
            raise LineBroken("octets in clear behind the reply to STARTTLS")
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                self._transport, self._wire, context, server_hostname=name, ssl_handshake_timeout=within
            )
        except (OSError, ssl.SSLError) as error:
            raise LineBroken(f"TLS: {error}") from None
        if secured is None:
            raise LineBroken("the connection closed during the TLS handshake")
        self._transport = secured
        self.tls = True

    def say(self, *commands: str) -> None:
        """Write commands in one piece (RFC 2920); they must not hold CR or LF."""
        lines = [command.encode("utf-8") for command in commands]
        if any(b"\r" in line or b"\n" in line for line in lines):
            raise LineBroken("a command with a newline inside is not sent")
        self._transport.write(b"".join(line + b"\r\n" for line in lines))

    async def pour(self, octets: bytes, *, within: float) -> None:
        """Write content, waiting up to `within` seconds per slice for the peer to take it. Raises LineBroken."""
        for start in range(0, len(octets), SLICE):
            if self._wire.broken:
                raise LineBroken(self._wire.broken)
            self._transport.write(octets[start : start + SLICE])
            try:
                async with asyncio.timeout(within):
                    await self._wire.writable.wait()
            except TimeoutError:
                raise LineBroken(f"the next hop took no data for {within:g} s") from None

    async def reply(self, *, within: float) -> HopReply:
        """The next reply, within so many seconds. Raises LineBroken."""
        try:
            # What pipelining has brought already needs no timer.
            return self._wire.replies.take() or await self._next(within)
        except GarbageReply as error:
            raise LineBroken(f"garbage: {error}") from None

    async def _next(self, within: float) -> HopReply:
        try:
            async with asyncio.timeout(within):
                while (reply := self._wire.replies.take()) is None:
                    if self._wire.broken:
                        raise LineBroken(self._wire.broken)
                    self._wire.changed.clear()
                    await self._wire.changed.wait()
        except TimeoutError:
            raise LineBroken(f"no reply within {within:g} s") from None
        return reply

    def early_reply(self) -> HopReply | None:
        """A reply that came without being asked for, such as a 421 while content was being sent."""
        with suppress(GarbageReply):
            return self._wire.replies.take()
        return None

    @property
    def speaks(self) -> bool:
        """Whether the peer has said something that nobody has read."""
        return self._wire.replies.pending

    @property
    def broken(self) -> str:
        """Why nothing more can be said, or an empty text."""
        return self._wire.broken

    def drop(self) -> None:
        """End the connection at once, without a word."""
        self._transport.abort()

    async def quit(self, *, within: float) -> None:
        """Say QUIT, hear the answer if it comes in time, and close (RFC 5321 4.1.1.10)."""
        with suppress(LineBroken):
            if not self._wire.broken:
                self.say("QUIT")
                await self.reply(within=within)
        self._transport.abort()
