"""What the protocol asks of the house behind it: the words and the Protocol between sessions and `life.py`.

Every question may raise `Unacceptable` with the reply to give; all else is logged and answered 451 4.3.0.
"""

from dataclasses import dataclass
from typing import Protocol

from filters.mail import Client, Content
from filters.replies import Reply
from filters.verdict import Accept, Forward, RecipientVerdict, SizeVerdict
from mailsvc.gateway.paths import ReversePath
from schedules.names import Address, DomainName


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail transaction as MAIL opened it; `id` names the message in replies, logs and records."""

    id: str
    path: ReversePath
    protocol: str  # the `with` word of its trace: ESMTP, ESMTPS, UTF8SMTP… (RFC 3848, RFC 6531 4.3)


@dataclass(frozen=True, slots=True)
class Taken:
    """A recipient that was taken at RCPT: its fate is pinned here."""

    asked: Address
    verdict: Accept | Forward
    notify: str = ""  # RFC 3461 4.1: never, or a list of success, failure, delay
    orcpt: str = ""  # RFC 3461 4.2


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything known of a message but its octets; `recipients` is never empty."""

    client: Client
    mail: Mail
    recipients: tuple[Taken, ...]
    headed: bool = True  # the content begins with a header, so that our trace may stand in front of it as it is


class Body(Protocol):
    """Where the octets of one message go. After `finish` or `discard` nothing more is called.

    With `finish` the whole message is the house's, and what `Reception.release` would give back as well.
    """

    async def write(self, octets: bytes | bytearray) -> None:
        """Take the next octets, waiting while the store is busy: the client is held back meanwhile."""

    async def finish(self, envelope: Envelope) -> Reply:
        """Keep the message for its recipients and answer; 250 means safe."""

    async def discard(self) -> None:
        """Forget what was written."""


class Reception(Protocol):
    """What a session asks, in the order of a message's life."""

    def host_closed(self) -> Reply | None:
        """The banner that turns everybody away, 521 (RFC 7504), or None."""

    def postmaster_domain(self) -> DomainName:
        """The domain meant by `RCPT TO:<postmaster>` (RFC 5321 4.5.1)."""

    def new_id(self) -> str:
        """A name for a message that nobody else has."""

    async def recipient(self, client: Client, mail: Mail, asked: Address) -> RecipientVerdict:
        """Judge one recipient."""

    def content(self, client: Client, mail: Mail, facts: Content) -> SizeVerdict:
        """Judge the message as a whole: its announced size at MAIL, what was counted at the end of its content."""

    async def body(self, mail: Mail) -> Body:
        """Open a place for the octets."""

    def release(self, mail: Mail) -> None:
        """Give back what was reserved for a message that will not come; never waits, never fails."""
