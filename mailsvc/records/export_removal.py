"""Exports whose files go from the disk, because nobody can fetch them any more.

    for old in over(connection, before, limit): ...    # places of which all links and jobs have ended before an instant
    begin(connection, old, before, now)                # False: it was asked for, renewed or begun meanwhile
    for old in begun(connection, limit): ...           # remove their files, then
    end(connection, old)

`begin` is the point of no return: from then on no link is made or renewed, and an export that is asked for anew goes to
another place. A kill in between leaves what `begun` finds. Whoever makes or renews a link calls `exports.turn` before,
so that of the two one finds the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, update

from mailsvc.records.exports import DONE, turn
from mailsvc.records.tables import export_files, exports, jobs, links


@dataclass(frozen=True, slots=True, order=True)
class Old:
    """Where files lie that were made for an address."""

    place: str
    address: str


_OLD = (
    select(exports.c.place, jobs.c.address).join(jobs, jobs.c.id == exports.c.job).distinct().order_by(exports.c.place)
)


def over(connection: Connection, before: datetime, limit: int) -> Sequence[Old]:
    """Places that nobody has needed since before an instant."""
    early = or_(exports.c.handed_at.is_(None), exports.c.handed_at < before)
    query = _OLD.where(exports.c.removed_at.is_(None), early, ~_needed(before)).limit(limit)
    return [Old(*row) for row in connection.execute(query)]


def begin(connection: Connection, old: Old, before: datetime, now: datetime) -> bool:
    """Decide that the files of a place go; False, changing nothing, where somebody needs them after all."""
    turn(connection, old.address.rpartition("@")[2])
    mine = (exports.c.place == old.place, exports.c.removed_at.is_(None), ~_needed(before))
    done = connection.execute(update(exports).where(*mine).values(removed_at=now).returning(exports.c.job))
    return bool(done.scalars().all())


def begun(connection: Connection, limit: int) -> Sequence[Old]:
    """Places whose files go."""
    return [Old(*row) for row in connection.execute(_OLD.where(exports.c.removed_at.is_not(None)).limit(limit))]


def end(connection: Connection, old: Old) -> None:
    """Forget a place whose files are gone."""
    gone = select(exports.c.job).where(exports.c.place == old.place, exports.c.removed_at.is_not(None))
    connection.execute(delete(export_files).where(export_files.c.job.in_(gone)))
    connection.execute(delete(exports).where(exports.c.place == old.place, exports.c.removed_at.is_not(None)))


def _needed(before: datetime) -> ColumnElement[bool]:
    """Whether a job of the same place is open, or ended lately, or a link to it lives, or did lately."""
    other, theirs = exports.alias(), jobs.alias()
    same = other.c.place == exports.c.place
    coming = and_(theirs.c.state.in_(DONE), other.c.handed_at.is_(None))
    lately = or_(theirs.c.ended_at.is_(None), theirs.c.ended_at >= before, other.c.handed_at >= before, coming)
    worked_on = exists().where(same, theirs.c.id == other.c.job, lately)
    lives = and_(links.c.expires_at >= before, or_(links.c.revoked_at.is_(None), links.c.revoked_at >= before))
    return or_(worked_on, exists().where(same, links.c.job == other.c.job, lives))
