"""What a judge can say of a recipient and of a message, each with a named reason and its reply.

Callers match on the class and close with `assert_never`.
"""

from dataclasses import dataclass
from enum import StrEnum

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


RecipientVerdict = Accept | Forward | Refuse | Defer
ContentVerdict = Clean | Refuse | Defer
