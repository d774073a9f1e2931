"""Room that is promised: reserved by messages in progress, and taken by those that wait."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from filters.mail import Usage
from filters.verdict import Because
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.delivery import NewDelivery
from mailsvc.records.directory import Entry
from mailsvc.records.messages import Message
from mailsvc.records.usage import waiting
from mailsvc.standing import Standings, UsageBook
from mailsvc.standing.reservations import Reservations
from mailsvc.standing.standings import mailbox_folders
from mailsvc.standing.usage import Claim
from schedules.clock import MovableClock
from schedules.names import Address
from tests.rules.standing.world import AT, BEFORE, LIMIT, World, address, make_world

HANAKO = address("hanako")


@pytest.fixture
async def committing(world: World) -> AsyncIterator[World]:
    async with world.records.committer.running():
        yield world


async def wait_for(world: World, mailbox: Address, octets: int, name: str = "M1") -> None:
    """Let a message wait in the outbox."""
    writer = BodyWriter(world.records, lambda: name, lambda: AT)
    await writer.write(bytes(octets))
    staged = await writer.finish()
    row = Message(
        id=name,
        body_id=staged.id,
        size=staged.size,
        sha256=staged.sha256,
        received_at=AT,
        client_kind="world",
        client_ip="192.0.2.1",
        helo="",
        mail_from="",
        smtputf8=False,
        eight_bit=False,
        trace=b"",
        origin="smtp",
    )
    new = NewDelivery(str(mailbox), str(mailbox), Because.LIVE, "maildir")
    await messages.accept(world.records, row, [new], staged)


async def test_who_announces_much_and_sends_nothing_keeps_nobody_out(world: World) -> None:
    await world.usage.of(HANAKO, 100_000_000, AT, claim=Claim("idle", 99_999_999))
    seen = await world.usage.of(HANAKO, 100_000_000, AT, claim=Claim("honest", 50_000))
    assert seen == Usage(0, 100_000_000, None, grace_over=False, fresh=False, promised=65_536)


async def test_much_that_comes_is_asked_for_when_it_has_come(world: World) -> None:
    for name in ("a", "b"):
        await world.usage.of(HANAKO, 100_000_000, AT, claim=Claim(name, 99_000_000))
        world.usage.confirm(name, [HANAKO])
    assert await world.usage.still_fits("a", 100_000_000)
    assert not await world.usage.still_fits("b", 100_000)


def usage(used: int, promised: int) -> Usage:
    return Usage(used, LIMIT, None, grace_over=False, fresh=False, promised=promised)


async def test_what_waits_and_what_is_reserved_is_promised(committing: World) -> None:
    world = committing
    world.fill("hanako", 1_000)
    assert await world.usage.of(HANAKO, None, BEFORE) == usage(1_000, 0)
    await wait_for(world, HANAKO, 200)
    assert await world.usage.of(HANAKO, None, BEFORE, claim=Claim("a", 30)) == usage(1_000, 200)
    assert await world.usage.of(HANAKO, None, BEFORE, claim=Claim("b", 4)) == usage(1_000, 230)
    assert await world.usage.of(HANAKO, None, BEFORE) == usage(1_000, 234)
    world.usage.release("a")
    assert await world.usage.of(HANAKO, None, BEFORE) == usage(1_000, 204)


async def test_a_message_too_many_fits_no_more_at_its_end(committing: World) -> None:
    world = committing
    world.fill("hanako", LIMIT - 100)
    for name in ("a", "b"):
        found = await world.usage.of(HANAKO, None, BEFORE, claim=Claim(name, 0))
        assert found == usage(LIMIT - 100, 0)
        world.usage.confirm(name, [HANAKO])
    assert await world.usage.still_fits("b", 500)
    assert not await world.usage.still_fits("a", 500)
    world.usage.release("b")
    assert await world.usage.still_fits("a", 500)


async def test_what_others_have_left_waiting_meanwhile_counts_at_the_end(committing: World) -> None:
    world = committing
    world.fill("hanako", LIMIT - 100)
    await world.usage.of(HANAKO, None, BEFORE, claim=Claim("a", 10))
    await wait_for(world, HANAKO, 100)
    assert await world.usage.still_fits("a", 10)  # what it announced it was promised
    assert not await world.usage.still_fits("a", 11)


async def test_a_mailbox_without_a_limit_promises_nothing(committing: World) -> None:
    assert await committing.usage.of(HANAKO, 0, BEFORE, claim=Claim("a", 10)) is None
    assert await committing.usage.still_fits("a", 10**12)


async def test_a_store_that_cannot_be_seen_from_here_is_never_counted(committing: World) -> None:
    away = address("a@relayed.example")
    await wait_for(committing, away, LIMIT)
    assert await committing.usage.of(away, None, BEFORE, claim=Claim("a", 10)) is None
    assert await committing.usage.still_fits("a", LIMIT)


async def test_whoever_fills_up_is_noticed(tmp_path: Path) -> None:
    heard: list[Address] = []
    world = make_world(tmp_path, filling=heard.append)
    world.fill("hanako", LIMIT * 80 // 100 - 1)
    await world.usage.of(HANAKO, None, BEFORE)
    assert heard == []
    world.fill("hanako", 1, "more")
    await world.usage.of(HANAKO, None, BEFORE)
    assert heard == [HANAKO]
    world.records.close()


async def test_a_standing_reserves_for_whoever_asks_in_earnest(committing: World) -> None:
    world, reservations = committing, Reservations(MovableClock(BEFORE).monotonic)
    book = UsageBook(
        world.records, lambda: world.settings.quota, mailbox_folders(world.settings), reservations=reservations
    )
    standings = Standings(world.records, world.almanac, book, world.settings)
    world.publish(Entry(HANAKO))
    await standings.of(HANAKO, BEFORE)
    await standings.of(HANAKO, BEFORE, usage=False, claim=Claim("a", 10))
    assert await reservations.reserved(HANAKO) == 0
    await standings.of(address("HANAKO+tag"), BEFORE, claim=Claim("a", 10))
    assert await reservations.reserved(HANAKO) == 10


async def test_what_waits_is_found_by_the_index(committing: World) -> None:
    await wait_for(committing, HANAKO, 70)
    await wait_for(committing, HANAKO, 7, "M2")
    await wait_for(committing, address("jiro"), 9, "M3")
    with committing.records.read() as connection:
        assert waiting(connection, HANAKO) == 77
        assert waiting(connection, address("saburo")) == 0
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT coalesce(sum(messages.size), 0) FROM deliveries JOIN messages"
            " ON messages.id = deliveries.message_id WHERE deliveries.recipient = 'x' AND deliveries.settled_at IS NULL"
        )
        assert "ix_deliveries_waiting" in str(plan.all())
