"""Verdicts at a door: room that is reserved and given back, and rates that are held."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest

from filters.mail import Client, ClientKind, Forwarding
from filters.verdict import Because, Defer, Forward
from mailsvc.kit.rates import Rate
from mailsvc.kit.settings import RateSettings
from mailsvc.outbox.routes import Routes
from mailsvc.records.directory import Entry
from mailsvc.records.store import RecordsAway
from mailsvc.standing import Standings, UsageBook, Verdicts, Watch
from mailsvc.standing.rates import Rates, Scope, rates_in
from mailsvc.standing.reservations import Reservations
from mailsvc.standing.standings import mailbox_folders
from mailsvc.standing.throttle import Throttle, who
from schedules.clock import MovableClock
from schedules.names import Address
from tests.rules.gateway.house import QuietLog
from tests.rules.standing.world import BEFORE, LIMIT, WORLD, World, address

HANAKO, OUTSIDE = address("hanako"), address("x@elsewhere.example")
SUBMISSION, INBOUND = replace(WORLD, kind=ClientKind.SUBMISSION), replace(WORLD, kind=ClientKind.INBOUND)
HOUR = timedelta(hours=1)
THREE = Rate(3, HOUR)


class Door:
    """Verdicts over a real world, with limits of three an hour."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = MovableClock(BEFORE)
        self.reservations = Reservations(self.clock.monotonic)
        folders = mailbox_folders(world.settings)
        self.book = UsageBook(world.records, lambda: world.settings.quota, folders, reservations=self.reservations)
        rates = rates_in(world.records, lambda: RateSettings(sender=THREE, client=THREE, refused=THREE))
        outward = world.settings.model_validate(
            world.settings.model_dump(mode="json") | {"outbound": {"deliver": "smtp://127.0.0.1:2525"}}
        )
        self.verdicts = Verdicts(
            Standings(world.records, world.almanac, self.book, world.settings),
            cast("Watch", self),
            Routes(lambda: outward),
            QuietLog(),
            usage=self.book,
            throttle=Throttle(rates),
        )

    def now(self) -> datetime:
        return self.clock.now()

    def moment(self) -> tuple[datetime, None]:
        return self.clock.now(), None

    async def says(
        self,
        asked: Address,
        client: Client = WORLD,
        sender: Address | None = OUTSIDE,
        size: int = 0,
        transaction: str = "M1",
    ) -> str:
        return str((await self.verdicts.recipient(client, sender, asked, size=size, transaction=transaction)).reply)

    async def reserved(self, mailbox: Address = HANAKO) -> int:
        return await self.reservations.reserved(mailbox)


@pytest.fixture
async def door(world: World) -> AsyncIterator[Door]:
    forwarding = Forwarding(address("shiro@elsewhere.example"), confirmed=True, disclose=False, keep=True)
    world.publish(Entry(HANAKO), Entry(address("jiro")), Entry(address("shiro"), forwarding=forwarding))
    async with world.records.committer.running():
        yield Door(world)


async def test_a_recipient_taken_has_room_until_it_is_released(door: Door) -> None:
    assert await door.says(HANAKO, size=500) == "250 2.1.5 Recipient OK"
    assert await door.says(address("jiro"), size=500) == "250 2.1.5 Recipient OK"
    assert (await door.reserved(), await door.reserved(address("jiro"))) == (500, 500)
    door.verdicts.release("M1")
    assert (await door.reserved(), await door.reserved(address("jiro"))) == (0, 0)


async def test_whoever_only_asks_reserves_nothing(door: Door) -> None:
    await door.says(HANAKO, size=500, transaction="")
    assert await door.reserved() == 0


async def test_a_recipient_not_taken_has_no_room(door: Door) -> None:
    door.world.fill("hanako", LIMIT)
    assert (await door.says(HANAKO, size=500)).startswith("452 4.2.2")
    assert (await door.says(address("nobody"), size=500)).startswith("550 5.1.1")
    assert await door.reserved() == 0
    assert not door.reservations._boxes


async def test_a_second_refusal_does_not_take_what_the_first_promised(door: Door) -> None:
    await door.says(HANAKO, size=500)
    await door.says(address("nobody"), size=500)
    assert await door.reserved() == 500


async def test_a_forward_has_room_for_the_copy_it_keeps(door: Door) -> None:
    shiro = address("shiro")
    verdict = await door.verdicts.recipient(WORLD, OUTSIDE, shiro, size=500, transaction="M1")
    assert isinstance(verdict, Forward)
    assert verdict.keep
    assert await door.reserved(shiro) == 500
    door.world.fill("shiro", LIMIT)
    verdict = await door.verdicts.recipient(WORLD, OUTSIDE, shiro, size=500, transaction="M2")
    assert isinstance(verdict, Forward)
    assert not verdict.keep
    assert await door.reserved(shiro) == 500


async def test_room_that_is_promised_is_not_given_twice(door: Door) -> None:
    door.world.fill("hanako", LIMIT - 100)
    assert await door.says(HANAKO, size=100, transaction="M1") == "250 2.1.5 Recipient OK"
    assert (await door.says(HANAKO, size=100, transaction="M2")).startswith("452 4.2.2")
    door.verdicts.release("M1")
    assert await door.says(HANAKO, size=100, transaction="M2") == "250 2.1.5 Recipient OK"


async def test_at_the_end_of_data_only_who_lost_the_room_is_put_off(door: Door) -> None:
    door.world.fill("hanako", LIMIT - 100)
    for transaction in ("M1", "M2"):
        assert await door.says(HANAKO, transaction=transaction) == "250 2.1.5 Recipient OK"
    assert await door.verdicts.room("M2", 100) is None
    lost = await door.verdicts.room("M1", 100)
    assert isinstance(lost, Defer)
    assert (lost.because, str(lost.reply)) == (Because.OVER_QUOTA_GRACE, "452 4.2.2 Mailbox full")


async def test_records_that_are_away_put_off_and_keep_nothing(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise RecordsAway("gone", full=True)

    monkeypatch.setattr(door.reservations, "correct", away)
    monkeypatch.setattr(door.book, "_waiting", away)
    assert (await door.says(HANAKO, size=100)).startswith("452 4.3.1")
    assert await door.reserved() == 0
    lost = await door.verdicts.room("M1", 100)
    assert lost is not None
    assert str(lost.reply).startswith("452 4.3.1")


async def test_a_sender_of_ours_has_so_many_recipients_an_hour(door: Door) -> None:
    said = [await door.says(address("jiro"), SUBMISSION, HANAKO) for _ in range(4)]
    assert [line[:9] for line in said] == ["250 2.1.5"] * 3 + ["450 4.7.1"]
    assert (await door.says(address("jiro"), SUBMISSION, address("HANAKO+tag"))).startswith("450 4.7.1")
    assert (await door.says(address("jiro"), SUBMISSION, address("jiro"))).startswith("250")
    door.clock.advance(2 * HOUR)
    assert (await door.says(address("jiro"), SUBMISSION, HANAKO)).startswith("250")


async def test_refused_recipients_cost_a_sender_nothing(door: Door) -> None:
    for _ in range(10):
        assert (await door.says(address("nobody"), SUBMISSION, HANAKO)).startswith("550")
    assert (await door.says(address("jiro"), SUBMISSION, HANAKO)).startswith("250")


@pytest.mark.parametrize("sender", [None, OUTSIDE])
async def test_notices_and_forwarded_mail_of_our_submission_mta_have_no_rate(
    door: Door, sender: Address | None
) -> None:
    assert {(await door.says(HANAKO, SUBMISSION, sender))[:3] for _ in range(20)} == {"250"}


async def test_our_own_inbound_mta_has_no_rate(door: Door) -> None:
    assert {(await door.says(HANAKO, INBOUND, transaction=f"M{n}"))[:3] for n in range(20)} == {"250"}
    assert {(await door.says(address("nobody"), INBOUND))[:3] for _ in range(20)} == {"550"}


async def test_a_client_of_the_world_has_so_many_messages_an_hour(door: Door) -> None:
    said = [await door.says(HANAKO, transaction=f"M{number}") for number in range(4)]
    assert [line[:9] for line in said] == ["250 2.1.5"] * 3 + ["450 4.7.1"]
    other = replace(WORLD, ip="192.0.2.99")
    assert (await door.says(HANAKO, other, transaction="M9")).startswith("250")


async def test_a_message_is_counted_once_for_all_its_recipients(door: Door) -> None:
    for _ in range(5):
        assert (await door.says(HANAKO)).startswith("250")
        assert (await door.says(address("jiro"))).startswith("250")


async def test_recipients_somebody_only_asks_about_are_no_messages(door: Door) -> None:
    assert {(await door.says(HANAKO, transaction=""))[:3] for _ in range(20)} == {"250"}


async def test_a_client_that_was_refused_too_much_learns_nothing_more(door: Door) -> None:
    said = [(await door.says(address(f"guess{number}")))[:9] for number in range(4)]
    assert said == ["550 5.1.1"] * 3 + ["450 4.7.1"]
    assert (await door.says(HANAKO)).startswith("450 4.7.1")
    assert await door.reserved() == 0
    door.clock.advance(2 * HOUR)
    assert (await door.says(HANAKO)).startswith("250")


async def test_what_is_over_its_rate_reserves_nothing(door: Door) -> None:
    for number in range(3):
        await door.says(HANAKO, transaction=f"M{number}")
        door.verdicts.release(f"M{number}")
    assert (await door.says(HANAKO, size=100, transaction="M4")).startswith("450 4.7.1")
    assert await door.reserved() == 0


async def test_a_client_on_this_machine_stands_for_many(door: Door) -> None:
    here = replace(WORLD, ip="127.0.0.1")
    assert {(await door.says(HANAKO, here, transaction=f"M{n}"))[:3] for n in range(20)} == {"250"}
    assert {(await door.says(address("nobody"), here))[:3] for _ in range(20)} == {"550"}
    assert who("127.0.0.1") == who("::1") == who("::ffff:127.0.0.1") == ""


def test_an_ipv6_customer_is_one_client() -> None:
    assert who("2001:db8:1:2::1") == who("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert who("fe80::1%eth0") == "fe80::/64"
    assert who("::ffff:192.0.2.1") == who("192.0.2.1") == "192.0.2.1"


async def test_subjects_that_were_quiet_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsvc.standing.rates._REMEMBERED", 2)
    rates = Rates(lambda: {Scope.CLIENT: Rate(1, HOUR)})
    for subject in ("a", "b", "c"):
        assert await rates.count(Scope.CLIENT, subject, BEFORE)
    assert not await rates.count(Scope.CLIENT, "c", BEFORE)
    assert len(rates._counts) == 2
    assert await rates.count(Scope.CLIENT, "a", BEFORE)
