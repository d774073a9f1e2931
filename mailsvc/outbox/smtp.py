"""The client side of SMTP (RFC 5321) towards one configured next hop: one parcel, one connection, one answer each.

`hand_over(hop, parcel, ...)` returns an `Answer` for every recipient: TAKEN, LATER, NEVER or UNKNOWN, each with the
reply that says so. It raises `HopAway` when no transaction was begun, so that the lane can rest. Content is
streamed; the octets of the body are sent untouched apart from dot-stuffing (see `wire.py`).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum

from mailsvc.outbox.hop_hello import Hop, HopOffers, greet
from mailsvc.outbox.hop_replies import HopReply, said_by_us
from mailsvc.outbox.hop_trouble import AnswerLost, HopLost, HopTrouble
from mailsvc.outbox.hopline import HopLine, LineBroken
from mailsvc.outbox.octets import look_over
from mailsvc.outbox.wire import BadPath, BareNewline, BarePolicy, DotStuffing, path


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


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for recipients that share a next hop."""

    sender: str  # "" is the null reverse-path
    recipients: tuple[str, ...]
    size: int  # octets of the content
    content: Callable[[], AsyncGenerator[bytes, None]]  # opens the content from its start
    smtputf8: bool = False
    eight_bit: bool = False
    still_ours: Callable[[], bool] = lambda: True  # asked right before the final dot


class Fate(StrEnum):
    """What has become of one recipient's copy."""

    TAKEN = "taken"
    LATER = "later"
    NEVER = "never"
    UNKNOWN = "unknown"  # the final dot was sent, its reply never came


@dataclass(frozen=True, slots=True)
class Answer:
    """One recipient's fate and the reply that decided it."""

    fate: Fate
    reply: HopReply


async def hand_over(
    hop: Hop, parcel: Parcel, *, hello: str, timeouts: Timeouts, bare: BarePolicy = "refuse"
) -> dict[str, Answer]:
    """Offer the parcel to the next hop and tell each recipient's answer.

    `hello` is our host name for EHLO. Raises HopAway where the hop cannot be reached or does not serve.
    """
    line, offers = await greet(hop, hello, timeouts)
    transaction = _Transaction(line, offers, parcel, timeouts, bare)
    try:
        await transaction.run()
    except (asyncio.CancelledError, Exception):
        line.drop()
        raise
    if transaction.clean:
        await line.quit(within=timeouts.quit)
    else:
        line.drop()
    return transaction.answers


class _Transaction:
    """One MAIL, its RCPTs, and the content."""

    def __init__(self, line: HopLine, offers: HopOffers, parcel: Parcel, timeouts: Timeouts, bare: BarePolicy) -> None:
        self._line = line
        self._offers = offers
        self._parcel = parcel
        self._timeouts = timeouts
        self._stuffing = DotStuffing(bare)
        self.answers: dict[str, Answer] = {}
        self.clean = True

    async def run(self) -> None:
        """Settle every recipient; what breaks on the way settles those that are still open."""
        try:
            await self._envelope()
            if self._open:
                self._settle_open(_by_code(await self._content()))
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

    async def _envelope(self) -> None:
        options = await self._options()
        if isinstance(options, HopReply):
            self._settle_open(_by_code(options))
            return
        commands = self._rcpt_commands()
        try:
            mail = f"MAIL FROM:{path(self._parcel.sender)}{options}"
        except BadPath as error:
            self._settle_open(_by_code(said_by_us(553, f"5.1.7 {error}")))
            return
        if not self._open:
            return
        if self._offers.pipelining:
            self._line.say(mail, *commands.values())
        else:
            self._line.say(mail)
        reply = await self._hear(self._timeouts.mail)
        await self._recipients(commands, mail_taken=reply.severity == 2)
        if reply.severity != 2:
            self._settle_open(_by_code(reply))

    def _rcpt_commands(self) -> dict[str, str]:
        commands = {}
        for recipient in self._parcel.recipients:
            try:
                commands[recipient] = f"RCPT TO:{path(recipient)}"
            except BadPath as error:
                self.answers[recipient] = _by_code(said_by_us(553, f"5.1.3 {error}"))
        return commands

    async def _recipients(self, commands: dict[str, str], *, mail_taken: bool) -> None:
        for recipient, command in commands.items():
            if not self._offers.pipelining:
                if not mail_taken:
                    return
                self._line.say(command)
            reply = await self._hear(self._timeouts.rcpt)
            if mail_taken and reply.severity != 2:
                self.answers[recipient] = _at_rcpt(reply)

    async def _options(self) -> str | HopReply:
        """MAIL's parameters, or the reply with which a lesser hop forces us to give up."""
        parcel, offers = self._parcel, self._offers
        options = ""
        if offers.size is not None:
            if 0 < offers.size < parcel.size:
                return said_by_us(552, f"5.3.4 the next hop takes {offers.size} octets, this message has {parcel.size}")
            options += f" SIZE={parcel.size}"  # RFC 1870
        if parcel.eight_bit and offers.eight_bit:
            options += " BODY=8BITMIME"  # RFC 6152
        paths_ascii = all(map(str.isascii, (parcel.sender, *parcel.recipients)))
        wants_utf8 = parcel.smtputf8 or not paths_ascii
        if wants_utf8 and offers.smtputf8:
            return options + " SMTPUTF8"  # RFC 6531 3.4
        if wants_utf8 or (parcel.eight_bit and not offers.eight_bit):
            async with aclosing(parcel.content()) as content:
                found = await look_over(content)
            if wants_utf8 and not (paths_ascii and found.ascii_header):
                return said_by_us(550, "5.6.7 the next hop does not offer SMTPUTF8")  # RFC 6531 3.5
            if parcel.eight_bit and not offers.eight_bit and not found.ascii:
                return said_by_us(550, "5.6.3 the next hop does not offer 8BITMIME")  # RFC 6152 3
        return options

    async def _content(self) -> HopReply:
        self._line.say("DATA")
        reply = await self._hear(self._timeouts.data)
        if reply.severity in {4, 5}:
            return reply
        if reply.code != 354:
            raise HopLost(f"the next hop answered DATA with: {reply}")
        return await self._final_dot(await self._all_but_the_dot())

    async def _all_but_the_dot(self) -> bytes:
        """Send the content; what is returned ends with the final dot and commits the hop."""
        try:
            async with aclosing(self._parcel.content()) as content:
                async for chunk in content:
                    await self._line.pour(self._stuffing.feed(chunk), within=self._timeouts.block)
        except LineBroken as error:
            raise HopLost(self._line.early_reply() or str(error)) from None
        rest = self._stuffing.end()
        if not self._parcel.still_ours():
            raise HopLost("the lease on this delivery was lost")
        # A hop that speaks before the final dot is giving up (421), or we no longer understand each other.
        if self._line.broken or self._line.speaks:
            raise HopLost(self._line.early_reply() or self._line.broken or "the next hop spoke before its turn")
        return rest

    async def _final_dot(self, rest: bytes) -> HopReply:
        """From here on a silent hop may have taken the message."""
        try:
            await self._line.pour(rest, within=self._timeouts.block)
            reply = await self._line.reply(within=self._timeouts.end)
        except LineBroken as error:
            raise AnswerLost(f"after the final dot: {error}") from None
        if reply.severity not in {2, 4, 5}:
            raise AnswerLost(f"the next hop answered the final dot with: {reply}")
        return reply

    async def _hear(self, within: float) -> HopReply:
        """A reply before the final dot. 421 means that the hop is closing (RFC 5321 3.8)."""
        try:
            reply = await self._line.reply(within=within)
        except LineBroken as error:
            raise HopLost(str(error)) from None
        if reply.code == 421:
            raise HopLost(reply)
        return reply


def _by_code(reply: HopReply) -> Answer:
    match reply.severity:
        case 2:
            return Answer(Fate.TAKEN, reply)
        case 5:
            return Answer(Fate.NEVER, reply)
        case _:
            return Answer(Fate.LATER, reply)


def _at_rcpt(reply: HopReply) -> Answer:
    # RFC 5321 4.5.3.1.10: 552 to RCPT says "too many recipients" and is read as 452.
    return Answer(Fate.LATER, reply) if reply.code == 552 else _by_code(reply)
