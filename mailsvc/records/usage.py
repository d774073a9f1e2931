"""Usage: how full mailboxes were when last counted, and since when they have been over their limit.

One row per mailbox, outside the directory's generations: an import does not begin the grace time again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, select, type_coerce

from mailsvc.records.prepared import Prepared
from mailsvc.records.tables import usage
from mailsvc.records.tables.columns import instant
from mailsvc.records.upsert import insert
from schedules.names import Address


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What was counted of one mailbox."""

    octets: int
    over_since: datetime | None
    counted_at: datetime


def get(connection: Connection, mailbox: Address) -> UsageRow | None:
    """What was last counted of a mailbox; None if it never was."""
    row = _GET.one(connection, in_domain=mailbox.domain.ascii, by_key=mailbox.key)
    return (
        None
        if row is None
        else UsageRow(_number(row["octets"]), _at(row["over_since"]), instant(_number(row["counted_at"])))
    )


_GET = Prepared(
    # Instants as the plain numbers they are stored as: this is asked at every RCPT.
    select(
        usage.c.octets,
        type_coerce(usage.c.over_since, BigInteger).label("over_since"),
        type_coerce(usage.c.counted_at, BigInteger).label("counted_at"),
    ).where(usage.c.domain == bindparam("in_domain"), usage.c.key == bindparam("by_key")),
)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _at(value: object) -> datetime | None:
    return instant(value) if isinstance(value, int) else None


def put(connection: Connection, mailbox: Address, row: UsageRow) -> None:
    """Write what was counted of a mailbox."""
    put_all(connection, [(mailbox, row)])


def put_all(connection: Connection, rows: Iterable[tuple[Address, UsageRow]]) -> None:
    """Write what was counted of several mailboxes."""
    values = [
        {
            "domain": mailbox.domain.ascii,
            "key": mailbox.key,
            "octets": row.octets,
            "over_since": row.over_since,
            "counted_at": row.counted_at,
        }
        for mailbox, row in rows
    ]
    if not values:
        return
    new = insert(connection, usage)
    counted = {name: new.excluded[name] for name in ("octets", "over_since", "counted_at")}
    connection.execute(
        new.on_conflict_do_update(index_elements=[usage.c.domain, usage.c.key], set_=counted),
        values,
    )


def over(connection: Connection) -> list[tuple[str, str, UsageRow]]:
    """Every mailbox that is over its limit: domain, key of the local part, and what was counted."""
    query = select(usage).where(usage.c.over_since.is_not(None)).order_by(usage.c.domain, usage.c.key)
    return [
        (row["domain"], row["key"], UsageRow(row["octets"], row["over_since"], row["counted_at"]))
        for row in connection.execute(query).mappings()
    ]
