"""A house that takes everything and keeps nothing: for benchmarks and for messages too large to hold."""

from filters import replies
from filters.mail import Client
from filters.replies import Reply
from filters.verdict import Accept, Because, RecipientVerdict
from mailsvc.gateway.reception import Envelope, Mail
from schedules.names import Address
from tests.rules.gateway.house import MemoryBody, MemoryReception


class DiscardBody(MemoryBody):
    """Counts octets, holds none."""

    async def write(self, octets: bytes | bytearray) -> None:
        self.writes += 1
        self.largest = max(self.largest, len(octets))

    async def finish(self, envelope: Envelope) -> Reply:
        return replies.taken(envelope.mail.id)


class DiscardReception(MemoryReception):
    """Every recipient is welcome."""

    async def recipient(self, _client: Client, _mail: Mail, asked: Address) -> RecipientVerdict:
        return Accept(asked, Because.LIVE, replies.RECIPIENT_OK)

    async def body(self, _mail: Mail) -> DiscardBody:
        opened = DiscardBody(self)
        self.bodies.append(opened)
        return opened
