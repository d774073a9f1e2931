"""`clock-jump`: a clock that jumps under a job does nothing twice, loses nothing and lets no job wait for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailsvc.kit.mailboxes import Side as Mailbox
from mailsvc.records import job_claims
from mailsvc.workers.jobs.role import JobRole
from migrator.job import State
from migrator.mailbox import MailboxAway
from schedules.clock import MovableClock
from tests.rules.workers.jobs.yard import QUICK, Gate, Yard

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
JUMPS = pytest.mark.parametrize("jump", [timedelta(days=1), -timedelta(hours=1)], ids=["a day ahead", "an hour back"])


@pytest.fixture
def clock(yard: Yard) -> MovableClock:
    yard.clock = moved = MovableClock(NOW)
    return moved


@JUMPS
async def test_a_job_in_hand_is_done_once_whatever_the_clock_does_meanwhile(
    yard: Yard, clock: MovableClock, jump: timedelta
) -> None:
    """Nobody doubts the clock here: a day ahead may end the lease, or its holder prolongs it first."""
    letters = yard.fill("hanako", 300)
    yard.before = gate = Gate(20)
    job = await yard.ask()
    async with yard.working(), yard.working("w2"):
        await gate.wait()
        clock.set(NOW + jump)
        if jump > timedelta():
            await yard.when(job, lambda found: found.attempts > 1 or (found.lease_until or NOW) > NOW + jump)
        gate.open.set()
        done = await yard.until(job, State.DONE)
        again = await yard.until(await yard.ask("hanako"), State.DONE)
    assert yard.came("hanako") == letters
    assert (done.failed, again.progress.messages) == (0, 0)


@JUMPS
async def test_a_job_that_failed_waits_as_long_as_if_its_clock_had_not_jumped(
    yard: Yard, clock: MovableClock, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service believes no jump: what its workers go by stays where it was."""

    def opening(_side: Mailbox) -> None:
        clock.set(NOW + jump)
        raise MailboxAway("imap.old.example does not answer")

    yard.opening = opening
    job = await yard.ask()
    believing(monkeypatch, lambda: NOW)
    async with yard.working(pace=replace(QUICK, at_once=1)):
        failed = await yard.when(job, lambda found: found.failed > 0)
    assert (failed.next_at, failed.failing_since) == (NOW + timedelta(seconds=30), NOW)


async def test_a_start_with_a_clock_that_is_ahead_makes_no_lease_longer(yard: Yard, clock: MovableClock) -> None:
    job = await yard.ask()
    taken = await yard.write(
        lambda connection: job_claims.claim(connection, "killed", NOW, timedelta(minutes=1), limit=1, most_at_a_host=1)
    )
    assert [one.job.id for one in taken] == [job]
    await yard.write(lambda connection: job_claims.end_leases(connection, NOW + timedelta(days=1)))
    clock.advance(timedelta(minutes=2))
    async with yard.working():
        assert (await yard.until(job, State.DONE)).attempts == 2


def believing(monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    """Roles that are made from now on go by this time."""
    made = JobRole.__init__

    def init(role: JobRole, *words: object, **names: object) -> None:
        made(role, *words, **{**names, "now": now})  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(JobRole, "__init__", init)
