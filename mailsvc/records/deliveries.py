"""Deliveries: one per recipient of a message, claimed by an outbox, settled once.

    QUEUED ──claim──▶ CLAIMED ──settle Delivered──────▶ DELIVERED
      ▲                  │ │ ├──settle Undeliverable──▶ UNDELIVERABLE
      └─settle Deferred──┘ │
                           └─lease ends, claim──▶ UNKNOWN (claimed again; how the first attempt ended is not known)
    HELD waits for a person. UNKNOWN settles as CLAIMED does.

What was accepted is never judged again; a settlement with a stale fence changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, func, literal_column, select, update

from filters.verdict import Because
from mailsvc.records import claims
from mailsvc.records.endings import end_message
from mailsvc.records.orders import Row
from mailsvc.records.tables import deliveries


class DeliveryState(StrEnum):
    """How far a delivery is."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"  # claimed again after a lease ran out: the earlier attempt may have succeeded
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A recipient as its verdict pinned it."""

    recipient: str  # where it goes
    original: str  # as the client asked
    because: Because
    lane: str  # deliveries of one lane share a next hop


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient's delivery as it stands."""

    id: str  # stable over all attempts, fit for a file name
    message_id: str
    number: int  # among the message's recipients, from 0
    recipient: str
    original: str
    because: Because
    lane: str
    state: DeliveryState
    attempts: int  # including the present one
    next_at: datetime | None  # when it is tried next; None once settled
    last_reply: str
    fence: int
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next hop has taken it, and said so."""

    reply: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; again at `next_at`."""

    next_at: datetime
    reply: str


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """Never; the reply says why."""

    reply: str


Outcome = Delivered | Deferred | Undeliverable

_STATE_AFTER: Mapping[type[Outcome], DeliveryState] = {
    Delivered: DeliveryState.DELIVERED,
    Deferred: DeliveryState.QUEUED,
    Undeliverable: DeliveryState.UNDELIVERABLE,
}


def row_of(message_id: str, number: int, new: NewDelivery, first: datetime) -> Row:
    """The row of a new delivery, due at `first`."""
    return deliveries, {
        "message_id": message_id,
        "number": number,
        "recipient": new.recipient,
        "original": new.original,
        "because": str(new.because),
        "lane": new.lane,
        "state": "queued",
        "attempts": 0,
        "next_at": first,
        "due_at": first,
        "last_reply": "",
        "settled_at": None,
        "owner": "",
        "lease_until": None,
        "fence": 0,
    }


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
            taken += _claim_in(connection, lane, owner, now, lease, wanted) if wanted else []
    return taken


def _claim_in(
    connection: Connection,
    lane: str,
    owner: str,
    now: datetime,
    lease: timedelta,
    limit: int,
) -> list[Delivery]:
    due = (
        select(deliveries)
        .where(deliveries.c.lane == lane, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_take(connection, row, owner, now + lease) for row in connection.execute(due).mappings().all()]


def _take(connection: Connection, row: RowMapping, owner: str, until: datetime) -> Delivery:
    state = DeliveryState.CLAIMED if row["state"] == DeliveryState.QUEUED else DeliveryState.UNKNOWN
    found = _delivery(row)
    taken = replace(found, state=state, attempts=found.attempts + 1, fence=found.fence + 1)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.message_id == taken.message_id, deliveries.c.number == taken.number)
        .values(
            state=str(state),
            attempts=taken.attempts,
            fence=taken.fence,
            owner=owner,
            lease_until=until,
            due_at=until,
        ),
    )
    return taken


def renew(connection: Connection, delivery: Delivery, until: datetime) -> bool:
    """Prolong the lease of a delivery in hand; False if it was lost."""
    return claims.settle(connection, deliveries, _key(delivery), delivery.fence, lease_until=until, due_at=until)


def end_leases(connection: Connection, now: datetime) -> int:
    """Let every delivery in hand be due again at `now`; for a start that knows no other worker runs. Their number."""
    held = deliveries.c.lease_until.is_not(None)
    return connection.execute(update(deliveries).where(held).values(lease_until=now, due_at=now)).rowcount


def settle(connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> bool:
    """Write down how a claimed delivery ended; False, changing nothing, if its fence is stale.

    When a message's last delivery is settled as delivered, its body becomes sweepable.
    """
    state = _STATE_AFTER[type(outcome)]
    again = outcome.next_at if isinstance(outcome, Deferred) else None
    end = now if again is None else None
    ours = claims.settle(
        connection,
        deliveries,
        _key(delivery),
        delivery.fence,
        state=str(state),
        next_at=again,
        due_at=again,
        last_reply=outcome.reply,
        settled_at=end,
        lease_until=None,
    )
    if ours and end is not None:
        end_message(connection, delivery.message_id, now)
    return ours


def lanes(connection: Connection) -> list[str]:
    """The lanes that have deliveries to make, now or later; a skip through the index, not a scan."""
    found: list[str] = []
    lane = connection.execute(_FIRST_LANE).scalar()
    while lane is not None:
        found.append(lane)
        lane = connection.execute(_FIRST_LANE.where(deliveries.c.lane > lane)).scalar()
    return found


_FIRST_LANE = select(func.min(deliveries.c.lane)).where(deliveries.c.due_at.is_not(None))


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


def of_message(connection: Connection, message_id: str) -> Sequence[Delivery]:
    """All deliveries of a message, in the order its client named the recipients."""
    rows = connection.execute(
        select(deliveries).where(deliveries.c.message_id == message_id).order_by(deliveries.c.number),
    )
    return [_delivery(row) for row in rows.mappings()]


def in_state(connection: Connection, state: DeliveryState, limit: int = 100) -> Sequence[Delivery]:
    """Up to `limit` deliveries in one state, in order of their messages: what is held, what is undeliverable."""
    query = select(deliveries).where(deliveries.c.state == literal_column(f"'{state}'"))
    rows = connection.execute(query.order_by(deliveries.c.message_id, deliveries.c.number).limit(limit))
    return [_delivery(row) for row in rows.mappings()]


def _key(delivery: Delivery) -> dict[str, object]:
    return {"message_id": delivery.message_id, "number": delivery.number}


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(
        id=f"{row['message_id']}-{row['number']}",
        message_id=row["message_id"],
        number=row["number"],
        recipient=row["recipient"],
        original=row["original"],
        because=Because(row["because"]),
        lane=row["lane"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        next_at=row["next_at"],
        last_reply=row["last_reply"],
        fence=row["fence"],
        settled_at=row["settled_at"],
    )
