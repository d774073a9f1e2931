"""Jobs looked after: listed with their place in the queue, shown, paused, resumed, cancelled, retried.

Use: `list_jobs(desk, Which(...))`, `show_job(desk, id)`, `change_jobs(desk, Which(...), Event.PAUSE, reason)`. Changes
are made in slices, each one short transaction with its audit row, while services go on working.
Fails: `Refused` where there is no such job or batch, or nothing of what was named takes the act, with what it takes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.kit.sealing import Sealer
from mailsvc.kit.secrets import Secret
from mailsvc.records import exports, job_acts, job_forecast, job_list, jobs
from mailsvc.records.errors import Contended
from mailsvc.records.job import Job, Side
from mailsvc.records.job_acts import Change, Done
from mailsvc.records.job_forecast import Measured
from mailsvc.records.job_list import Wanted
from mailsvc.records.jobs import Batch
from mailsvc.records.store import Connection
from migrator.job import ASKED, TABLE, Event, State
from migrator.reasons import Reason

_PAGE = 500
_BATCHES = 5  # named to whoever asks for one that is not there
_TRIES = 5  # of a slice that met a worker's rows


@dataclass(frozen=True, slots=True)
class Which:
    """Which jobs, as a person says it."""

    ids: Sequence[str] = ()
    batch: str = ""  # its id or its name
    address: str = ""
    states: Sequence[State] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A job, as people and programs read it. Octets of messages; times are aware."""

    id: str
    state: State
    position: int | None
    expected_end: datetime | None  # as far as what was done lately tells
    address: str
    messages: int
    of_messages: int
    octets: int
    of_octets: int | None
    doing: str
    problem: str
    reasons: tuple[Reason, ...]  # of the problem, in words for programs
    remedy: str
    attempts: int
    next_at: datetime | None
    source: str
    target: str
    kind: str
    batch: str
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    worker: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What an act has changed, and what it could not for want of passwords."""

    jobs: Sequence[Change]
    unsealed: Sequence[str]


def list_jobs(desk: Desk, which: Which, limit: int | None = None) -> Iterator[Shown]:
    """The jobs wanted in the order they were asked for, at most `limit`, read page by page. Raises Refused."""
    wanted, after, left = _wanted(desk, which), "", limit
    with desk.records.read() as conn:
        pace = job_forecast.measured(conn, desk.clock.now())
    while left is None or left > 0:
        page = min(_PAGE, left) if left is not None else _PAGE
        with desk.records.read() as conn:
            found = job_list.listing(conn, wanted, desk.clock.now(), after=after, limit=page)
        yield from (shown(desk, job, pace) for job in found)
        if len(found) < page:
            return
        after = found[-1].id
        left = None if left is None else left - page


def batch_named(conn: Connection, asked: str) -> Batch:
    """A batch by its name or id. Raises Refused."""
    found = job_list.batch(conn, asked)
    if found is None:
        there = ", ".join(repr(name) for name in job_list.newest_batches(conn, _BATCHES))
        remedy = f"the newest are {there}" if there else "`lastpost migrate batch FILE.csv` asks for one"
        raise Refused(f"there is no batch {asked!r}", remedy)
    return found


def count_jobs(desk: Desk, which: Which) -> Mapping[State, int]:
    """How many jobs are wanted, by state. Raises Refused."""
    with desk.records.read() as conn:
        return job_list.totals(conn, _wanted(desk, which))


def show_job(desk: Desk, job: str) -> Shown:
    """One job. Raises Refused."""
    with desk.records.read() as conn:
        found = job_list.find(conn, job, desk.clock.now())
        pace = job_forecast.measured(conn, desk.clock.now())
    if found is None:
        raise _no_such([job])
    return shown(desk, found, pace)


def receipt_of(desk: Desk, job: str) -> str:
    """The signed receipt of a job's last run that came to its end. Raises Refused."""
    show_job(desk, job)
    with desk.records.read() as conn:
        receipt = job_list.receipt(conn, job)
    if not receipt:
        raise Refused("no run of this job has come to its end", "wait for it: `lastpost jobs show --follow` watches it")
    return receipt


def change_jobs(
    desk: Desk, which: Which, event: Event, reason: str = "", secrets: Mapping[Side, bytes] | None = None
) -> Changed:
    """Let `event` befall every job wanted that takes it; `secrets`, sealed, are for a single one. Raises Refused."""
    wanted, changes, unsealed = _wanted(desk, which), list[Change](), list[str]()
    after: str | None = ""
    while after is not None:
        slice_ = partial(_slice, desk, wanted, event, " ".join(reason.split()), secrets or {}, after)
        done = _tried(desk, slice_)
        changes += done.changes
        unsealed += done.unsealed
        after = done.last
    if which.ids and not changes:
        with desk.records.read() as conn:
            raise _refusal(conn, which.ids, event, unsealed)
    return Changed(changes, unsealed)


def sealed(desk: Desk, job: str, secrets: Mapping[Side, Secret]) -> Mapping[Side, bytes]:
    """Secrets as the records keep them for a job. Raises Refused without a key for them, and BadSecret."""
    keys = desk.settings.jobs.keys
    if keys is None:
        raise Refused("there is no key to seal passwords with", "name `jobs.folder` in the settings")
    sealer = Sealer.open(keys)
    return {side: sealer.seal(secret, job=job, side=side) for side, secret in secrets.items()}


def _tried(desk: Desk, slice_: "partial[Done]") -> Done:
    """One slice; where it and a worker waited for each other's rows, again."""
    for _ in range(_TRIES - 1):
        with suppress(Contended):
            return desk.records.act(slice_)
    return desk.records.act(slice_)


def _slice(
    desk: Desk, wanted: Wanted, event: Event, reason: str, secrets: Mapping[Side, bytes], after: str, conn: Connection
) -> Done:
    for job in wanted.ids if secrets else ():
        if job_list.find(conn, job, desk.clock.now()) is None:
            raise _no_such([job])
        jobs.put_secrets(conn, job, secrets)
    done = job_acts.act(conn, wanted, event, desk.clock.now(), after=after)
    if secrets and not done.changes:
        raise _refusal(conn, wanted.ids, event, done.unsealed)  # and what it has is kept
    if wanted.ids:
        for change in done.changes:
            desk.note(conn, f"job {event}", change.job, reason, {"before": change.before, "after": change.after})
    elif done.changes:
        told = {"jobs": str(len(done.changes)), "first": done.changes[0].job, "last": done.changes[-1].job}
        desk.note(conn, f"job {event}", wanted.batch or wanted.address or "jobs", reason, told)
    return done


def _wanted(desk: Desk, which: Which) -> Wanted:
    batch = ""
    if which.batch:
        with desk.records.read() as conn:
            batch = batch_named(conn, which.batch).id
    return Wanted(ids=which.ids, states=which.states, batch=batch, address=which.address)


def shown(desk: Desk, job: Job, pace: Measured) -> Shown:
    """A job for people; `pace` is how fast jobs went lately."""
    zone, far = desk.settings.service.zoneinfo, job.progress

    def local(at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(zone)

    return Shown(
        id=job.id,
        state=job.state,
        position=job.position,
        expected_end=local(job_forecast.expected_end(job, pace, desk.clock.now())),
        address=job.address,
        messages=far.messages,
        of_messages=far.of_messages,
        octets=far.octets,
        of_octets=far.of_octets,
        doing=far.doing,
        problem=job.problem,
        reasons=job.reasons,
        remedy=job.remedy,
        attempts=job.attempts,
        next_at=local(job.next_at) if job.state is State.WAITING else None,
        source=job.source,
        target=job.target,
        kind=str(job.kind),
        batch=job.batch or "",
        asked_by=job.asked_by,
        asked_at=job.asked_at.astimezone(zone),
        started_at=local(job.started_at),
        ended_at=local(job.ended_at),
        worker=job.owner,
    )


def _no_such(ids: Collection[str]) -> Refused:
    return Refused(f"there is no job {', '.join(ids)}", "`lastpost jobs list` names them")


def _refusal(conn: Connection, ids: Collection[str], event: Event, unsealed: Sequence[str]) -> Refused:
    states = job_list.totals(conn, Wanted(ids=list(ids)))
    if not states:
        return _no_such(ids)
    if unsealed:
        return Refused(
            "its passwords were erased when it ended", "give them again with --from-secret FILE and --to-secret FILE"
        )
    takes = sorted({str(one) for state in states for one in TABLE[state] if one in ASKED})
    why = f"a job that is {' or '.join(states)} takes no {event}"
    over = exports.over(conn, ids) if event is Event.RETRY else None
    if over is not None:
        told = f"`lastpost export {over} --format FORMAT` asks for it again"
        return Refused(f"the export of {over} was handed over, or its files were removed", told)
    if event in {one for state in states for one in TABLE[state]}:
        return Refused(why, "another job of the same two mailboxes is open: it does the same")
    return Refused(why, f"it takes {' or '.join(takes)}" if takes else "it is being stopped: wait a moment")
