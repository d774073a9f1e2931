"""Whether the sender of a message may be told, and where the report goes.

    found = await Addressees(...).of(message)       # Addressee or Nobody

The cheap reasons come first, authentication last: it is asked only when a report is about to be written. Raises NotNow
where that cannot be said at this moment, and RecordsAway.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from filters import dkim
from filters.auth.judge import Authentication, Claim, Failed
from filters.header import HEADER_LIMIT, read_header
from filters.mail import ClientKind
from mailsvc.records.bodies import read_body
from mailsvc.records.delivery import NewDelivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from mailsvc.returns import senders
from schedules.names import Address

# Octets of a message that are read: all that DKIM may look at, else enough for any header.
_WHOLE: Final = dkim.LIMIT


class NotNow(Exception):
    """Whether there is a way to the sender cannot be said now; the message says why."""


class Authenticate(Protocol):
    """Judges a sender; `filters.auth.judge.Authenticator.of` does."""

    def __call__(self, claim: Claim, octets: bytes, *, complete: bool) -> Awaitable[Authentication]:
        """Whether the sender is who it claims."""
        ...


class Ways(Protocol):
    """Where mail to a sender goes."""

    async def to(self, sender: Address) -> Sequence[NewDelivery]:
        """One for each place, none where it is not taken for good. Raises NotNow."""
        ...


@dataclass(frozen=True, slots=True)
class Addressee:
    """A sender who may be told."""

    address: Address
    ways: tuple[NewDelivery, ...]
    octets: bytes  # the message, or its beginning


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody is told."""

    why: str


class Addressees:
    """Asks whoever knows."""

    def __init__(self, records: Records, authenticate: Authenticate, ways: Ways) -> None:
        self._records = records
        self._authenticate = authenticate
        self._ways = ways

    async def of(self, message: Message) -> Addressee | Nobody:
        """The sender of a message, or why nobody is told."""
        sender = senders.sender_of(message)
        why = senders.by_envelope(message)
        if sender is None or why:
            return Nobody(why)
        octets = await self._beginning(message)
        if not octets and message.size:
            return Nobody("its content is no longer kept")
        why = senders.by_header(read_header(octets))
        if why:
            return Nobody(why)
        ways = tuple(await self._ways.to(sender))
        if not ways:
            return Nobody("there is no way to the sender")
        claim = Claim(ClientKind(message.client_kind), message.client_ip, message.helo, sender)
        found = await self._authenticate(claim, octets, complete=len(octets) == message.size)
        if isinstance(found, Failed):
            return Nobody(f"authentication failed: {found.why}")
        return Addressee(sender, ways, octets)

    async def _beginning(self, message: Message) -> bytes:
        wanted = message.size if message.size <= _WHOLE else HEADER_LIMIT
        found = bytearray()
        async for chunk in read_body(self._records, message.body_id):
            found += chunk
            if len(found) >= wanted:
                break
        return bytes(found[:wanted])
