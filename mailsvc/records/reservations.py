"""Reservations: room in mailboxes that messages in progress have been promised, where services share the records.

Whoever changes what it holds in a mailbox is told what the others hold there at that very moment: of two services that
reserve at once, the second sees the first. A reservation counts until `until`, so that a service that was killed
leaves nothing behind for long. No commit here need be durable: a lost one was nobody's mail.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select

from mailsvc.records.tables import reservations
from mailsvc.records.upsert import insert, is_sqlite
from schedules.names import Address

# The key of a local part and the domain: all that tells one mailbox from another.
Box = tuple[str, str]


def box(mailbox: Address) -> Box:
    """The mailbox an address means, however its letters are written."""
    return mailbox.key, mailbox.domain.ascii


def reserve(
    connection: Connection, transaction: str, wanted: Mapping[Box, int], now: datetime, until: datetime
) -> Mapping[Box, int]:
    """Set how many octets a transaction holds in each mailbox; answers what others hold there."""
    _hastily(connection)
    held = {}
    for where in sorted(wanted):  # one order for all, so that no two wait for each other
        _lock(connection, where)
        connection.execute(delete(reservations).where(*_in(where), reservations.c.until <= now))
        _put(connection, transaction, where, wanted[where], until)
        held[where] = _sum(connection, where, now, but=transaction)
    return held


def reserved(connection: Connection, where: Box, now: datetime) -> int:
    """How many octets are reserved in a mailbox."""
    return _sum(connection, where, now)


def release(connection: Connection, transaction: str, where: Box | None = None) -> None:
    """Give back all that a transaction holds, or what it holds in one mailbox."""
    _hastily(connection)
    within = _in(where) if where else ()
    connection.execute(delete(reservations).where(reservations.c.id == transaction, *within))


def sweep(connection: Connection, now: datetime, limit: int) -> int:
    """Remove up to `limit` reservations that have run out; how many went."""
    old = select(reservations.c.id).where(reservations.c.until <= now).limit(limit)
    return connection.execute(
        delete(reservations).where(reservations.c.id.in_(old), reservations.c.until <= now)
    ).rowcount


def _put(connection: Connection, transaction: str, where: Box, octets: int, until: datetime) -> None:
    key, domain = where
    new = insert(connection, reservations).values(id=transaction, domain=domain, key=key, octets=octets, until=until)
    primary = [reservations.c.id, reservations.c.domain, reservations.c.key]
    changed = {"octets": new.excluded.octets, "until": new.excluded.until}
    connection.execute(new.on_conflict_do_update(index_elements=primary, set_=changed))


def _sum(connection: Connection, where: Box, now: datetime, but: str = "") -> int:
    held = select(func.coalesce(func.sum(reservations.c.octets), 0)).where(
        *_in(where), reservations.c.until > now, reservations.c.id != but
    )
    return int(connection.execute(held).scalar_one())


def _in(where: Box) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return reservations.c.key == where[0], reservations.c.domain == where[1]


def _lock(connection: Connection, where: Box) -> None:
    """Be alone with a mailbox until the commit; one without reservations has no row that could be locked."""
    if not is_sqlite(connection):
        name = func.hashtextextended(f"reservations {where[0]}@{where[1]}", 0)
        connection.execute(select(func.pg_advisory_xact_lock(name)))


def _hastily(connection: Connection) -> None:
    if not is_sqlite(connection):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
