"""A house from its first role to its last: healthy only when all of it serves, closed from the doors inward."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailsvc.house import ROLES, RoleEnded
from mailsvc.kit.net import CannotListen
from mailsvc.kit.roles import Roles
from mailsvc.outbox.outbox import Outbox
from mailsvc.records import deliveries, marks
from mailsvc.records.deliveries import DeliveryState
from mailsvc.records.errors import AlreadyServing, RecordsError
from mailsvc.standing import Almanac
from mailsvc.workers.sweeper import Sweeper
from tests.rules.house.premises import Premises, opened
from tests.support.deadline import until


async def test_a_house_is_healthy_once_every_role_serves(tmp_path: Path) -> None:
    async with opened(tmp_path) as (house, premises):
        assert await premises.health() == (200, dict.fromkeys(ROLES, "up"))
        assert house.roles.all_up
        assert not house.ended.done()


async def test_it_is_not_healthy_before_who_opened_it_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, "world") as (house, premises):
        code, roles = await premises.health()
        assert (code, roles["world"], roles["gateway"]) == (503, "down", "up")
        house.roles.up("world")
        assert (await premises.health())[0] == 200


async def test_health_is_asked_before_all_roles_are_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    premises = Premises(tmp_path)
    premises.settle_in()
    seen: list[tuple[int, str]] = []

    async def asking(_: object) -> None:
        code, roles = await premises.health()
        seen.append((code, roles["gateway"]))
        raise CannotListen("no door today")

    monkeypatch.setattr("mailsvc.house.mail.Gateway.start", asking)
    with pytest.raises(CannotListen, match="no door today"):
        async with premises.house():
            pass
    assert seen == [(503, "down")]


async def test_mail_goes_through_it_and_what_was_promised_is_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, premises):
        await premises.send("Subject: one\r\n\r\nfirst")
        await until(premises.inbox, "the letter")
    (letter,) = premises.inbox()
    assert letter.endswith(b"Subject: one\r\n\r\nfirst\r\n")
    assert letter.startswith(b"Return-Path: <a@world.example>\r\nReceived: ")


async def idle(_: object) -> None:
    await asyncio.Event().wait()


async def test_a_message_taken_at_the_last_moment_is_delivered_by_the_next_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    premises = Premises(tmp_path)
    premises.settle_in()
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "run", idle)
        async with premises.house():
            await premises.send("Subject: late\r\n\r\nlate")
    assert premises.inbox() == []
    async with premises.house():
        await until(premises.inbox, "the letter")
    assert len(premises.inbox()) == 1


async def test_it_closes_from_the_doors_inward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[tuple[str, bool]] = []

    class Noted(Roles):
        def up(self, name: str) -> None:
            super().up(name)
            changes.append((name, True))

        def down(self, name: str) -> None:
            super().down(name)
            changes.append((name, False))

    monkeypatch.setattr("mailsvc.house.frame.Roles", Noted)
    async with opened(tmp_path):
        assert changes == [(name, True) for name in ROLES]
        changes.clear()
    assert changes == [(name, False) for name in reversed(ROLES)]


async def test_it_leaves_nothing_open(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with opened(tmp_path) as (_, premises):
        assert asyncio.all_tasks() != before
    assert asyncio.all_tasks() == before
    for port in (premises.smtp, premises.http):
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)


async def test_it_can_be_opened_again_at_once(tmp_path: Path) -> None:
    premises = Premises(tmp_path)
    premises.settle_in()
    for _ in range(3):
        async with premises.house():
            assert (await premises.health())[0] == 200


class TestWhatKeepsItClosed:
    async def test_records_that_were_never_made(self, tmp_path: Path) -> None:
        with pytest.raises(RecordsError, match="lastpost init"):
            async with Premises(tmp_path).house():
                pass

    async def test_another_service_on_the_same_records(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as (_, premises):
            second = Premises(tmp_path)
            with pytest.raises(AlreadyServing, match="another service"):
                async with second.house():
                    pass
            assert (await premises.health())[0] == 200

    @pytest.mark.parametrize("door", ["smtp", "http"])
    async def test_a_port_that_is_taken_and_everything_is_given_back(self, tmp_path: Path, door: str) -> None:
        premises = Premises(tmp_path)
        premises.settle_in()
        before = asyncio.all_tasks()
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", getattr(premises, door))
        async with taken:
            with pytest.raises(CannotListen, match=str(getattr(premises, door))):
                async with premises.house():
                    pass
        await taken.wait_closed()
        assert asyncio.all_tasks() == before
        async with premises.house():
            assert (await premises.health())[0] == 200


async def _never(_: object) -> None:
    raise AssertionError("a door opened")


class TestARoleThatEnds:
    async def test_by_a_fault_ends_the_house_with_its_cause(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fault = asyncio.Event()

        async def broken(_: object) -> None:
            await fault.wait()
            raise ZeroDivisionError("a slip")

        monkeypatch.setattr(Sweeper, "run", broken)
        async with opened(tmp_path) as (house, premises):
            fault.set()
            with pytest.raises(RoleEnded, match="the sweeper ended") as ended:
                await asyncio.wait_for(house.until(asyncio.Event()), 60)
            assert isinstance(ended.value.__cause__, ZeroDivisionError)
            code, roles = await premises.health()
            assert (code, roles["sweeper"], roles["gateway"]) == (503, "down", "up")
        (told,) = [fields for _, event, fields in premises.log.lines if event == "role-ended"]
        assert (told["role"], told["why"]) == ("sweeper", "a slip")

    async def test_without_a_fault_ends_it_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        enough = asyncio.Event()

        async def done(_: object) -> None:
            await enough.wait()

        monkeypatch.setattr(Almanac, "watch", done)
        async with opened(tmp_path) as (house, _):
            enough.set()
            with pytest.raises(RoleEnded, match="the almanac ended") as ended:
                await asyncio.wait_for(house.until(asyncio.Event()), 60)
            assert ended.value.__cause__ is None

    async def test_before_anybody_waits_is_not_forgotten(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fault = asyncio.Event()

        async def broken(_: object) -> None:
            await fault.wait()
            raise ZeroDivisionError

        monkeypatch.setattr(Sweeper, "run", broken)
        async with opened(tmp_path) as (house, premises):
            fault.set()
            await until(house.ended.done, "the role has ended")
            assert (await premises.health())[0] == 503
            with pytest.raises(RoleEnded, match="sweeper"):
                await asyncio.wait_for(house.until(asyncio.Event()), 60)

    async def test_while_the_house_opens_opens_no_door(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async def broken(_: object) -> None:
            raise ZeroDivisionError("at once")

        monkeypatch.setattr(Sweeper, "run", broken)
        monkeypatch.setattr("mailsvc.house.mail.Gateway.start", _never)
        premises = Premises(tmp_path)
        premises.settle_in()
        before = asyncio.all_tasks()
        with pytest.raises(RoleEnded, match="the sweeper ended") as ended:
            async with premises.house():
                raise AssertionError
        assert isinstance(ended.value.__cause__, ZeroDivisionError)
        assert asyncio.all_tasks() == before
        assert premises.log.events() == ["role-ended"]

    async def test_the_first_of_several_is_the_one_that_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = asyncio.Event(), asyncio.Event()

        async def broken(_: object) -> None:
            await first.wait()
            raise ZeroDivisionError

        async def broken_too(_: object) -> None:
            await second.wait()
            raise KeyError("later")

        monkeypatch.setattr(Almanac, "watch", broken)
        monkeypatch.setattr(Sweeper, "run", broken_too)
        async with opened(tmp_path) as (house, premises):
            first.set()
            await until(house.ended.done, "the first has ended")
            second.set()
            await asyncio.sleep(0.05)
            with pytest.raises(RoleEnded, match="the almanac ended"):
                await house.until(asyncio.Event())
            assert premises.log.events().count("role-ended") == 1

    async def test_being_asked_to_stop_is_no_fault(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as (house, premises):
            stopped = asyncio.Event()
            waiting = asyncio.create_task(house.until(stopped))
            await asyncio.sleep(0)
            assert not waiting.done()
            stopped.set()
            await asyncio.wait_for(waiting, 60)
        assert "role-ended" not in premises.log.events()


async def test_what_a_killed_service_had_in_hand_is_taken_up_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    premises = Premises(tmp_path)
    premises.settle_in()
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "run", idle)
        async with premises.house():
            await premises.send("Subject: late\r\n\r\nlate")
    with premises.records() as records:
        hour = timedelta(hours=1)
        (claimed,) = records.act(lambda c: deliveries.claim(c, "killed", datetime.now(UTC), hour, 5, ()))
        assert claimed.state is DeliveryState.CLAIMED
    async with premises.house():
        await until(premises.inbox, "the letter, within the killed one's lease")
    assert len(premises.inbox()) == 1


async def test_a_clock_in_doubt_is_told_at_the_start(tmp_path: Path) -> None:
    premises = Premises(tmp_path)
    premises.settle_in()
    with premises.records() as records:
        records.act(lambda c: marks.put_high_water(c, datetime.now(UTC) + timedelta(days=1)))
    async with premises.house():
        assert (await premises.health())[0] == 200
        async with premises.client() as peer:
            await peer.open_mail()
    (told,) = [fields for level, event, fields in premises.log.lines if (level, event) == ("error", "clock-in-doubt")]
    assert "lastpost clock acknowledge" in str(told["remedy"])
