"""Promise `late-scheduler`, the alarm's part: down over a cutoff, two schedulers, a slow run, moved time.

The alarm only rings; what is due is found by whoever it wakes. A small ledger stands in for that here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schedules.alarm import Alarm
from schedules.clock import Clock, MovableClock, SystemClock
from schedules.edition import Edition
from schedules.words import Capability
from tests.rules.schedules.plans import HANAKO, plan
from tests.support.deadline import until
from tests.support.files import put

LONG, SHORT = timedelta(hours=1), timedelta(milliseconds=20)
EDITION = Edition(plan({"announce": "2022-01-11", "receive-end": "end of 2024-01", "purge": "2024-06-01"}))
CUTOFF = datetime(2024, 1, 31, 15, tzinfo=UTC)


class Deeds:
    """One deed for each stage, done once it has come; the ledger may be shared by several alarms."""

    def __init__(self, clock: Clock, done: dict[str, datetime] | None = None) -> None:
        self.clock = clock
        self.done = {} if done is None else done
        self.rings = 0

    async def carry_out(self) -> None:
        self.rings += 1
        now = self.clock.now()
        for stage, at in EDITION.stages():
            if at <= now and stage not in self.done:
                self.done[stage] = now


@asynccontextmanager
async def going(*alarms: Alarm) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(alarm.run()) for alarm in alarms]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def watching(deeds: Deeds, tick: timedelta) -> Alarm:
    alarm = Alarm(deeds.clock, deeds.carry_out, tick=tick)
    alarm.wake_at(at for _, at in EDITION.stages())
    return alarm


async def test_a_scheduler_that_was_down_over_a_cutoff_does_it_once_at_its_start() -> None:
    deeds = Deeds(MovableClock(CUTOFF + timedelta(days=3)))
    async with going(watching(deeds, LONG)):
        await until(lambda: deeds.done, "the deeds")
    assert deeds.done == dict.fromkeys(("announce", "receive-end"), CUTOFF + timedelta(days=3))
    assert deeds.rings == 1


async def test_two_schedulers_ring_both_and_the_ledger_decides() -> None:
    clock, done = MovableClock(CUTOFF), dict[str, datetime]()
    one, other = Deeds(clock, done), Deeds(clock, done)
    async with going(watching(one, SHORT), watching(other, SHORT)):
        await until(lambda: one.rings >= 2 and other.rings >= 2, "both to ring")
    assert done == dict.fromkeys(("announce", "receive-end"), CUTOFF)


async def test_a_cutoff_within_a_tick_is_rung_at_its_instant() -> None:
    clock = MovableClock(CUTOFF - timedelta(milliseconds=80))
    deeds = Deeds(clock)
    async with going(watching(deeds, LONG)):
        await until(lambda: deeds.rings == 1, "the start")
        assert "receive-end" not in deeds.done
        clock.advance(timedelta(milliseconds=80))
        await until(lambda: "receive-end" in deeds.done, "the cutoff")
    assert deeds.done["receive-end"] == CUTOFF


async def test_a_run_that_takes_too_long_delays_the_next_and_loses_nothing() -> None:
    clock = MovableClock(CUTOFF - timedelta(minutes=1))
    deeds, gate = Deeds(clock), asyncio.Event()

    async def slowly() -> None:
        await deeds.carry_out()
        await gate.wait()

    alarm = Alarm(clock, slowly, tick=SHORT)
    alarm.wake_at(at for _, at in EDITION.stages())
    async with going(alarm):
        await until(lambda: deeds.rings == 1, "the start")
        clock.advance(timedelta(minutes=2))
        await asyncio.sleep(0.1)  # five ticks pass while the first run goes on
        assert deeds.rings == 1
        gate.set()
        await until(lambda: "receive-end" in deeds.done, "the cutoff")


async def test_a_rule_holds_at_its_second_although_no_scheduler_runs() -> None:
    profile = EDITION.profile(HANAKO)
    assert EDITION.at(profile, CUTOFF - timedelta(microseconds=1))[Capability.RECEIVE].allowed
    assert not EDITION.at(profile, CUTOFF)[Capability.RECEIVE].allowed


async def test_a_clock_file_moves_an_alarm_that_is_running(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text(str((CUTOFF - timedelta(days=1) - datetime.now(UTC)).total_seconds()), encoding="utf-8")
    deeds = Deeds(SystemClock(file))
    async with going(watching(deeds, SHORT)):
        await until(lambda: "announce" in deeds.done, "the announcement")
        assert "receive-end" not in deeds.done
        put(file, str((CUTOFF + timedelta(days=1) - datetime.now(UTC)).total_seconds()))
        await until(lambda: "receive-end" in deeds.done, "the cutoff")
        assert "purge" not in deeds.done


async def test_two_clocks_on_one_file_tell_the_same_time(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    one, other = SystemClock(file), SystemClock(file)
    for offset in ("+3d", "-1d 2h", "86400.5", ""):
        file.write_text(offset, encoding="utf-8")
        assert one.offset == other.offset
        before, between, after = one.now(), other.now(), one.now()
        assert before <= between <= after


async def test_a_cancelled_alarm_leaves_nothing_behind() -> None:
    deeds = Deeds(MovableClock(CUTOFF))
    alarm = watching(deeds, SHORT)
    async with going(alarm):
        await until(lambda: deeds.rings >= 1, "the start")
    heard = deeds.rings
    await asyncio.sleep(0.1)
    assert deeds.rings == heard
    assert alarm._scheduler is None
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_an_alarm_can_be_run_again() -> None:
    deeds = Deeds(MovableClock(CUTOFF))
    alarm = watching(deeds, LONG)
    for _ in range(2):
        before = deeds.rings
        async with going(alarm):
            await until(lambda before=before: deeds.rings > before, "a ring")  # type: ignore[misc]  # bound per round
