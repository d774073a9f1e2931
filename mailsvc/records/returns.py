"""Which deliveries ended, or wait long, without their sender being told; and writing down that it was told.

    for message_id in due(connection, now, PATIENCE, 100): found = case(connection, message_id)
    settle(connection, message_id, reports, now, message)       # with the report to the sender, in one transaction

A delivery is reported once: `settle` and `tell_delay` change only what nobody has reported yet, and raise Overtaken,
which rolls the transaction back, where another process or a person was quicker. While everything is held, nothing is
due. Raises what the driver raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, func, or_, select, update

from mailsvc.records import held, messages
from mailsvc.records.deliveries import Delivery, DeliveryState, of_message
from mailsvc.records.endings import end_message
from mailsvc.records.messages import Message
from mailsvc.records.tables import deliveries
from mailsvc.records.tables import messages as message_table
from mailsvc.records.tables.mail import UNDELAYED, UNTOLD

_WAITING = ("queued", "unknown", "claimed")


class Overtaken(Exception):
    """Somebody else has reported a delivery, or tries it again: nothing was written."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message and its deliveries as they stand."""

    message: Message
    deliveries: tuple[Delivery, ...]

    @property
    def untold(self) -> tuple[Delivery, ...]:
        """The deliveries that have ended and are still to be reported."""
        return tuple(one for one in self.deliveries if not one.report and _told_of(one))


def _told_of(delivery: Delivery) -> bool:
    return delivery.state is DeliveryState.UNDELIVERABLE or delivery.relayed_at is not None


def due(connection: Connection, now: datetime, patience: timedelta, limit: int) -> list[str]:
    """Up to `limit` messages to report on: nothing of them is open, or their first end is `patience` old."""
    if held.since(connection) is not None:
        return []
    open_ = deliveries.alias()
    still_open = exists().where(open_.c.message_id == deliveries.c.message_id, open_.c.settled_at.is_(None))
    first = func.min(deliveries.c.settled_at)
    query = (
        select(deliveries.c.message_id)
        .where(UNTOLD)
        .group_by(deliveries.c.message_id)
        .having(or_(first <= now - patience, ~still_open))
        .order_by(first)
        .limit(limit)
    )
    return list(connection.scalars(query))


def delayed(connection: Connection, received_before: datetime, limit: int) -> Mapping[str, Sequence[int]]:
    """Messages taken before an instant that still wait, and whose senders asked to hear of it: their deliveries."""
    if held.since(connection) is not None:
        return {}
    query = (
        select(deliveries.c.message_id, deliveries.c.number)
        .join(message_table, message_table.c.id == deliveries.c.message_id)
        .where(UNDELAYED, deliveries.c.state.in_(_WAITING), deliveries.c.notify.like("%delay%"))
        .where(message_table.c.received_at <= received_before)
        .order_by(deliveries.c.message_id)
        .limit(limit)
    )
    found: dict[str, list[int]] = {}
    for message_id, number in connection.execute(query):
        found.setdefault(message_id, []).append(number)
    return found


def case(connection: Connection, message_id: str) -> Case | None:
    """The message and its deliveries, if it is still remembered."""
    message = messages.find(connection, message_id)
    return None if message is None else Case(message, tuple(of_message(connection, message_id)))


def settle(connection: Connection, message_id: str, reports: Mapping[int, str], now: datetime) -> None:
    """Write a report on each delivery, by number: `returned ID` or `nobody: WHY`. Raises Overtaken.

    Undeliverable mail whose sender was told is `returned`, and no longer waits for anybody.
    """
    _not_held(connection)
    for number, report in sorted(reports.items()):
        mine = (deliveries.c.message_id == message_id, deliveries.c.number == number)
        state = connection.execute(select(deliveries.c.state).where(*mine, UNTOLD).with_for_update()).scalar()
        if state is None:
            raise Overtaken(f"{message_id}-{number}")
        given_back = state == "undeliverable" and report.startswith("returned ")
        values = {"report": report, "state": "returned" if given_back else state}
        connection.execute(update(deliveries).where(*mine).values(values))
    end_message(connection, message_id, now)


def tell_delay(connection: Connection, message_id: str, numbers: Sequence[int], now: datetime) -> None:
    """Write down that a sender was told of a delay, or that nobody is to be told. Raises Overtaken."""
    _not_held(connection)
    mine = (deliveries.c.message_id == message_id, deliveries.c.number.in_(numbers), UNDELAYED)
    if connection.execute(update(deliveries).where(*mine).values(delay_told_at=now)).rowcount != len(numbers):
        raise Overtaken(message_id)


def _not_held(connection: Connection) -> None:
    if held.since(connection) is not None:
        raise Overtaken("everything is held")
