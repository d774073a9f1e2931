"""What a sender is told of each recipient, and how much of the message goes back.

A recipient bears the name by which its sender knows it, forwarded or not (RFC 3461 5.2.7.3, KY-16). What another server
said is passed on only about a recipient outside that was asked as such; elsewhere it might name an address of others.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from filters.header import read_header
from filters.verdict import FORWARDED, Because
from mailsvc.letters.dsn import Report, Returned
from mailsvc.letters.dsn_fields import Action, Told, status
from mailsvc.records.delivery import Delivery, DeliveryState
from mailsvc.records.messages import Message
from mailsvc.records.queue_acts import DROPPED_REPLY
from schedules.names import Address, BadName

# Octets of a message that go back whole where its sender asked for that (RFC 3461 4.3 lets us send less).
WHOLE_LIMIT: Final = 1024 * 1024
_FINAL: Final = ("maildir:", "lmtp:")  # lanes that end in a mailbox


def action(delivery: Delivery) -> Action:
    """What became of it, or that it still waits."""
    if delivery.state in {DeliveryState.UNDELIVERABLE, DeliveryState.RETURNED}:
        return Action.FAILED
    if delivery.relayed_at is None:
        return Action.DELAYED
    return Action.DELIVERED if delivery.lane.startswith(_FINAL) else Action.RELAYED


def unwanted(delivery: Delivery, everything: Sequence[Delivery]) -> str:
    """Why a sender does not want to hear of this end; empty where it may."""
    asked = delivery.notify.split(",") if delivery.notify else ["failure"]  # RFC 3461 4.1
    if action(delivery) is Action.FAILED and "failure" not in asked:
        return "its sender asked not to be told"
    if action(delivery) is Action.FAILED and delivery.because in FORWARDED and _kept(delivery, everything):
        return "the mailbox has a copy"
    return ""


def report(message: Message, to: Address, told: Iterable[Delivery], octets: bytes) -> Report:
    """The report on some deliveries of a message; `octets` are the message, or at least its header."""
    some = list(told)
    recipients = tuple(dict.fromkeys(map(_told, some)))
    failed = any(one.action is Action.FAILED for one in recipients)
    whole = failed and message.ret == "full" and message.size <= WHOLE_LIMIT and len(octets) == message.size
    return Report(
        key=f"{message.id} {recipients[0].action} {','.join(str(one.number) for one in some)}",
        to=to,
        recipients=recipients,
        original=octets if whole else octets[: read_header(octets).length],
        returned=Returned.WHOLE if whole else Returned.HEADER,
        arrived=message.received_at,
        envid=message.envid,
        smtputf8=message.smtputf8,
    )


def _told(delivery: Delivery) -> Told:
    done = action(delivery)
    return Told(
        address=_known_as(delivery),
        action=done,
        status=status(done, delivery.last_reply),
        orcpt=delivery.orcpt,
        diagnostic=delivery.last_reply if _sayable(delivery, done) else "",
        retried_until=delivery.expires_at,
    )


def _known_as(delivery: Delivery) -> Address:
    try:
        return Address.parse(delivery.original)
    except BadName:  # no verdict pins such a name; the records may be older than the rule
        return Address.parse("postmaster@invalid")


def _sayable(delivery: Delivery, done: Action) -> bool:
    asked_as_such = delivery.because is Because.OUTWARD and delivery.recipient == delivery.original
    said = delivery.last_reply[:3].isdecimal() and delivery.last_reply != DROPPED_REPLY
    return asked_as_such and said and done in {Action.FAILED, Action.DELAYED}


def _kept(delivery: Delivery, everything: Sequence[Delivery]) -> bool:
    return any(
        other.original == delivery.original and other.state is DeliveryState.DELIVERED and other.because is Because.LIVE
        for other in everything
    )
