"""One client's conversation: what each command does and which one may follow which (RFC 5321 4.1.4).

`Session.obey(line)` answers one command line with a Reply; EHLO's many lines go out by themselves. The order of
replies is the order of commands, so pipelining needs nothing here (RFC 2920). Raises `Farewell` where the session
ends, `EndOfInput` where the client goes in the middle of a message.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from filters.mail import Client, ClientKind, Content
from filters.replies import OTHER_CONTENT_POLICY, TOO_LARGE, TOO_MANY_RECIPIENTS, Reply
from filters.verdict import Accept, Because, Clean, Forward
from mailsvc.gateway import answers, bdat, intake, paths
from mailsvc.gateway.outcomes import Farewell, Unacceptable
from mailsvc.gateway.reception import Envelope, Mail, Taken
from mailsvc.gateway.terms import Line, Terms

HELO_LIMIT: Final = 255
# A BDAT chunk of fewer octets costs us more than it brings.
SMALL_CHUNK: Final = 512


class Session:
    """One client's side of it; while not `served`, only a certificate shown by STARTTLS can change that."""

    def __init__(self, line: Line, terms: Terms, client: Client, *, served: bool) -> None:
        self._line = line
        self._terms = terms
        self.meet(client, served=served)

    def meet(self, client: Client, *, served: bool) -> None:
        """Begin from nothing with this client: at the banner and after STARTTLS (RFC 3207 4.2)."""
        self._client = client
        self._served = served
        self._extended = False
        self._begin_again()

    def _begin_again(self) -> None:
        self._mail: Mail | None = None
        self._taken: list[Taken] = []
        self._chunks: intake.Intake | None = None

    async def close(self) -> None:
        """Forget an unfinished message."""
        mail, chunks = self._mail, self._chunks
        self._begin_again()
        if mail and not (chunks and chunks.handed_over):
            self._terms.reception.release(mail)
        if chunks:
            await chunks.discard()

    async def obey(self, line: bytes) -> Reply | None:
        """Do what one command line says; None where the answer has been said already."""
        verb, _, argument = line.partition(b" ")
        command = COMMANDS.get(verb.upper().rstrip())
        if command is None:
            return answers.UNKNOWN_COMMAND
        return await command(self, argument.strip())

    # ── greetings ───────────────────────────────────────────────────────────────────────────────────────
    async def helo(self, argument: bytes) -> Reply:
        """RFC 5321 4.1.1.1: whatever name is given is kept for the trace, and begins anew (4.1.4)."""
        await self._greeted(argument, extended=False)
        return Reply(250, "", self._terms.hostname, "RFC 5321 4.1.1.1")

    async def ehlo(self, argument: bytes) -> None:
        """RFC 5321 4.1.1.1: advertise what is done, nothing else."""
        await self._greeted(argument, extended=True)
        words = [self._terms.hostname, "PIPELINING", f"SIZE {self._terms.size_limit}", "8BITMIME", "SMTPUTF8"]
        words += ["ENHANCEDSTATUSCODES", "CHUNKING"]
        if self._owed_notices:
            words.append("DSN")  # RFC 3461 4
        if self._terms.tls and not self._client.tls:
            words.append("STARTTLS")
        lines = [f"250-{word}\r\n" for word in words[:-1]] + [f"250 {words[-1]}\r\n"]
        self._line.say("".join(lines).encode("ascii"))

    async def _greeted(self, argument: bytes, *, extended: bool) -> None:
        name = argument.decode("utf-8", "replace")[:HELO_LIMIT]
        if not name or not name.isprintable():
            raise Unacceptable(answers.SYNTAX_HELO)
        self._line.fruitless()
        await self.close()
        self._extended = extended
        self._client = replace(self._client, helo=name)

    async def starttls(self, argument: bytes) -> None:
        """RFC 3207 4."""
        _none(argument)
        if self._client.tls:
            raise Unacceptable(answers.TLS_ALREADY)
        if self._terms.tls is None:
            raise Unacceptable(answers.NO_TLS)
        await self.close()
        await self._line.start_tls(self._terms.tls)

    # ── one message ─────────────────────────────────────────────────────────────────────────────────────
    async def mail(self, argument: bytes) -> Reply:
        """RFC 5321 4.1.1.2, RFC 1870 6.1."""
        if not self._client.helo:
            raise Unacceptable(answers.HELO_FIRST)
        if self._mail:
            raise Unacceptable(answers.NESTED_MAIL)
        if not self._served:
            raise Unacceptable(answers.NOT_SERVED)
        path = paths.mail_from(argument, extended=self._extended, notices=self._owed_notices)
        mail = Mail(self._terms.reception.new_id(), path, self._protocol(smtputf8=path.smtputf8))
        self._judge_content(mail, Content(path.size, self._terms.size_limit))
        self._mail = mail
        return answers.SENDER_OK

    async def rcpt(self, argument: bytes) -> Reply:
        """RFC 5321 4.1.1.3: each recipient is judged here and now."""
        mail = self._opened()
        path = paths.rcpt_to(
            argument,
            extended=self._extended,
            smtputf8=mail.path.smtputf8,
            postmaster=self._terms.reception.postmaster_domain(),
            notices=self._owed_notices,
        )
        if len(self._taken) >= self._terms.recipients_limit:
            return TOO_MANY_RECIPIENTS
        work = self._terms.reception.recipient(self._client, mail, path.address)
        verdict = await self._terms.deadline.within(work)
        if isinstance(verdict, Accept | Forward):
            if self._taken and Because.BOUNCE_RETURNED in {verdict.because, self._taken[0].verdict.because}:
                return OTHER_CONTENT_POLICY  # what goes back to a rewritten sender is rewritten: for nobody else
            self._taken.append(Taken(path.address, verdict, path.notify, path.orcpt))
        return verdict.reply

    async def data(self, argument: bytes) -> Reply:
        """RFC 5321 4.1.1.4."""
        _none(argument)
        mail = self._opened()
        content = await self._begin_content(mail, normalise=self._terms.normalise)
        self._line.say(f"{answers.GO_AHEAD}\r\n".encode("ascii"))
        self._line.receiving(content=True)
        await intake.data(self._line.wire, content)
        self._line.receiving(content=False)
        return await self._end_content(mail, content)

    async def bdat(self, argument: bytes) -> Reply:
        """RFC 3030 2: so many octets follow, whatever the answer will be."""
        octets, last = bdat.parse(argument)
        self._line.receiving(content=True)
        try:
            content = await self._chunk_begins(octets)
            await intake.chunk(self._line.wire, content, octets)
        finally:
            self._line.receiving(content=False)
        if self._mail is None:
            raise RuntimeError("a chunk without a message")
        if last or content.hopeless:
            return await self._end_content(self._mail, content)
        if octets < SMALL_CHUNK:
            self._line.fruitless()
        return Reply(250, "2.0.0", f"{octets} octets received", "RFC 3030 2")

    async def _chunk_begins(self, octets: int) -> intake.Intake:
        try:
            if self._chunks is None:
                await self._begin_content(self._opened(), normalise=False)
        except Unacceptable:
            await bdat.swallow(self._line.wire, octets, self._terms.size_limit)
            raise
        if self._chunks is None or not self._chunks.may_take(octets):
            raise Farewell(TOO_LARGE)
        return self._chunks

    async def _begin_content(self, mail: Mail, *, normalise: bool) -> intake.Intake:
        if not self._taken:
            raise Unacceptable(answers.NO_RECIPIENTS)
        body = await self._terms.deadline.within(self._terms.reception.body(mail))
        self._chunks = intake.Intake(body, self._terms.deadline, limit=self._terms.size_limit, normalise=normalise)
        return self._chunks

    async def _end_content(self, mail: Mail, content: intake.Intake) -> Reply:
        envelope = Envelope(self._client, mail, tuple(self._taken), headed=content.headed)
        try:
            if content.failure:
                return content.failure
            self._judge_content(mail, content.facts)
            reply = await content.finish(envelope)
            if reply.code == 250:
                self._line.fruitful()
            return reply
        finally:
            await self.close()

    def _judge_content(self, mail: Mail, facts: Content) -> None:
        verdict = self._terms.reception.content(self._client, mail, facts)
        if not isinstance(verdict, Clean):
            raise Unacceptable(verdict.reply)

    def _opened(self) -> Mail:
        if self._mail is None:
            raise Unacceptable(answers.MAIL_FIRST)
        if self._chunks:
            raise Unacceptable(answers.IN_BDAT)
        return self._mail

    @property
    def _owed_notices(self) -> bool:
        """Only our own MTAs may ask for reports: the world is owed none that we refuse to send (RFC 3461)."""
        return self._client.kind is not ClientKind.WORLD

    def _protocol(self, *, smtputf8: bool) -> str:
        secure = "S" if self._client.tls else ""
        if smtputf8:
            return "UTF8SMTP" + secure  # RFC 6531 4.3
        return "ESMTP" + secure if self._extended else "SMTP"

    # ── the rest ────────────────────────────────────────────────────────────────────────────────────────
    async def rset(self, argument: bytes) -> Reply:
        """RFC 5321 4.1.1.5."""
        _none(argument)
        self._line.fruitless()
        await self.close()
        return answers.OK

    async def noop(self, _argument: bytes) -> Reply:
        """RFC 5321 4.1.1.9."""
        self._line.fruitless()
        return answers.OK

    async def vrfy(self, argument: bytes) -> Reply:
        """RFC 5321 3.5.3: neither confirmed nor denied, so that nobody can list addresses."""
        self._line.fruitless()
        return answers.CANNOT_VERIFY if argument else answers.SYNTAX_VRFY

    async def expn(self, _argument: bytes) -> Reply:
        """RFC 5321 3.5.2."""
        return answers.NOT_IMPLEMENTED

    async def help(self, _argument: bytes) -> Reply:
        """RFC 5321 4.1.1.8."""
        self._line.fruitless()
        return answers.HELP

    async def quit(self, argument: bytes) -> Reply:
        """RFC 5321 4.1.1.10."""
        _none(argument)
        raise Farewell(answers.GOODBYE)


def _none(argument: bytes) -> None:
    if argument:
        raise Unacceptable(answers.NO_ARGUMENT)


COMMANDS: Final[dict[bytes, Callable[[Session, bytes], Awaitable[Reply | None]]]] = {
    b"HELO": Session.helo,
    b"EHLO": Session.ehlo,
    b"STARTTLS": Session.starttls,
    b"MAIL": Session.mail,
    b"RCPT": Session.rcpt,
    b"DATA": Session.data,
    b"BDAT": Session.bdat,
    b"RSET": Session.rset,
    b"NOOP": Session.noop,
    b"VRFY": Session.vrfy,
    b"EXPN": Session.expn,
    b"HELP": Session.help,
    b"QUIT": Session.quit,
}
