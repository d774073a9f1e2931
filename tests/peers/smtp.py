"""A scripted SMTP (or LMTP) server that records what it was given.

    async with SmtpPeer({"RCPT TO:<full@": Answer("452 4.2.2 full"), "end": [Answer.CUT]}) as peer:
        ... peer.port ... peer.mails ... peer.commands

A script's key is the beginning of a command line in upper case, the longest match counting, or "connect" (the
greeting) or "end" (the reply after the final dot or the last chunk). A single Answer holds for ever; a list is used up
one by one over all sessions, then the friendly default answers. Answers are given as text or, for garbage, as bytes.
"""

import asyncio
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tests.peers.tcp import TcpPeer, abort

EXTENSIONS = ("PIPELINING", "SIZE 100000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING")


@dataclass(frozen=True)
class Answer:
    """One reply: its lines without the last CRLF (bytes go out as they are), a delay in seconds, then the end.

    One that is `held` is not given before that is set.
    """

    say: str | bytes
    delay: float = 0.0
    close: bool = False
    held: threading.Event | None = None
    CUT: ClassVar["Answer"]

    @property
    def octets(self) -> bytes:
        return self.say if isinstance(self.say, bytes) else self.say.replace("\n", "\r\n").encode() + b"\r\n"

    async def comes(self) -> None:
        """Return when it is to be given."""
        await asyncio.sleep(self.delay)
        if self.held is not None:
            await asyncio.to_thread(self.held.wait)

    @property
    def positive(self) -> bool:
        return self.octets[:1] in {b"2", b"3"}


Answer.CUT = Answer(b"", close=True)
Script = Mapping[str, Answer | Sequence[Answer]]


@dataclass
class TakenMail:
    """One transaction as the peer saw it; `taken` where the final reply was positive."""

    sender: str
    recipients: list[str] = field(default_factory=list)
    body: bytes = b""
    taken: bool = False


class _Closed(Exception):
    """The script closed the session."""


class SmtpPeer(TcpPeer):
    """Listens on 127.0.0.1; offers STARTTLS where `starttls` is given."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        extensions: Sequence[str] = EXTENSIONS,
        starttls: ssl.SSLContext | None = None,
        lmtp: bool = False,
    ) -> None:
        super().__init__()
        self.commands: list[str] = []
        self.mails: list[TakenMail] = []
        self.starttls = starttls
        self.lmtp = lmtp
        self.extensions = (*extensions, *(["STARTTLS"] if starttls else []))
        self.follow(script or {})

    def follow(self, script: Script) -> None:
        """Answer by this script from now on."""
        self._script = {
            key: answers if isinstance(answers, Answer) else list(answers) for key, answers in script.items()
        }

    @property
    def taken(self) -> list[TakenMail]:
        """The mails this peer answered 250 for."""
        return [mail for mail in self.mails if mail.taken]

    def answer(self, key: str, default: str) -> Answer:
        """The scripted answer to this command line, else the default."""
        for start in sorted(self._script, key=len, reverse=True):
            answers = self._script[start]
            if not key.upper().startswith(start.upper()) or not answers:
                continue
            return answers if isinstance(answers, Answer) else answers.pop(0)
        return Answer(default)

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(self, reader, writer).run()


class _Session:
    def __init__(self, peer: SmtpPeer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peer, self.reader, self.writer = peer, reader, writer
        self.mail: TakenMail | None = None

    async def run(self) -> None:
        try:
            await self.say("connect", "220 peer.example ready")
            while line := await self.reader.readline():
                await self.command(line.decode("utf-8", "replace").rstrip("\r\n"))
        except _Closed:
            return

    async def say(self, key: str, default: str) -> Answer:
        answer = self.peer.answer(key, default)
        await answer.comes()
        self.writer.write(answer.octets)
        await self.writer.drain()
        if answer.close:
            if not answer.octets:
                abort(self.writer)
            raise _Closed
        return answer

    async def command(self, line: str) -> None:
        self.peer.commands.append(line)
        verb = line.split(" ", maxsplit=1)[0].upper()
        if verb in {"EHLO", "LHLO", "HELO"}:
            await self.greet(line, verb)
        elif verb == "MAIL":
            if (await self.say(line, "250 2.1.0 ok")).positive:
                self.mail = TakenMail(_path(line))
                self.peer.mails.append(self.mail)
        elif verb == "RCPT":
            if (await self.say(line, "250 2.1.5 ok")).positive and self.mail:
                self.mail.recipients.append(_path(line))
        elif verb == "DATA":
            await self.data(line)
        elif verb == "BDAT":
            await self.chunk(line)
        else:
            await self.other(line, verb)

    async def greet(self, line: str, verb: str) -> None:
        words = ["peer.example"] if verb == "HELO" else ["peer.example", *self.peer.extensions]
        await self.say(line, "\n".join(f"250{'-' if word != words[-1] else ' '}{word}" for word in words))

    async def data(self, line: str) -> None:
        mail = self.mail
        if mail is None or not mail.recipients:
            await self.say(line, "503 5.5.1 MAIL first" if mail is None else "554 5.5.1 no valid recipients")
            return
        if not (await self.say(line, "354 go on")).positive:
            return
        while (part := await self.reader.readline()) != b".\r\n":
            if not part:
                raise _Closed
            mail.body += part.removeprefix(b".")
        await self.end(mail)

    async def chunk(self, line: str) -> None:
        words = line.split(" ")
        mail = self.mail or TakenMail("")
        mail.body += await self.reader.readexactly(int(words[1]))
        if words[-1].upper() == "LAST":
            await self.end(mail)
        else:
            await self.say(line, "250 2.0.0 more")

    async def end(self, mail: TakenMail) -> None:
        for _ in mail.recipients if self.peer.lmtp else [""]:
            answer = self.peer.answer("end", "250 2.0.0 taken")
            mail.taken = mail.taken or answer.positive
            await answer.comes()
            self.writer.write(answer.octets)
            await self.writer.drain()
            if answer.close:
                raise _Closed
        self.mail = None

    async def other(self, line: str, verb: str) -> None:
        if verb == "STARTTLS" and self.peer.starttls is not None:
            if (await self.say(line, "220 2.0.0 go on")).positive:
                await self.writer.start_tls(self.peer.starttls)
            return
        known = {"RSET": "250 2.0.0 ok", "NOOP": "250 2.0.0 ok", "QUIT": "221 2.0.0 bye"}
        await self.say(line, known.get(verb, "502 5.5.1 unknown"))
        if verb == "RSET":
            self.mail = None
        if verb == "QUIT":
            raise _Closed


def _path(line: str) -> str:
    return line.partition("<")[2].rpartition(">")[0] if ">" in line else line.partition(":")[2]
