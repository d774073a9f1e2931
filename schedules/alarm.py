"""The alarm that rings when one of a plan's instants comes.

    alarm = Alarm(clock, ring)
    alarm.wake_at(instants)
    await alarm.run()

It only rings: what is due is for the one it wakes to find out, so that a ring too many or too late does no harm.
Fails with what its `ring` raises.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from schedules.clock import Clock

TICK = timedelta(seconds=30)


class Alarm:
    """Rings at the start, at every instant it was told, and every `tick`; never twice at a time.

    Instants are by `clock`, which need not be the machine's: they are set anew at every ring, so a clock that is moved
    is followed within a tick. `run` is a role: it returns only when cancelled, and raises what `ring` raises.
    """

    def __init__(self, clock: Clock, ring: Callable[[], Awaitable[None]], tick: timedelta = TICK) -> None:
        self._clock = clock
        self._ring = ring
        self._tick = tick
        self._bell = asyncio.Event()
        self._instants: tuple[datetime, ...] = ()
        self._rung_at: datetime | None = None
        self._scheduler: AsyncIOScheduler | None = None

    def wake_at(self, instants: Iterable[datetime]) -> None:
        """Replace the instants to ring at; those that came since the last ring began ring at once.

        May be called by `ring`, and before `run`.
        """
        self._instants = tuple(sorted(at.astimezone(UTC) for at in instants))
        self._set_next()

    async def run(self) -> None:
        """Ring until cancelled."""
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        self._scheduler.start()
        try:
            while True:
                await self._ring_once()
                self._set_next()
                await self._rouse()
        finally:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def _ring_once(self) -> None:
        self._bell.clear()
        self._rung_at = self._clock.now()
        await self._ring()

    async def _rouse(self) -> None:
        """Wait for the bell, two ticks at most: APScheduler goes by the wall clock, which may be set back."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * self._tick.total_seconds()):
                await self._bell.wait()

    def _set_next(self) -> None:
        """Tell APScheduler, which knows the machine's time alone, when the next tick and the next instant come."""
        if self._scheduler is None or self._rung_at is None:
            return
        now, wall = self._clock.now(), datetime.now(UTC)
        # A trigger without a zone opens files to find the machine's, which fails where no descriptor is left.
        every = IntervalTrigger(seconds=self._tick.total_seconds(), timezone=UTC)
        self._scheduler.add_job(self._strike, every, id="tick", replace_existing=True)
        answered = min(self._rung_at, now)  # the clock may have been set back since
        coming = next((at for at in self._instants if at > answered), None)
        if coming is not None and coming <= now:
            self._bell.set()
        elif coming is not None:
            trigger = DateTrigger(wall + (coming - now), timezone=UTC)
            self._scheduler.add_job(self._strike, trigger, id="instant", replace_existing=True)
        elif self._scheduler.get_job("instant") is not None:
            self._scheduler.remove_job("instant")

    async def _strike(self) -> None:
        self._bell.set()
