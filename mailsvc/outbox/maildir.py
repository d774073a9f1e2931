"""The last step: a message becomes a file in its recipient's Maildir, durable, once, its body untouched.

`drop` blocks and belongs into a thread. It is idempotent by delivery id: a repeated attempt finds what an earlier one
has left. Raises `MaildirError` (with `full`) or RecordsAway; both mean "later".
"""

from collections.abc import Iterator

from mailsvc.kit.targets import MaildirTarget
from mailsvc.outbox.outgoing import Outgoing
from mailsvc.outbox.wire import BadPath, path
from mailsvc.records import bodies
from mailsvc.records.deliveries import Delivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from migrator.maildir.delivery import Landed, MaildirBox, safe_user
from schedules.names import Address


def drop(
    records: Records, target: MaildirTarget, message: Message, delivery: Delivery, outgoing: Outgoing, *, host: str
) -> Landed:
    """Store the message in the Maildir of the delivery's recipient. Raises BadName for one that is no address."""
    recipient = Address.parse(delivery.recipient)
    box = MaildirBox(target.folder(str(recipient.domain), safe_user(recipient.local)), host=host)
    return box.deliver(
        _content(records, message, outgoing),
        delivery_id=delivery.id,
        at=message.received_at,
        repeated=delivery.attempts > 1,
    )


def return_path(sender: str) -> bytes:
    """The header of final delivery (RFC 5321 4.4); a sender that cannot be written is told as the null sender."""
    try:
        written = path(sender)
    except BadPath:
        written = "<>"
    return f"Return-Path: {written}\r\n".encode()


def _content(records: Records, message: Message, outgoing: Outgoing) -> Iterator[bytes]:
    yield return_path(outgoing.sender)
    yield outgoing.front + message.trace
    number = 0
    while True:
        with records.read() as connection:
            octets = bodies.chunk(connection, message.body_id, number)
        if octets is None:
            return
        yield octets
        number += 1
