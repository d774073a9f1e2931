"""What is known of one message and of those it concerns, as facts that judges read.

Nothing here looks anything up: `mailsvc.standing` assembles these values, `filters.judge` reads them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schedules.names import Address
from schedules.words import Rulings


class ClientKind(StrEnum):
    """Who hands us a message."""

    WORLD = "world"  # any MTA of the world
    INBOUND = "inbound"  # the provider's own MTA, relaying mail from the world
    SUBMISSION = "submission"  # the provider's own MTA, relaying mail of subscribers; may send outward


@dataclass(frozen=True, slots=True)
class Client:
    """The peer of one SMTP session."""

    kind: ClientKind
    ip: str
    port: int
    helo: str = ""
    tls: str = ""  # protocol and cipher, empty without TLS
    certificate: str = ""  # SHA-256 of its verified client certificate, lower-case hex


class AddressKind(StrEnum):
    """What an address of ours is."""

    BASE = "base"
    ADDITIONAL = "additional"
    ALIAS = "alias"
    ROLE = "role"  # postmaster, abuse: always accepted (RFC 5321 4.5.1)


@dataclass(frozen=True, slots=True)
class Forwarding:
    """A subscriber's wish that mail goes on to another address."""

    target: Address
    confirmed: bool  # the target has said yes; without it nothing is forwarded
    disclose: bool  # the subscriber consents that senders learn the target (KY-16)
    keep: bool  # a copy stays in the mailbox while it exists
    paused: bool = False  # the target has refused for good: nothing is forwarded until somebody resumes it


@dataclass(frozen=True, slots=True)
class Left:
    """A subscriber who has left; `disclose` is recorded consent to name the new address (KY-16)."""

    moved_to: Address | None
    disclose: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a mailbox is. Sizes are octets."""

    used: int
    limit: int  # 0 means no limit
    over_since: datetime | None  # since when it has been over its limit
    grace_over: bool  # the grace time after that has passed
    fresh: bool  # counted from the store just now, not remembered
    promised: int = 0  # octets of mail on its way: of messages in progress, and of those that wait in the outbox


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything a judge needs to know of one recipient or local sender.

    `asked` is the address as the client named it; `mailbox` where its mail is kept, after alias,
    plus-addressing and catch-all; None for an address that is not ours or unknown.
    """

    asked: Address
    ours: bool  # its domain is one of ours
    kind: AddressKind | None  # None: unknown, or not ours
    mailbox: Address | None = None
    rulings: Rulings | None = None  # None: not ours; of an unknown address, those of its domain
    left: Left | None = None
    forwarding: Forwarding | None = None
    usage: Usage | None = None  # None: not counted, no limit known
    notice_url: str = ""  # page that tells the world about the end
    routed: bool = False  # its mail goes to the successor that the plan names
    onward: "Standing | None" = None  # of the forwarding's target, where that is an address of ours too
    returned: "Standing | None" = None  # of the sender whose mail was forwarded under this address of ours (SRS)


@dataclass(frozen=True, slots=True)
class Sender:
    """The reverse-path of a message: None is the null sender `<>` (RFC 5321 4.5.5)."""

    address: Address | None
    standing: Standing | None = None  # set where the address is ours and the client is submission

    @property
    def spoken_for(self) -> Address | None:
        """The mailbox of a sender of ours whom our submission MTA speaks for; a mere claim is nobody's (KY-3)."""
        return self.standing.mailbox if self.standing else None


@dataclass(frozen=True, slots=True)
class Content:
    """What was counted of a message while it was read, or announced by MAIL SIZE=. Sizes are octets."""

    octets: int
    limit: int  # 0 means no limit
    bare_newline: bool = False  # a bare CR or LF stayed in it
