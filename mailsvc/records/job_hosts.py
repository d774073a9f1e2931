"""What all workers together may do at a host: how many jobs at once and a minute, and whether it rests.

`Room` is what there is at one moment, for a claim; `rest_host`, `host_well` and `limit_host` change it, `resting` tells
who rests. A host that asks for patience rests for all its jobs, twice as long each time it asks again before a job
there was done.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from mailsvc.kit.presets import Preset
from mailsvc.records import upsert
from mailsvc.records.tables import host_limits, jobs
from migrator.job import Patience

MINUTE = timedelta(minutes=1)
PATIENCE = Patience(first=MINUTE, longest=timedelta(hours=1))


def rest_host(
    connection: Connection, host: str, why: str, now: datetime, *, asked: timedelta | None = None
) -> datetime:
    """Let no further job begin at a host that asks for patience; until when.

    Jobs that began before and hear the same while it rests do not make it longer, unless the host asks for more.
    """
    query = select(host_limits.c.rests, host_limits.c.rests_until).where(host_limits.c.host == host).with_for_update()
    row = connection.execute(query).one_or_none()
    rests, until = (row.rests, row.rests_until) if row is not None else (0, None)
    if until is not None and until > now:
        until = max(until, now + (asked or timedelta()))
    else:
        rests += 1
        until = now + PATIENCE.wait(rests, asked=asked)
    anew = {"rests": rests, "rests_until": until, "why": why}
    made = upsert.insert(connection, host_limits).values(host=host, **anew)
    connection.execute(made.on_conflict_do_update(index_elements=[host_limits.c.host], set_=anew))
    return until


def host_well(connection: Connection, hosts: Collection[str], now: datetime) -> None:
    """A job is done there: the next rest is a short one again."""
    over = host_limits.c.rests_until <= now
    known = host_limits.c.host.in_([host for host in hosts if host])
    connection.execute(update(host_limits).where(known, over, host_limits.c.rests > 0).values(rests=0))


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when a host lets no further job begin, and what it said."""

    host: str
    until: datetime
    why: str


def resting(connection: Connection, now: datetime) -> Mapping[str, Rest]:
    """The hosts that rest now."""
    query = select(host_limits.c.host, host_limits.c.rests_until, host_limits.c.why)
    found = connection.execute(query.where(host_limits.c.rests_until > now))
    return {host: Rest(host, until, why) for host, until, why in found}


def limit_host(connection: Connection, host: str, most_jobs: int | None, why: str) -> None:
    """Let no more jobs run at a host at once than this; None: as many as anywhere."""
    row = upsert.insert(connection, host_limits).values(host=host, most_jobs=most_jobs, why=why, rests=0)
    anew = {"most_jobs": most_jobs, "why": why}
    connection.execute(row.on_conflict_do_update(index_elements=[host_limits.c.host], set_=anew))


class Room:
    """How many jobs run at each host, and who has room for one more."""

    def __init__(self, connection: Connection, now: datetime, most: int, terms: Callable[[str], Preset]) -> None:
        self._connection = connection
        self._now = now
        self._most = most
        self._terms = terms
        self._own: dict[str, int] = {}
        self._resting: set[str] = set()
        for host, most_jobs, rests_until in connection.execute(
            select(host_limits.c.host, host_limits.c.most_jobs, host_limits.c.rests_until)
        ):
            if most_jobs is not None:
                self._own[host] = most_jobs
            if rests_until is not None and rests_until > now:
                self._resting.add(host)
        self._running: dict[str, int] = {}
        held = select(jobs.c.source_host, jobs.c.target_host).where(jobs.c.lease_until.is_not(None))
        for hosts in connection.execute(held):
            _count(self._running, set(hosts))
        self._begun: dict[str, int] | None = None

    def closed(self, host: str) -> bool:
        """Whether a host takes no further job now; this machine takes all."""
        return bool(host) and (host in self._resting or self._is_full(host) or self._is_hurried(host))

    def take(self, hosts: set[str]) -> bool:
        """Count a job at both of its hosts, where these have room."""
        if any(self.closed(host) for host in hosts):
            return False
        _count(self._running, hosts)
        if self._begun is not None:
            _count(self._begun, hosts)
        return True

    def _is_full(self, host: str) -> bool:
        usual = self._terms(host).per_host
        most = self._own.get(host, self._most if usual is None else usual)
        return self._running.get(host, 0) >= most

    def _is_hurried(self, host: str) -> bool:
        per_minute = self._terms(host).per_minute
        return per_minute is not None and self._begun_at(host) >= per_minute

    def _begun_at(self, host: str) -> int:
        """How many jobs began there within the last minute."""
        if self._begun is None:
            self._begun = {}
            recent = jobs.c.started_at > self._now - MINUTE
            for hosts in self._connection.execute(select(jobs.c.source_host, jobs.c.target_host).where(recent)):
                _count(self._begun, set(hosts))
        return self._begun.get(host, 0)


def _count(counts: dict[str, int], hosts: set[str]) -> None:
    for host in hosts:
        counts[host] = counts.get(host, 0) + 1
