"""How many octets of a mailbox were read and put within 24 hours, by all workers together.

    spend(connection, account, now, Octets(down=512))
    used = spent(connection, account, now)
    free_at(connection, account, now, most)          # None: there is room

An account is a mailbox at a host. Octets are kept by the hour, and those of an hour count until 24 hours after its end,
so that no day, wherever its host lets it begin, has more than what is allowed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select, tuple_

from mailsvc.records import upsert
from mailsvc.records.job import Job
from mailsvc.records.tables import host_budgets, jobs

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
_ROOM = 4  # who has used everything waits until a fourth of it is free, not until the next octet is


@dataclass(frozen=True, slots=True)
class Octets:
    """So many; as a limit, None is any number."""

    down: int | None = 0  # read from a mailbox
    up: int | None = 0  # put into it


def known(connection: Connection, job: Job) -> int | None:
    """The octets that the records know of a job's run; None where it is no longer in hand."""
    ours = (jobs.c.id == job.id, jobs.c.fence == job.fence, jobs.c.lease_until.is_not(None))
    return connection.scalar(select(jobs.c.octets).where(*ours).with_for_update())


def spend(connection: Connection, account: str, now: datetime, octets: Octets) -> None:
    """Count octets that were moved."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    down, up = octets.down or 0, octets.up or 0
    row = upsert.insert(connection, host_budgets).values(subject=account, hour=hour, down=down, up=up)
    more = {"down": host_budgets.c.down + down, "up": host_budgets.c.up + up}
    key = [host_budgets.c.subject, host_budgets.c.hour]
    connection.execute(row.on_conflict_do_update(index_elements=key, set_=more))


def sweep(connection: Connection, now: datetime, limit: int) -> int:
    """Forget up to `limit` hours that count no more; how many."""
    key = tuple_(host_budgets.c.subject, host_budgets.c.hour)
    old = select(host_budgets.c.subject, host_budgets.c.hour).where(~_counts(now)).limit(limit)
    return connection.execute(delete(host_budgets).where(key.in_(old))).rowcount


def spent(connection: Connection, account: str, now: datetime) -> Octets:
    """What counts at this instant."""
    total = select(func.sum(host_budgets.c.down), func.sum(host_budgets.c.up))
    down, up = connection.execute(total.where(host_budgets.c.subject == account, _counts(now))).one()
    return Octets(int(down or 0), int(up or 0))


def left(connection: Connection, account: str, now: datetime, most: Octets) -> int | None:
    """How many octets may still be moved in the ways that `most` limits; None: any number."""
    used = spent(connection, account, now)
    rooms = [limit - (gone or 0) for limit, gone in ((most.down, used.down), (most.up, used.up)) if limit is not None]
    return min(rooms, default=None)


def free_at(connection: Connection, account: str, now: datetime, most: Octets) -> datetime | None:
    """When a fourth of what is allowed is free again; None: something is left now."""
    room = left(connection, account, now, most)
    if room is None or room > 0:
        return None
    query = select(host_budgets).where(host_budgets.c.subject == account, _counts(now)).order_by(host_budgets.c.hour)
    rows = connection.execute(query).all()
    down, up = sum(row.down for row in rows), sum(row.up for row in rows)
    for row in rows:
        down, up = down - row.down, up - row.up
        if _has_room(down, most.down) and _has_room(up, most.up):
            hour: datetime = row.hour
            return hour + HOUR + DAY
    return now + HOUR  # nothing was spent: nothing is allowed


def _has_room(used: int, most: int | None) -> bool:
    return most is None or used <= most - most / _ROOM


def _counts(now: datetime) -> ColumnElement[bool]:
    return host_budgets.c.hour > now - HOUR - DAY
