"""What all workers together may do at a host: how many jobs at once, and whether it rests.

`Room` is what there is at one moment, for a claim; `rest_host` and `limit_host` change it.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from mailsvc.records import upsert
from mailsvc.records.tables import host_limits, jobs


def rest_host(connection: Connection, host: str, until: datetime, why: str) -> None:
    """Let no further job begin at a host before an instant: it asked for patience."""
    row = upsert.insert(connection, host_limits).values(host=host, rests_until=until, why=why)
    anew = {"rests_until": until, "why": why}
    connection.execute(row.on_conflict_do_update(index_elements=[host_limits.c.host], set_=anew))


def limit_host(connection: Connection, host: str, most_jobs: int | None, why: str) -> None:
    """Let no more jobs run at a host at once than this; None: as many as anywhere."""
    row = upsert.insert(connection, host_limits).values(host=host, most_jobs=most_jobs, why=why)
    anew = {"most_jobs": most_jobs, "why": why}
    connection.execute(row.on_conflict_do_update(index_elements=[host_limits.c.host], set_=anew))


class Room:
    """How many jobs run at each host, and who has room for one more."""

    def __init__(self, connection: Connection, now: datetime, most: int) -> None:
        self._most = most
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
            self._count(set(hosts))

    def closed(self, host: str) -> bool:
        """Whether a host takes no further job now; this machine takes all."""
        full = self._running.get(host, 0) >= self._own.get(host, self._most)
        return bool(host) and (host in self._resting or full)

    def take(self, hosts: set[str]) -> bool:
        """Count a job at both of its hosts, where these have room."""
        if any(self.closed(host) for host in hosts):
            return False
        self._count(hosts)
        return True

    def _count(self, hosts: set[str]) -> None:
        for host in hosts:
            self._running[host] = self._running.get(host, 0) + 1
