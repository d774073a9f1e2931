"""The sweeper: what is in quarantine goes when its time is over, a slice a round, with its bodies; so do ended jobs."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from mailsvc.records import jobs, quarantine
from mailsvc.records.job import JobKind, NewJob
from mailsvc.records.job_acts import act
from mailsvc.records.job_list import Wanted, totals
from mailsvc.records.tables import body_chunks
from mailsvc.workers.sweeper import Sweeper
from migrator.job import Event
from tests.rules.notices.scene import BODY, NOW, Scene, case, scene

OVER = NOW + timedelta(days=62)


async def at_once(_: float) -> None:
    """No breath between slices."""


def left(stage: Scene) -> tuple[int, int]:
    """Messages in quarantine, and chunks of bodies."""
    with stage.records.read() as connection:
        chunks = connection.execute(select(func.count()).select_from(body_chunks)).scalar_one()
        return len(quarantine.listing(connection, limit=1000)), chunks


def sweeper(stage: Scene) -> Sweeper:
    return Sweeper(stage.records, stage.clock.now, timedelta(days=30), timedelta(days=180), stage.log, at_once)


async def test_a_round_forgets_one_slice_and_removes_what_it_gave_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        for number in range(130):
            await stage.keep(case(f"K{number:03}"))
        await sweeper(stage).round()
        assert left(stage) == (130, 130)
        stage.clock.set(OVER)
        await sweeper(stage).round()
        assert left(stage) == (30, 30)
        await sweeper(stage).round()
        assert left(stage) == (0, 0)
        assert ("info", "quarantine-retention", {"forgotten": 100}) in stage.log.lines


async def test_a_large_message_in_quarantine_outlives_every_sweep_before_its_time(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.keep(case("K1"), octets=BODY + b"x" * 3_000_000)
        stage.clock.advance(timedelta(days=55))
        await sweeper(stage).round()
        assert left(stage) == (1, 3)
        stage.clock.set(OVER)
        await sweeper(stage).round()
        assert left(stage) == (0, 0)


async def test_a_job_goes_when_it_ended_long_ago(tmp_path: Path) -> None:
    new = NewJob("1", JobKind.MAILBOX, "maildir:/a", "maildir:/b", "digest", "admin")
    async with scene(tmp_path) as stage:
        await stage.records.committer.commit(lambda connection: jobs.add(connection, new, NOW))
        wanted = Wanted(ids=["1"])
        await stage.records.committer.commit(lambda connection: act(connection, wanted, Event.CANCEL, NOW))
        for days, there in ((179, 1), (181, 0)):
            stage.clock.set(NOW + timedelta(days=days))
            await sweeper(stage).round()
            assert sum((await stage.records.ask(lambda connection: totals(connection, Wanted()))).values()) == there
