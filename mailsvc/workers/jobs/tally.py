"""What `/metrics` says of jobs: how many there are in each state, and how many hosts rest, by their provider.

    await Tally(records, metrics, now=...).run()      # until cancelled

All services on the same records say the same of these; what a service moves itself is counted where it is settled.
While the records are away the last answer stands.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from mailsvc.kit.metrics import JobMetrics
from mailsvc.kit.presets import GENERIC, PRESETS, preset_of
from mailsvc.records import job_hosts, job_list
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Connection, Records, RecordsAway
from migrator.job import State

BETWEEN = 15.0  # seconds between two looks


class Tally:
    """Counts now and then."""

    def __init__(
        self, records: Records, metrics: JobMetrics, *, now: Callable[[], datetime], between: float = BETWEEN
    ) -> None:
        self._records = records
        self._metrics = metrics
        self._now = now
        self._between = between

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            with suppress(RecordsAway):
                await self.look()
            await asyncio.sleep(self._between)

    async def look(self) -> None:
        """Count. Raises RecordsAway."""
        states, resting = await self._records.ask(self._counted)
        for state in State:
            self._metrics.states.labels(str(state)).set(states.get(state, 0))
        for provider in (*PRESETS, GENERIC.name):
            self._metrics.hosts_resting.labels(provider).set(resting.get(provider, 0))

    def _counted(self, connection: Connection) -> tuple[Mapping[State, int], Mapping[str, int]]:
        resting = job_hosts.resting(connection, self._now())
        return job_list.totals(connection, Wanted()), Counter(preset_of(host).name for host in resting)
