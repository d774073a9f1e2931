"""Jobs claimed: who works on which, as many as their hosts have room for.

    for claimed in claim(connection, owner, now, lease, limit=4, most_at_a_host=5): ...

A claim is a lease and a fence (`mailsvc.records.claims`); jobs whose lease ran out are freed by the next claim.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select, update

from mailsvc.kit.presets import Preset, preset_of
from mailsvc.records import upsert
from mailsvc.records.job import Claimed, Progress, Side, job_of
from mailsvc.records.job_hosts import Room
from mailsvc.records.job_steps import becomes, progress_columns
from mailsvc.records.lanes import lanes_of
from mailsvc.records.tables import job_secrets, jobs
from migrator.job import Event, Patience, State

_CLAIMING = 0x6C6A6F62  # any number that only claims of jobs use


def claim(
    connection: Connection,
    owner: str,
    now: datetime,
    lease: timedelta,
    *,
    limit: int,
    most_at_a_host: int,
    terms: Callable[[str], Preset] = preset_of,
    skip: Collection[str] = (),
) -> list[Claimed]:
    """Take up to `limit` due jobs until now + lease, by priority and time, as many as their hosts have room for.

    `terms` says what a host bears. Jobs whose lease ran out are freed first. Workers claim one after the
    other, so that no host gets too many.
    """
    if not upsert.is_sqlite(connection):
        connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))
    free_lost(connection, now)
    room = Room(connection, now, most_at_a_host, terms)
    taken: list[Claimed] = []
    for row in _due(connection, now, limit, room, skip):
        if len(taken) == limit:
            break
        if room.take({row["source_host"], row["target_host"]}):
            taken.append(_taken(connection, row, owner, now, now + lease))
    return taken


def free_lost(connection: Connection, now: datetime) -> int:
    """Let go of every job whose lease has run out; their number. One that keeps killing its workers waits longer."""
    lost = select(jobs).where(jobs.c.lease_until <= now).with_for_update(skip_locked=True)
    rows = connection.execute(lost).mappings().all()
    for row in rows:
        failed = 0 if row["messages"] else row["failed"] + 1
        wait = Patience().wait(failed - 1) if failed > 1 else timedelta()
        failing = {"failed": failed, "failing_since": (row["failing_since"] or now) if failed else None}
        becomes(connection, row, Event.LEASE_LOST, now, next_at=now + wait, **failing)
    return len(rows)


def end_leases(connection: Connection, now: datetime) -> int:
    """Let the lease of every job in hand end by `now`; for a start that knows no other worker runs. Their number.

    None is made longer: where the clock was set ahead, what is believed of the time comes to a later `now` days after.
    """
    held = jobs.c.lease_until > now
    return connection.execute(update(jobs).where(held).values(lease_until=now, due_at=now)).rowcount


def _due(connection: Connection, now: datetime, limit: int, room: Room, skip: Collection[str]) -> Sequence[RowMapping]:
    """The first few due jobs of each pair of hosts that has room, in the order of all."""
    found: list[RowMapping] = []
    for lane in connection.scalars(_LANES).all():
        if any(room.closed(host) for host in lane.split(" ")):
            continue
        query = (
            select(jobs)
            .where(
                jobs.c.lane == lane, jobs.c.due_at <= now, jobs.c.state == str(State.WAITING), jobs.c.id.not_in(skip)
            )
            .order_by(jobs.c.priority, jobs.c.due_at, jobs.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found += connection.execute(query).mappings()
    return sorted(found, key=lambda row: (row["priority"], row["due_at"], row["id"]))


def _taken(connection: Connection, row: RowMapping, owner: str, now: datetime, until: datetime) -> Claimed:
    counted = {"attempts": row["attempts"] + 1, "fence": row["fence"] + 1, "owner": owner, "started_at": now}
    values = {**counted, "lease_until": until, "due_at": until, **progress_columns(Progress())}
    becomes(connection, row, Event.CLAIMED, now, **values)
    sealed = connection.execute(select(job_secrets.c.side, job_secrets.c.sealed).where(job_secrets.c.job == row["id"]))
    secrets = {Side(side): bytes(octets) for side, octets in sealed}
    job = replace(
        job_of(row),
        state=State.RUNNING,
        attempts=row["attempts"] + 1,
        fence=row["fence"] + 1,
        owner=owner,
        started_at=now,
        lease_until=until,
        progress=Progress(),
    )
    return Claimed(job, secrets)


_LANES = lanes_of(jobs, jobs.c.due_at.is_not(None))  # the pairs of hosts that have jobs to do
