import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mailsvc.records import job_claims, jobs
from mailsvc.records.job import GivenBack, Job
from mailsvc.records.store import Connection, RecordsAway
from mailsvc.workers.jobs.in_hand import InHand
from migrator.job import Event, State
from tests.rules.migrator.memory_mailboxes import MemoryTarget
from tests.rules.workers.jobs.yard import QUICK, SHORT, WITHIN, Gate, Yard
from tests.support.deadline import until


@pytest.mark.parametrize(
    ("wish", "state"), [(Event.PAUSE, State.PAUSED), (Event.CANCEL, State.CANCELLED)], ids=["pause", "cancel"]
)
async def test_a_wish_stops_a_job_soon_and_nothing_is_lost(
    yard: Yard, wish: Event, state: State, stops: list[InHand]
) -> None:
    letters = yard.fill("hanako", 500)
    yard.before = gate = Gate(20)
    job = await yard.ask()
    async with yard.working():
        await gate.wait()
        assert (await yard.act(wish, job))[0] in {State.PAUSING, State.CANCELLING}
        await until(lambda: stops, "it hears of it")
        gate.open.set()
        stopped = await yard.until(job, state)
        assert (stopped.owner, stopped.lease_until) == ("", None)
        assert len(yard.came("hanako")) < 500
        await yard.act(Event.RESUME if wish is Event.PAUSE else Event.RETRY, job)
        await yard.until(job, State.DONE)
    assert yard.came("hanako") == letters


async def test_what_hangs_is_ended_after_its_grace(yard: Yard) -> None:
    yard.fill("hanako", 3)
    hangs = asyncio.Event()

    class Hanging(MemoryTarget):
        async def mark(self, folder: tuple[str, ...]) -> object:  # type: ignore[override] # it never answers
            del folder
            return await hangs.wait()

        async def folders(self) -> object:  # type: ignore[override] # it never answers
            return await asyncio.Event().wait()

    yard.target = Hanging
    job = await yard.ask()
    async with yard.working(pace=replace(QUICK, grace=0.1)):
        await yard.until(job, State.RUNNING)
        await yard.act(Event.PAUSE, job)
        await yard.until(job, State.PAUSED)


async def test_a_service_that_ends_gives_back_what_it_has_at_once(yard: Yard, stops: list[InHand]) -> None:
    letters = yard.fill("hanako", 300)
    yard.before = gate = Gate(20)
    job = await yard.ask()
    async with yard.working() as role:
        await gate.wait()
        role.cancel()
        await until(lambda: stops, "it hears of it")
        gate.open.set()
        await asyncio.wait([role], timeout=WITHIN)
    given_back = yard.job(job)
    assert (given_back.state, given_back.failed, given_back.owner) == (State.WAITING, 0, "")
    assert given_back.next_at is not None
    assert given_back.next_at <= yard.clock.now()
    async with yard.working("w2"):
        await yard.until(job, State.DONE)
    assert yard.came("hanako") == letters


async def test_a_service_that_ends_while_it_claims_gives_back_too(yard: Yard) -> None:
    jobs_ = [await yard.ask(f"u{number}") for number in range(6)]
    for _ in range(6):
        async with yard.working() as role:
            await asyncio.sleep(0)
            await asyncio.sleep(0.002)
            role.cancel()
        assert {yard.job(job).state for job in jobs_} <= {State.WAITING, State.DONE}


async def test_who_has_lost_the_lease_stops_and_settles_nothing(yard: Yard) -> None:
    letters = yard.fill("hanako", 300)
    yard.before = gate = Gate(20)
    job = await yard.ask()
    async with yard.working():
        await gate.wait()
        now = yard.clock.now()

        def taken(connection: Connection) -> Job:
            job_claims.end_leases(connection, now)
            (claimed,) = job_claims.claim(connection, "other", now, timedelta(minutes=1), limit=1, most_at_a_host=1)
            return claimed.job

        other = await yard.write(taken)
        await until(lambda: "a job's lease is lost" in yard.log.events(), "the loss of the lease")
        gate.open.set()
        await asyncio.sleep(0.1)
        found = yard.job(job)
        assert (found.state, found.owner, found.fence) == (State.RUNNING, "other", other.fence)
        await yard.write(lambda connection: jobs.settle(connection, other, GivenBack(), now))
        await yard.until(job, State.DONE)
    assert yard.came("hanako") == letters


async def test_a_lease_that_cannot_be_prolonged_ends_the_run_before_another_begins(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are away for as long as the lease lasts; when they are back, all of it is moved, once."""
    letters = yard.fill("hanako", 300)
    yard.before = gate = Gate(20)
    job = await yard.ask()
    async with yard.working(pace=SHORT):
        await gate.wait()
        with monkeypatch.context() as patched:

            async def away(*_: object) -> None:
                raise RecordsAway("gone")

            patched.setattr(yard.records.committer, "commit", away)
            await until(lambda: "a job's lease is lost" in yard.log.events(), "the loss of the lease")
            gate.open.set()
        await yard.until(job, State.DONE)
    assert yard.came("hanako") == letters
    assert yard.job(job).attempts >= 2


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_that_comes_with_a_wake_is_heard(yard: Yard, turns: int) -> None:
    role = yard.role(pace=replace(QUICK, tick=60.0))
    task = asyncio.create_task(role.run())
    for _ in range(50):  # until it waits
        await asyncio.sleep(0)
    role.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=WITHIN)
    assert task.cancelled()
