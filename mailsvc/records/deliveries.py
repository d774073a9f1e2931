"""Deliveries: one per recipient of a message, claimed by an outbox, settled once.

    QUEUED ──claim──▶ CLAIMED ──settle Delivered──────▶ DELIVERED
      ▲                  │ │ ├──settle Undeliverable──▶ UNDELIVERABLE ──its sender told──▶ RETURNED
      └─settle Deferred──┘ │ └──settle Unsure─────────▶ UNKNOWN (the answer was lost)
                           └─lease ends, claim────────▶ UNKNOWN (the worker was lost)
    UNKNOWN is due again, claimed and settled as QUEUED is. HELD waits for a person.

What was accepted is never judged again; a settlement with a stale fence changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, literal_column, select, update

from mailsvc.records import claims
from mailsvc.records.delivery import (
    SETTLED_COLUMNS,
    Claimed,
    Deferred,
    Delivered,
    Delivery,
    DeliveryState,
    NewDelivery,
    Outcome,
    Undeliverable,
    Unsure,
    delivery_of,
    ended,
)
from mailsvc.records.endings import end_message
from mailsvc.records.lanes import lanes_of
from mailsvc.records.tables import deliveries, messages

__all__ = [
    "Claimed",
    "Deferred",
    "Delivered",
    "Delivery",
    "DeliveryState",
    "NewDelivery",
    "Outcome",
    "Undeliverable",
    "Unsure",
    "claim",
    "claim_in",
    "counts",
    "due_lanes",
    "end_leases",
    "in_state",
    "lanes",
    "next_due",
    "of_message",
    "renew",
    "settle",
]


def claim(
    connection: Connection,
    owner: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    skip_lanes: Collection[str] = (),
) -> list[Delivery]:
    """Take up to `limit` due deliveries for `owner` until now + lease, oldest first within a lane, fairly by lane.

    Deliveries whose lease has run out are due again and come back as UNKNOWN. On PostgreSQL rows that another
    claimer is taking at this moment are passed over (FOR UPDATE SKIP LOCKED).
    """
    open_ = [lane for lane in lanes(connection) if lane not in skip_lanes]
    # Every lane gets its share before any gets more, and not always the same one is first.
    first = int(now.timestamp()) % max(1, len(open_))
    turns = [*open_[first:], *open_[:first]]
    taken: list[Delivery] = []
    for share in (max(1, limit // max(1, len(open_))), limit):
        for lane in turns:
            wanted = min(share, limit - len(taken))
            taken += claim_in(connection, lane, owner, now, lease, wanted) if wanted else []
    return taken


def claim_in(
    connection: Connection,
    lane: str,
    owner: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    *,
    expired: bool = False,
) -> list[Delivery]:
    """Take up to `limit` due deliveries of one lane, oldest first; or only those whose time is over."""
    due = (
        select(deliveries)
        .where(deliveries.c.lane == lane, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = due.where(deliveries.c.expires_at <= now) if expired else due
    taken = [_taken(row) for row in connection.execute(due).mappings().all()]
    if taken:
        until = now + lease
        connection.execute(_TAKE, [_key(one) | {"state": one.state, "owner": owner, "until": until} for one in taken])
    return taken


def _taken(row: RowMapping) -> Delivery:
    state = DeliveryState.CLAIMED if row["state"] == DeliveryState.QUEUED else DeliveryState.UNKNOWN
    found = delivery_of(row)
    return replace(found, state=state, attempts=found.attempts + 1, fence=found.fence + 1)


def renew(connection: Connection, delivery: Delivery, until: datetime) -> bool:
    """Prolong the lease of a delivery in hand; False if it was lost."""
    key = {"message_id": delivery.message_id, "number": delivery.number}
    return claims.settle(connection, deliveries, key, delivery.fence, lease_until=until, due_at=until)


def end_leases(connection: Connection, now: datetime) -> int:
    """Let every delivery in hand be due again by `now`; for a start that knows no other worker runs. Their number.

    No lease is made longer: where the clock was set ahead, the time that is believed comes to a later `now` days after.
    """
    held = deliveries.c.lease_until > now
    return connection.execute(update(deliveries).where(held).values(lease_until=now, due_at=now)).rowcount


def settle(connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> bool:
    """Write down how a claimed delivery ended; False, changing nothing, if its fence is stale.

    When a message's last delivery is settled as delivered, its body becomes sweepable.
    """
    columns = ended(delivery.notify, outcome, now)
    named = _key(delivery) | {"our_fence": delivery.fence, **columns}
    ours = connection.execute(_SETTLE, named).rowcount == 1
    if ours and columns["settled_at"] is not None:
        end_message(connection, delivery.message_id, now)
    return ours


def lanes(connection: Connection) -> list[str]:
    """The lanes that have deliveries to make, now or later; a skip through the index, not a scan."""
    return list(connection.scalars(_LANES))


def due_lanes(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Up to `limit` lanes that have deliveries to make now, oldest first."""
    lane = _LANES.selected_columns.lane
    soonest = select(func.min(deliveries.c.due_at)).where(deliveries.c.lane == lane, _DUE).scalar_subquery()
    waiting = _LANES.where(soonest <= now).order_by(soonest).limit(limit)
    return list(connection.scalars(waiting))


_DUE = deliveries.c.due_at.is_not(None)
_LANES = lanes_of(deliveries, _DUE)


def next_due(connection: Connection, skip_lanes: Collection[str] = ()) -> datetime | None:
    """When the next delivery of a lane not skipped is due, or its lease runs out; None if nothing waits."""
    soonest = [
        connection.execute(
            select(func.min(deliveries.c.due_at)).where(deliveries.c.lane == lane, deliveries.c.due_at.is_not(None)),
        ).scalar()
        for lane in lanes(connection)
        if lane not in skip_lanes
    ]
    return min((at for at in soonest if at is not None), default=None)


def counts(connection: Connection, *, delivered: bool = False) -> Mapping[DeliveryState, int]:
    """How many deliveries are in each state; DELIVERED is counted only if asked, because that reads every row."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    if not delivered:
        query = query.where(deliveries.c.state != literal_column("'delivered'"))  # as the partial index says it
    found = {state: int(count) for state, count in connection.execute(query)}
    return {state: found.get(str(state), 0) for state in DeliveryState}


def oldest(connection: Connection) -> datetime | None:
    """When the oldest message came that still has to go out; ids are in the order of time."""
    waits = deliveries.c.state.in_((DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.UNKNOWN))
    not_delivered = deliveries.c.state != literal_column("'delivered'")  # as the partial index says it
    first = select(func.min(deliveries.c.message_id)).where(not_delivered, waits)
    found: datetime | None = connection.scalar(
        select(messages.c.received_at).where(messages.c.id == first.scalar_subquery())
    )
    return found


def of_message(connection: Connection, message_id: str) -> Sequence[Delivery]:
    """All deliveries of a message, in the order its client named the recipients."""
    rows = connection.execute(
        select(deliveries).where(deliveries.c.message_id == message_id).order_by(deliveries.c.number),
    )
    return [delivery_of(row) for row in rows.mappings()]


def in_state(connection: Connection, state: DeliveryState, limit: int = 100) -> Sequence[Delivery]:
    """Up to `limit` deliveries in one state, in order of their messages: what is held, what is undeliverable."""
    query = select(deliveries).where(deliveries.c.state == literal_column(f"'{state}'"))
    rows = connection.execute(query.order_by(deliveries.c.message_id, deliveries.c.number).limit(limit))
    return [delivery_of(row) for row in rows.mappings()]


def _key(delivery: Delivery) -> dict[str, object]:
    return {"key_message": delivery.message_id, "key_number": delivery.number}


# Said for every delivery, so built once.
_THIS = and_(deliveries.c.message_id == bindparam("key_message"), deliveries.c.number == bindparam("key_number"))
_TAKE = (
    update(deliveries)
    .where(_THIS)
    .values(
        state=bindparam("state"),
        attempts=deliveries.c.attempts + 1,
        fence=deliveries.c.fence + 1,
        owner=bindparam("owner"),
        lease_until=bindparam("until"),
        due_at=bindparam("until"),
    )
)
_SETTLE = (
    update(deliveries)
    .where(_THIS, deliveries.c.fence == bindparam("our_fence"), deliveries.c.lease_until.is_not(None))
    .values({name: bindparam(name) for name in SETTLED_COLUMNS})
)
