"""Notices: what an address of ours is to be told of one kind of thing, collected so that nobody can be flooded by it.

`add` notes one item, in the transaction of what it tells of: due at once where nothing was told within `collect`, else
together with others when that time is over. `settle` marks a letter's items as told, in the transaction that queues
the letter: two services never send it twice. Of a flood the first items are kept, all are counted.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select, update

from mailsvc.records.tables import notices
from mailsvc.records.tables.columns import EPOCH
from mailsvc.records.upsert import insert
from schedules.names import Address

Item = Mapping[str, str]

# Items of one letter that are told one by one; the rest is a number.
LISTED = 50


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits to be told to one address."""

    domain: str
    key: str  # of the local part
    kind: str
    due_at: datetime
    count: int
    items: tuple[Item, ...]  # the first of them


def add(connection: Connection, address: Address, kind: str, item: Item, now: datetime, collect: timedelta) -> None:
    """Note an item for an address; at most one letter of a kind goes to it within `collect`.

    A transaction that adds for several addresses does so in one order, or two of them may wait for each other.
    """
    key = {"domain": address.domain.ascii, "key": address.key, "kind": kind}
    fresh = {"last_at": EPOCH, "due_at": None, "pending": 0, "items": "[]"}
    connection.execute(insert(connection, notices).values(key | fresh).on_conflict_do_nothing())
    row = connection.execute(select(notices).where(_is(**key)).with_for_update()).mappings().one()
    items = json.loads(row["items"])
    if len(items) < LISTED:
        items.append(dict(item))
    connection.execute(
        update(notices)
        .where(_is(**key))
        .values(due_at=_due(row, now, collect), pending=row["pending"] + 1, items=_text(items)),
    )


def due(connection: Connection, kinds: Collection[str], now: datetime, limit: int) -> list[Pending]:
    """Up to `limit` letters of these kinds that are due, those that have waited longest first."""
    query = select(notices).where(notices.c.due_at <= now, notices.c.kind.in_(kinds))
    rows = connection.execute(query.order_by(notices.c.due_at).limit(limit)).mappings()
    return [_pending(row) for row in rows]


def next_due(connection: Connection) -> datetime | None:
    """When the next letter is due; None where nothing waits."""
    return connection.execute(select(func.min(notices.c.due_at)).where(notices.c.due_at.is_not(None))).scalar()


def settle(connection: Connection, told: Pending, now: datetime, collect: timedelta) -> bool:
    """Mark as told what was read; False, changing nothing, if another service was quicker. What came since waits on."""
    ours = _is(told.domain, told.key, told.kind)
    row = connection.execute(select(notices).where(ours).with_for_update()).mappings().one_or_none()
    if row is None or row["due_at"] != told.due_at:
        return False
    rest, items = row["pending"] - told.count, json.loads(row["items"])[len(told.items) :]
    due_at = now + collect if rest else None
    connection.execute(
        update(notices).where(ours).values(last_at=now, due_at=due_at, pending=rest, items=_text(items)),
    )
    return True


def _due(row: RowMapping, now: datetime, collect: timedelta) -> datetime:
    """Never later than `collect` from now, also where the clock once stood in the future."""
    wanted: datetime = row["due_at"] or max(now, row["last_at"] + collect)
    return min(wanted, now + collect)


def _is(domain: str, key: str, kind: str) -> ColumnElement[bool]:
    return and_(notices.c.domain == domain, notices.c.key == key, notices.c.kind == kind)


def _pending(row: RowMapping) -> Pending:
    items = tuple(json.loads(row["items"]))
    return Pending(row["domain"], row["key"], row["kind"], row["due_at"], row["pending"], items)


def _text(items: list[Item]) -> str:
    return json.dumps(items, ensure_ascii=False)
