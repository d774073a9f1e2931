"""What one client sends, read as command lines and as chunks of content.

`Wire` is the StreamReader of a session: `line` reads one command, `more` takes everything that has arrived, `unread`
puts back what belongs to the next command. Back-pressure is the base class's: beyond twice `CHUNK` the socket rests.

Fails with EndOfInput when the client has gone or has closed its half, with LineTooLong when a command is longer than
allowed (the whole line has been swallowed then), and with whatever `interrupt` was given.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from mailsvc.gateway.outcomes import EndOfInput, LineTooLong

# The reader rests at twice this; content is taken in chunks of about this size. In octets.
CHUNK: Final = 131_072
# RFC 5321 4.5.3.1.4 asks for 512, and SIZE, BODY, SMTPUTF8 and source routes add to it.
COMMAND_LIMIT: Final = 2_048


class Wire(asyncio.StreamReader):
    """A StreamReader that gives up its buffer whole instead of copying it out."""

    _buffer: bytearray
    _eof: bool
    _paused: bool
    _transport: asyncio.BaseTransport | None

    def __init__(self, loop: asyncio.AbstractEventLoop, before_waiting: Callable[[], None] = lambda: None) -> None:
        super().__init__(limit=CHUNK, loop=loop)
        self._before_waiting = before_waiting
        self._clock = loop.time
        self._scanned = 0
        self.waiting = False
        self.waited = 0.0  # seconds, in all
        self.arrived = 0  # octets, in all

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # a transport gives nothing else
        """Take what has come over the connection."""
        self.arrived += len(data)
        super().feed_data(data)

    @property
    def pending(self) -> bool:
        """Whether anything unread has arrived."""
        return bool(self._buffer)

    async def line(self, limit: int = COMMAND_LIMIT) -> bytes:
        """Read one command line without its end: CRLF, or the bare LF people type at a terminal.

        A bare LF ends nothing but a command; content ends at CRLF.CRLF alone (RFC 5321 2.3.8, 4.1.1.4).
        """
        too_long = begun = False
        while (end := self._buffer.find(b"\n", self._scanned)) < 0:
            self._scanned = len(self._buffer)
            if self._scanned > limit:
                too_long = True
                self._take()
            await self._arrival(begun=begun)
            begun = True
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        self._rest_over()
        if too_long or end > limit:
            raise LineTooLong
        return line.removesuffix(b"\r")

    async def more(self) -> bytearray:
        """Take everything that has arrived, waiting for the first octet."""
        if not self._buffer:
            await self._arrival()
        return self._take()

    async def upto(self, octets: int) -> bytearray:
        """Take at most `octets` of what has arrived, waiting for the first (RFC 3030 2)."""
        chunk = await self.more()
        if len(chunk) > octets:
            self.unread(chunk[octets:])
            del chunk[octets:]
        return chunk

    def unread(self, octets: bytes | bytearray) -> None:
        """Put back what belongs to the next command."""
        if octets:
            self._buffer[:0] = octets
            self._scanned = 0

    def interrupt(self, why: Exception) -> None:
        """Make the waiting read, or the next one, fail with `why`."""
        self.set_exception(why)

    def move(self, transport: asyncio.Transport) -> None:
        """Go on over another transport; what is here already came over it, behind the end of the handshake."""
        if self._paused and isinstance(self._transport, asyncio.ReadTransport):
            self._transport.resume_reading()
            self._paused = False
        self._transport = transport

    def _take(self) -> bytearray:
        taken, self._buffer = self._buffer, bytearray()
        self._scanned = 0
        self._rest_over()
        return taken

    async def _arrival(self, *, begun: bool = False) -> None:
        """Wait for octets; those of one command share its time, however few come at once."""
        error = self.exception()
        if error is not None:
            raise error
        if self._eof:
            raise EndOfInput
        if not begun:
            self._before_waiting()
        self.waiting, since = True, self._clock()
        try:
            await self._wait_for_data("arrival")  # type: ignore[attr-defined]  # not in typeshed
        finally:
            self.waiting = False
            self.waited += self._clock() - since

    def _rest_over(self) -> None:
        self._maybe_resume_transport()  # type: ignore[attr-defined]  # not in typeshed
