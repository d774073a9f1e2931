"""Bounces that come back to a sender we have rewritten: what goes on to the sender, who need not know the new address.

    found = await bounced.back(staged, asked, key=mail.id, now=now)
    match found:
        case AsItCame(): ...       # the subscriber's consent to disclosure was certain when the mail was forwarded
        case Rewritten(): ...      # a report of ours takes its place, naming the address that the sender wrote to
        case Unrecognised(): ...   # refuse `found.reply`: it is about no mail that we have forwarded for this sender

Which mail it is about is read from our own trace in what was returned; nothing else of it is believed. The text of the
other server is dropped, its status code stays (KY-16, RFC 3464). Raises RecordsAway.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from filters import replies
from filters.replies import Reply
from filters.verdict import FORWARDED, Because
from mailsvc.kit.srs import Srs
from mailsvc.letters.dsn import Report, compose
from mailsvc.letters.dsn_fields import Action, Told
from mailsvc.letters.letter import BadLetter
from mailsvc.records import messages
from mailsvc.records.bodies import StagedBody, staged_octets
from mailsvc.records.delivery import Delivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Connection, Records
from mailsvc.returns.bounce_reading import BOUNCE_LIMIT, Bounce, Group, Mention, read_bounce
from schedules.names import Address, BadName

# Reports that one forward may bring: delays, and a failure. Whoever holds a message that we have forwarded could else
# write to its sender through us as often as it likes.
MOST: Final = 8
_REMEMBERED: Final = 20_000  # forwards, of which reports are counted


@dataclass(frozen=True, slots=True)
class Refused:
    """The forward that a bounce says has failed for good."""

    message: Message
    delivery: Delivery
    reply: str


@dataclass(frozen=True, slots=True)
class AsItCame:
    """Pass it on untouched."""

    refused: Refused | None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Pass on `octets` in its place, from the null sender, without a trace."""

    octets: bytes
    smtputf8: bool
    eight_bit: bool
    refused: Refused | None


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """Refuse it: whoever wrote it keeps it."""

    reply: Reply = replies.NO_REPORT


class Bounced:
    """Looks at bounces; `author` is the sender named in reports of ours, `zone` dates them."""

    def __init__(self, records: Records, srs: Srs, *, author: Address, hostname: str, zone: ZoneInfo) -> None:
        self._records = records
        self._srs = srs
        self._author = author
        self._hostname = hostname
        self._zone = zone
        self._passed: OrderedDict[str, int] = OrderedDict()  # reports so far, by delivery

    async def back(
        self, staged: StagedBody, asked: Address, *, key: str, now: datetime
    ) -> AsItCame | Rewritten | Unrecognised:
        """What becomes of a bounce for `asked`, a sender we have rewritten; `key` names it for good."""
        sender = self._sender(asked, now)
        if sender is None:
            return Unrecognised()
        bounce = read_bounce(await self._start(staged))
        found = await self._records.ask(partial(_forward_of, bounce=bounce, sender=sender))
        if found is None:
            return Unrecognised()
        mention, message, delivery = found
        if self._counted(delivery) > MOST:
            return Unrecognised()
        outcome = bounce.outcome(delivery.recipient)
        refused = _refused(message, delivery, outcome, certain=bool(bounce.groups))
        if delivery.because is Because.FORWARDED_DISCLOSED:
            return AsItCame(refused)
        report = Report(
            key=f"bounce {key}",
            to=sender,
            recipients=(Told(Address.parse(delivery.original), outcome.action, outcome.status, delivery.orcpt),),
            original=mention.known_by(hidden=delivery.recipient) + b"\r\n",
            arrived=message.received_at,
            envid=message.envid,
            smtputf8=message.smtputf8,
        )
        try:
            octets = compose(report, sender=self._author, host=self._hostname, at=now.astimezone(self._zone))
        except BadLetter:  # no report can name such a sender
            return Unrecognised()
        return Rewritten(octets, report.needs_smtputf8, report.eight_bit, refused)

    def _sender(self, asked: Address, now: datetime) -> Address | None:
        """Who wrote; an address of ours may have been rewritten once more on its way through another host."""
        found = self._srs.reverse(asked, at=now)
        return self._sender(found, now) if found is not None and self._srs.is_shaped(found) else found

    def _counted(self, delivery: Delivery) -> int:
        """The number of this report on a forward."""
        number = self._passed.pop(delivery.id, 0) + 1
        self._passed[delivery.id] = number
        if len(self._passed) > _REMEMBERED:
            self._passed.popitem(last=False)
        return number

    async def _start(self, staged: StagedBody) -> bytes:
        start = bytearray()
        async for octets in staged_octets(self._records, staged):
            start += octets[:BOUNCE_LIMIT]
            if len(start) >= BOUNCE_LIMIT:
                break
        return bytes(start)


def _forward_of(connection: Connection, *, bounce: Bounce, sender: Address) -> tuple[Mention, Message, Delivery] | None:
    """The forward that a bounce is about: mail of `sender`, and the one mailbox it names."""
    for mention in bounce.mentions:
        trace = messages.trace(connection, mention.id)
        if trace is None or not _is_of(trace.message, sender):
            continue
        forwards = [one for one in trace.deliveries if one.because in FORWARDED]
        told = next(_meant(forwards, mention, bounce), None)
        if told is not None:
            return mention, trace.message, told
    return None


def _meant(forwards: list[Delivery], mention: Mention, bounce: Bounce) -> Iterator[Delivery]:
    """By our Delivered-To, by the report's recipient, or because there is no other; the surest first."""
    for name in mention.delivered_to:
        yield from (one for one in forwards if one.original.lower() == name.lower())
    recipients = {group.recipient.lower() for group in bounce.groups}
    yield from (one for one in forwards if one.recipient.lower() in recipients)
    yield from forwards if len(forwards) == 1 else ()


def _is_of(message: Message, sender: Address) -> bool:
    try:
        return Address.parse(message.mail_from).same_mailbox(sender)
    except BadName:
        return False


def _refused(message: Message, delivery: Delivery, outcome: Group, *, certain: bool) -> Refused | None:
    """Only a report by RFC 3464 is sure enough to let a forward rest."""
    if not certain or outcome.action is not Action.FAILED:
        return None
    return Refused(message, delivery, f"550 {outcome.status} reported by a later host")
