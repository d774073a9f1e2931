"""One transaction with a next hop, by SMTP (RFC 5321) or LMTP (RFC 2033): MAIL, RCPT, DATA, and an answer for each.

    transaction = Transaction(session, parcel, timeouts)
    await transaction.run()
    transaction.answers      # for every recipient TAKEN, LATER, NEVER or UNKNOWN, with the reply that says so

Where the hop offers PIPELINING the whole envelope goes out in one piece, and a small message with its final dot in
another. Content is streamed, untouched apart from dot-stuffing (see `wire.py`). `run` raises what `content` raises.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from mailsvc.outbox import envelope
from mailsvc.outbox.envelope import CannotCarry, Envelope
from mailsvc.outbox.hop_hello import Session
from mailsvc.outbox.hop_replies import HopReply, said_by_us
from mailsvc.outbox.hop_trouble import AnswerLost, HopLost, HopTrouble
from mailsvc.outbox.hopline import SLICE, LineBroken
from mailsvc.outbox.parcel import Answer, Fate, Parcel, by_code
from mailsvc.outbox.wire import BareNewline, BarePolicy, DotStuffing


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for the peer (RFC 5321 4.5.3.2); the defaults are the RFC's minima."""

    connect: float = 30.0
    greeting: float = 300.0  # 4.5.3.2.1, and EHLO
    mail: float = 300.0  # 4.5.3.2.2
    rcpt: float = 300.0  # 4.5.3.2.3
    data: float = 120.0  # 4.5.3.2.4
    block: float = 180.0  # 4.5.3.2.5
    end: float = 600.0  # 4.5.3.2.6
    quit: float = 2.0  # courtesy only


class Transaction:
    """One MAIL, its RCPTs, and the content."""

    def __init__(self, session: Session, parcel: Parcel, timeouts: Timeouts, bare: BarePolicy = "refuse") -> None:
        self._line = session.line
        self._offers = session.offers
        self._lmtp = session.lmtp
        self._parcel = parcel
        self._timeouts = timeouts
        self._stuffing = DotStuffing(bare)
        self.answers: dict[str, Answer] = {}
        self.clean = True  # the session can be used again
        self.begun = False  # the hop has answered MAIL

    async def run(self) -> None:
        """Settle every recipient; what breaks on the way settles those that are still open."""
        try:
            await self._speak(await envelope.write(self._parcel, self._offers))
        except CannotCarry as error:
            self._settle_open(by_code(error.reply))
        except BareNewline as error:
            self._give_up(Fate.NEVER, said_by_us(550, f"5.6.11 {error}"))
        except AnswerLost as trouble:
            self._give_up(Fate.UNKNOWN, trouble.reply)
        except HopTrouble as trouble:
            self._give_up(Fate.LATER, trouble.reply)

    @property
    def _open(self) -> Sequence[str]:
        return [recipient for recipient in self._parcel.recipients if recipient not in self.answers]

    def _settle_open(self, answer: Answer) -> None:
        for recipient in self._open:
            self.answers[recipient] = answer

    def _give_up(self, fate: Fate, reply: HopReply) -> None:
        self.clean = False
        self._settle_open(Answer(fate, reply))

    async def _speak(self, commands: Envelope) -> None:
        self.answers |= {recipient: by_code(reply) for recipient, reply in commands.refused.items()}
        if not self._open:
            return
        if self._offers.pipelining:
            self._line.say(commands.mail, *commands.recipients.values(), "DATA")  # RFC 2920 3.1
        else:
            self._line.say(commands.mail)
        mail = await self._hear(self._timeouts.mail)
        self.begun = True
        await self._recipients(commands, mail_taken=mail.severity == 2)
        if mail.severity != 2:
            self._settle_open(by_code(mail))
        content_wanted = await self._data()
        if content_wanted:
            await self._content()
        elif mail.severity == 2:
            await self._reset()

    async def _recipients(self, commands: Envelope, *, mail_taken: bool) -> None:
        for recipient, command in commands.recipients.items():
            if not self._offers.pipelining:
                if not mail_taken:
                    return
                self._line.say(command)
            reply = await self._hear(self._timeouts.rcpt)
            if mail_taken and reply.severity != 2:
                self.answers[recipient] = _at_rcpt(reply)

    async def _data(self) -> bool:
        """Whether the hop waits for the content; it is asked only for recipients it has taken."""
        if not self._offers.pipelining:
            if not self._open:
                return False
            self._line.say("DATA")
        reply = await self._hear(self._timeouts.data)
        if reply.severity in {4, 5}:
            self._settle_open(by_code(reply))
            return False
        if reply.code != 354 or not self._open:
            raise HopLost(f"the next hop answered DATA with: {reply}")
        return True

    async def _reset(self) -> None:
        """The hop may still have our MAIL in mind (RFC 5321 4.1.1.5)."""
        self._line.say("RSET")
        self.clean = (await self._hear(self._timeouts.rcpt)).severity == 2

    async def _content(self) -> None:
        rest = await self._all_but_the_dot()
        # From here on a silent hop may have taken the message.
        try:
            await self._line.pour(rest, within=self._timeouts.block)
            await self._endings()
        except LineBroken as error:
            raise AnswerLost(f"after the final dot: {error}") from None

    async def _all_but_the_dot(self) -> bytes:
        """Send what is large of the content; what is returned ends with the final dot and commits the hop."""
        held = bytearray()
        try:
            async with aclosing(self._parcel.content()) as content:
                async for chunk in content:
                    held += self._stuffing.feed(chunk)
                    if len(held) >= SLICE:
                        await self._line.pour(bytes(held), within=self._timeouts.block)
                        held.clear()
        except LineBroken as error:
            raise HopLost(self._line.early_reply() or str(error)) from None
        held += self._stuffing.end()
        if not self._parcel.still_ours():
            raise HopLost("the lease on this delivery was lost")
        # A hop that speaks before the final dot is giving up (421), or we no longer understand each other.
        if self._line.broken or self._line.speaks:
            raise HopLost(self._line.early_reply() or self._line.broken or "the next hop spoke before its turn")
        return bytes(held)

    async def _endings(self) -> None:
        """One reply for all, or by LMTP one for each recipient that was taken (RFC 2033 4.2)."""
        for recipient in self._open if self._lmtp else [""]:
            reply = await self._line.reply(within=self._timeouts.end)
            if reply.severity not in {2, 4, 5}:
                raise AnswerLost(f"the next hop answered the final dot with: {reply}")
            answer = by_code(reply)
            if answer.fate is Fate.TAKEN:
                answer = Answer(answer.fate, reply, dsn_passed=self._offers.dsn)
            self.clean = self.clean and reply.code != 421
            if recipient:
                self.answers[recipient] = answer
            else:
                self._settle_open(answer)

    async def _hear(self, within: float) -> HopReply:
        """A reply before the final dot. 421 means that the hop is closing (RFC 5321 3.8)."""
        try:
            reply = await self._line.reply(within=within)
        except LineBroken as error:
            raise HopLost(str(error)) from None
        if reply.code == 421:
            raise HopLost(reply)
        return reply


def _at_rcpt(reply: HopReply) -> Answer:
    # RFC 5321 4.5.3.1.10: 552 to RCPT says "too many recipients" and is read as 452.
    return Answer(Fate.LATER, reply) if reply.code == 552 else replace(by_code(reply), at_rcpt=True)
