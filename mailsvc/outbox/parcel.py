"""What is handed to a next hop, and what becomes of it: the words of delivery by SMTP and LMTP.

A `Parcel` is one message for recipients that share a next hop; each of them ends with an `Answer`.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailsvc.outbox.hop_replies import HopReply

Content = Callable[[], AsyncGenerator[bytes, None]]  # opens the content from its start


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sender wants to be told of one recipient (RFC 3461 4.1 and 4.2); empty where nothing was said."""

    notify: str = ""  # never, or some of success,failure,delay
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for recipients that share a next hop."""

    sender: str  # "" is the null reverse-path
    recipients: tuple[str, ...]
    size: int  # octets of the content
    content: Content
    smtputf8: bool = False
    eight_bit: bool = False
    ret: str = ""  # RFC 3461 4.3: full or hdrs
    envid: str = ""  # RFC 3461 4.4
    asked: Mapping[str, Asked] = field(default_factory=dict)  # by recipient
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
    dsn_passed: bool = False  # the hop took over what the sender wants to be told
    at_rcpt: bool = False  # said of this recipient alone, before there was any content


def by_code(reply: HopReply) -> Answer:
    """The fate that a final reply decides by its first digit (RFC 5321 4.2.1)."""
    match reply.severity:
        case 2:
            return Answer(Fate.TAKEN, reply)
        case 5:
            return Answer(Fate.NEVER, reply)
        case _:
            return Answer(Fate.LATER, reply)
