"""The line to one IMAP server: commands go out pipelined, responses come in, and whatever breaks is noticed at once.

    line = await Line.open("mail.example", 993, tls=context, patience=60)
    answer = await line.run(b"EXAMINE ", quoted(name), take=see)

`patience` is how many seconds the server may say nothing while something is asked of it (`waiting.py`). Untagged
responses go to the oldest command that takes any; servers answer those in order. Names are quoted by
`folder_names.quoted`.
Raises Gone, Garbled and Declined (`errors.py`); after Gone and Garbled the line is of no more use.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from migrator.imap.answers import Answer, answer
from migrator.imap.commands import SMALL_LITERAL, Asked, Challenged, Part, Sent, accepted, named, seen
from migrator.imap.errors import Bye, Declined, Garbled, Gone, ImapError, NotImap, Silent
from migrator.imap.reading import Response, Spool
from migrator.imap.wire import Take, Wire, connected, ignore, tls_failed

TOGETHER = 65_536  # octets that go out in one write


class Line:
    """One connection. `literals` is "+" or "-" once the server has said LITERAL+ or LITERAL-."""

    def __init__(self, wire: Wire, patience: float) -> None:
        self.literals = ""
        self.broken: ImapError | None = None
        self._wire = wire
        self._patience = patience
        self._asked: deque[Asked] = deque()
        self._turn = asyncio.Lock()
        self._held = False
        self._strays = 0  # responses that came while nothing was asked
        self._bye: Bye | None = None
        self._greeting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._watch: asyncio.Task[None] | None = None
        wire.heard, wire.lost = self._hear, self._lose

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        patience: float,
        name: str = "",
        spool: Spool | None = None,
    ) -> "Line":
        """Connect, with `tls` from the first octet; `name` is what the certificate must say, `host` without it.

        The greeting is awaited: PREAUTH without TLS is refused, since nobody knows who speaks. Raises Gone, Declined.
        """
        wire = await connected(host, port, tls=tls, patience=patience, name=name, spool=spool)
        line = cls(wire, patience)
        await line._greeted(f"{host}:{port}", secure=tls is not None)
        return line

    @property
    def greeting(self) -> Answer:
        """What the server said first."""
        return self._greeting.result()

    @property
    def busy(self) -> bool:
        """Whether something is asked that is not yet answered."""
        return bool(self._asked)

    async def run(self, *parts: Part, take: Take = ignore) -> Answer:
        """Send a command and await its OK. Raises Declined for NO and BAD, Gone, Garbled."""
        return accepted(await self.ask(*parts, take=take), named(parts))

    async def ask(self, *parts: Part, take: Take = ignore) -> Answer:
        """Send a command and await its answer, whatever it is. Raises Gone, Garbled."""
        return await (await self.start(*parts, take=take))

    async def start(
        self, *parts: Part, take: Take = ignore, challenged: Callable[[bytes], bytes] | None = None
    ) -> asyncio.Future[Answer]:
        """Send a command and go on: its answer is awaited by whoever likes. Raises Gone, Garbled.

        `challenged` answers what the server asks when all has been sent: why it refuses a token (RFC 7628).
        """
        async with self._turn:
            asked = self._ask(named(parts), take, challenged)
            try:
                await self._say(asked, parts)
            except BaseException as error:
                # Half a command is on its way: what follows would be read as its rest.
                self._wire.end(error if isinstance(error, ImapError) else Gone("a command was given up half sent"))
                raise
            asked.sent = True
            return asked.done

    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        """STARTTLS; what came in clear behind its OK is refused (RFC 3501 6.2.1). Raises Gone, Garbled, Declined."""
        await self._last(b"STARTTLS")
        loop = asyncio.get_running_loop()
        try:
            self._wire.transport = await loop.start_tls(
                self._wire.transport, self._wire, context, server_hostname=name, ssl_handshake_timeout=self._patience
            )
        except OSError as error:
            self._wire.end(tls_failed(name, error))
        self._whole()

    async def deflate(self) -> None:
        """COMPRESS=DEFLATE from here on (RFC 4978). Raises Gone, Garbled, Declined."""
        await self._last(b"COMPRESS DEFLATE")
        self._wire.compress()

    async def _last(self, command: bytes) -> None:
        """Run the last command before the line changes its form: behind its OK nothing may come in the old one."""
        strays = self._strays
        await self.run(command)
        if self._wire.within or self._asked or self._strays != strays:
            self._wire.end(Garbled(f"the server said more than its OK to {command.decode('ascii')}"))
        self._whole()

    def hold(self) -> None:
        """Read no more for now: whoever takes what comes is behind."""
        if not self._held and self.broken is None:
            self._held = True
            self._wire.hold()

    def go_on(self) -> None:
        """Read again."""
        if self._held:
            self._held = False
            self._wire.waiting.got()
            if self.broken is None:
                self._wire.go_on()

    async def close(self) -> None:
        """Say goodbye where that is still possible, and end."""
        with suppress(ImapError, TimeoutError):
            async with asyncio.timeout(1):
                await self.ask(b"LOGOUT")
        self.abandon()

    def abandon(self) -> None:
        """End without a word."""
        self._wire.end(Gone("the line was closed"))
        if self._watch is not None:
            self._watch.cancel()

    async def _greeted(self, place: str, *, secure: bool) -> None:
        self._watch = asyncio.create_task(self._watched())
        try:
            async with asyncio.timeout(self._patience):
                greeting = await self._greeting
        except TimeoutError:
            silent = Silent(f"{place} does not greet" + ("" if secure else ": a port that waits for TLS never will"))
            self._wire.end(silent)
            raise silent from None
        if greeting.word == "PREAUTH" and not secure:
            self._wire.end(Gone("PREAUTH in clear"))
            raise Declined("the connection", "PREAUTH", greeting.code, "it would be used without TLS")

    def _ask(self, name: str, take: Take, challenged: Callable[[bytes], bytes] | None) -> Asked:
        self._whole()
        if not self._asked:
            self._wire.waiting.got()
        asked = Asked(self._wire.new_tag(), name, take, asyncio.get_running_loop().create_future(), challenged)
        asked.done.add_done_callback(seen)
        asked.done.add_done_callback(lambda _: asked.go_on.set())
        self._asked.append(asked)
        return asked

    async def _say(self, asked: Asked, parts: tuple[Part, ...]) -> None:
        """Send a command, in few writes; what the server refuses before its end is not sent on."""
        together = bytearray(asked.tag.encode("ascii") + b" ")
        for part in (*parts, b"\r\n"):
            match part:
                case bytes():
                    together += part
                case Sent(size, bytes() as octets) if self._at_once(size) and size <= TOGETHER:
                    together += self._announced(size) + octets
                case Sent():
                    await self._pour(together)
                    await self._literal(part, asked)
                case Challenged():
                    await self._pour(together)
                    await self._challenged(part, asked)
            if asked.done.done():  # refused before its literal went out, or broken
                return
            if len(together) > TOGETHER:
                await self._pour(together)
        await self._pour(together)

    async def _pour(self, together: bytearray) -> None:
        octets = bytes(together)
        together.clear()
        self._whole()
        await self._wire.pour(octets)
        self._whole()

    def _at_once(self, size: int) -> bool:
        return self.literals == "+" or (self.literals == "-" and size <= SMALL_LITERAL)

    def _announced(self, size: int) -> bytes:
        return b"{%d%s}\r\n" % (size, b"+" if self._at_once(size) else b"")

    async def _literal(self, part: Sent, asked: Asked) -> None:
        await self._wire.pour(self._announced(part.size))
        if not self._at_once(part.size):
            await asked.go_on.wait()
            asked.go_on.clear()
            if asked.done.done():  # refused: the literal is never sent
                return
        if isinstance(part.octets, bytes):
            await self._wire.pour(part.octets)
            return
        async for chunk in part.octets:
            self._whole()
            await self._wire.pour(chunk)

    async def _challenged(self, part: Challenged, asked: Asked) -> None:
        await self._wire.pour(b"\r\n")
        await asked.go_on.wait()
        asked.go_on.clear()
        if not asked.done.done():
            await self._wire.pour(part.answer(asked.challenge))

    def _whole(self) -> None:
        if self.broken is not None:
            raise self.broken

    def _hear(self, response: Response) -> None:
        first = response.first
        if first.startswith(b"+"):
            if self._asked:
                self._continued(self._asked[-1], first[1:].strip())
            return
        said = answer(response)
        if said is not None and not self._greeting.done():
            self._greet(said)
        elif said is not None and said.tag != "*":
            self._answered(said)
        elif said is not None and said.word == "BYE":
            self._bye = Bye(said.text, said.code)
        elif not self._greeting.done():
            self._wire.end(NotImap("what greets there is no IMAP server"))
        elif self._asked:
            # Dovecot answers a NOOP after what was asked behind it. BadResponse ends the line, in the wire.
            if next((asked.take for asked in self._asked if asked.take is not ignore), ignore)(response):
                self._wire.waiting.got()
        else:
            self._strays += 1

    def _continued(self, asked: Asked, challenge: bytes) -> None:
        if asked.sent and asked.challenged is not None:
            answered, asked.challenged = asked.challenged, None
            self._wire.transport.write(answered(challenge) + b"\r\n")
            return
        asked.challenge = challenge
        asked.go_on.set()

    def _greet(self, said: Answer) -> None:
        if said.word == "BYE":
            self._wire.end(Bye(said.text, said.code))
        elif said.word in {"OK", "PREAUTH"}:
            self._greeting.set_result(said)
        else:
            self._wire.end(Garbled(f"the server greets with {said.word}"))

    def _answered(self, said: Answer) -> None:
        found = next((asked for asked in self._asked if asked.tag == said.tag), None)
        if found is None:
            self._wire.end(Garbled(f"the server answers what nobody asked: {said.tag}"))
            return
        self._asked.remove(found)
        self._wire.waiting.got()
        if not found.done.done():
            found.done.set_result(said)

    def _lose(self, why: ImapError) -> None:
        self.broken = self._bye if self._bye is not None and isinstance(why, Gone) else why
        for waiting in (self._greeting, *(asked.done for asked in self._asked)):
            if not waiting.done():
                waiting.set_exception(self.broken)
        self._greeting.add_done_callback(seen)
        self._asked.clear()

    async def _watched(self) -> None:
        """End the line where the server takes longer than it may while something is asked of it."""
        while self.broken is None:
            await asyncio.sleep(min(1.0, self._patience / 4))
            if self._asked and not self._held and (over := self._wire.waiting.over(self._asked[0].name)):
                self._wire.end(over)
