"""Rates: how much each subject has done in each slot of time, where services share the records.

`count` adds in one statement, and only where it stays within the limit: of two services at the limit one is refused.
No commit here need be durable: a lost one was a count.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, Float, Text, delete, func, literal, select
from sqlalchemy.sql.selectable import ScalarSelect

from filters.rate import Window
from mailsvc.records.tables import rates
from mailsvc.records.upsert import insert, is_sqlite


@dataclass(frozen=True, slots=True)
class Counter:
    """Whose count it is: the kind of what is counted, and who does it."""

    scope: str
    subject: str


def count(connection: Connection, counter: Counter, window: Window, limit: int, amount: int = 1) -> bool:
    """Add `amount` where the count of the window stays within `limit`; False, adding nothing, where it would not."""
    if not is_sqlite(connection):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    before = literal(window.weight, Float) * func.coalesce(_of(counter, window.slot - 1), 0)
    row = select(
        literal(counter.scope, Text),
        literal(counter.subject, Text),
        literal(window.slot, BigInteger),
        literal(amount, BigInteger),
    ).where(before + amount <= limit)
    new = insert(connection, rates).from_select(["scope", "subject", "slot", "count"], row)
    added = new.on_conflict_do_update(
        index_elements=[rates.c.scope, rates.c.subject, rates.c.slot],
        set_={"count": rates.c.count + new.excluded.count},
        where=before + rates.c.count + new.excluded.count <= limit,
    ).returning(rates.c.count)
    return connection.execute(added).first() is not None


def sweep(connection: Connection, scope: str, before_slot: int, limit: int) -> int:
    """Remove up to `limit` counts of a scope from slots before `before_slot`; how many went."""
    old = (
        select(rates.c.subject, rates.c.slot)
        .where(rates.c.scope == scope, rates.c.slot < before_slot)
        .limit(limit)
        .subquery()
    )
    there = select(old.c.subject).where(old.c.subject == rates.c.subject, old.c.slot == rates.c.slot).exists()
    return connection.execute(delete(rates).where(rates.c.scope == scope, there)).rowcount


def _of(counter: Counter, slot: int) -> ScalarSelect[int]:
    earlier = rates.alias("earlier")
    return (
        select(earlier.c.count)
        .where(earlier.c.scope == counter.scope, earlier.c.subject == counter.subject, earlier.c.slot == slot)
        .scalar_subquery()
    )
