"""The way of one delivery: its target, how the message leaves, and by MX the domain to ask for.

Deliveries of one message with the same way travel together. Raises BadName for a recipient that is no address,
`NoRoute` where the settings name no way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mailsvc.kit.targets import MxTarget, Target
from mailsvc.outbox.outgoing import Outgoing
from mailsvc.outbox.routes import Route, Routes
from mailsvc.records.deliveries import Delivery
from mailsvc.records.messages import Message
from schedules.names import Address, DomainName


@dataclass(frozen=True, slots=True)
class Way:
    """Where to, and how."""

    target: Target
    outgoing: Outgoing
    domain: DomainName | None = None  # where the target is whatever DNS says of it


def way(routes: Routes, outgoing: Callable[[Message, Delivery], Outgoing], message: Message, delivery: Delivery) -> Way:
    """The way by the settings of this moment. Raises BadName, NoRoute."""
    recipient = Address.parse(delivery.recipient)
    return _along(routes.of(recipient), outgoing(message, delivery), recipient)


def _along(route: Route, outgoing: Outgoing, recipient: Address) -> Way:
    domain = recipient.domain if isinstance(route.target, MxTarget) else None
    return Way(route.target, outgoing, domain)
