"""What the contract tests make again and again: instants, ids, messages, entries."""

from datetime import UTC, datetime, timedelta
from itertools import count

from filters.verdict import Because
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.directory import Entry
from mailsvc.records.messages import Message, NewDelivery
from mailsvc.records.staging import begin, publish, stage
from mailsvc.records.store import Connection, Records
from schedules.names import Address, DomainName

NOW = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLOSING = DomainName("closing.example")
_numbers = count(1)


def new_id() -> str:
    return f"{next(_numbers):026d}"


def message(staged: StagedBody, *, origin: messages.Origin = "smtp", mail_from: str = "a@b.example") -> Message:
    return Message(
        id=new_id(),
        body_id=staged.id,
        size=staged.size,
        sha256=staged.sha256,
        received_at=NOW,
        client_kind="world",
        client_ip="192.0.2.7",
        helo="mx.b.example",
        mail_from=mail_from,
        smtputf8=False,
        eight_bit=True,
        trace=b"Received: from mx.b.example\r\n",
        origin=origin,
    )


def to(recipient: str, lane: str = "maildir") -> NewDelivery:
    return NewDelivery(recipient, recipient.upper(), Because.LIVE, lane)


async def staged_body(records: Records, octets: bytes = b"Subject: hello\r\n\r\nhello\r\n") -> StagedBody:
    writer = BodyWriter(records, new_id, lambda: NOW)
    await writer.write(octets)
    return await writer.finish()


async def accepted(records: Records, *deliveries: NewDelivery, octets: bytes = b"hello\r\n") -> Message:
    """A message committed with its deliveries."""
    staged = await staged_body(records, octets)
    made = message(staged)
    await messages.accept(records, made, deliveries or (to("hanako@closing.example"),), staged)
    return made


def entry(text: str, **facts: object) -> Entry:
    return Entry(Address.parse(text), **facts)  # type: ignore[arg-type]


def published(connection: Connection, *entries: Entry, domain: DomainName = CLOSING) -> int:
    """A directory with these entries, current for the domain."""
    generation = begin(connection, domain, NOW, "admin@provider.example")
    stage(connection, generation, entries)
    publish(connection, [generation], NOW)
    return generation
