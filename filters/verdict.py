"""What a judge can say of a recipient and of a message, each with a named reason and its reply.

Callers match on the class and close with `assert_never`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from filters.replies import Reply
from schedules.names import Address


class Because(StrEnum):
    """Every reason a verdict can have; kept in logs, traces and settlements, never empty."""

    LIVE = "live"
    ROLE_ADDRESS = "role-address"
    OUTWARD = "outward"
    FORWARDED = "forwarded"
    FORWARDED_DISCLOSED = "forwarded-disclosed"
    SUSPENDED_KEPT = "suspended-kept"
    UNKNOWN_ADDRESS = "unknown-address"
    RELAY_DENIED = "relay-denied"
    MOVED_DISCLOSED = "moved-disclosed"
    MOVED = "moved"
    SERVICE_ENDED = "service-ended"
    SERVICE_ENDED_SOFTLY = "service-ended-softly"
    EXPIRED = "expired"
    BROWN_OUT = "brown-out"
    SUSPENDED = "suspended"
    OVER_QUOTA_GRACE = "over-quota-grace"
    OVER_QUOTA = "over-quota"
    SEND_ENDED = "send-ended"
    SENDER_SUSPENDED = "sender-suspended"
    CLOCK_JUMP = "clock-jump"
    FACTS_AWAY = "facts-away"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    TOO_LARGE = "too-large"
    BARE_NEWLINE = "bare-newline"
    OTHER_CONTENT_POLICY = "other-content-policy"
    BOUNCE_RETURNED = "bounce-returned"  # mail to an SRS address of ours, on its way back to the sender
    ROUTED = "routed"  # to the successor that the plan names
    RATE_LIMIT = "rate-limit"
    LOOP = "loop"
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNED = "unscanned"
    SCANNER_AWAY = "scanner-away"
    NEXT_HOP_REFUSED = "next-hop-refused"
    NEXT_HOP_DEFERRED = "next-hop-deferred"


# Why mail goes on to a subscriber's new address.
FORWARDED: Final = frozenset({Because.FORWARDED, Because.FORWARDED_DISCLOSED})


@dataclass(frozen=True, slots=True)
class Accept:
    """Take it and deliver it to `mailbox`, or outward where `mailbox` is not ours."""

    mailbox: Address
    because: Because
    reply: Reply


@dataclass(frozen=True, slots=True)
class Forward:
    """Take it and forward it to `target`; where `keep` is set a copy stays in `mailbox` too."""

    mailbox: Address
    target: Address
    keep: bool
    because: Because
    reply: Reply
    also: tuple[Address, ...] = ()  # mailboxes on the way that keep copies, where it goes through another of ours


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not taken, for good: a 5xx reply."""

    because: Because
    reply: Reply


@dataclass(frozen=True, slots=True)
class Defer:
    """Not taken now: a 4xx reply."""

    because: Because
    reply: Reply


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing in the message speaks against taking it."""


class Tell(StrEnum):
    """Which people of ours are told that a message was put into quarantine; nobody outside ever is (KY-3)."""

    SENDER = "sender"
    RECIPIENTS = "recipients"
    NOBODY = "nobody"


class UnscannedAction(StrEnum):
    """What an operator has done with a message that no scanner can ever read."""

    REFUSE = "refuse"  # 550 5.7.1
    HOLD = "hold"  # taken, and kept for an administrator
    DELIVER = "deliver"  # delivered, with a header field that says so


@dataclass(frozen=True, slots=True)
class Marked:
    """Taken and delivered, with `header` in front: a line that says what is not known of it (KY-4)."""

    because: Because
    header: bytes  # one header field with its CRLF


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Kept in quarantine, delivered to nobody; the reply says 250 or refuses, as the client demands."""

    because: Because
    reply: Reply
    tell: Tell


@dataclass(frozen=True, slots=True)
class Hold:
    """Taken, and held for an administrator to release or drop."""

    because: Because
    reply: Reply


RecipientVerdict = Accept | Forward | Refuse | Defer
SizeVerdict = Clean | Refuse | Defer
ContentVerdict = Clean | Marked | Quarantine | Hold | Refuse | Defer
