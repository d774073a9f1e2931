"""Messages: what was accepted, for whom, and how each recipient's delivery ended.

`accept` returns when message, deliveries and the rest of the body are durable together: only then may a 250 be
said. A message row is never changed but for the state of its body; it stays for `trace` until retention.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, RowMapping, Text, bindparam, delete, literal_column, select, update

from filters.verdict import Because
from mailsvc.records import bodies
from mailsvc.records.bodies import StagedBody
from mailsvc.records.deliveries import Delivery, of_message
from mailsvc.records.delivery import Beginning, Claimed, Delivered, NewDelivery, Undeliverable, row_of
from mailsvc.records.orders import Row, insert_rows
from mailsvc.records.store import Records
from mailsvc.records.tables import deliveries as delivery_table
from mailsvc.records.tables import messages

__all__ = [
    "Because",
    "Claimed",
    "Message",
    "NewDelivery",
    "Trace",
    "accept",
    "accept_attempted",
    "accept_in",
    "find",
    "sweep_bodies",
    "trace",
]

Origin = Literal["smtp", "letter", "dsn", "release"]

# Written into the statement, not bound to it: that is how the partial indexes are found.
_SPENT = literal_column("'spent'", Text)
_GONE = literal_column("'gone'", Text)
# Asked for every attempt, so built once.
_FIND = select(messages).where(messages.c.id == bindparam("message_id"))


@dataclass(frozen=True, slots=True)
class Message:
    """An accepted message; its body is octets we never change."""

    id: str
    body_id: str
    size: int  # octets of the body, without `trace`
    sha256: str  # of the body, lower-case hex
    received_at: datetime
    client_kind: str  # filters.mail.ClientKind; empty for letters
    client_ip: str
    helo: str
    mail_from: str  # the reverse-path; empty is the null sender (RFC 5321 4.5.5)
    smtputf8: bool
    eight_bit: bool
    trace: bytes  # header lines put in front of the body (RFC 5321 4.4)
    origin: Origin
    ret: str = ""  # RFC 3461 4.3: full, hdrs, or empty
    envid: str = ""  # RFC 3461 4.4, as given
    scan: str = ""  # clean, or unread and why; empty where nothing was scanned
    scanner: str = ""  # product and version of its signatures


@dataclass(frozen=True, slots=True)
class Trace:
    """A message and all its deliveries, as `lastpost trace` shows them."""

    message: Message
    deliveries: tuple[Delivery, ...]
    settled_at: datetime | None  # when the last delivery was settled
    body_kept: bool


async def accept(
    records: Records,
    message: Message,
    deliveries: Sequence[NewDelivery],
    staged: StagedBody,
    *,
    claimed: Claimed | None = None,
) -> None:
    """Make a message and its deliveries durable, in one group commit with others. Raises RecordsAway: answer 4xx.

    `claimed` where an attempt at all of them runs already: the outbox then adopts it, and nobody else begins one
    before the lease has ended. Otherwise they are queued and due at once.
    """
    await records.committer.insert(_rows(message, staged, [(new, claimed) for new in deliveries]))


async def accept_attempted(
    records: Records, message: Message, attempted: Sequence[tuple[NewDelivery, Beginning]], staged: StagedBody
) -> None:
    """The same where each delivery begins in its own way: after a first attempt, or held. Raises RecordsAway.

    Where all were delivered only the trace is written, no body; where some were not, or a sender is still to be told
    of success, the body is kept.
    """
    await records.committer.insert(_rows(message, staged, attempted))


def accept_in(
    connection: Connection,
    message: Message,
    deliveries: Sequence[NewDelivery],
    staged: StagedBody,
) -> None:
    """The same inside a transaction of the caller: a letter and the deed it belongs to are one."""
    insert_rows(connection, _rows(message, staged, [(new, None) for new in deliveries]))


def find(connection: Connection, message_id: str) -> Message | None:
    """The message, if it was accepted and is still remembered."""
    row = connection.execute(_FIND, {"message_id": message_id}).mappings().one_or_none()
    return None if row is None else _message(row)


def trace(connection: Connection, message_id: str) -> Trace | None:
    """Everything known of a message, by its id."""
    row = connection.execute(select(messages).where(messages.c.id == message_id)).mappings().one_or_none()
    if row is None:
        return None
    return Trace(_message(row), tuple(of_message(connection, message_id)), row["settled_at"], row["body"] != "gone")


def sweep_bodies(connection: Connection, limit: int) -> int:
    """Remove up to `limit` chunks of bodies that nobody needs any more: all their deliveries are delivered.

    A message with an undeliverable recipient keeps its body. Returns 0 when there is nothing left to do.
    """
    spent = connection.execute(
        select(messages.c.id, messages.c.body_id)
        .where(messages.c.body == _SPENT)
        .order_by(messages.c.settled_at)
        .limit(limit),
    ).all()
    budget = limit
    for message_id, body_id in spent:
        if bodies.remove_chunks(connection, body_id, budget):
            return limit
        connection.execute(update(messages).where(messages.c.id == message_id).values(body="gone"))
        budget -= 1
    return len(spent)


def sweep_traces(connection: Connection, settled_before: datetime, limit: int) -> int:
    """Forget up to `limit` messages that were settled before an instant and whose bodies are gone (retention)."""
    old = connection.scalars(
        select(messages.c.id).where(messages.c.body == _GONE, messages.c.settled_at < settled_before).limit(limit),
    ).all()
    connection.execute(delete(delivery_table).where(delivery_table.c.message_id.in_(old)))
    connection.execute(delete(messages).where(messages.c.id.in_(old)))
    return len(old)


def _rows(message: Message, staged: StagedBody, begun: Sequence[tuple[NewDelivery, Beginning]]) -> list[Row]:
    if (message.body_id, message.size, message.sha256) != (staged.id, staged.size, staged.sha256):
        raise ValueError(f"message {message.id} does not describe body {staged.id}")
    if not begun:
        raise ValueError(f"message {message.id} goes to nobody")
    now = message.received_at
    all_ended = all(isinstance(beginning, Delivered | Undeliverable) for _, beginning in begun)
    rows = [row_of(message.id, number, new, now, beginning) for number, (new, beginning) in enumerate(begun)]
    # Where a report of success is still to be written, the body is needed for it.
    needed = any(not isinstance(beginning, Delivered) for _, beginning in begun)
    needed = needed or any(values["relayed_at"] is not None for _, values in rows)
    row = _values(message) | {"settled_at": now if all_ended else None}
    if not needed:  # what was written of it already, because it is large, is swept
        row["body"] = "gone" if staged.size < bodies.CHUNK else "spent"
    return [*(staged.tail if needed else ()), (messages, row), *rows]


def _values(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "body_id": message.body_id,
        "size": message.size,
        "sha256": message.sha256,
        "received_at": message.received_at,
        "client_kind": str(message.client_kind),
        "client_ip": message.client_ip,
        "helo": message.helo,
        "mail_from": message.mail_from,
        "smtputf8": message.smtputf8,
        "eight_bit": message.eight_bit,
        "trace": message.trace,
        "origin": message.origin,
        "ret": message.ret,
        "envid": message.envid,
        "scan": message.scan,
        "scanner": message.scanner,
        "settled_at": None,
        "body": "kept",
    }


def _message(row: RowMapping) -> Message:
    return Message(
        id=row["id"],
        body_id=row["body_id"],
        size=row["size"],
        sha256=row["sha256"],
        received_at=row["received_at"],
        client_kind=row["client_kind"],
        client_ip=row["client_ip"],
        helo=row["helo"],
        mail_from=row["mail_from"],
        smtputf8=row["smtputf8"],
        eight_bit=row["eight_bit"],
        trace=row["trace"],
        origin=row["origin"],
        ret=row["ret"],
        envid=row["envid"],
        scan=row["scan"],
        scanner=row["scanner"],
    )
