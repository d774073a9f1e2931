"""The role "jobs": claims what is due, runs a few at once, and settles each by its fence.

    role = JobRole(records, means, pace, owner=..., now=..., on_end=...)
    await role.run()            # until cancelled: then what runs is stopped and given back at once

`keeper.py` keeps the leases meanwhile and hears of wishes. Records that are away end nothing: what was moved stands in
the journal, and where a job cannot be settled its lease runs out and another worker goes on.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from mailsvc.records import held, job_claims, jobs
from mailsvc.records.job import Claimed, Ending, FailedForNow, Job
from mailsvc.records.job_journal import JobJournal
from mailsvc.records.store import Connection, Records, RecordsAway
from mailsvc.workers.jobs.budgets import Budgets
from mailsvc.workers.jobs.committing import Committing
from mailsvc.workers.jobs.in_hand import InHand, Pace
from mailsvc.workers.jobs.keeper import Keeper
from mailsvc.workers.jobs.run import Means, Run
from mailsvc.workers.jobs.secrets import keeping
from migrator.job import ENDED, State

OnEnd = Callable[[Connection, Job, State], None]  # in the transaction in which a job ends


def _nothing(connection: Connection, job: Job, state: State) -> None:
    """Nobody is told."""


class JobRole:
    """Carries jobs out."""

    def __init__(
        self,
        records: Records,
        means: Means,
        pace: Pace,
        *,
        owner: str,
        now: Callable[[], datetime],
        on_end: OnEnd = _nothing,
    ) -> None:
        self._records = records
        self._means = means
        self._pace = pace
        self._budgets = Budgets(pace.terms)
        self._owner = owner
        self._now = now
        self._on_end = on_end
        self._log = means.log
        self._in_hand: dict[str, InHand] = {}
        self._keeper = Keeper(records, self._in_hand, pace, means.clock, now=now, log=means.log)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._threads = ThreadPoolExecutor(pace.at_once, "jobs")

    def wake(self) -> None:
        """Look at once: a job was asked for."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; then give back what is in hand."""
        keeping = asyncio.create_task(self._keeper.run())
        claiming: asyncio.Task[bool] | None = None
        try:
            while not keeping.done():
                self._wake.clear()
                claiming = asyncio.create_task(self._claim())
                if not await asyncio.shield(claiming):
                    with suppress(TimeoutError):  # not wait_for, which forgets a cancellation that comes with the wake
                        async with asyncio.timeout(self._pace.tick):
                            await self._wake.wait()
            keeping.result()
        finally:
            if claiming is not None:
                await asyncio.wait([claiming])  # what is claimed by now is begun, and given back
            await self._farewell()
            keeping.cancel()
            self._threads.shutdown(wait=False)

    async def _claim(self) -> bool:
        """Take as many jobs as there is room for; whether there was any."""
        free = self._pace.at_once - len(self._in_hand)
        if free <= 0:
            return False
        began = self._means.clock.monotonic()
        try:
            due = await self._records.ask(jobs.next_due)
            if due is None or due > self._now():
                return False
            taken = await self._records.committer.commit(lambda connection: self._taken(connection, free))
        except RecordsAway as error:
            self._log.warning("jobs wait for the records", why=str(error))
            return False
        for claimed, most in taken:
            self._begin(claimed, most, began)
        return bool(taken)

    def _taken(self, connection: Connection, limit: int) -> list[tuple[Claimed, int | None]]:
        """Jobs, and how many octets each may move."""
        if held.since(connection) is not None:
            return []
        now = self._now()
        taken = job_claims.claim(
            connection,
            self._owner,
            now,
            self._pace.lease,
            limit=limit,
            most_at_a_host=self._pace.per_host,
            terms=self._pace.terms,
            skip=list(self._in_hand),  # one whose lease was lost here has to end here first
        )
        return [(one, self._budgets.left(connection, one.job, now)) for one in taken]

    def _begin(self, claimed: Claimed, most: int | None, began: float) -> None:
        commit = Committing(self._records, asyncio.get_running_loop())
        journal = JobJournal(self._records, claimed.job, commit)
        run = Run(claimed, journal, self._means, lambda side, sealed: commit(keeping(claimed.job, side, sealed)))
        run.progress.most = most
        one = self._in_hand[claimed.job.id] = InHand(run, began)
        self._log.info("job began", job=claimed.job.id, attempt=claimed.job.attempts)
        task = asyncio.create_task(self._work(one))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, one: InHand) -> None:
        ending = await asyncio.get_running_loop().run_in_executor(self._threads, one.run.work)
        one.settling = True
        try:
            if ending is not None and not one.lost:
                await self._settle(one, ending)
        finally:
            del self._in_hand[one.job.id]
            self._wake.set()

    async def _settle(self, one: InHand, ending: Ending) -> None:
        """Write down how it ended; where that itself fails, it has failed, or the lease lets another see it anew."""
        try:
            await self._settle_soon(one, ending)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends one job and not the service
            worse = one.run.ending_of(error)
            with suppress(Exception):
                await self._settle_soon(one, worse or ending)

    async def _settle_soon(self, one: InHand, ending: Ending) -> None:
        for wait in (*self._pace.again, None):
            try:
                state = await self._records.committer.commit(lambda connection: self._settled(connection, one, ending))
            except RecordsAway as error:
                self._log.warning("a job waits to be settled", job=one.job.id, why=str(error))
                if wait is None:
                    return
                await asyncio.sleep(wait)
            else:
                ended = {"job": one.job.id, "state": state or "lost", "messages": one.run.progress.now.messages}
                self._log.info("job stopped", **ended, why=getattr(ending, "why", ""))
                return

    def _settled(self, connection: Connection, one: InHand, ending: Ending) -> State | None:
        job, now, progress = one.job, self._now(), one.run.progress
        self._budgets.spend(connection, job, progress.now, now)
        if progress.used_up and isinstance(ending, FailedForNow):
            ending = replace(ending, next_at=self._budgets.free_at(connection, job, now) or now)
        state = jobs.settle(connection, job, ending, now, progress.now)
        if state in ENDED:
            self._on_end(connection, job, state)
        return state

    async def _farewell(self) -> None:
        """Stop what runs, then end it; each is given back as it stops."""
        for one in self._in_hand.values():
            one.stop(self._means.clock.monotonic())
        for _ in range(2):
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._pace.grace)
            for one in self._in_hand.values():
                one.run.cut()
