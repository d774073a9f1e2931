"""A scripted clamd: PING, VERSION, INSTREAM and IDSESSION, with the faults a scanner shows.

    async with ClamdPeer() as clamd: ...   # FOUND where the EICAR test string is in the stream, else OK
    async with ClamdPeer(fault=Half(b"stream: O")) as clamd: ...

`streams` keeps what was scanned. Faults hold for every INSTREAM: Say (whole answers, also garbage), Half (part of an
answer, then the end), Slow (seconds before the verdict), Gone (reset after so many octets of the stream).
"""

import asyncio
import struct
from dataclasses import dataclass

from tests.peers.tcp import TcpPeer, abort

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OK = b"stream: OK"
FOUND = b"stream: Eicar-Test-Signature FOUND"
TOO_LARGE = b"INSTREAM size limit exceeded. ERROR"


@dataclass(frozen=True)
class Say:
    """Answers exactly this to every stream (ERROR, garbage, an empty line)."""

    octets: bytes


@dataclass(frozen=True)
class Half:
    """Sends only this much of an answer, without its end, then closes."""

    octets: bytes


@dataclass(frozen=True)
class Slow:
    """Thinks so many seconds before an honest verdict."""

    seconds: float


@dataclass(frozen=True)
class Gone:
    """Resets the connection after so many octets of the stream."""

    after: int


Fault = Say | Half | Slow | Gone


class _Closed(Exception):
    """The fault ended the session."""


class ClamdPeer(TcpPeer):
    """Listens on 127.0.0.1 like clamd's TCPSocket."""

    def __init__(self, fault: Fault | None = None) -> None:
        super().__init__()
        self.fault = fault
        self.streams: list[bytes] = []
        self.commands: list[str] = []

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, in_session = 0, False
        try:
            while command := await self._command(reader):
                name, end = command
                self.commands.append(name)
                number += 1
                if name in {"IDSESSION", "END"}:
                    in_session = name == "IDSESSION"
                    number = 0
                    continue
                verdict = await self._answer(name, reader, writer)
                prefix = b"%d: " % number if in_session else b""
                writer.write(prefix + verdict + end)
                await writer.drain()
                if not in_session:
                    return
        except _Closed:
            return

    async def _command(self, reader: asyncio.StreamReader) -> tuple[str, bytes] | None:
        kind = await reader.read(1)
        if not kind:
            return None
        end = b"\0" if kind == b"z" else b"\n"
        line = await reader.readuntil(end)
        return (line if kind in b"zn" else kind + line).rstrip(end).decode(), end

    async def _answer(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        known = {"PING": b"PONG", "VERSION": b"ClamAV 1.0.7/27500/Mon Jan 01 00:00:00 2024"}
        if name != "INSTREAM":
            return known.get(name, b"UNKNOWN COMMAND")
        stream = await self._stream(reader, writer)
        self.streams.append(stream)
        honest = FOUND if EICAR in stream else OK
        match self.fault:
            case Say(octets):
                return octets
            case Half(octets):
                writer.write(octets)
                await writer.drain()
                raise _Closed
            case Slow(seconds):
                await asyncio.sleep(seconds)
        return honest

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        stream = bytearray()
        while size := struct.unpack("!I", await reader.readexactly(4))[0]:
            stream += await reader.readexactly(size)
            if isinstance(self.fault, Gone) and len(stream) >= self.fault.after:
                abort(writer)
                raise _Closed
        return bytes(stream)
