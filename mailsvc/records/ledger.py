"""The ledger of deeds: what must be done once, who is doing it, and what came of it.

A deed is known by domain, stage, kind, offset and scope, never by its date, so that a postponement repeats nothing.
`claim` it, do it, and write `done` in the transaction of its effect; a stale fence changes nothing and says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, select, update

from mailsvc.records import claims
from mailsvc.records.claims import Lease
from mailsvc.records.tables import deeds
from mailsvc.records.upsert import insert

__all__ = ["DeedKey", "DeedRecord", "Lease", "claim", "collapse", "done", "done_keys", "give_back", "listing", "renew"]


@dataclass(frozen=True, slots=True, order=True)
class DeedKey:
    """What a deed is known by."""

    domain: str
    stage: str
    kind: str
    offset_seconds: int = 0  # from the stage's instant; negative is before
    scope: str = ""  # empty: the whole domain

    def __str__(self) -> str:
        return f"{self.domain} {self.stage} {self.kind} {self.offset_seconds:+d} {self.scope}".rstrip()


@dataclass(frozen=True, slots=True)
class DeedRecord:
    """A deed that was begun, and how far it is."""

    key: DeedKey
    owner: str
    lease_until: datetime | None
    done_at: datetime | None
    evidence: str
    collapsed_into: str  # the deed that stood for this one after an outage


def claim(connection: Connection, key: DeedKey, owner: str, now: datetime, lease: timedelta) -> Lease | None:
    """Take a deed that is not done and that nobody holds; None otherwise."""
    values = _values(key)
    fresh = {"owner": "", "fence": 0, "evidence": "", "collapsed_into": ""}
    connection.execute(insert(connection, deeds).values(values | fresh).on_conflict_do_nothing())
    return claims.claim(connection, deeds, values | {"done_at": None}, owner=owner, now=now, lease=lease)


def renew(connection: Connection, key: DeedKey, fence: int, until: datetime) -> bool:
    """Prolong the lease on a deed in hand; False if it was lost."""
    return claims.renew(connection, deeds, _values(key), fence, until)


def give_back(connection: Connection, key: DeedKey, fence: int) -> bool:
    """Free a deed that could not be done; False, changing nothing, if another has it by now."""
    return claims.settle(connection, deeds, _values(key), fence, lease_until=None)


def end_leases(connection: Connection, now: datetime) -> int:
    """Free every deed in hand; for a start that knows no other worker runs. Their number. No lease is made longer."""
    held = deeds.c.lease_until > now
    return connection.execute(update(deeds).where(held).values(lease_until=now)).rowcount


def done(connection: Connection, key: DeedKey, fence: int, evidence: str, now: datetime) -> bool:
    """Write down that a claimed deed is done; False, changing nothing, if another has it by now: roll back then."""
    return claims.settle(connection, deeds, _values(key), fence, done_at=now, evidence=evidence, lease_until=None)


def collapse(connection: Connection, keys: Iterable[DeedKey], into: DeedKey, now: datetime) -> int:
    """Mark overdue deeds as done by another that stands for them all; returns how many were still open."""
    count = 0
    for key in keys:
        fresh = {"owner": "", "fence": 0, "evidence": "", "collapsed_into": ""}
        connection.execute(insert(connection, deeds).values(_values(key) | fresh).on_conflict_do_nothing())
        mine = and_(*(deeds.c[name] == value for name, value in _values(key).items()), deeds.c.done_at.is_(None))
        # The fence moves on, so that a worker who still holds the deed cannot settle it as well.
        values = {"done_at": now, "collapsed_into": str(into), "lease_until": None}
        count += connection.execute(update(deeds).where(mine).values(fence=deeds.c.fence + 1, **values)).rowcount
    return count


def done_keys(connection: Connection) -> frozenset[DeedKey]:
    """Every deed that is done or collapsed."""
    query = select(*_KEY).where(deeds.c.done_at.is_not(None))
    return frozenset(DeedKey(*row) for row in connection.execute(query))


def listing(connection: Connection) -> list[DeedRecord]:
    """Every deed that was ever begun, in order of its key."""
    rest = (deeds.c.owner, deeds.c.lease_until, deeds.c.done_at, deeds.c.evidence, deeds.c.collapsed_into)
    rows = connection.execute(select(*_KEY, *rest).order_by(*_KEY))
    return [DeedRecord(DeedKey(*row[:5]), *tuple(row)[5:]) for row in rows]


_KEY = (deeds.c.domain, deeds.c.stage, deeds.c.kind, deeds.c.offset_seconds, deeds.c.scope)


def _values(key: DeedKey) -> dict[str, object]:
    return {
        "domain": key.domain,
        "stage": str(key.stage),
        "kind": str(key.kind),
        "offset_seconds": key.offset_seconds,
        "scope": key.scope,
    }
