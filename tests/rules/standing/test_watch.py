"""What time it is, whether to believe it, and what of that outlives a restart."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailsvc.kit.settings import ClockSettings
from mailsvc.records import marks
from mailsvc.records.store import Records, RecordsAway
from mailsvc.standing import Watch
from mailsvc.standing.watch import acknowledge_clock, pending_jump
from schedules.clock import MovableClock
from schedules.jump import BadState, Suspect
from tests.rules.gateway.house import QuietLog
from tests.rules.standing.world import BEFORE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class OffsetClock(MovableClock):
    """A clock with a clock file's offset."""

    offset = timedelta()

    def now(self) -> datetime:
        return super().now() + self.offset

    def wall(self) -> datetime:
        return super().now()


class Service:
    """One process after another on the same records."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.clock = OffsetClock(BEFORE)
        self.in_sync = True
        self.log = QuietLog()

    def started(self, *, require_sync: bool = False) -> Watch:
        settings = ClockSettings(require_sync=require_sync)
        watch = Watch(self.clock, self.records, settings, self.log, synchronised=lambda: self.in_sync)
        watch.start()
        return watch

    def mark(self) -> datetime | None:
        with self.records.read() as connection:
            return marks.high_water(connection)

    def pending(self) -> Suspect | None:
        with self.records.read() as connection:
            return pending_jump(connection)

    def vouch(self) -> None:
        self.records.act(lambda connection: acknowledge_clock(connection, self.clock.wall()))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    with Records.open(f"sqlite:///{tmp_path}/records.db", create=True) as records:
        async with records.committer.running():
            yield Service(records)


async def test_time_that_goes_on_is_believed_and_marked(service: Service) -> None:
    watch = service.started()
    await watch.tick()
    assert (watch.suspect, watch.now(), watch.stamp(), service.mark()) == (None, BEFORE, BEFORE, BEFORE)
    service.clock.advance(timedelta(seconds=29))
    await watch.tick()
    assert service.mark() == BEFORE
    service.clock.advance(timedelta(seconds=1))
    await watch.tick()
    assert service.mark() == BEFORE + timedelta(seconds=30)


@pytest.mark.parametrize("jump", [61, -61, 86_400, -86_400])
async def test_a_jump_is_known_at_the_very_next_question(service: Service, jump: int) -> None:
    watch = service.started()
    await watch.tick()
    service.clock.set(BEFORE + timedelta(seconds=jump))
    assert watch.now() == BEFORE + timedelta(seconds=jump)
    assert watch.suspect is not None
    assert watch.suspect.trusted_now == BEFORE
    assert watch.stamp() is None
    service.clock.advance(HOUR)
    assert watch.suspect.trusted_now == BEFORE + HOUR


class JumpingClock(OffsetClock):
    """Jumps a day right after somebody has asked for the time, once it is armed."""

    armed = False

    def now(self) -> datetime:
        answer = super().now()
        if self.armed:
            self.set(BEFORE + DAY)
        return answer


async def test_a_jump_between_two_looks_at_the_clock_is_seen_as_doubt(service: Service) -> None:
    service.clock = clock = JumpingClock(BEFORE)
    watch = service.started()
    assert watch.moment() == (BEFORE, None)
    clock.armed = True
    now, doubt = watch.moment()
    assert doubt is not None
    assert (now, doubt.wall_now) == (BEFORE, BEFORE + DAY)


@pytest.mark.parametrize("step", [59, -59])
async def test_a_small_step_is_no_jump(service: Service, step: int) -> None:
    watch = service.started()
    service.clock.set(BEFORE + timedelta(seconds=step))
    assert watch.suspect is None


async def test_the_mark_stands_still_in_doubt_and_the_doubt_is_kept(service: Service) -> None:
    watch = service.started()
    await watch.tick()
    service.clock.set(BEFORE + DAY)
    await watch.tick()
    service.clock.advance(HOUR)
    await watch.tick()
    assert service.mark() == BEFORE
    pending = service.pending()
    assert pending is not None
    assert pending.trusted_now == BEFORE + HOUR


async def test_doubt_ends_when_the_clock_comes_back(service: Service) -> None:
    watch = service.started()
    service.clock.set(BEFORE + DAY)
    await watch.tick()
    service.clock.set(BEFORE)
    assert await watch.tick() is None
    assert service.pending() is None
    assert watch.stamp() == BEFORE


async def test_doubt_survives_a_restart(service: Service) -> None:
    watch = service.started()
    await watch.tick()
    service.clock.set(BEFORE + DAY)
    await watch.tick()
    service.clock.advance(HOUR)
    again = service.started()
    assert again.suspect is not None
    assert again.suspect.trusted_now == BEFORE + HOUR


async def test_a_start_before_the_mark_and_long_after_it_are_jumps(service: Service) -> None:
    await service.started().tick()
    service.clock.set(BEFORE - HOUR)
    assert service.started().suspect is not None
    service.clock.set(BEFORE + 7 * DAY)
    assert service.started().suspect is None
    service.clock.set(BEFORE + 7 * DAY + HOUR)
    assert service.started().suspect is not None


async def test_the_first_start_of_all_is_believed(service: Service) -> None:
    assert service.started().suspect is None


async def test_a_clock_files_offset_is_never_a_jump_and_moves_all_times(service: Service) -> None:
    watch = service.started()
    service.clock.offset = 30 * DAY
    assert (watch.suspect, watch.now(), watch.stamp()) == (None, BEFORE + 30 * DAY, BEFORE + 30 * DAY)
    await watch.tick()
    assert service.mark() == BEFORE
    service.clock.set(BEFORE + DAY)
    assert watch.suspect is not None
    assert watch.suspect.trusted_now == BEFORE + 30 * DAY
    assert watch.now() == BEFORE + 31 * DAY


class TestAcknowledging:
    async def test_a_running_service_hears_of_it(self, service: Service) -> None:
        watch = service.started()
        await watch.tick()
        service.clock.set(BEFORE + DAY)
        assert await watch.tick() is not None
        service.vouch()
        assert await watch.tick() is None
        assert service.pending() is None
        assert service.mark() == BEFORE + DAY
        service.clock.set(BEFORE + 9 * DAY)
        assert await watch.tick() is not None

    async def test_the_mark_may_go_back(self, service: Service) -> None:
        watch = service.started()
        await watch.tick()
        service.clock.set(BEFORE - DAY)
        service.vouch()
        await watch.tick()
        assert (watch.suspect, service.mark()) == (None, BEFORE - DAY)

    async def test_the_next_start_hears_of_it(self, service: Service) -> None:
        await service.started().tick()
        service.clock.set(BEFORE + 30 * DAY)
        service.vouch()
        service.clock.advance(HOUR)
        watch = service.started()
        assert watch.suspect is None
        await watch.tick()
        assert service.mark() == BEFORE + 30 * DAY + HOUR

    @pytest.mark.parametrize("away", [8 * DAY, -HOUR])
    async def test_a_word_about_another_time_counts_for_nothing(self, service: Service, away: timedelta) -> None:
        await service.started().tick()
        service.vouch()
        service.clock.set(BEFORE + away)
        watch = service.started()
        assert watch.suspect is not None
        assert await watch.tick() is not None
        service.clock.set(BEFORE)
        assert await watch.tick() is None


class TestTheKernel:
    async def test_is_not_asked_unless_required(self, service: Service) -> None:
        service.in_sync = False
        assert service.started().suspect is None

    async def test_not_in_step_leaves_the_last_believed_time(self, service: Service) -> None:
        await service.started().tick()
        service.clock.advance(HOUR)
        service.in_sync = False
        watch = service.started(require_sync=True)
        assert watch.suspect is not None
        assert watch.suspect.trusted_now == BEFORE
        await watch.tick()
        assert service.mark() == BEFORE
        assert service.pending() is None
        service.in_sync = True
        assert await watch.tick() is None
        assert service.mark() == BEFORE + HOUR

    async def test_falling_out_of_step_is_noticed_while_running(self, service: Service) -> None:
        watch = service.started(require_sync=True)
        assert await watch.tick() is None
        service.in_sync = False
        found = await watch.tick()
        assert found is not None
        assert "not synchronised" in found.why


async def test_a_kept_state_that_cannot_be_read_stops_the_start(service: Service) -> None:
    service.records.act(lambda connection: marks.put_jump(connection, "{}"))
    with pytest.raises(BadState):
        service.started()


async def test_the_role_goes_on_while_the_records_are_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, naps = service.started(), []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            monkeypatch.undo()
        if len(naps) == 3:
            raise asyncio.CancelledError

    async def away(_: object) -> None:
        raise RecordsAway("locked")

    watch._sleep = nap
    monkeypatch.setattr(service.records, "ask", away)
    with pytest.raises(asyncio.CancelledError):
        await watch.run()
    assert naps == [0.5] * 3
    assert service.mark() == BEFORE


async def test_records_that_are_away_are_told_once_for_each_outage(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> None:
        raise RecordsAway("locked")

    watch = service.started()
    for _ in range(2):
        with monkeypatch.context() as outage:
            outage.setattr(service.records, "ask", away)
            for _ in range(3):
                await watch.tick()
        for _ in range(3):
            await watch.tick()
    assert service.log.events() == ["watch-waits", "watch-goes-on"] * 2
    assert service.log.lines[0] == ("warning", "watch-waits", {"why": "locked"})
