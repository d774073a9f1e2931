"""Where a report to a sender goes: through no door that is closed to other mail."""

from collections.abc import AsyncIterator
from typing import cast

import pytest

from filters.mail import Forwarding
from mailsvc.outbox.routes import Routes
from mailsvc.records.directory import Entry
from mailsvc.returns.addressee import NotNow
from mailsvc.standing import Standings, Verdicts, Watch
from mailsvc.standing.standings import mailbox_folders
from mailsvc.standing.ways_back import WaysBack
from schedules.clock import MovableClock
from schedules.names import Address
from tests.rules.gateway.house import QuietLog
from tests.rules.standing.world import AFTER, BEFORE, LIMIT, World, address


class Hands(MovableClock):
    """A watch that never doubts."""

    def moment(self) -> tuple[object, None]:
        return self.now(), None


def ways_of(world: World, clock: Hands, outbound: str = "smtp://127.0.0.1:2525") -> WaysBack:
    told = world.settings.model_dump(mode="json") | ({"outbound": {"deliver": outbound}} if outbound else {})
    routes = Routes(lambda: world.settings.model_validate(told))
    standings = Standings(world.records, world.almanac, world.usage, world.settings)
    return WaysBack(Verdicts(standings, cast("Watch", clock), routes, QuietLog()), routes)


@pytest.fixture
async def peopled(world: World) -> AsyncIterator[World]:
    forwarding = Forwarding(address("shiro@elsewhere.example"), confirmed=True, disclose=False, keep=False)
    world.publish(Entry(address("hanako")), Entry(address("shiro"), forwarding=forwarding))
    world.apply()
    assert mailbox_folders(world.settings)
    async with world.records.committer.running():
        yield world


async def recipients(ways: WaysBack, sender: Address) -> list[tuple[str, str, str]]:
    return [(one.recipient, one.original, one.notify) for one in await ways.to(sender)]


async def test_a_sender_elsewhere_is_written_to_outward(peopled: World) -> None:
    ways = ways_of(peopled, Hands(BEFORE))
    assert await recipients(ways, address("taro@world.example")) == [
        ("taro@world.example", "taro@world.example", "never")
    ]


async def test_without_a_way_outward_there_is_none(peopled: World) -> None:
    assert await recipients(ways_of(peopled, Hands(BEFORE), outbound=""), address("taro@world.example")) == []


async def test_a_sender_of_ours_is_written_to_where_its_mail_goes(peopled: World) -> None:
    ways = ways_of(peopled, Hands(BEFORE))
    assert [one[0] for one in await recipients(ways, address("hanako"))] == ["hanako@closing.example"]
    assert [one[0] for one in await recipients(ways, address("shiro"))] == ["shiro@elsewhere.example"]


async def test_a_name_of_ours_that_nobody_has_gets_no_mailbox(peopled: World) -> None:
    assert await recipients(ways_of(peopled, Hands(BEFORE)), address("forged")) == []


async def test_a_mailbox_whose_service_has_ended_gets_nothing(peopled: World) -> None:
    assert await recipients(ways_of(peopled, Hands(AFTER)), address("hanako")) == []


async def test_a_mailbox_that_is_full_for_now_waits(peopled: World) -> None:
    peopled.fill("hanako", LIMIT)
    with pytest.raises(NotNow, match="over-quota-grace"):
        await ways_of(peopled, Hands(BEFORE)).to(address("hanako"))
