"""Jobs forgotten when their time is over, and with the last job of a move its journal. Each call is one slice.

    while sweep_jobs(connection, before, limit): ...       # ended before that instant, and all of their batch with them
    while sweep_moves(connection, limit): ...              # journals of moves none of whose jobs is left
    while sweep_batches(connection, before, limit): ...    # batches none of whose jobs is left

A move that is forgotten loses its digest in the same transaction as its last job: whoever asks for the same mailboxes
meanwhile begins a move of their own, and never meets half a journal. A job that ended has no secrets any more. It stays
while a link leads to it, and while files of its export may be on the disk (`export_removal.py` forgets an export when
they are gone).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, tuple_, update

from mailsvc.records.tables import (
    batches,
    exports,
    jobs,
    journal_folders,
    journal_intents,
    journal_marks,
    journal_names,
    journal_notes,
    journal_subscribed,
    links,
    moves,
)

_MOVES = 50  # at a time
_MARK = (journal_marks.c.move, journal_marks.c.folder, journal_marks.c.uidvalidity, journal_marks.c.uid)
_SMALL = (journal_intents, journal_folders, journal_names, journal_subscribed, journal_notes)


def sweep_jobs(connection: Connection, before: datetime, limit: int) -> int:
    """Forget up to `limit` jobs that ended before an instant; how many."""
    query = select(jobs.c.id, jobs.c.move).where(_over(connection, before), ~_wanted()).limit(limit)
    rows = connection.execute(query.with_for_update(of=jobs, skip_locked=True)).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
    _leave(connection, {row.move for row in rows})
    return len(ids)


def sweep_moves(connection: Connection, limit: int) -> int:
    """Forget up to `limit` marks of moves that are left, and each move whose marks are gone; how many rows of both."""
    left = select(moves.c.number).where(moves.c.sha256.is_(None)).order_by(moves.c.number).limit(_MOVES)
    numbers = connection.scalars(left.with_for_update(skip_locked=True)).all()
    if not numbers:
        return 0
    some = select(*_MARK).where(journal_marks.c.move.in_(numbers)).limit(limit)
    gone = connection.execute(delete(journal_marks).where(tuple_(*_MARK).in_(some))).rowcount
    if gone == limit:
        return gone
    for table in _SMALL:
        connection.execute(delete(table).where(table.c.move.in_(numbers)))
    return gone + connection.execute(delete(moves).where(moves.c.number.in_(numbers))).rowcount


def sweep_batches(connection: Connection, before: datetime, limit: int) -> int:
    """Forget up to `limit` batches that were asked for before an instant and have no job; how many."""
    has_jobs = exists().where(jobs.c.batch == batches.c.id)
    empty = select(batches.c.id).where(batches.c.asked_at < before, ~has_jobs).limit(limit)
    ids = connection.scalars(empty.with_for_update(skip_locked=True)).all()
    return connection.execute(delete(batches).where(batches.c.id.in_(ids), ~has_jobs)).rowcount if ids else 0


def _over(connection: Connection, before: datetime) -> ColumnElement[bool]:
    """What ended before an instant, in no batch or in one all of which did: a report is whole or gone."""
    of_batch = jobs.c.batch == batches.c.id
    open_ = exists().where(of_batch, jobs.c.ended_at.is_(None))
    late = exists().where(of_batch, jobs.c.ended_at >= before)
    over = connection.scalars(select(batches.c.id).where(batches.c.asked_at < before, ~open_, ~late)).all()
    ours = or_(jobs.c.batch.is_(None), jobs.c.batch.in_(over)) if over else jobs.c.batch.is_(None)
    return and_(ours, jobs.c.ended_at < before)


def _wanted() -> ColumnElement[bool]:
    """Whether somebody may still come for what a job has made."""
    linked = exists().where(links.c.job == jobs.c.id)
    has_files = exists().where(exports.c.job == jobs.c.id)  # also half an archive, of one that failed
    return or_(linked, has_files)


def _leave(connection: Connection, numbers: Collection[int]) -> None:
    """Take their digests from those of these moves that have no job any more."""
    connection.execute(select(moves.c.number).where(moves.c.number.in_(numbers)).with_for_update())
    has_jobs = exists().where(jobs.c.move == moves.c.number)
    connection.execute(update(moves).where(moves.c.number.in_(numbers), ~has_jobs).values(sha256=None))
