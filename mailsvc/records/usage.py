"""Usage: how full mailboxes were when last counted, since when they have been over their limit, what waits for them.

One row per mailbox, outside the directory's generations: an import does not begin the grace time again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, func, literal_column, select, type_coerce

from mailsvc.records.prepared import Prepared
from mailsvc.records.tables import deliveries, messages, usage
from mailsvc.records.tables.columns import instant
from mailsvc.records.upsert import insert
from schedules.names import Address


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What was counted of one mailbox."""

    octets: int
    over_since: datetime | None
    counted_at: datetime
    warned: int = 0  # per cent of its limit of which its subscriber was told last; 0 since it fell below


def get(connection: Connection, mailbox: Address) -> UsageRow | None:
    """What was last counted of a mailbox; None if it never was."""
    row = _GET.one(connection, in_domain=mailbox.domain.ascii, by_key=mailbox.key)
    return (
        None
        if row is None
        else UsageRow(
            _number(row["octets"]),
            _at(row["over_since"]),
            instant(_number(row["counted_at"])),
            _number(row["warned"]),
        )
    )


def waiting(connection: Connection, mailbox: Address) -> int:
    """How many octets of messages taken are still on their way to a mailbox; held ones too."""
    row = _WAITING.one(connection, recipient=str(mailbox))
    return _number(row["octets"]) if row else 0


_WAITING = Prepared(
    select(func.coalesce(func.sum(messages.c.size), literal_column("0")).label("octets"))
    .select_from(deliveries.join(messages, messages.c.id == deliveries.c.message_id))
    # As the partial index says it, so that it is used.
    .where(deliveries.c.recipient == bindparam("recipient"), deliveries.c.settled_at.is_(None)),
)


_GET = Prepared(
    # Instants as the plain numbers they are stored as: this is asked at every RCPT.
    select(
        usage.c.octets,
        type_coerce(usage.c.over_since, BigInteger).label("over_since"),
        type_coerce(usage.c.counted_at, BigInteger).label("counted_at"),
        usage.c.warned,
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


def warn(connection: Connection, mailbox: Address, before: int, percent: int, octets: int, now: datetime) -> bool:
    """Change of how many per cent the subscriber was told from `before`; False where another has done it already."""
    counted = {"octets": octets, "counted_at": now, "warned": percent}
    row = insert(connection, usage).values(domain=mailbox.domain.ascii, key=mailbox.key, over_since=None, **counted)
    changed = row.on_conflict_do_update(
        index_elements=[usage.c.domain, usage.c.key], set_=counted, where=usage.c.warned == before
    )
    return connection.execute(changed.returning(usage.c.key)).first() is not None


def over(connection: Connection) -> list[tuple[str, str, UsageRow]]:
    """Every mailbox that is over its limit: domain, key of the local part, and what was counted."""
    query = select(usage).where(usage.c.over_since.is_not(None)).order_by(usage.c.domain, usage.c.key)
    return [
        (row["domain"], row["key"], UsageRow(row["octets"], row["over_since"], row["counted_at"], row["warned"]))
        for row in connection.execute(query).mappings()
    ]
