"""One connection to a clamd: an IDSESSION in which one content after another is streamed (clamd(8), INSTREAM).

    session = await Session.open(place, monotonic)
    scan = await session.scan(content, size)

Fails with `Away`; then, or where a scan was cancelled, the session is of no more use: `close()` it. Errors of `content`
itself pass through. The socket is used directly, because what clamd says before it hangs up must still be read.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from filters.scan import Octets, Scan, ScanUnread
from filters.scanners.clamd_replies import REPLY_LIMIT, Away, numbered, product, verdict

Place = Path | tuple[str, int]  # a unix socket; host and port
CHUNK: Final = 1 << 20  # octets; what is smaller goes in one piece
VERSION_FOR: Final = 60.0  # seconds that an answer to VERSION is good for

# Stands in front of each message: clamd takes for mail, and so decodes, what begins as mail does after a hop. Mail as a
# client sends it begins with any field, and then clamd may look at its octets alone.
FRONT: Final = b"Received: from client by lastpost\r\n"
_END: Final = b"\0\0\0\0"


def shown(place: Place) -> str:
    """The place in words."""
    return str(place) if isinstance(place, Path) else f"{place[0]}:{place[1]}"


class _Cut(Away):
    """clamd takes nothing more."""


class Session:
    """An open IDSESSION; one scan at a time."""

    def __init__(self, connection: socket.socket, monotonic: Callable[[], float]) -> None:
        self._socket = connection
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._number = 0  # of the last command
        self._unanswered: set[int] = set()
        self._replies: dict[int, bytes] = {}
        self._heard = b""
        self._asked_at = 0.0  # for the version
        self.scanner = ""  # product and signatures
        self.used_at = monotonic()

    @classmethod
    async def open(cls, place: Place, monotonic: Callable[[], float]) -> Self:
        """Connect, begin a session and ask for the version. Raises Away."""
        try:
            connection = await _connected(place)
        except OSError as problem:
            raise Away(_words(problem)) from None
        session = cls(connection, monotonic)
        try:
            await session.begin()
        except BaseException:
            session.close()
            raise
        return session

    async def begin(self) -> None:
        """Say the first words. Raises Away."""
        command, number = self._ask_version()
        await self._send(b"zIDSESSION\0" + command)
        self.scanner = product(await self._reply(number))

    async def scan(self, content: Octets, size: int) -> Scan:
        """Stream `content`, a message of `size` octets, and read the verdict. Raises Away."""
        command, asked = b"", 0
        if self._monotonic() - self._asked_at > VERSION_FOR:
            command, asked = self._ask_version()
        number = self._command()
        try:
            await self._send_all(command + b"zINSTREAM\0", content, size)
        except _Cut as cut:  # what it said before may be why: its StreamMaxLength
            early = verdict(await self._reply(number), self.scanner)
            if isinstance(early, ScanUnread):
                return early
            raise Away(f"it answered before the end of the content ({cut})") from None
        if asked:
            self.scanner = product(await self._reply(asked))
        scan = verdict(await self._reply(number), self.scanner)
        self.used_at = self._monotonic()
        return scan

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _command(self) -> int:
        self._number += 1
        self._unanswered.add(self._number)
        return self._number

    def _ask_version(self) -> tuple[bytes, int]:
        self._asked_at = self._monotonic()
        return b"zVERSION\0", self._command()

    async def _send_all(self, command: bytes, content: Octets, size: int) -> None:
        command += next(_framed(FRONT))
        if size <= CHUNK:
            pieces = [command]
            async for octets in content():
                pieces += _framed(octets)
            await self._send(b"".join((*pieces, _END)))
            return
        await self._send(command)
        async for octets in content():
            for piece in _framed(octets):
                await self._send(piece)
        await self._send(_END)

    async def _send(self, octets: bytes) -> None:
        try:
            await self._loop.sock_sendall(self._socket, octets)
        except OSError as problem:
            raise _Cut(f"it hung up ({_words(problem)})") from None

    async def _reply(self, number: int) -> bytes:
        """The text of the reply with this number; replies may come in any order."""
        while number not in self._replies:
            try:
                octets = await self._loop.sock_recv(self._socket, 65_536)
            except OSError as problem:
                raise Away(f"it hung up ({_words(problem)})") from None
            if not octets:
                raise Away("it hung up in the middle of an answer" if self._heard else "it hung up without an answer")
            *whole, self._heard = (self._heard + octets).split(b"\0")
            for reply in whole:
                self._note(reply)
            if len(self._heard) > REPLY_LIMIT:
                raise Away("its answer has no end")
        return self._replies.pop(number)

    def _note(self, reply: bytes) -> None:
        number, text = numbered(reply)
        if number not in self._unanswered:
            raise Away(f"it answered number {number}, which does not wait for an answer")
        self._unanswered.remove(number)
        self._replies[number] = text


def _framed(octets: bytes) -> Iterator[bytes]:
    """Chunks of INSTREAM, each behind its length; an empty one would end the stream."""
    for start in range(0, len(octets), CHUNK):
        piece = octets[start : start + CHUNK]
        yield len(piece).to_bytes(4, "big") + piece


def _words(problem: OSError) -> str:
    return os.strerror(problem.errno) if problem.errno and problem.errno > 0 else str(problem)


async def _connected(place: Place) -> socket.socket:
    """A connected socket. Raises OSError."""
    loop = asyncio.get_running_loop()
    if isinstance(place, Path):
        return await _connect(socket.AF_UNIX, str(place))
    found = await loop.getaddrinfo(*place, type=socket.SOCK_STREAM)
    for family, _, _, _, address in found[:-1]:
        try:
            return await _connect(family, address)
        except OSError:
            continue
    return await _connect(found[-1][0], found[-1][4])


async def _connect(family: int, address: str | tuple[object, ...]) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    if family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
