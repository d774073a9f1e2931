"""What became of a batch: how many are done, what is named, what failed and why, what waits, and how fast it goes.

    report = report_of(desk, "friday")
    for row in rows(desk, report, (State.FAILED,)): ...

Rows are read page by page, so that a batch of a hundred thousand takes no more memory than a small one. Raises Refused
where there is no such batch.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailsvc.desk.batching.named import named_of
from mailsvc.desk.desk import Desk
from mailsvc.desk.exporting.jobs import batch_named
from mailsvc.records import job_batches, job_forecast, job_list
from mailsvc.records.job import Job, Progress, retry_command
from mailsvc.records.job_forecast import Measured
from mailsvc.records.job_list import Wanted
from migrator.job import HELD, State
from migrator.reasons import Reason
from schedules.text import Text

_PAGE = 500
DONE = (State.DONE,)
ATTENTION = (State.FAILED, State.DONE_WITH_NAMED)
COMING = (*sorted(HELD), State.WAITING, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Rates:
    """For an hour, as it was measured within the last two; None: too little was."""

    mailboxes: float | None
    messages: float | None
    octets: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A batch at one moment."""

    id: str
    name: str
    asked_by: str
    asked_at: datetime
    made_at: datetime
    began: datetime | None
    ended: datetime | None  # the last of all; None while any is open
    totals: Mapping[State, int]
    progress: Progress
    rates: Rates
    expected_end: datetime | None
    pace: Measured

    @property
    def jobs(self) -> int:
        """How many there are."""
        return sum(self.totals.values())

    def count(self, states: Collection[State]) -> int:
        """How many are in one of these states."""
        return sum(self.totals.get(state, 0) for state in states)


@dataclass(frozen=True, slots=True)
class Row:
    """One mailbox of a batch."""

    job: str
    address: str
    source: str
    target: str
    state: State
    messages: int
    of_messages: int
    octets: int
    reasons: tuple[Reason, ...]
    why: str  # as it was written down, in English
    remedy: str
    retry: str  # the command that goes on
    named: tuple[Text, ...]
    position: int | None
    expected_end: datetime | None
    next_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


def report_of(desk: Desk, asked: str) -> Report:
    """A batch, by its name or id, as it is now."""
    now, zone = desk.clock.now(), desk.settings.service.zoneinfo
    with desk.records.read() as conn:
        batch = batch_named(conn, asked)
        wanted = Wanted(batch=batch.id)
        totals, sums, span = (
            job_list.totals(conn, wanted),
            job_list.sums(conn, wanted),
            job_batches.span(conn, batch.id),
        )
        own, pace = job_forecast.measured(conn, now, batch=batch.id), job_forecast.measured(conn, now)
        last = job_forecast.last_end(conn, batch.id, pace, now)
    is_over = not any(totals.get(state) for state in COMING)

    def local(at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(zone)

    return Report(
        id=batch.id,
        name=batch.name,
        asked_by=batch.asked_by,
        asked_at=batch.asked_at.astimezone(zone),
        made_at=now.astimezone(zone),
        began=local(span.began),
        ended=local(span.ended) if is_over else None,
        totals=totals,
        progress=sums,
        rates=Rates(own.per_hour(own.jobs), own.per_hour(own.messages), own.per_hour(own.octets)),
        expected_end=None if is_over else local(last),
        pace=pace,
    )


def rows(desk: Desk, report: Report, states: Collection[State]) -> Iterator[Row]:
    """The mailboxes of a batch in these states, in the order they were asked for."""
    after, wanted = "", Wanted(batch=report.id, states=states)
    while True:
        with desk.records.read() as conn:
            found = job_list.listing(conn, wanted, report.made_at, after=after, limit=_PAGE)
            named = {
                job.id: named_of(job_list.receipt(conn, job.id)) for job in found if job.state is State.DONE_WITH_NAMED
            }
        yield from (_row(desk, report, job, named.get(job.id, ())) for job in found)
        if len(found) < _PAGE:
            return
        after = found[-1].id


def _far(job: Job) -> Progress:
    """What a mailbox that is done has by all of its runs; how far the run of another one is."""
    if job.whole is None or job.state not in (*DONE, State.DONE_WITH_NAMED):
        return job.progress
    return Progress(job.whole.messages, job.whole.messages, job.whole.octets, job.whole.octets)


def _row(desk: Desk, report: Report, job: Job, named: tuple[Text, ...]) -> Row:
    zone, far = desk.settings.service.zoneinfo, _far(job)
    expected = job_forecast.expected_end(job, report.pace, report.made_at)

    def local(at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(zone)

    return Row(
        job=job.id,
        address=job.address,
        source=job.source,
        target=job.target,
        state=job.state,
        messages=far.messages,
        of_messages=far.of_messages,
        octets=far.octets,
        reasons=job.reasons,
        why=job.problem,
        remedy=job.remedy,
        retry=retry_command(job.id, job.needs),
        named=named,
        position=job.position,
        expected_end=local(expected),
        next_at=local(job.next_at) if job.state is State.WAITING else None,
        started_at=local(job.started_at),
        ended_at=local(job.ended_at),
    )
