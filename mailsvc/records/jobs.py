"""Jobs in the records: asked for, kept in hand, settled by fence.

    added = add(connection, new, now)                     # the open job of the same move, where there is one
    state = keep(connection, job, until, progress, now)   # None: the lease was lost
    state = settle(connection, job, ending, now)          # None: another has it by now, and nothing was written

`job_claims.py` gives them to workers, `job_acts.py` does what people ask, `job_list.py` tells. Every change of state
follows `migrator.job.TABLE`. A job that ends loses its secrets in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from mailsvc.records import upsert
from mailsvc.records.job import (
    Ending,
    FailedForGood,
    FailedForNow,
    GivenBack,
    Job,
    NewJob,
    Progress,
    Side,
    Succeeded,
)
from mailsvc.records.job_hosts import host_well, rest_host
from mailsvc.records.job_steps import NO_PROBLEM, becomes, problem_columns, progress_columns
from mailsvc.records.tables import job_secrets, jobs, moves
from migrator.job import Event, State

_OPEN = jobs.c.ended_at.is_(None)


@dataclass(frozen=True, slots=True)
class Added:
    """What came of asking: the job that is open for the move, and whether it is the one just asked for."""

    id: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that were asked for together."""

    id: str
    name: str
    asked_by: str
    asked_at: datetime


def add(connection: Connection, new: NewJob, now: datetime) -> Added:
    """Ask for a job. Where one of the same move is open already, that one stands and nothing is added."""
    (added,) = add_all(connection, [new], now)
    return added


def add_all(connection: Connection, news: Sequence[NewJob], now: datetime) -> Sequence[Added]:
    """Ask for up to a thousand jobs in a few statements; of each, in their order, what `add` tells."""
    numbers = _move_numbers(connection, sorted({new.move for new in news}))
    row = upsert.insert(connection, jobs).on_conflict_do_nothing(index_elements=[jobs.c.move], index_where=_OPEN)
    open_ = select(moves.c.sha256, jobs.c.id).join(moves, moves.c.number == jobs.c.move).where(_OPEN)
    standing = dict[str, str]()
    in_order = sorted(news, key=lambda new: new.move)  # whoever asks for the same ones waits for them in the same order
    while left := [new for new in in_order if new.move not in standing]:
        connection.execute(row, [_fresh(new, numbers[new.move], now) for new in left])
        ours = jobs.c.move.in_([numbers[new.move] for new in left])
        standing |= {found.sha256: found.id for found in connection.execute(open_.where(ours))}
    _put_secrets(connection, {new.id: new.secrets for new in news if standing[new.move] == new.id})
    return [Added(standing[new.move], is_new=standing[new.move] == new.id) for new in news]


def put_secrets(connection: Connection, job: str, secrets: Mapping[Side, bytes]) -> None:
    """Keep these sealed secrets of a job, in place of former ones of the same sides."""
    _put_secrets(connection, {job: secrets})


def _put_secrets(connection: Connection, by_job: Mapping[str, Mapping[Side, bytes]]) -> None:
    rows = [
        {"job": job, "side": str(side), "sealed": sealed}
        for job, secrets in by_job.items()
        for side, sealed in secrets.items()
    ]
    if rows:
        row = upsert.insert(connection, job_secrets)
        key = [job_secrets.c.job, job_secrets.c.side]
        connection.execute(row.on_conflict_do_update(index_elements=key, set_={"sealed": row.excluded.sealed}), rows)


def _move_numbers(connection: Connection, digests: Sequence[str]) -> Mapping[str, int]:
    """The numbers of moves, given out where they have none; until this transaction ends nobody forgets them."""
    row = upsert.insert(connection, moves).on_conflict_do_nothing(index_elements=[moves.c.sha256])
    known = select(moves.c.sha256, moves.c.number).order_by(moves.c.sha256).with_for_update(read=True)
    found = dict[str, int]()
    while missing := [one for one in digests if one not in found]:
        connection.execute(row, [{"sha256": one} for one in missing])
        found |= {one.sha256: one.number for one in connection.execute(known.where(moves.c.sha256.in_(missing)))}
    return found


def keep(connection: Connection, job: Job, until: datetime, progress: Progress | None, now: datetime) -> State | None:
    """Prolong the lease of a job in hand and write how far it is; the state it has by now, None where it was lost."""
    values: dict[str, object] = {"lease_until": until, "due_at": until}
    if progress is not None:
        values |= progress_columns(progress) | {"progress_at": now}
    said = connection.execute(update(jobs).where(_ours(job)).values(values).returning(jobs.c.state))
    state = said.scalar_one_or_none()
    return None if state is None else State(state)


def standing(connection: Connection, job: Job) -> State | None:
    """The state that a job in hand has by now, PAUSING and CANCELLING among them; None where the lease was lost."""
    state = connection.scalar(select(jobs.c.state).where(_ours(job)))
    return None if state is None else State(state)


def still_ours(connection: Connection, job: Job) -> bool:
    """Whether a job is still in hand, which then stays so until this transaction ends."""
    ours = select(jobs.c.fence).where(_ours(job)).with_for_update(read=True)
    return connection.scalar(ours) is not None


def settle(
    connection: Connection, job: Job, ending: Ending, now: datetime, progress: Progress | None = None
) -> State | None:
    """Write down how a run ended; the state that follows, None, changing nothing, where the lease was lost."""
    row = connection.execute(select(jobs).where(_ours(job)).with_for_update()).mappings().one_or_none()
    if row is None:
        return None
    written = progress_columns(progress) | {"progress_at": now} if progress is not None else {}
    match ending:
        case Succeeded(receipt, named, whole):
            event = Event.NAMED if named else Event.SUCCEEDED
            host_well(connection, {row["source_host"], row["target_host"]}, now)
            said = {"receipt": receipt, **NO_PROBLEM, "failed": 0, "failing_since": None}
            if whole is not None:
                written |= {"whole_messages": whole.messages, "whole_octets": whole.octets}
            return becomes(connection, row, event, now, **said, **written)
        case FailedForNow(why, next_at, progressed, resting, asked, reasons):
            if resting:
                next_at = max(next_at, rest_host(connection, resting, why, now, asked=asked))
            failed = 1 if progressed else row["failed"] + 1
            since = now if progressed else row["failing_since"] or now
            said = problem_columns(why, "", reasons)
            tries = {"failed": failed, "failing_since": since, "next_at": next_at}
            return becomes(connection, row, Event.FAILED_FOR_NOW, now, **said, **tries, **written)
        case FailedForGood(why, remedy, reasons):
            said = problem_columns(why, remedy, reasons)
            return becomes(connection, row, Event.FAILED_FOR_GOOD, now, **said, **written)
        case GivenBack():
            return becomes(connection, row, Event.GIVEN_BACK, now, next_at=now, **written)


def next_due(connection: Connection) -> datetime | None:
    """When the next job is due, or a lease runs out; None where nothing waits."""
    found: datetime | None = connection.scalar(select(func.min(jobs.c.due_at)).where(jobs.c.due_at.is_not(None)))
    return found


def _fresh(new: NewJob, move: int, now: datetime) -> dict[str, object]:
    next_at = new.not_before or now
    zero = {"attempts": 0, "failed": 0, "owner": "", "fence": 0, **NO_PROBLEM, "receipt": ""}
    return {
        "id": new.id,
        "batch": new.batch,
        "move": move,
        "kind": str(new.kind),
        "source": new.source,
        "target": new.target,
        "wishes": str(new.wishes),
        "domain": new.address.rpartition("@")[2],
        "address": new.address,
        "source_host": new.source_host,
        "target_host": new.target_host,
        "lane": f"{new.source_host} {new.target_host}",
        "priority": new.priority,
        "state": str(State.WAITING),
        "next_at": next_at,
        "due_at": next_at,
        "asked_by": new.asked_by,
        "asked_at": now,
        "needs": " ".join(sorted(new.secrets)),
        **progress_columns(Progress()),
        **zero,
    }


def _ours(job: Job) -> ColumnElement[bool]:
    """The row of a job, if its lease is still ours."""
    return and_(jobs.c.id == job.id, jobs.c.fence == job.fence, jobs.c.lease_until.is_not(None))
