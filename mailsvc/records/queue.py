"""The queue as administrators see it: deliveries that have not been made, listed and counted.

`Wanted` says which; `listing` streams them oldest first, each as the text of a JSON object with the entries COLUMNS,
made by the database itself, since there may be a hundred thousand of them; `totals` counts them by state.
Nothing is changed here (queue_acts.py does). On SQLite a listing shows the queue at one moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    Text,
    and_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)

from mailsvc.records.endings import DROPPED
from mailsvc.records.tables import deliveries, messages
from mailsvc.records.upsert import is_sqlite

COLUMNS = (
    "message",
    "recipient",
    "sender",
    "size",
    "state",
    "attempts",
    "next_at",
    "age",
    "last_reply",
    "lane",
    "received_at",
    "expires_at",
    "delivery",
)
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
    dropped: bool = False  # also what a person has given up


def listing(connection: Connection, wanted: Wanted, limit: int | None, now: datetime) -> Iterator[str]:
    """The deliveries wanted, oldest first, at most `limit`, each a JSON object on one line.

    Times have the offset of `now`, to the second; `age` is in seconds.
    """
    object_ = _object(now, on_sqlite=is_sqlite(connection))
    query = select(object_).select_from(_BOTH).where(*conditions(wanted)).limit(limit)
    in_order = query.order_by(deliveries.c.message_id, deliveries.c.number)
    yield from _as_driven(connection, in_order) if is_sqlite(connection) else _streamed(connection, in_order)


def _as_driven(connection: Connection, query: Executable) -> Iterator[str]:
    """Rows as the driver gives them: wrapping each of a hundred thousand would take as long as reading it."""
    with connection.execute(query) as found:
        while some := found.cursor.fetchmany(_SLICE):
            for (text,) in some:
                yield text


def _streamed(connection: Connection, query: Executable) -> Iterator[str]:
    options = {"stream_results": True, "yield_per": _SLICE}
    with connection.execute(query, execution_options=options) as found:
        for (text,) in found:
            yield text


def totals(connection: Connection, wanted: Wanted) -> Mapping[str, int]:
    """How many deliveries are wanted, by state; without those of which there are none."""
    place = _BOTH if asks_messages(wanted) else deliveries
    query = select(deliveries.c.state, func.count()).select_from(place).group_by(deliveries.c.state)
    found = {name: int(number) for name, number in connection.execute(query.where(*conditions(wanted)))}
    return {name: found[name] for name in (*WAITING, *sorted(found.keys() - set(WAITING))) if name in found}


def by_lane(connection: Connection, wanted: Wanted) -> Mapping[str, int]:
    """How many deliveries are wanted, by lane."""
    place = _BOTH if asks_messages(wanted) else deliveries
    query = select(deliveries.c.lane, func.count()).select_from(place).group_by(deliveries.c.lane)
    rows = connection.execute(query.where(*conditions(wanted)).order_by(deliveries.c.lane))
    return {lane: int(number) for lane, number in rows}


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a delivery, joined with its message where that is asked about, has to fulfil."""
    # As the partial index says it, so that the delivered ones are not read.
    all_: list[ColumnElement[bool]] = [deliveries.c.state != literal_column("'delivered'", Text)]
    all_.append(deliveries.c.state.in_(wanted.states))
    if not wanted.dropped:
        # The state first: it is in the index, and most mail is not undeliverable.
        all_.append(or_(deliveries.c.state != "undeliverable", deliveries.c.report != DROPPED))
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


def _object(now: datetime, *, on_sqlite: bool) -> ColumnElement[str]:
    """The JSON object of a delivery, as either database makes it."""
    own = ("recipient", "lane", "state", "attempts", "last_reply")
    told: dict[str, ColumnElement[str] | ColumnElement[int]] = {name: deliveries.c[name] for name in own}
    told |= {"message": deliveries.c.message_id, "sender": messages.c.mail_from, "size": messages.c.size}
    told["delivery"] = deliveries.c.message_id + "-" + cast(deliveries.c.number, Text)
    seconds = {name: _seconds(column) for name, column in _INSTANTS.items()}
    told["age"] = literal(int(now.timestamp()), BigInteger) - seconds["received_at"]
    told |= {name: _iso(at, now, on_sqlite=on_sqlite) for name, at in seconds.items()}
    pairs = [part for name in COLUMNS for part in (literal_column(f"'{name}'", Text), told[name])]
    return func.json_object(*pairs) if on_sqlite else cast(func.json_build_object(*pairs), Text)


_INSTANTS = {
    "received_at": messages.c.received_at,
    "next_at": deliveries.c.next_at,
    "expires_at": deliveries.c.expires_at,
}


def _seconds(at: ColumnElement[datetime]) -> ColumnElement[int]:
    return type_coerce(at, BigInteger) // literal_column("1000000", BigInteger)


def _iso(at: ColumnElement[int], now: datetime, *, on_sqlite: bool) -> ColumnElement[str]:
    """ISO 8601 with the offset that holds at `now`."""
    offset = now.utcoffset() or timedelta()
    moved = at + literal_column(str(offset // timedelta(seconds=1)), BigInteger)
    zone = now.isoformat()[-6:]
    if on_sqlite:
        return func.strftime(f"%Y-%m-%dT%H:%M:%S{zone}", moved, "unixepoch")
    utc = func.timezone("UTC", func.to_timestamp(moved))
    return func.to_char(utc, f'YYYY-MM-DD"T"HH24:MI:SS"{zone}"')
