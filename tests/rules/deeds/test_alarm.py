import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailsvc.alarm.role import AlarmRole
from mailsvc.records.store import RecordsAway
from schedules.alarm import TICK
from schedules.clock import SystemClock
from schedules.edition import Edition
from schedules.words import Stage
from tests.rules.deeds.end import Note, edition
from tests.rules.outbox.world import Lines
from tests.support.deadline import until


class Rings:
    """A carrier that counts its rings; `fail` makes one fail."""

    def __init__(self) -> None:
        self.at: list[datetime] = []
        self.fail = False

    async def carry_out_due(self) -> None:
        self.at.append(datetime.now(UTC))
        if self.fail:
            self.fail = False
            raise RecordsAway("locked")


@asynccontextmanager
async def ringing(role: AlarmRole) -> AsyncIterator[None]:
    task = asyncio.create_task(role.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def role(
    rings: Rings,
    editions: Sequence[Edition],
    *,
    watch_tick: Callable[[], Awaitable[None]] | None = None,
    tick: timedelta = TICK,
) -> AlarmRole:
    kinds = [Note(stages=(Stage.READ_END,))]
    return AlarmRole(
        SystemClock(), lambda: editions, kinds, rings, Lines(), watch_tick=watch_tick, tick=tick, look=0.02
    )


async def test_it_rings_at_start_and_at_the_instant() -> None:
    rings, at = Rings(), datetime.now(UTC) + timedelta(seconds=0.4)
    async with ringing(role(rings, [edition({Stage.READ_END: at})])):
        await until(lambda: rings.at, "the first ring")
        assert rings.at[0] < at
        await until(lambda: len(rings.at) > 1, "the ring at the instant")
    assert timedelta() <= rings.at[1] - at < timedelta(seconds=2)


async def test_a_new_edition_rings_at_once_and_sets_new_instants() -> None:
    rings, editions = Rings(), [edition({Stage.READ_END: datetime(2030, 1, 1, tzinfo=UTC)})]
    async with ringing(role(rings, editions)):
        await until(lambda: rings.at, "the first ring")
        soon = datetime.now(UTC) + timedelta(seconds=0.5)
        editions[:] = [edition({Stage.READ_END: soon})]
        await until(lambda: len(rings.at) > 1, "a ring for the new edition")
        assert rings.at[1] < soon
        await until(lambda: rings.at[-1] >= soon, "a ring at the new instant")


async def test_it_ticks_and_watches_the_clock_each_time() -> None:
    rings, ticks = Rings(), []

    async def tick() -> None:
        ticks.append(len(rings.at))

    async with ringing(role(rings, [], watch_tick=tick, tick=timedelta(seconds=0.1))):
        await until(lambda: len(rings.at) >= 3, "three rings")
    assert ticks[:3] == [0, 1, 2]


async def test_records_that_are_away_do_not_end_it() -> None:
    rings = Rings()
    rings.fail = True
    async with ringing(role(rings, [], tick=timedelta(seconds=0.1))):
        await until(lambda: len(rings.at) >= 2, "a ring after the failure")


async def test_a_fault_of_the_program_ends_the_role(tmp_path: Path) -> None:
    del tmp_path

    async def broken() -> None:
        raise ZeroDivisionError

    task = asyncio.create_task(role(Rings(), [], watch_tick=broken).run())
    await until(task.done, "the role has ended")
    assert isinstance(task.exception(), ExceptionGroup)
