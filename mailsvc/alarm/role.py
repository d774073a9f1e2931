"""The alarm role: at start, at stages' instants, at new editions and every tick, watch the clock and do what is due.

`run()` ends only by cancellation, or by an error that no ring can mend. Records that are away are tried again at the
next tick; a deed that failed is tried again at every ring. The alarm decides nothing: the ledger does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import timedelta
from typing import Protocol

from mailsvc.deeds.due import instants
from mailsvc.deeds.kinds import Kind
from mailsvc.kit.telemetry import Log
from mailsvc.records.store import RecordsAway
from schedules.alarm import TICK, Alarm
from schedules.clock import Clock
from schedules.edition import Edition

# Seconds between two looks for a new edition, so that one is followed within a second.
LOOK = 0.25


class Carries(Protocol):
    """Carries out what is due; `mailsvc.deeds.carry.Carrier` does."""

    async def carry_out_due(self) -> object:
        """Do what is due now."""
        ...


class AlarmRole:
    """Rings for `carrier`; `watch_tick` looks at the clock first, `editions` gives those in force."""

    def __init__(
        self,
        clock: Clock,
        editions: Callable[[], Iterable[Edition]],
        kinds: Collection[Kind],
        carrier: Carries,
        log: Log,
        *,
        watch_tick: Callable[[], Awaitable[object]] | None = None,
        tick: timedelta = TICK,
        look: float = LOOK,
    ) -> None:
        self._clock = clock
        self._editions = editions
        self._kinds = kinds
        self._carrier = carrier
        self._log = log
        self._watch_tick = watch_tick
        self._look = look
        self._alarm = Alarm(clock, self._ring, tick)

    async def run(self) -> None:
        """Ring until cancelled."""
        async with asyncio.TaskGroup() as roles:
            roles.create_task(self._alarm.run())
            roles.create_task(self._follow())

    async def _ring(self) -> None:
        try:
            if self._watch_tick is not None:
                await self._watch_tick()
            await self._carrier.carry_out_due()
        except RecordsAway as error:
            self._log.warning("the alarm waits for the records", why=str(error))
        self._set()

    def _set(self) -> None:
        now = self._clock.now()
        self._alarm.wake_at(instants(self._editions(), self._kinds, now))

    async def _follow(self) -> None:
        """Ring at once when the editions in force have changed."""
        known = tuple(self._editions())
        while True:
            await asyncio.sleep(self._look)
            current = tuple(self._editions())
            if current != known:
                known = current
                now = self._clock.now()
                self._alarm.wake_at([now, *instants(current, self._kinds, now)])
