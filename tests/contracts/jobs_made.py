"""What the contract tests of jobs make again and again."""

from collections.abc import Collection
from datetime import datetime, timedelta

from mailsvc.records import job_acts, job_claims, job_list, jobs
from mailsvc.records.job import (
    Claimed,
    Ending,
    Job,
    JobKind,
    NewJob,
    Progress,
    Side,
    move_digest,
)
from mailsvc.records.job_list import Wanted
from mailsvc.records.jobs import Added
from mailsvc.records.store import Records
from mailsvc.records.tables import job_secrets
from migrator.job import Event, State
from tests.contracts.made import MINUTE, NOW, new_id

SECRETS = {Side.SOURCE: b"sealed-1", Side.TARGET: b"sealed-2"}


def wanted(
    name: str = "hanako", *, source_host: str = "", target_host: str = "", priority: int = 0, secrets: bool = False
) -> NewJob:
    source, target = f"maildir:/old/{name}", f"maildir:/new/{name}"
    return NewJob(
        new_id(),
        JobKind.MAILBOX,
        source,
        target,
        move_digest(source, target),
        "admin",
        source_host=source_host,
        target_host=target_host,
        address=f"{name}@closing.example",
        priority=priority,
        secrets=SECRETS if secrets else {},
    )


def add(records: Records, new: NewJob, at: datetime = NOW) -> Added:
    return records.act(lambda connection: jobs.add(connection, new, at))


def claim(
    records: Records, at: timedelta = timedelta(0), *, limit: int = 10, most: int = 100, owner: str = "w1"
) -> list[Claimed]:
    return records.act(
        lambda connection: job_claims.claim(connection, owner, NOW + at, MINUTE, limit=limit, most_at_a_host=most)
    )


def settle(records: Records, job: Job, ending: Ending, progress: Progress | None = None) -> State | None:
    return records.act(lambda connection: jobs.settle(connection, job, ending, NOW + MINUTE / 2, progress))


def act(records: Records, event: Event, *ids: str, at: timedelta = timedelta(0)) -> dict[str, State]:
    done = records.act(lambda connection: job_acts.act(connection, Wanted(ids=ids), event, NOW + at))
    return {change.job: change.after for change in done.changes}


def shown(records: Records, job: str, at: datetime = NOW) -> Job:
    with records.read() as connection:
        found = job_list.find(connection, job, at)
    assert found is not None
    return found


def sealed(records: Records) -> Collection[str]:
    with records.read() as connection:
        return [row.job for row in connection.execute(job_secrets.select())]
