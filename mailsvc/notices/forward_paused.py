"""A forward whose target refuses for good rests, and its subscriber is told by the contact address: once, together.

    await pauses.refused(delivery, message, reply, at_rcpt=True, now=now)       # after a settlement as undeliverable

Only what speaks of the address itself lets a forward rest: a message that was too large or looked like spam does not.
The pause, its audit row and the letter are one transaction. Nothing is raised: while the records are away nothing
rests, and the next refusal is tried again.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from filters.verdict import FORWARDED
from mailsvc.kit.telemetry import Log
from mailsvc.letters.letter import BadLetter, Letter
from mailsvc.letters.post import Post, ReadyLetter
from mailsvc.letters.templates import write
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import audit, forward_pauses
from mailsvc.records.delivery import Delivery
from mailsvc.records.entries import Entry
from mailsvc.records.messages import Message
from mailsvc.records.store import Connection, Records, RecordsAway
from schedules.names import Address, BadName

Forwarder = Callable[[Address, Address], Awaitable[Entry | None]]

_REPLY: Final = re.compile(r"(5[0-9]{2})(?:[ -]+(5\.[0-9]{1,3}\.[0-9]{1,3})\b)?")
# RFC 3463 3.2 and 3.3, RFC 7505: no such mailbox or host, bad syntax, moved, no mail at all, disabled.
_OF_THE_ADDRESS: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
# Said at RCPT these mean the recipient; at the end of content they may mean the message.
_OF_THE_ADDRESS_AT_RCPT: Final = frozenset({"5.0.0", "5.1.0", "5.2.0", "5.7.1"})


def speaks_of_the_address(reply: str, *, at_rcpt: bool) -> bool:
    """Whether a refusal says that this address takes no mail, whatever is sent to it."""
    said = _REPLY.match(reply)
    if said is None:
        return False
    if said[2]:
        return said[2] in _OF_THE_ADDRESS or (at_rcpt and said[2] in _OF_THE_ADDRESS_AT_RCPT)
    return at_rcpt and said[1] in {"550", "551", "553"}  # RFC 5321 4.2.2


class ForwardPauses:
    """`forwarder` tells by whose forward mail for an address goes to a target, None where nobody's is known."""

    def __init__(
        self, records: Records, post: Post, forwarder: Forwarder, log: Log, *, host: str, zone: ZoneInfo
    ) -> None:
        self._records = records
        self._post = post
        self._forwarder = forwarder
        self._log = log
        self._host = host
        self._zone = zone

    async def refused(self, delivery: Delivery, message: Message, reply: str, *, at_rcpt: bool, now: datetime) -> bool:
        """Pause the forward of `delivery` if `reply` speaks of its target; whether it was paused just now."""
        if delivery.because not in FORWARDED or not speaks_of_the_address(reply, at_rcpt=at_rcpt):
            return False
        try:
            return await self._pause(delivery, message, reply, now)
        except (RecordsAway, BadName) as why:
            self._log.warning("forward-not-paused", message=message.id, recipient=delivery.recipient, why=str(why))
            return False

    async def _pause(self, delivery: Delivery, message: Message, reply: str, now: datetime) -> bool:
        target = Address.parse(delivery.recipient)
        holder = await self._forwarder(Address.parse(delivery.original), target)
        if holder is None:
            return False  # the subscriber has named another target meanwhile
        letter = await self._letter(holder, target, reply, now, key=f"forward-paused {delivery.id}")

        def work(connection: Connection) -> bool:
            if not forward_pauses.pause(connection, holder.address, target, since=now, reply=reply):
                return False
            told = letter.queue(connection) if letter else ""
            detail = {"target": str(target), "message": message.id, "letter": told}
            subject = str(holder.address)
            audit.write(
                connection, at=now, actor="lastpost", act="forward-pause", subject=subject, detail=detail, reason=reply
            )
            return True

        paused = await self._records.committer.commit(work)
        if paused:
            self._log.warning(
                "forward-paused", message=message.id, address=str(holder.address), told=letter is not None
            )
        return paused

    async def _letter(
        self, holder: Entry, target: Address, reply: str, now: datetime, *, key: str
    ) -> ReadyLetter | None:
        """The letter to the subscriber; None where there is no way to send one."""
        facts = {
            "address": str(holder.address),
            "domain": str(holder.address.domain),
            "target": str(target),
            "at": now.astimezone(self._zone).strftime("%Y-%m-%d %H:%M %Z"),
            "status": _status(reply),
            "contact": f"postmaster@{holder.address.domain}",  # always accepted (RFC 5321 4.5.1)
            "host": self._host,
        }
        letter: Letter = write("forward-paused", facts, to=(_subscriber(holder, target),), key=key)
        try:
            return await self._post.ready(letter, now)
        except (NoRoute, BadLetter) as why:
            self._log.warning("nobody-told", address=str(holder.address), why=str(why))
            return None


def _subscriber(holder: Entry, target: Address) -> Address:
    """The contact address; the mailbox itself where there is none, or where it is the one that refuses."""
    try:
        contact = Address.parse(holder.contact)
    except BadName:
        return holder.address
    return holder.address if contact.same_mailbox(target) else contact


def _status(reply: str) -> str:
    said = _REPLY.match(reply)
    return (said[2] or said[1]) if said else ""
