import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from schedules.alarm import Alarm
from schedules.clock import Clock, MovableClock, SystemClock
from tests.support.deadline import until
from tests.support.shortage import no_descriptors

T = datetime(2024, 1, 31, 14, 59, tzinfo=UTC)
LONG = timedelta(hours=1)
SHORT = timedelta(milliseconds=20)


class Rings:
    """What the alarm woke: at which times, by its clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at: list[datetime] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.inside = 0
        self.most_inside = 0

    async def ring(self) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.at.append(self.clock.now())
        await self.gate.wait()
        self.inside -= 1


@asynccontextmanager
async def going(alarm: Alarm) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(alarm.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_it_rings_at_the_start() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    async with going(Alarm(clock, rings.ring, tick=LONG)):
        await until(lambda: rings.at == [T], "the rings awaited")


async def test_it_rings_every_tick() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    async with going(Alarm(clock, rings.ring, tick=SHORT)):
        await until(lambda: len(rings.at) >= 4, "the rings awaited")


async def test_it_rings_at_an_instant_of_the_machines_clock() -> None:
    clock = SystemClock()
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=LONG)
    instant = clock.now() + timedelta(milliseconds=150)
    alarm.wake_at([instant])
    async with going(alarm):
        await until(lambda: len(rings.at) == 2, "the rings awaited")
        assert rings.at[0] < instant <= rings.at[1] < instant + timedelta(seconds=5)


async def test_an_instant_is_by_the_given_clock_not_the_machines() -> None:
    clock = MovableClock(T)  # years before the machine's time: nothing is overdue by it
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=LONG)
    alarm.wake_at([T + timedelta(milliseconds=100), T + timedelta(days=30)])
    async with going(alarm):
        await until(lambda: len(rings.at) == 2, "the rings awaited")


async def test_what_is_overdue_at_the_start_is_rung_once_at_the_start() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=LONG)
    alarm.wake_at([T - timedelta(days=3), T - timedelta(days=2), T])
    async with going(alarm):
        await until(lambda: len(rings.at) == 1, "the rings awaited")
        await asyncio.sleep(0.05)
        assert rings.at == [T]


async def test_an_instant_that_comes_due_by_moving_the_clock_is_rung_within_a_tick() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=SHORT)
    alarm.wake_at([T + timedelta(days=1)])
    async with going(alarm):
        await until(lambda: len(rings.at) >= 1, "the rings awaited")
        clock.advance(timedelta(days=2))
        await until(lambda: rings.at[-1] == T + timedelta(days=2), "the rings awaited")


async def test_instants_told_while_overdue_ring_at_once() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=LONG)
    async with going(alarm):
        await until(lambda: len(rings.at) == 1, "the rings awaited")
        clock.advance(timedelta(hours=5))
        alarm.wake_at([T + timedelta(hours=4)])
        await until(lambda: len(rings.at) == 2, "the rings awaited")


async def test_the_one_it_wakes_may_tell_the_next_instants() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)

    async def ring() -> None:
        await rings.ring()
        alarm.wake_at([clock.now() + timedelta(milliseconds=20)] if len(rings.at) < 3 else [])

    alarm = Alarm(clock, ring, tick=LONG)
    async with going(alarm):
        await until(lambda: len(rings.at) == 3, "the rings awaited")
        await asyncio.sleep(0.1)
        assert len(rings.at) == 3


async def test_it_never_rings_twice_at_a_time_and_keeps_what_came_meanwhile() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    rings.gate.clear()
    alarm = Alarm(clock, rings.ring, tick=LONG)
    async with going(alarm):
        await until(lambda: rings.inside == 1, "the rings awaited")
        clock.advance(timedelta(minutes=2))
        alarm.wake_at([T + timedelta(minutes=1)])
        alarm.wake_at([T + timedelta(minutes=1)])
        await asyncio.sleep(0.05)
        assert len(rings.at) == 1
        rings.gate.set()
        await until(lambda: len(rings.at) == 2, "the rings awaited")
        assert rings.most_inside == 1


async def test_a_clock_that_is_set_back_does_not_silence_the_instants_ahead_of_it() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=LONG)
    async with going(alarm):
        await until(lambda: len(rings.at) == 1, "the rings awaited")
        clock.set(T - timedelta(days=1))
        alarm.wake_at([T - timedelta(days=1) + timedelta(milliseconds=50)])
        await until(lambda: len(rings.at) == 2, "the rings awaited")


async def test_it_rings_although_apscheduler_has_lost_its_way() -> None:
    clock = MovableClock(T)
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=SHORT)
    async with going(alarm):
        await until(lambda: len(rings.at) >= 1, "the rings awaited")
        assert alarm._scheduler is not None
        alarm._scheduler.pause()
        heard = len(rings.at)
        await until(lambda: len(rings.at) >= heard + 3, "the rings awaited")


async def test_an_error_of_the_one_it_wakes_ends_the_role() -> None:
    async def ring() -> None:
        raise RuntimeError("the deed broke")

    with pytest.raises(RuntimeError, match="the deed broke"):
        await Alarm(MovableClock(T), ring, tick=LONG).run()


async def test_two_alarms_ring_side_by_side() -> None:
    clock = MovableClock(T)
    one, other = Rings(clock), Rings(clock)
    async with going(Alarm(clock, one.ring, tick=SHORT)), going(Alarm(clock, other.ring, tick=SHORT)):
        await until(lambda: len(one.at) >= 2 and len(other.at) >= 2, "the rings awaited")


async def test_it_begins_and_rings_without_file_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    def local_zone() -> None:  # what tzlocal does the first time it is asked
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    for kind in ("interval", "date"):
        monkeypatch.setattr(f"apscheduler.triggers.{kind}.get_localzone", local_zone)
    clock = MovableClock(T)
    rings = Rings(clock)
    alarm = Alarm(clock, rings.ring, tick=SHORT)
    alarm.wake_at([T + timedelta(days=1)])
    with no_descriptors():
        async with going(alarm) as task:
            await until(lambda: task.done() or len(rings.at) > 3, "some rings")
            assert not task.done()
