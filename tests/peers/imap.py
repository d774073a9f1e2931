"""A scripted IMAP server: a greeting, canned answers with literals, and cuts at any byte.

    fetched = Reply([b"* 1 FETCH (UID 7 BODY[] " + literal(mail) + b")"], cut=40)
    script = {"SELECT": Reply([b"* 1 EXISTS"]), "UID FETCH": fetched}
    async with ImapPeer(script) as peer: ...

A key is the beginning of a command after its tag, in upper case, the longest match counting. A single Reply holds for
ever; a list is used up one by one over all sessions, then the default answers. Client literals, synchronising or not,
are read and kept.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.peers.tcp import TcpPeer, reset_after_sending

_LITERAL = re.compile(rb"\{(\d+)(\+?)\}$")


def literal(octets: bytes) -> bytes:
    """The octets as an IMAP literal."""
    return b"{%d}\r\n%s" % (len(octets), octets)


@dataclass(frozen=True)
class Reply:
    """Untagged lines, then the tagged line (None: never sent). `cut`: reset after so many octets of this reply."""

    untagged: Sequence[bytes] = ()
    tagged: bytes | None = b"OK done"
    delay: float = 0.0
    cut: int | None = None
    close: bool = False
    raw: bytes | None = None

    def octets(self, tag: bytes) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [*self.untagged, *([] if self.tagged is None else [tag + b" " + self.tagged])]
        return b"".join(line + b"\r\n" for line in lines)


DEFAULTS: Mapping[str, Reply] = {
    "CAPABILITY": Reply([b"* CAPABILITY IMAP4rev1 UIDPLUS LITERAL+ IDLE"]),
    "LOGOUT": Reply([b"* BYE see you"], close=True),
    "LIST": Reply([b'* LIST () "/" INBOX']),
    "IDLE": Reply(raw=b"+ idling\r\n"),
}
Script = Mapping[str, Reply | Sequence[Reply]]


@dataclass
class Command:
    """One command as it came: tag, words before and between literals, and the literals."""

    tag: bytes
    text: bytes
    literals: list[bytes] = field(default_factory=list)


class ImapPeer(TcpPeer):
    """Listens on 127.0.0.1; with `starttls` it upgrades when asked, with `tls` it speaks so from the first octet."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        greeting: bytes = b"* OK [CAPABILITY IMAP4rev1 UIDPLUS LITERAL+] ready",
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.greeting = greeting
        self.commands: list[Command] = []
        self.starttls = starttls
        self.defaults = DEFAULTS
        self._script = {
            key: replies if isinstance(replies, Reply) else list(replies) for key, replies in (script or {}).items()
        }

    def said(self, start: str) -> list[Command]:
        """The commands that began with these words."""
        return [
            command for command in self.commands if command.text.decode("latin-1").upper().startswith(start.upper())
        ]

    def answer(self, command: Command, session: dict[str, str]) -> Reply:  # noqa: ARG002 - for those who keep state
        """What is answered to a command; `session` is kept for as long as one connection."""
        return self.reply(command.text) or Reply()

    def reply(self, text: bytes) -> Reply | None:
        """What the script says; None where it says nothing."""
        asked = text.decode("latin-1").upper()
        for key in sorted(self._script, key=len, reverse=True):
            replies = self._script[key]
            if asked.startswith(key.upper()) and replies:
                return replies if isinstance(replies, Reply) else replies.pop(0)
        return next((reply for key, reply in self.defaults.items() if asked.startswith(key)), None)

    async def think(self, reply: Reply) -> None:
        """What goes on before an answer."""
        await asyncio.sleep(reply.delay)

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        kept: dict[str, str] = {}
        while (command := await self._command(reader, writer)) is not None:
            self.commands.append(command)
            reply = self.answer(command, kept)
            await self.think(reply)
            octets = reply.octets(command.tag)
            writer.write(octets if reply.cut is None else octets[: reply.cut])
            await writer.drain()
            if reply.cut is not None:
                await reset_after_sending(writer)
                return
            if reply.close:
                return
            if command.text.upper() == b"STARTTLS" and self.starttls is not None:
                await writer.start_tls(self.starttls)

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Command | None:
        line = await _line(reader)
        if not line:
            return None
        tag, _, text = line.partition(b" ")
        command = Command(tag, text)
        while found := _LITERAL.search(line):
            if not found[2]:
                writer.write(b"+ go on\r\n")
            command.literals.append(await reader.readexactly(int(found[1])))
            line = await _line(reader)
            if line is None:
                return None
            command.text += line
        return command


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    """A line without its end; None where the connection was cut before it."""
    line = await reader.readline()
    return line.rstrip(b"\r\n") if line.endswith(b"\n") else None
