"""How forwarded mail leaves: under a reverse-path of ours (SRS), with `Delivered-To` in front, else untouched.

    Means(..., outgoing=Forwarding(srs, ours, log).outgoing)

Body, From and every signed header stay octet by octet, so that DKIM signatures go on to hold. A sender that no
reverse-path of ours can hold is told in the log, and its mail goes on under the null sender: what is refused while we
hand it over still comes back to the sender by our own report. Nothing is raised.
"""

from collections.abc import Callable

from filters.mail import ClientKind
from filters.verdict import FORWARDED
from mailsvc.kit.srs import NotRewritable, Srs
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.outgoing import Outgoing
from mailsvc.records.deliveries import Delivery
from mailsvc.records.messages import Message
from schedules.names import Address, BadName, DomainName


class Forwarding:
    """`ours` tells whether a domain is one of the settings; without `srs` every sender stays as it is."""

    def __init__(self, srs: Srs | None, ours: Callable[[DomainName], bool], log: Log) -> None:
        self._srs = srs
        self._ours = ours
        self._log = log

    def outgoing(self, message: Message, delivery: Delivery) -> Outgoing:
        """How this delivery leaves."""
        if delivery.because not in FORWARDED:
            return Outgoing(message.mail_from, b"")
        return Outgoing(self._sender(message, delivery), delivered_to(delivery.original))

    def _sender(self, message: Message, delivery: Delivery) -> str:
        if self._srs is None or not self._needs_rewriting(self._srs, message, delivery):
            return message.mail_from
        try:
            return self._srs.forward(message.mail_from, at=message.received_at)
        except NotRewritable as why:
            self._log.warning("sender-not-rewritten", message=message.id, recipient=delivery.recipient, why=str(why))
            return ""

    def _needs_rewriting(self, srs: Srs, message: Message, delivery: Delivery) -> bool:
        """Whether the target's server would ask the sender's domain if our host may send for it (SPF, RFC 7208).

        Senders of ours that our own submission MTA vouches for may come from us. From elsewhere a sender of ours is a
        mere claim: unrewritten, forged mail would pass by our own word.
        """
        target, sender = _domain(delivery.recipient), _domain(message.mail_from)
        if (target and self._ours(target)) or (sender and sender == srs.domain):
            return False
        vouched = message.client_kind == ClientKind.SUBMISSION
        return not (vouched and sender and self._ours(sender))


def delivered_to(mailbox: str) -> bytes:
    """The header line by which a loop is known when the message comes back."""
    return f"Delivered-To: {mailbox}\r\n".encode()


def _domain(address: str) -> DomainName | None:
    try:
        return Address.parse(address).domain if address else None
    except BadName:
        return None
