"""The queue as administrators see it: deliveries that have not been made, listed and counted.

`Wanted` says which; `rows` streams them oldest first, as plain values and instants in microseconds, since a listing may
have a hundred thousand of them; `totals` counts them by state. Nothing is changed here (queue_acts.py does).
On SQLite a listing that is read to its end sees the queue at one moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    Text,
    and_,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from mailsvc.records.tables import deliveries, messages
from mailsvc.records.upsert import is_sqlite

Cell = str | int | None
Row = Sequence[Cell]

COLUMNS = (
    "message",
    "number",
    "recipient",
    "sender",
    "size",
    "lane",
    "state",
    "attempts",
    "received_at",
    "next_at",
    "expires_at",
    "last_reply",
)
INSTANTS = frozenset({"received_at", "next_at", "expires_at"})
WAITING = ("queued", "claimed", "unknown", "held", "undeliverable")
_BOTH = deliveries.join(messages, messages.c.id == deliveries.c.message_id)
_SLICE = 2000  # rows that are fetched from the database at once


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries; each entry that is given leaves fewer of them."""

    states: Sequence[str] = WAITING
    ids: Sequence[str] = ()  # of messages, or of deliveries (the message's, a hyphen, the recipient's number)
    lane: str = ""
    domain: str = ""  # of the recipient, in lower case
    recipient: str = ""
    sender: str | None = None  # empty: the null sender
    received_before: datetime | None = None


def rows(connection: Connection, wanted: Wanted, limit: int | None = None) -> Iterator[Row]:
    """The deliveries wanted, oldest first, with the columns COLUMNS; at most `limit`."""
    query = select(*_told()).select_from(_BOTH).where(*conditions(wanted)).limit(limit)
    in_order = query.order_by(deliveries.c.message_id, deliveries.c.number)
    yield from _as_driven(connection, in_order) if is_sqlite(connection) else _streamed(connection, in_order)


def _as_driven(connection: Connection, query: Executable) -> Iterator[Row]:
    """Rows as the driver gives them: wrapping each of a hundred thousand would take longer than reading it."""
    with connection.execute(query) as found:
        while some := found.cursor.fetchmany(_SLICE):
            yield from some


def _streamed(connection: Connection, query: Executable) -> Iterator[Row]:
    options = {"stream_results": True, "yield_per": _SLICE}
    with connection.execute(query, execution_options=options) as found:
        for row in found:
            yield tuple(row)


def totals(connection: Connection, wanted: Wanted) -> Mapping[str, int]:
    """How many deliveries are wanted, by state; without those of which there are none."""
    place = _BOTH if asks_messages(wanted) else deliveries
    query = select(deliveries.c.state, func.count()).select_from(place).group_by(deliveries.c.state)
    found = {name: int(number) for name, number in connection.execute(query.where(*conditions(wanted)))}
    return {name: found[name] for name in (*WAITING, *sorted(found.keys() - set(WAITING))) if name in found}


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a delivery, joined with its message where that is asked about, has to fulfil."""
    # As the partial index says it, so that the delivered ones are not read.
    all_: list[ColumnElement[bool]] = [deliveries.c.state != literal_column("'delivered'", Text)]
    all_.append(deliveries.c.state.in_(wanted.states))
    if wanted.ids:
        all_.append(or_(*(_is(one) for one in wanted.ids)))
    if wanted.lane:
        all_.append(deliveries.c.lane == wanted.lane)
    if wanted.domain:
        all_.append(func.lower(deliveries.c.recipient).endswith(f"@{wanted.domain}", autoescape=True))
    if wanted.recipient:
        all_.append(func.lower(deliveries.c.recipient) == wanted.recipient.lower())
    if wanted.sender is not None:
        all_.append(func.lower(messages.c.mail_from) == wanted.sender.lower())
    if wanted.received_before is not None:
        all_.append(messages.c.received_at < wanted.received_before)
    return all_


def asks_messages(wanted: Wanted) -> bool:
    """Whether the messages have to be joined to answer."""
    return wanted.sender is not None or wanted.received_before is not None


def _is(asked: str) -> ColumnElement[bool]:
    message, _, number = asked.partition("-")
    if number.isdecimal():
        return and_(deliveries.c.message_id == message, deliveries.c.number == int(number))
    return deliveries.c.message_id == asked


def _told() -> list[ColumnElement[Cell]]:
    own = ("number", "recipient", "lane", "state", "attempts", "next_at", "expires_at", "last_reply")
    named: dict[str, ColumnElement[Cell]] = {name: deliveries.c[name] for name in own}
    named |= {"message": deliveries.c.message_id, "sender": messages.c.mail_from}
    named |= {"size": messages.c.size, "received_at": messages.c.received_at}
    return [type_coerce(named[name], BigInteger) if name in INSTANTS else named[name] for name in COLUMNS]
