"""Batches: found by their name, made once, each move in them at most once.

batch = join(connection, "friday", asked_by, now)           # the one of that name, made where there is none
there = moves_in(connection, batch.id, digests)             # those of these moves that it has already
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from mailsvc.records import upsert
from mailsvc.records.job import NewJob
from mailsvc.records.jobs import Batch
from mailsvc.records.tables import batches, jobs, moves

_SLICE = 500  # digests asked for at a time


@dataclass(frozen=True, slots=True)
class Span:
    """When a batch began to be worked on, and when its last job so far ended."""

    began: datetime | None
    ended: datetime | None


def join(connection: Connection, name: str, asked_by: str, now: datetime) -> Batch:
    """The batch of a name, which nobody forgets until this transaction ends.

    Its id follows from the name, so that two who make it at once make one.
    """
    id_ = id_of(name)
    known = select(batches).where(batches.c.id == id_).with_for_update(read=True)
    new = upsert.insert(connection, batches).values(id=id_, name=name, asked_by=asked_by, asked_at=now)
    while (row := connection.execute(known).mappings().one_or_none()) is None:
        connection.execute(new.on_conflict_do_nothing(index_elements=[batches.c.id]))
    return Batch(**row)


def id_of(name: str) -> str:
    """The id of the batch of a name."""
    return hashlib.sha256(f"batch {name}".encode()).hexdigest()[:20]


def within(new: NewJob, batch: str) -> NewJob:
    """A job asked for as one of a batch."""
    return replace(new, batch=batch)


def moves_in(connection: Connection, batch: str, digests: Collection[str]) -> frozenset[str]:
    """Which of these moves have a job in a batch, in whatever state."""
    wanted, found = list(digests), set[str]()
    for first in range(0, len(wanted), _SLICE):
        query = (
            select(moves.c.sha256)
            .join(jobs, jobs.c.move == moves.c.number)
            .where(jobs.c.batch == batch, moves.c.sha256.in_(wanted[first : first + _SLICE]))
        )
        found.update(connection.scalars(query))
    return frozenset(found)


def span(connection: Connection, batch: str) -> Span:
    """When it was worked on."""
    query = select(func.min(jobs.c.started_at), func.max(jobs.c.ended_at)).where(jobs.c.batch == batch)
    began, ended = connection.execute(query).one()
    return Span(began, ended)
