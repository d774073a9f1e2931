"""Jobs as people see them: listed with their place in the queue, counted, one of them shown.

`Wanted` says which; `listing` has them in the order they were asked for, `totals` counts by state, `find` has one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, select

from mailsvc.records.job import Job, Progress, job_of
from mailsvc.records.job_hosts import Rest, resting
from mailsvc.records.jobs import Batch
from mailsvc.records.tables import batches, jobs
from migrator.job import State
from migrator.reasons import Code, Reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs; each entry that is given leaves fewer of them."""

    ids: Collection[str] = ()
    states: Collection[State] = ()
    batch: str = ""  # its id
    address: str = ""
    domains: Collection[str] = ()  # of addresses of ours


def listing(
    connection: Connection, wanted: Wanted, now: datetime, *, after: str = "", limit: int = 1000
) -> Sequence[Job]:
    """Up to `limit` jobs behind the id `after`, in the order they were asked for, each with its place in the queue."""
    in_order = _placed(now).where(*conditions(wanted), jobs.c.id > after).order_by(jobs.c.id).limit(limit)
    rests = resting(connection, now)
    return [_told(job_of(row), rests) for row in connection.execute(in_order).mappings()]


def find(connection: Connection, job: str, now: datetime) -> Job | None:
    """One job, with its place in the queue."""
    row = connection.execute(_placed(now).where(jobs.c.id == job)).mappings().one_or_none()
    return None if row is None else _told(job_of(row), resting(connection, now))


def last_in_queue(connection: Connection, batch: str, now: datetime) -> Job | None:
    """The job of a batch whose turn comes last of those that wait."""
    waiting = _placed(now).where(jobs.c.batch == batch, jobs.c.state == str(State.WAITING))
    position = waiting.selected_columns["position"]
    row = connection.execute(waiting.order_by(position.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _told(job_of(row), resting(connection, now))


def receipt(connection: Connection, job: str) -> str:
    """The signed receipt of the last run that came to its end; empty where there was none."""
    return connection.scalar(select(jobs.c.receipt).where(jobs.c.id == job)) or ""


def totals(connection: Connection, wanted: Wanted) -> Mapping[State, int]:
    """How many jobs are in each state; without those of which there are none."""
    query = select(jobs.c.state, func.count()).where(*conditions(wanted)).group_by(jobs.c.state)
    return {State(state): int(count) for state, count in connection.execute(query)}


def sums(connection: Connection, wanted: Wanted) -> Progress:
    """How far all of them are together, those whole that came to an end; octets not known count for nothing."""
    whole = (jobs.c.whole_messages, jobs.c.whole_messages, jobs.c.whole_octets, jobs.c.whole_octets)
    now = (jobs.c.messages, jobs.c.of_messages, jobs.c.octets, jobs.c.of_octets)
    columns = [func.coalesce(one, other) for one, other in zip(whole, now, strict=True)]
    row = connection.execute(select(*(func.sum(column) for column in columns)).where(*conditions(wanted))).one()
    messages, of_messages, octets, of_octets = (int(number or 0) for number in row)
    return Progress(messages, of_messages, octets, of_octets)


def batch(connection: Connection, asked: str) -> Batch | None:
    """A batch by its id or, where that is the only one so called, its name."""
    query = select(batches).where((batches.c.id == asked) | (batches.c.name == asked)).limit(2)
    found = connection.execute(query).mappings().all()
    return Batch(**found[0]) if len(found) == 1 else None


def newest_batches(connection: Connection, limit: int) -> Sequence[str]:
    """The names of the batches that were asked for last."""
    return connection.scalars(select(batches.c.name).order_by(batches.c.asked_at.desc()).limit(limit)).all()


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a job has to fulfil."""
    all_: list[ColumnElement[bool]] = []
    if wanted.ids:
        all_.append(jobs.c.id.in_(wanted.ids))
    if wanted.states:
        all_.append(jobs.c.state.in_([str(state) for state in wanted.states]))
    if wanted.batch:
        all_.append(jobs.c.batch == wanted.batch)
    if wanted.address:
        all_.append(jobs.c.address == wanted.address)
    if wanted.domains:
        all_.append(jobs.c.domain.in_(wanted.domains))
    return all_


def _told(job: Job, rests: Mapping[str, Rest]) -> Job:
    """A job that waits for a host which rests says so, and until when, though it never spoke to that host itself."""
    theirs = [rests[host] for host in (job.source_host, job.target_host) if host in rests]
    if job.state is not State.WAITING or not theirs:
        return job
    last = max(theirs, key=lambda rest: rest.until)
    if job.problem and job.next_at is not None and job.next_at >= last.until:
        return job  # its own wait is as long
    why = f"{last.host} has asked for patience: {last.why}"
    next_at = max(last.until, job.next_at or last.until)
    return replace(job, problem=why, reasons=(Reason(Code.HOST_RESTS, last.host),), next_at=next_at)


def _placed(now: datetime) -> Select[tuple[object, ...]]:
    queue = _queue(now)
    columns = [column for column in jobs.c if column is not jobs.c.receipt]
    return select(*columns, queue.c.position).select_from(jobs.outerjoin(queue, queue.c.id == jobs.c.id))


def _queue(now: datetime) -> Subquery:
    """The order in which jobs will be taken, as far as it is known: what is due by priority, the rest by time."""
    later = case((jobs.c.next_at <= now, None), else_=jobs.c.next_at)
    in_turn = (later.is_not(None), later, jobs.c.priority, jobs.c.next_at, jobs.c.id)
    position = func.row_number().over(order_by=in_turn).label("position")
    return select(jobs.c.id, position).where(jobs.c.state == str(State.WAITING)).subquery()
