"""Counters that tell other processes that something has changed: "editions", "directory".

Each is bumped in the same transaction as the change it stands for; a reader polls it (one look-up by key).
"""

from sqlalchemy import Connection, select

from mailsvc.records.tables import versions
from mailsvc.records.upsert import insert


def of(connection: Connection, what: str) -> int:
    """How often `what` has changed; 0 if never."""
    return connection.execute(select(versions.c.number).where(versions.c.what == what)).scalar() or 0


def bump(connection: Connection, what: str) -> None:
    """Count one change of `what`, in the transaction of the change."""
    row = insert(connection, versions).values(what=what, number=1)
    connection.execute(
        row.on_conflict_do_update(index_elements=[versions.c.what], set_={"number": versions.c.number + 1}),
    )
