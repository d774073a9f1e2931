"""Fuzz target: whatever octets a client sends, each reply is one well-formed line and nothing comes in bare.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS. It fails by an exception that ought not to be, by a
reply that is none, or by content kept with a bare CR or LF.
"""

import asyncio
import re
import ssl

from filters.mail import Client, ClientKind
from mailsvc.gateway.deadline import Deadline
from mailsvc.gateway.outcomes import EndOfInput, Farewell, LineTooLong, Unacceptable
from mailsvc.gateway.session import Session
from mailsvc.gateway.terms import Terms
from mailsvc.gateway.wire import Wire
from tests.rules.gateway.house import MemoryReception, QuietLog

_OPEN = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<hanako@closing.example>\r\n"
_REPLY = re.compile(rb"(?:[2345][0-9]{2}[ -][\x20-\x7e]*\r\n)+")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
SIZE_LIMIT = 100_000

SEEDS: tuple[bytes, ...] = (
    b"",
    b"NOOP\r\nQUIT\r\n",
    _OPEN + b"DATA\r\nx\r\n..\r\n.\r\nQUIT\r\n",
    _OPEN + b"DATA\r\nx\n.\r\n.\r\n",
    _OPEN + b"DATA\r\n.\rx\r\n.\r\nNOOP\r\n",
    _OPEN + b"BDAT 3\r\nx\r\nBDAT 0 LAST\r\n",
    _OPEN + b"BDAT 2 LAST\r\nx\rRSET\r\n",
    b"BDAT 99999999999999999999 LAST\r\n",
    b"HELO\r\nEHLO \x00\r\nSTARTTLS\r\nAUTH PLAIN\r\nVRFY x\r\nEXPN\r\nHELP\r\n",
    b"MAIL FROM:<>\r\n" * 3,
    b"x" * 5000 + b"\nNOOP\n",
)


def target(data: bytes) -> None:
    """Play `data` as everything a client sends before it leaves, whole and in small pieces."""
    whole = asyncio.run(_conversation([data]))
    pieces = asyncio.run(_conversation([data[i : i + 7] for i in range(0, len(data), 7)]))
    if whole != pieces:
        raise AssertionError("the borders of packets changed an answer")


class _Line:
    """A connection that only listens."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.answers: list[bytes] = []

    def say(self, answer: bytes) -> None:
        self.answers.append(answer)

    def receiving(self, *, content: bool) -> None:
        """Time does not matter here."""

    def fruitless(self) -> None:
        """Nor does patience."""

    def fruitful(self) -> None:
        """Nor does patience."""

    async def start_tls(self, context: ssl.SSLContext) -> None:
        raise AssertionError(f"TLS was not offered: {context}")


async def _conversation(pieces: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    reception, wire = MemoryReception(), Wire(asyncio.get_running_loop())
    deadline = Deadline(30, QuietLog())
    line = _Line(wire)
    terms = Terms(reception, deadline, "mx.x.example", SIZE_LIMIT, 5, normalise=False, tls=None)
    session = Session(line, terms, Client(ClientKind.WORLD, "192.0.2.1", 1), served=True)
    talking = asyncio.ensure_future(_talk(session, line))
    for piece in pieces:
        wire.feed_data(piece)
        await asyncio.sleep(0)
    wire.feed_eof()
    await talking
    await session.close()
    kept = [content for _, content in reception.kept]
    if any(_BARE.search(content) for content in kept) or not all(map(_REPLY.fullmatch, line.answers)):
        raise AssertionError(f"{line.answers!r} {kept!r}")
    return line.answers, kept


async def _talk(session: Session, line: _Line) -> None:
    while True:
        try:
            reply = await session.obey(await line.wire.line())
        except Unacceptable as why:
            reply = why.reply
        except LineTooLong:
            continue
        except Farewell as end:
            line.say(f"{end.reply}\r\n".encode("ascii"))
            return
        except EndOfInput:
            return
        if reply is not None:
            line.say(f"{reply}\r\n".encode("ascii"))
