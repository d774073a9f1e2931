"""Claims: a lease and a fence on a row, so that work is done by one worker at a time and once.

A claim sets `owner`, `lease_until` and counts `fence` up; it is had only where no lease runs. Whoever settles names
the fence of its own claim: a worker that lost its lease to another finds its fence stale and changes nothing.
Any table with the columns owner, lease_until and fence can be claimed by its primary key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, update


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one row until an instant."""

    owner: str
    fence: int
    until: datetime


def claim(
    connection: Connection,
    table: Table,
    key: Mapping[str, object],
    *,
    owner: str,
    now: datetime,
    lease: timedelta,
) -> Lease | None:
    """Take the row named by `key` if no lease runs on it; None if another worker has it or it is not there."""
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
    until = now + lease
    fence = connection.execute(
        update(table)
        .where(_is(table, key), free)
        .values(owner=owner, lease_until=until, fence=table.c.fence + 1)
        .returning(table.c.fence),
    ).scalar_one_or_none()
    return None if fence is None else Lease(owner, int(fence), until)


def renew(connection: Connection, table: Table, key: Mapping[str, object], fence: int, until: datetime) -> bool:
    """Prolong a lease that is still ours; False if the fence is stale."""
    return settle(connection, table, key, fence, lease_until=until)


def settle(connection: Connection, table: Table, key: Mapping[str, object], fence: int, **values: object) -> bool:
    """Write `values` to a claimed row if the claim is still ours; False if the fence is stale or it was given back."""
    ours = and_(_is(table, key), table.c.fence == fence, table.c.lease_until.is_not(None))
    return connection.execute(update(table).where(ours).values(**values)).rowcount == 1


def _is(table: Table, key: Mapping[str, object]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in key.items()))
