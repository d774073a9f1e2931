"""The sweeper: a role that removes what nobody needs any more, in slices that hold no lock for long.

Bodies all of whose recipients have their mail, pieces of bodies whose session broke off, directories that an import has
replaced, the traces of settled messages, dead links, jobs that ended long ago with their batches and journals, and what
is in quarantine after their retention. It ends only by cancellation; while the records are away it waits. Retention
looks at the trusted time, so a clock that jumps ahead forgets nothing early; of the quarantine a round forgets no more
than one slice, so that a wrong time is seen before all of it is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from mailsvc.kit.telemetry import Log
from mailsvc.records import bodies, job_budgets, job_sweep, links, messages, quarantine, rates, reservations, staging
from mailsvc.records.store import Connection, Records, RecordsAway

# Rows or 1 MiB chunks of one slice; the time between two slices leaves the lock to those who take mail.
_ROWS = 500
_CHUNKS = 4
_QUARANTINED = 100
_BREATH_SECONDS = 0.02
_ROUND_SECONDS = 5.0
# A session may take long over a body: DATA has a time limit for each piece, none as a whole.
_ABANDONED = timedelta(days=1)
_DEAD_LINKS = timedelta(days=90)  # since they expired or were revoked; until then one that expired can be renewed


@dataclass(frozen=True, slots=True)
class Sweeper:
    """What it needs; `now` is the trusted time, `retention` how long settled messages can still be traced.

    `keep_jobs`: how long jobs that have ended, and the journals of their moves, are kept.
    """

    records: Records
    now: Callable[[], datetime]
    retention: timedelta
    keep_jobs: timedelta
    log: Log
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    outdated: Callable[[datetime], Mapping[str, int]] = lambda _: {}  # of each scope of rates, its first slot to keep

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.round()
            except RecordsAway as why:
                self.log.warning("sweeper-waits", why=str(why))
            await self.sleep(_ROUND_SECONDS)

    async def round(self) -> None:
        """Sweep everything there is to sweep now. Raises RecordsAway."""
        now = self.now()
        await self._quarantine(now)
        await self._all(lambda connection: messages.sweep_bodies(connection, _CHUNKS))
        await self._all(lambda connection: bodies.sweep_orphans(connection, now - _ABANDONED, _CHUNKS))
        await self._all(lambda connection: staging.sweep_generations(connection, _ROWS))
        await self._all(lambda connection: messages.sweep_traces(connection, now - self.retention, _ROWS))
        await self._all(lambda connection: links.sweep(connection, now - _DEAD_LINKS, _ROWS))
        await self._jobs(now)
        if not self.records.where.inline:  # one service alone keeps these in memory
            await self._limits(now)

    async def _jobs(self, now: datetime) -> None:
        """Jobs, then what no job needs any more."""
        before = now - self.keep_jobs
        await self._all(lambda connection: job_sweep.sweep_jobs(connection, before, _ROWS))
        await self._all(lambda connection: job_sweep.sweep_moves(connection, _ROWS))
        await self._all(lambda connection: job_sweep.sweep_batches(connection, before, _ROWS))
        await self._all(lambda connection: job_budgets.sweep(connection, now, _ROWS))

    async def _limits(self, now: datetime) -> None:
        """What killed services have left reserved, and counts that matter no more."""
        await self._all(lambda connection: reservations.sweep(connection, now, _ROWS))
        for scope, first in self.outdated(now).items():
            await self._all(partial(rates.sweep, scope=scope, before_slot=first, limit=_ROWS))

    async def _quarantine(self, now: datetime) -> None:
        gone = await self.records.committer.commit(lambda connection: quarantine.sweep(connection, now, _QUARANTINED))
        if gone:
            self.log.info("quarantine-retention", forgotten=gone)

    async def _all(self, slice_: Callable[[Connection], int]) -> None:
        while await self.records.committer.commit(slice_):
            await self.sleep(_BREATH_SECONDS)
