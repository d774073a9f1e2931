"""Keeps what is in hand: leases prolonged, progress written, wishes heard, once a tick.

A job whose lease was taken, or could not be prolonged for most of its length, is ended at once: from then on another
worker may have it. One that is asked to stop gets `Pace.grace` for what is on its way, and is ended then.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from mailsvc.kit.telemetry import Log
from mailsvc.records import jobs
from mailsvc.records.job import Progress
from mailsvc.records.store import Connection, Records, RecordsAway
from mailsvc.workers.jobs.budgets import Budgets
from mailsvc.workers.jobs.in_hand import InHand, Pace
from migrator.job import State
from schedules.clock import Clock

_SURE = 0.8  # of a lease: the part of it in which it is certainly ours, whatever the clocks say
_RENEWED = 1 / 3


class Keeper:
    """Looks after the jobs of one worker, by their ids in `in_hand`."""

    def __init__(
        self,
        records: Records,
        in_hand: Mapping[str, InHand],
        pace: Pace,
        clock: Clock,
        *,
        now: Callable[[], datetime],
        log: Log,
    ) -> None:
        self._records = records
        self._in_hand = in_hand
        self._pace = pace
        self._budgets = Budgets(pace.terms)
        self._clock = clock
        self._now = now
        self._log = log

    async def run(self) -> None:
        """Look once a tick, until cancelled."""
        while True:
            await asyncio.sleep(self._pace.tick)
            with suppress(RecordsAway, TimeoutError):  # a lease's own time tells when that has been too long
                async with asyncio.timeout(self._pace.lease.total_seconds() / 4):
                    await self.look()
            self.end_what_must()

    async def look(self) -> None:
        """Tell the records how far each job is, and hear what they say of it. Raises RecordsAway."""
        ours = [one for one in self._in_hand.values() if not one.settling]
        written = {one.job.id: one.run.progress.now for one in ours if self._is_due(one)}
        at, states = self._clock.monotonic(), await self._asked(ours, written)
        for one in ours:
            if one.job.id in written:
                one.told, one.renewed_at = written[one.job.id], at
            self._heard(one, states[one.job.id])

    def end_what_must(self) -> None:
        """End jobs whose lease may have run out, and those that were asked to stop long ago."""
        now = self._clock.monotonic()
        for one in self._in_hand.values():
            if now - one.renewed_at > self._pace.lease.total_seconds() * _SURE:
                self._lose(one)
            elif one.asked_at is not None and now - one.asked_at > self._pace.grace:
                one.run.cut()

    async def _asked(self, ours: Sequence[InHand], written: Mapping[str, Progress]) -> Mapping[str, State | None]:
        """The state of each; in one transaction that keeps those to be `written`, if there are any."""
        if written:
            return await self._records.committer.commit(lambda connection: self._kept(connection, ours, written))
        return await self._records.ask(lambda connection: self._kept(connection, ours, written)) if ours else {}

    def _kept(
        self, connection: Connection, ours: Sequence[InHand], written: Mapping[str, Progress]
    ) -> Mapping[str, State | None]:
        now, states = self._now(), dict[str, State | None]()
        for one in ours:
            if (progress := written.get(one.job.id)) is not None:
                self._budgets.spend(connection, one.job, progress, now)
                states[one.job.id] = jobs.keep(connection, one.job, now + self._pace.lease, progress, now)
                left = self._budgets.left(connection, one.job, now)
                one.run.progress.most = None if left is None else progress.octets + left
            else:
                states[one.job.id] = jobs.standing(connection, one.job)
        return states

    def _is_due(self, one: InHand) -> bool:
        """Whether there is news of it, or its lease wants to be prolonged."""
        old = self._clock.monotonic() - one.renewed_at > self._pace.lease.total_seconds() * _RENEWED
        return old or one.run.progress.now != one.told

    def _heard(self, one: InHand, state: State | None) -> None:
        if one.settling:
            return
        if state is None:
            self._lose(one)
        elif state is not State.RUNNING and one.asked_at is None:
            one.stop(self._clock.monotonic())

    def _lose(self, one: InHand) -> None:
        if one.settling or one.lost:
            return
        self._log.warning("a job's lease is lost", job=one.job.id)
        one.lose()
