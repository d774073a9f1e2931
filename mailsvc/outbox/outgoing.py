"""How a message leaves for one delivery: under which reverse-path, and with which header octets in front.

Most mail leaves as it came. A forward leaves under a rewritten sender, with a header against loops; who decides that
is handed to the outbox as a function from message and delivery to `Outgoing`. Recipients of one message travel
together only where this is the same for them.
"""

from dataclasses import dataclass

from mailsvc.records.deliveries import Delivery
from mailsvc.records.messages import Message


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The reverse-path ("" is the null sender), and octets of whole header lines in front of the trace."""

    sender: str
    front: bytes = b""


def as_it_came(message: Message, delivery: Delivery) -> Outgoing:
    """Under its own reverse-path, with nothing in front."""
    del delivery
    return Outgoing(message.mail_from)
