"""How fast jobs go, as it was measured lately, and when one that waits or runs will have ended by that.

    pace = measured(connection, now)
    ends = expected_end(job, pace, now)          # None: nobody can say

A job that waits has those before it in the queue to wait for; one that runs has its own rest to move. Pure but for
`measured`. What is paused, or waits for a time that a host has named, is not foretold before that time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from mailsvc.records import job_list
from mailsvc.records.job import Job
from mailsvc.records.job_list import Wanted
from mailsvc.records.tables import jobs
from migrator.job import State

WINDOW = timedelta(hours=2)  # what counts as lately
_RUNNING = 1000  # of a batch looked at
_LEAST = timedelta(seconds=10)  # a shorter time measures nothing
_DONE = (str(State.DONE), str(State.DONE_WITH_NAMED))


@dataclass(frozen=True, slots=True)
class Measured:
    """What all workers together did within a time."""

    jobs: int
    messages: int
    octets: int
    time: timedelta
    running: int  # now

    @property
    def seconds_each(self) -> float | None:
        """Between the ends of two jobs; None where too little was measured."""
        return self.time.total_seconds() / self.jobs if self.jobs and self.time >= _LEAST else None

    def per_hour(self, number: int) -> float | None:
        """A number of that time, for an hour."""
        return number * 3600 / self.time.total_seconds() if self.time >= _LEAST else None


def measured(connection: Connection, now: datetime, *, batch: str = "") -> Measured:
    """What was done within the last two hours, of all jobs or of a batch."""
    ours = [jobs.c.batch == batch] if batch else []
    since = now - WINDOW
    done = (jobs.c.ended_at > since, jobs.c.ended_at <= now, jobs.c.state.in_(_DONE))
    totals = (func.count(), func.sum(jobs.c.messages), func.sum(jobs.c.octets), func.min(jobs.c.started_at))
    count, messages, octets, first = connection.execute(select(*totals).where(*done, *ours)).one()
    running = connection.scalar(select(func.count()).where(jobs.c.lease_until.is_not(None), *ours)) or 0
    time = now - max(first, since) if first is not None else timedelta()
    return Measured(int(count), int(messages or 0), int(octets or 0), time, int(running))


def expected_end(job: Job, pace: Measured, now: datetime) -> datetime | None:
    """When a job will have ended, if all goes on as it did; None where nothing tells."""
    if job.state is State.RUNNING:
        return _of_running(job, pace, now)
    if job.state is not State.WAITING or job.position is None or pace.seconds_each is None:
        return None
    ahead = timedelta(seconds=(job.position + pace.running) * pace.seconds_each)
    return max(now, job.next_at or now) + ahead


def _of_running(job: Job, pace: Measured, now: datetime) -> datetime | None:
    far, began = job.progress, job.started_at
    if began is None:
        return None
    so_far = max(now - began, timedelta())
    done, of = (far.octets, far.of_octets) if far.of_octets else (far.messages, far.of_messages)
    if done and of and so_far >= _LEAST:
        return now + so_far * (max(0, of - done) / done)
    if pace.seconds_each is None:
        return None
    usual = timedelta(seconds=pace.seconds_each * max(1, pace.running))
    return now + max(usual - so_far, timedelta())


def last_end(connection: Connection, batch: str, pace: Measured, now: datetime) -> datetime | None:
    """When the last job of a batch will have ended: the last in the queue, or one that runs."""
    wanted = Wanted(batch=batch, states=(State.RUNNING,))
    ends = [expected_end(job, pace, now) for job in job_list.listing(connection, wanted, now, limit=_RUNNING)]
    last = job_list.last_in_queue(connection, batch, now)
    if last is not None:
        ends.append(expected_end(last, pace, now))
    return None if not ends or None in ends else max(end for end in ends if end is not None)
