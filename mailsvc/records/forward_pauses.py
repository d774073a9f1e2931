"""Forwards that rest because their target has refused mail for good: one row for each address of ours and its target.

A subscriber who names another target is not paused, and an administrator may resume the old one. `target` is asked at
RCPT for addresses that forward, by primary key. Fails as the connection does (RecordsAway).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, delete, select

from mailsvc.records.prepared import Prepared
from mailsvc.records.tables import forward_pauses
from mailsvc.records.upsert import insert
from schedules.names import Address


@dataclass(frozen=True, slots=True)
class Pause:
    """A forward that rests."""

    domain: str
    key: str  # Address.key of the address that forwards
    target: str
    since: datetime
    reply: str  # the refusal


def is_paused(connection: Connection, address: Address, target: Address) -> bool:
    """Whether the forward of `address` to `target` rests."""
    row = _FIND.one(connection, in_domain=address.domain.ascii, by_key=address.key, to=_text(target))
    return row is not None


_FIND = Prepared(
    select(forward_pauses.c.target).where(
        forward_pauses.c.domain == bindparam("in_domain"),
        forward_pauses.c.key == bindparam("by_key"),
        forward_pauses.c.target == bindparam("to"),
    ),
)


def pause(connection: Connection, address: Address, target: Address, *, since: datetime, reply: str) -> bool:
    """Let the forward rest; False where it does already, so that only one of two refusals is told."""
    row = {
        "domain": address.domain.ascii,
        "key": address.key,
        "target": _text(target),
        "since": since,
        "reply": reply,
    }
    new = insert(connection, forward_pauses).values(row).on_conflict_do_nothing().returning(forward_pauses.c.key)
    return connection.execute(new).first() is not None  # a row count of INSERT is not told by every driver


def resume(connection: Connection, address: Address) -> list[Pause]:
    """Let every forward of `address` go on; what rested."""
    rows = _of(address)
    found = [_pause(row) for row in connection.execute(select(forward_pauses).where(*rows)).mappings()]
    connection.execute(delete(forward_pauses).where(*rows))
    return found


def listing(connection: Connection) -> list[Pause]:
    """Every forward that rests, in order of domain and address."""
    order = (forward_pauses.c.domain, forward_pauses.c.key, forward_pauses.c.target)
    return [_pause(row) for row in connection.execute(select(forward_pauses).order_by(*order)).mappings()]


def _of(address: Address) -> tuple[ColumnElement[bool], ...]:
    return forward_pauses.c.domain == address.domain.ascii, forward_pauses.c.key == address.key


def _pause(row: RowMapping) -> Pause:
    return Pause(row["domain"], row["key"], row["target"], row["since"], row["reply"])


def _text(target: Address) -> str:
    """One spelling for each mailbox."""
    return str(Address(target.key, target.domain))
