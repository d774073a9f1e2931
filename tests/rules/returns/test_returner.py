"""The role: woken or by the second, waiting for records that are away, and one message's fault keeps no other back."""

import asyncio
from contextlib import suppress

import pytest

from mailsvc.records import returns
from mailsvc.records.deliveries import DeliveryState
from mailsvc.records.messages import Message
from mailsvc.records.store import RecordsAway
from mailsvc.returns.addressee import Addressees, NotNow
from mailsvc.returns.returner import Pace
from tests.rules.returns.world import World
from tests.support.deadline import until


async def test_it_reports_when_woken_and_by_itself(world: World) -> None:
    returner = world.returner(Pace(look=0.01))
    running = asyncio.create_task(returner.run())
    await world.failed()
    returner.wake()
    await _count(world, 1)
    await world.failed()
    await _count(world, 2)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _count(world: World, wanted: int) -> None:
    async def there() -> bool:
        return len(await world.dsns()) == wanted

    await until(there, f"{wanted} reports")


async def test_it_waits_for_records_that_are_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    returner = world.returner(Pace(look=0.01))
    await world.failed()

    def away(*_: object) -> list[str]:
        raise RecordsAway("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(returns, "due", away)
        running = asyncio.create_task(returner.run())
        await until(lambda: len(world.log.events) > 2, "three looks in vain")
    await _count(world, 1)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("trouble", [NotNow("full"), KeyError("a fault of ours")])
async def test_a_message_in_trouble_rests_and_keeps_no_other_back(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    hard = await world.failed(mail_from="hard@x.example")
    easy = await world.failed(mail_from="easy@x.example")
    asked: list[str] = []
    real = Addressees.of

    async def of(self: Addressees, message: object) -> object:
        asked.append(message.mail_from)  # type: ignore[attr-defined]
        if asked[-1].startswith("hard") and len(asked) < 3:
            raise trouble
        return await real(self, message)  # type: ignore[arg-type]

    monkeypatch.setattr(Addressees, "of", of)
    returner = world.returner(Pace(look=0.01, rest=1000))
    for _ in range(3):
        await returner.round()
    assert asked == ["hard@x.example", "easy@x.example"]
    assert await world.states(easy) == [(DeliveryState.RETURNED, "returned")]
    assert await world.states(hard) == [(DeliveryState.UNDELIVERABLE, "")]
    await world.returner().round()
    assert await world.states(hard) == [(DeliveryState.RETURNED, "returned")]


@pytest.mark.parametrize("sender", ['"=?utf-8?q?=0d=0aBcc:x?="@x.example', "a\u2028b@x.example"])
async def test_a_sender_that_no_header_can_hold_is_nobody_and_asked_once(world: World, sender: str) -> None:
    message = await world.failed(mail_from=sender)
    await world.returner().round()
    ((state, report),) = await world.states(message)
    assert state is DeliveryState.UNDELIVERABLE
    assert report.startswith("nobody: no report can be written")


async def test_more_than_one_round_holds_are_told_in_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsvc.returns.returner.ROUND", 2)
    for _ in range(5):
        await world.failed()
    returner = world.returner()
    counts = []
    for _ in range(3):
        await returner.round()
        counts.append(len(await world.dsns()))
    assert counts == [2, 4, 5]


async def test_one_slow_judgement_keeps_no_other_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [await world.failed(mail_from=f"{name}@x.example") for name in ("slow", "quick")]
    quick = asyncio.Event()
    real = Addressees.of

    async def of(self: Addressees, message: Message) -> object:
        if message.mail_from.startswith("slow"):
            await quick.wait()
        found = await real(self, message)
        quick.set()
        return found

    monkeypatch.setattr(Addressees, "of", of)
    async with asyncio.timeout(60):
        await world.returner().round()
    assert [await world.states(one) for one in messages] == [[(DeliveryState.RETURNED, "returned")]] * 2
