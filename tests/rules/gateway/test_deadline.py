"""Waiting for the house, not for ever."""

import asyncio

import pytest

from filters.replies import INTERNAL_ERROR, STORE_FULL
from mailsvc.gateway.deadline import Deadline
from mailsvc.gateway.outcomes import Unacceptable
from tests.rules.gateway.house import QuietLog


async def at_once() -> int:
    return 7


async def later(gate: asyncio.Event) -> int:
    await asyncio.sleep(0)
    await gate.wait()
    return 8


async def fails(error: Exception, *, first_wait: bool) -> int:
    if first_wait:
        await asyncio.sleep(0)
    raise error


async def test_what_never_waits_is_answered_at_once() -> None:
    assert await Deadline(1, QuietLog()).within(at_once()) == 7


async def test_what_waits_is_waited_for() -> None:
    gate = asyncio.Event()
    asyncio.get_running_loop().call_soon(gate.set)
    assert await Deadline(1, QuietLog()).within(later(gate)) == 8


async def test_what_takes_too_long_is_ended() -> None:
    log, gate = QuietLog(), asyncio.Event()
    with pytest.raises(Unacceptable) as caught:
        await Deadline(0.01, log).within(later(gate))
    assert caught.value.reply is INTERNAL_ERROR
    assert log.events() == ["handler-deadline"]


@pytest.mark.parametrize("first_wait", [False, True])
async def test_an_error_is_logged_and_not_told(first_wait: bool) -> None:
    log, error = QuietLog(), KeyError("inside")
    with pytest.raises(Unacceptable) as caught:
        await Deadline(1, log).within(fails(error, first_wait=first_wait))
    assert caught.value.reply is INTERNAL_ERROR
    assert log.lines == [("error", "handler-failed", {"exc_info": error})]


@pytest.mark.parametrize("first_wait", [False, True])
async def test_a_reply_of_the_house_goes_through(first_wait: bool) -> None:
    log = QuietLog()
    with pytest.raises(Unacceptable) as caught:
        await Deadline(1, log).within(fails(Unacceptable(STORE_FULL), first_wait=first_wait))
    assert caught.value.reply is STORE_FULL
    assert not log.lines


async def test_cancelling_who_waits_cancels_the_work() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    waiting = asyncio.ensure_future(Deadline(10, QuietLog()).within(work()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == ["work"]


async def test_a_commit_outlives_its_deadline_and_who_waited() -> None:
    deadline, gate = Deadline(0.05, QuietLog()), asyncio.Event()
    landed: list[int] = []

    async def commit() -> int:
        landed.append(await later(gate))
        return landed[0]

    with pytest.raises(Unacceptable):
        await deadline.committed(commit())
    assert not landed
    gate.set()
    await deadline.settle()
    assert landed == [8]


async def test_a_commit_in_time_gives_its_answer() -> None:
    gate = asyncio.Event()
    gate.set()
    assert await Deadline(1, QuietLog()).committed(later(gate)) == 8


async def test_a_commit_that_fails_late_harms_nobody() -> None:
    deadline, gate = Deadline(0.05, QuietLog()), asyncio.Event()

    async def commit() -> None:
        await gate.wait()
        raise OSError("late")

    with pytest.raises(Unacceptable):
        await deadline.committed(commit())
    gate.set()
    await deadline.settle()
    assert not deadline._committing
