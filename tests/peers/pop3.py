r"""A scripted POP3 server with a maildrop, and faults where the script says so.

    peer = Pop3Peer([b"Subject: a\r\n\r\n"], can=["PIPELINING"], script={"RETR 2": Reply(b"-ERR [SYS/TEMP] later\r\n")})
    async with peer: ...

A key of the script is the beginning of a command in upper case, the longest match counting. A single Reply holds for
ever; a list is used up one by one over all sessions, then the server does what it would. `peer.mails` may change while
nobody is logged in; `names` are UIDLs where they are not those of the octets. Nothing is ever deleted but by DELE,
which is kept in `commands` as everything else is.
"""

import asyncio
import hashlib
import ssl
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.peers.tcp import TcpPeer, reset_after_sending


@dataclass(frozen=True)
class Reply:
    """Octets as they go out, after `delay` seconds; `cut`: reset after so many of them; `close`: then the end.

    `drip`: the last so many of them come one by one, each after 20 s.
    """

    octets: bytes
    cut: int | None = None
    close: bool = False
    delay: float = 0.0
    drip: int = 0


Script = Mapping[str, Reply | Sequence[Reply]]


def stuffed(mail: bytes) -> bytes:
    """A message as RETR sends it, with the dot that ends it."""
    lines = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
    return lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n"


class Pop3Peer(TcpPeer):
    """Listens on 127.0.0.1; with `starttls` it upgrades at STLS, with `tls` it speaks so from the first octet."""

    def __init__(
        self,
        mails: Sequence[bytes] = (),
        *,
        can: Sequence[str] | None = ("USER", "SASL PLAIN", "UIDL", "PIPELINING"),
        script: Script | None = None,
        greeting: bytes = b"+OK ready <1.2@pop.example>",
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.mails = list(mails)
        self.names: dict[bytes, str] = {}
        self.can = can
        self.greeting = greeting
        self.commands: list[str] = []
        self.secrets: list[bytes] = []
        self.dripped = 0  # octets
        self.starttls = starttls
        self._script = {
            key: replies if isinstance(replies, Reply) else list(replies) for key, replies in (script or {}).items()
        }

    def said(self, start: str) -> list[str]:
        """The commands that began so."""
        return [command for command in self.commands if command.startswith(start)]

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mails = list(self.mails)
        writer.write(self.greeting + b"\r\n")
        while line := await reader.readline():
            command = line.rstrip(b"\r\n").decode("latin-1")
            self.commands.append(command)
            reply = self._scripted(command) or Reply(await self._done(command, mails, reader, writer))
            await asyncio.sleep(reply.delay)
            until = len(reply.octets) - reply.drip if reply.cut is None else reply.cut
            writer.write(reply.octets[:until])
            await writer.drain()
            await self._drip(reply.octets[until:] if reply.drip else b"", writer)
            if reply.cut is not None:
                await reset_after_sending(writer)
                return
            if reply.close or command == "QUIT":
                return
            if command == "STLS" and self.starttls is not None:
                await writer.start_tls(self.starttls)

    async def _drip(self, octets: bytes, writer: asyncio.StreamWriter) -> None:
        for one in octets:
            await asyncio.sleep(20)
            writer.write(bytes([one]))
            await writer.drain()
            self.dripped += 1

    def _scripted(self, command: str) -> Reply | None:
        for key in sorted(self._script, key=len, reverse=True):
            replies = self._script[key]
            if command.upper().startswith(key) and replies:
                return replies if isinstance(replies, Reply) else replies.pop(0)
        return None

    async def _done(
        self, command: str, mails: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        word, _, rest = command.partition(" ")
        if word == "AUTH":
            writer.write(b"+ \r\n")
            self.secrets.append(b64decode(await reader.readline()))
        if word == "RETR":
            return b"+OK here\r\n" + stuffed(mails[int(rest) - 1])
        answers = {
            "STAT": f"+OK {len(mails)} {sum(map(len, mails))}\r\n".encode(),
            "UIDL": _listed([f"{number} {self._name(mail)}" for number, mail in enumerate(mails, 1)]),
            "LIST": _listed([f"{number} {len(mail)}" for number, mail in enumerate(mails, 1)]),
            **dict.fromkeys(("AUTH", "USER", "PASS", "QUIT", "NOOP", "DELE"), b"+OK\r\n"),
        }
        if self.can is not None:
            answers["CAPA"] = _listed(list(self.can))
        if self.starttls is not None:
            answers["STLS"] = b"+OK go on\r\n"
        return answers.get(word, b"-ERR unknown\r\n")

    def _name(self, mail: bytes) -> str:
        return self.names.get(mail) or hashlib.sha256(mail).hexdigest()[:20]


def _listed(lines: Sequence[str]) -> bytes:
    return b"".join(line.encode() + b"\r\n" for line in ["+OK", *lines, "."])
