"""Where letters of our own go: through no door that is closed to other mail, but held to no quota."""

from collections.abc import AsyncIterator

import pytest

from filters.mail import Forwarding
from mailsvc.outbox.routes import Routes
from mailsvc.records.directory import Entry
from mailsvc.standing import Standings
from mailsvc.standing.own_mail import OwnMail
from schedules.clock import MovableClock
from schedules.names import Address
from tests.rules.standing.world import AFTER, BEFORE, LIMIT, World, address


def own_mail(world: World, clock: MovableClock, outbound: str = "smtp://127.0.0.1:2525") -> OwnMail:
    told = world.settings.model_dump(mode="json") | ({"outbound": {"deliver": outbound}} if outbound else {})
    routes = Routes(lambda: world.settings.model_validate(told))
    standings = Standings(world.records, world.almanac, world.usage, world.settings)
    return OwnMail(standings, routes, clock.now)


@pytest.fixture
async def peopled(world: World) -> AsyncIterator[World]:
    forwarding = Forwarding(address("shiro@elsewhere.example"), confirmed=True, disclose=False, keep=False)
    world.publish(Entry(address("hanako")), Entry(address("shiro"), forwarding=forwarding))
    world.apply()
    async with world.records.committer.running():
        yield world


async def recipients(own: OwnMail, sender: Address) -> list[tuple[str, str]]:
    return [(one.recipient, one.original) for one in await own.to(sender)]


async def test_a_sender_elsewhere_is_written_to_outward(peopled: World) -> None:
    own = own_mail(peopled, MovableClock(BEFORE))
    assert await recipients(own, address("taro@world.example")) == [("taro@world.example", "taro@world.example")]


async def test_without_a_way_outward_there_is_none(peopled: World) -> None:
    assert await recipients(own_mail(peopled, MovableClock(BEFORE), outbound=""), address("taro@world.example")) == []


async def test_a_sender_of_ours_is_written_to_where_its_mail_goes(peopled: World) -> None:
    own = own_mail(peopled, MovableClock(BEFORE))
    assert [one[0] for one in await recipients(own, address("hanako"))] == ["hanako@closing.example"]
    assert [one[0] for one in await recipients(own, address("shiro"))] == ["shiro@elsewhere.example"]


async def test_a_name_of_ours_that_nobody_has_gets_no_mailbox(peopled: World) -> None:
    assert await recipients(own_mail(peopled, MovableClock(BEFORE)), address("forged")) == []


async def test_a_mailbox_whose_service_has_ended_gets_nothing(peopled: World) -> None:
    assert await recipients(own_mail(peopled, MovableClock(AFTER)), address("hanako")) == []


async def test_a_full_mailbox_still_gets_what_its_owner_must_know(peopled: World) -> None:
    peopled.fill("hanako", LIMIT)
    own = own_mail(peopled, MovableClock(BEFORE))
    assert [one[0] for one in await recipients(own, address("hanako"))] == ["hanako@closing.example"]
