"""What a person does to jobs: pause, resume, cancel, retry, each by `migrator.job.TABLE`. One call is one slice.

    done = act(connection, Wanted(batch=...), Event.PAUSE, now)     # go on with after=done.last until that is None

A job that does not take the event in its state is left alone. One that a worker has in hand becomes PAUSING or
CANCELLING, and what is on its way gets its answers first. An ended job whose secrets are erased is retried only with
new ones (`jobs.put_secrets` before, in the same transaction), and only while no other job of the same move is open. An
export is retried only until it is handed over or its files go: nobody would be told of what it makes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, func, or_, select

from mailsvc.records.exports import is_coming
from mailsvc.records.job import JobKind, Progress
from mailsvc.records.job_list import Wanted, conditions
from mailsvc.records.job_steps import NO_PROBLEM, becomes, progress_columns
from mailsvc.records.tables import job_secrets, jobs
from migrator.job import ENDED, Event, State, takes

SLICE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one job."""

    job: str
    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Done:
    """One slice: what was changed, what cannot be for want of secrets, and where to go on (None: that was the last)."""

    changes: Sequence[Change]
    unsealed: Sequence[str]
    last: str | None


def act(
    connection: Connection, wanted: Wanted, event: Event, now: datetime, *, after: str = "", limit: int = SLICE
) -> Done:
    """Let `event` befall the jobs wanted that take it."""
    states = [str(state) for state in takes(event)]
    query = (
        select(jobs)
        .where(*conditions(wanted), jobs.c.state.in_(states), jobs.c.id > after, *_again(event))
        .order_by(jobs.c.id)
        .limit(limit)
        .with_for_update(of=jobs)
    )
    rows = connection.execute(query).mappings().all()
    unsealed = _unsealed(connection, rows) if event is Event.RETRY else frozenset()
    changes = [_changed(connection, row, event, now) for row in rows if row["id"] not in unsealed]
    return Done(changes, sorted(unsealed), rows[-1]["id"] if len(rows) == limit else None)


def _again(event: Event) -> Sequence[ColumnElement[bool]]:
    """What may be tried again: where no other job of the move is open, and no export that is over."""
    if event is not Event.RETRY:
        return ()
    other = jobs.alias("other")
    open_ = exists().where(other.c.move == jobs.c.move, other.c.id != jobs.c.id, other.c.ended_at.is_(None))
    return ~open_, or_(jobs.c.kind != str(JobKind.EXPORT), is_coming())


def _unsealed(connection: Connection, rows: Sequence[RowMapping]) -> Collection[str]:
    """Those that lack a secret which they need."""
    ended = [row for row in rows if row["needs"] and State(row["state"]) in ENDED]
    if not ended:
        return frozenset()
    ids = [row["id"] for row in ended]
    query = select(job_secrets.c.job, func.count()).where(job_secrets.c.job.in_(ids)).group_by(job_secrets.c.job)
    has = {job: int(count) for job, count in connection.execute(query)}
    return frozenset(row["id"] for row in ended if has.get(row["id"], 0) < len(row["needs"].split()))


def _changed(connection: Connection, row: RowMapping, event: Event, now: datetime) -> Change:
    before = State(row["state"])
    anew: dict[str, object] = {}
    if event is Event.RETRY or (event is Event.RESUME and before is State.PAUSED):
        anew = {**NO_PROBLEM, "failed": 0, "failing_since": None, "next_at": now}
    if event is Event.RETRY and before in ENDED:
        anew |= progress_columns(Progress())
    return Change(row["id"], before, becomes(connection, row, event, now, **anew))
