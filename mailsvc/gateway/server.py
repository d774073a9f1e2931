"""aiosmtpd's server with its faults mended: the connection under a session, its banner, its command loop, its end.

From the base come the life of the transport and the task per connection; content, paths, limits, TLS and commands
have files of their own. Each connection is one GatewayServer, made by `mailsvc.gateway.gateway`.

What goes wrong inside is logged with its cause and answered 451 4.3.0; the client learns nothing else of it.
A half-closed client gets its replies first (RFC 9293 3.6.1).
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from aiosmtpd.smtp import SMTP

from filters.mail import Client, ClientKind
from filters.replies import INTERNAL_ERROR, SHUTTING_DOWN, Reply
from mailsvc.gateway import answers, tls
from mailsvc.gateway.clients import Doorman
from mailsvc.gateway.limits import Admission, Allowance
from mailsvc.gateway.outcomes import Farewell, LineTooLong, Unacceptable
from mailsvc.gateway.session import Session
from mailsvc.gateway.terms import Terms
from mailsvc.gateway.wire import Wire
from mailsvc.kit.telemetry import Log

ERRORS_LIMIT: Final = 20
# Replies held back for the end of a pipelined group; then they go out in between (RFC 2920 3.1).
REPLIES_HELD: Final = 64
# How long a closed connection may take to hand over its last replies.
LINGER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How much a client is borne with (RFC 5321 4.5.3.2, 7.8)."""

    command: float  # seconds
    content: float  # seconds, as a `limits.Allowance`
    refusals: int  # refusals and commands that lead nowhere, between two messages taken; for the world only


@dataclass(frozen=True, slots=True)
class Porch:
    """What one listener gives to its connections; `ended` is told when one is over."""

    terms: Terms
    doorman: Doorman
    admission: Admission
    patience: Patience
    log: Log
    begun: Callable[["GatewayServer"], None]
    ended: Callable[["GatewayServer"], None]


class GatewayServer(SMTP):
    """One connection. `depart` ends it politely, `abort` at once."""

    def __init__(self, porch: Porch, loop: asyncio.AbstractEventLoop) -> None:
        # The base's constructor searches handler and self for methods by name, 150 µs a connection, asks DNS for the
        # host name and clears limits shared by all; only what the transport's life needs is set here instead.
        self.wire = Wire(loop, self._before_waiting)
        asyncio.StreamReaderProtocol.__init__(self, self.wire, self._cb_client_connected, loop)
        self.loop = loop
        self.transport = None
        self.session = self.envelope = None
        self._original_transport = None
        self._handler_coroutine = None
        self._timeout_handle = None
        self._porch = porch
        self._answers: list[bytes] = []
        self._choked = False
        self._departing = False
        self._receiving = False
        self._give_up_at = 0.0
        self._client = Client(ClientKind.WORLD, "", 0)
        self._errors = 0
        self._fruitless = 0
        self._allowance = Allowance(porch.patience.content)

    # ── the connection's life, told by the base ─────────────────────────────────────────────────────────
    def eof_received(self) -> bool:
        """The client sends no more: what it has sent is still answered, except over TLS, which closes both ways."""
        self.wire.feed_eof()
        return not self._client.tls

    def pause_writing(self) -> None:
        """The client does not read its replies: no more commands are obeyed until it does."""
        self._choked = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        self._choked = False
        super().resume_writing()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """One timer for the whole connection, moved on only when it rings too early."""
        self._give_up_at = self.loop.time() + (duration or self._patience)
        if self._timeout_handle is None or self._timeout_handle.when() > self._give_up_at:
            self._ring_at(self._give_up_at)

    @property
    def _patience(self) -> float:
        return self._allowance.left if self._receiving else self._porch.patience.command

    def _ring_at(self, instant: float) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_at(instant, self._timeout_cb)

    def _timeout_cb(self) -> None:
        now = self.loop.time()
        if self.wire.waiting and now >= self._give_up_at:
            self.wire.interrupt(Farewell(answers.TIMEOUT))
        else:  # it rang too early, or we ourselves are at work
            self._ring_at(self._give_up_at if now < self._give_up_at else now + 1.0)

    # ── what a session asks of its connection ───────────────────────────────────────────────────────────
    def say(self, answer: bytes) -> None:
        """Hold the answer until the client's group of commands is done or something is waited for."""
        self._answers.append(answer)

    def receiving(self, *, content: bool) -> None:
        """Content has its own time limit."""
        self._receiving = content
        self._allowance.begin(self.wire.waited, self.wire.arrived)

    def fruitless(self) -> None:
        """Count what led to no mail, of a client that is no server of ours."""
        self._fruitless += self._client.kind is ClientKind.WORLD
        if self._fruitless > self._porch.patience.refusals:
            raise Farewell(answers.NO_MAIL)

    def fruitful(self) -> None:
        """A message was taken: what was fruitless before is forgotten."""
        self._fruitless = 0

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on encrypted, with a client that has said nothing yet and may be known by its certificate."""
        self._flush()
        clear = self.transport
        if not isinstance(clear, asyncio.Transport):
            raise ConnectionResetError
        encrypted = await tls.upgrade(self, self.wire, clear, context)
        self._writer._transport = encrypted  # type: ignore[attr-defined]  # noqa: SLF001 - as asyncio's start_tls does
        self._replace_writer(self._writer)  # type: ignore[attr-defined]  # not in typeshed
        self.transport = encrypted
        client = replace(self._client, tls=tls.described(encrypted), certificate=tls.certificate_of(encrypted), helo="")
        self._meet(client)

    # ── the conversation ────────────────────────────────────────────────────────────────────────────────
    async def _handle_client(self) -> None:
        ip, port = (self._writer.get_extra_info("peername") or ("0.0.0.0", 0))[:2]
        self._porch.begun(self)
        known = self._porch.doorman.kind(ip)
        refused = self._porch.admission.enter(ip, ours=known not in {None, ClientKind.WORLD})
        try:
            last_word = refused or await self._conversation(Client(ClientKind.WORLD, ip, port))
            if last_word:
                self._answer(last_word)
        finally:
            await self._hang_up(ip, entered=refused is None)

    async def _hang_up(self, ip: str, *, entered: bool) -> None:
        """Send what is left and close; a client that does not even read that is cut off."""
        try:
            self._flush()
            self._writer.close()
            async with asyncio.timeout(LINGER_SECONDS):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            pass  # closed otherwise, or cut off now
        finally:
            self._writer.transport.abort()
            if entered:
                self._porch.admission.leave(ip)
            self._porch.ended(self)

    async def _conversation(self, client: Client) -> Reply | None:
        """Talk to the end; the last word to say, None where nobody is left to hear it."""
        try:
            await self._converse(client)
        except Farewell as end:
            return end.reply
        except (ConnectionError, ssl.SSLError, TimeoutError):
            return None  # the client has gone, does not read, or cannot do TLS
        except Exception as error:  # noqa: BLE001 - one session's fault must not end the process
            self._log_cause(error)
        return answers.BROKEN

    async def _converse(self, client: Client) -> None:
        self._talk = Session(self, self._porch.terms, client, served=False)
        self._meet(client)
        turned_away = self._banner()
        try:
            while True:
                if self._departing:
                    raise Farewell(SHUTTING_DOWN)
                reply = await self._next(turned_away=turned_away)
                if reply is not None:
                    self._answer(reply)
                if self._choked or len(self._answers) >= REPLIES_HELD:
                    await self._drain()
        finally:
            await self._talk.close()

    def _meet(self, client: Client) -> None:
        kind = self._porch.doorman.kind(client.ip, client.certificate)
        self._client = replace(client, kind=kind or ClientKind.WORLD)
        self._talk.meet(self._client, served=kind is not None)

    def _banner(self) -> bool:
        """Greet, or turn everybody away; whether only QUIT is obeyed from now on (RFC 5321 3.1, RFC 7504 3)."""
        closed = self._porch.terms.reception.host_closed()
        if closed is None and self._served_never():
            closed = answers.TURNED_AWAY
        if closed is None:
            self.say(f"220 {self._porch.terms.hostname} ESMTP\r\n".encode("ascii"))
        else:
            self._answer(closed)
        return closed is not None

    def _served_never(self) -> bool:
        doorman = self._porch.doorman
        return doorman.kind(self._client.ip) is None and not doorman.certificates_matter

    async def _next(self, *, turned_away: bool) -> Reply | None:
        """Read one command and obey it."""
        try:
            line = await self.wire.line()
            if turned_away and line.strip().upper() != b"QUIT":
                return self._mistake(answers.BAD_SEQUENCE)
            reply = await self._talk.obey(line)
        except LineTooLong:
            return self._mistake(answers.LINE_TOO_LONG)
        except Unacceptable as why:
            return self._mistake(why.reply)
        except (Farewell, ConnectionError, ssl.SSLError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - the client is told 451, the log the cause
            self._log_cause(error)
            return INTERNAL_ERROR
        return reply and self._mistake(reply)

    def _mistake(self, reply: Reply) -> Reply:
        """Count what a sound client would not do, and what was refused for good, which is no mistake."""
        if reply in answers.MISTAKES:
            self._errors += 1
            if self._errors > ERRORS_LIMIT:
                self._answer(reply)
                raise Farewell(answers.TOO_MANY_ERRORS)
        elif reply.permanent:
            self.fruitless()
        return reply

    def _log_cause(self, error: Exception) -> None:
        self._porch.log.error("session-failed", peer=self._client.ip, exc_info=error)

    # ── replies ─────────────────────────────────────────────────────────────────────────────────────────
    def _answer(self, reply: Reply) -> None:
        self._answers.append(f"{reply}\r\n".encode("ascii"))

    def _before_waiting(self) -> None:
        self._flush()
        self._allowance.look(self.wire.waited, self.wire.arrived)
        self._reset_timeout()

    def _flush(self) -> None:
        if self._answers:
            self._writer.write(b"".join(self._answers))
            self._answers.clear()

    async def _drain(self) -> None:
        self._flush()
        async with asyncio.timeout(self._porch.patience.command):
            await self._writer.drain()

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────
    def depart(self) -> None:
        """Say 421 at the next command; a message being received or kept is finished first (RFC 5321 3.8)."""
        self._departing = True
        if self.wire.waiting and not self._receiving:
            self.wire.interrupt(Farewell(SHUTTING_DOWN))

    def abort(self) -> None:
        """End it now, with a 421 if the client still listens."""
        self._answer(SHUTTING_DOWN)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
