"""What is known of an address once all mail of its domain goes to a successor's host (II-1)."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from filters import judge
from filters.mail import AddressKind, Client, ClientKind, Forwarding, Left, Sender, Standing
from filters.verdict import Because
from mailsvc.records.directory import Entry
from schedules.names import Address
from tests.rules.standing.world import JST, WORLD, World, address, alias, make_world

PLAN = """\
plan: consolidation
title: {ja: 統合, en: The move}
zone: Asia/Tokyo
domains: [closing.example]
reason: {ja: 移行します, en: it moves}
stages:
  announce: 2016-01-15
  successor: {at: 2016-04-01, to: "smtp://mx.successor.example:25"}
"""
MOVE = datetime(2016, 4, 1, tzinfo=JST)
BEFORE = MOVE - timedelta(seconds=1)
HOME = Address.parse("hanako@home.example")


@pytest.fixture
def provider(tmp_path: Path) -> World:
    world = make_world(tmp_path)
    world.publish(
        Entry(address("hanako"), kind=AddressKind.BASE, quota=10),
        Entry(address("jiro"), kind=AddressKind.BASE, forwarding=Forwarding(HOME, True, False, True)),  # noqa: FBT003 - in order
        Entry(address("shiro"), kind=AddressKind.BASE, left=Left(HOME, disclose=True)),
        alias("info", "hanako@closing.example"),
        Entry(address("kept@staying.example"), kind=AddressKind.BASE),
        Entry(address("old@staying.example"), kind=AddressKind.ALIAS, alias_of=address("jiro")),
    )
    world.apply(PLAN, name="consolidation")
    world.fill("hanako", 100)
    return world


async def standing_of(world: World, text: str, at: datetime) -> Standing:
    return await world.standings.of(address(text), at)


async def because(world: World, text: str, at: datetime, client: Client = WORLD) -> tuple[Because, str]:
    verdict = judge.recipient(client, Sender(None), await standing_of(world, text, at))
    return verdict.because, str(verdict.reply).partition(" ")[0]


async def test_ii1_the_quota_of_ours_counts_until_midnight_and_not_from_then_on(provider: World) -> None:
    assert await because(provider, "hanako", BEFORE) == (Because.OVER_QUOTA_GRACE, "452")
    assert await because(provider, "hanako", MOVE) == (Because.ROUTED, "250")
    assert (await standing_of(provider, "hanako", MOVE)).usage is None


async def test_ii1_the_address_goes_on_as_it_was_asked_for(provider: World) -> None:
    before, after = [await standing_of(provider, "info+news", at) for at in (BEFORE, MOVE)]
    assert before.mailbox == address("hanako")
    assert (after.mailbox, after.routed) == (address("info+news"), True)
    assert await because(provider, "info+news", MOVE) == (Because.ROUTED, "250")


async def test_forwarding_is_the_successors_from_then_on(provider: World) -> None:
    assert (await because(provider, "jiro", BEFORE))[0] is Because.FORWARDED
    assert await because(provider, "jiro", MOVE) == (Because.ROUTED, "250")


async def test_who_is_unknown_or_has_left_is_told_so_still(provider: World) -> None:
    assert await because(provider, "nobody", MOVE) == (Because.UNKNOWN_ADDRESS, "550")
    assert await because(provider, "shiro", MOVE) == (Because.MOVED_DISCLOSED, "551")


async def test_the_postmaster_goes_along(provider: World) -> None:
    assert (await standing_of(provider, "postmaster", MOVE)).mailbox == address("postmaster")
    assert await because(provider, "postmaster", MOVE) == (Because.ROLE_ADDRESS, "250")


async def test_an_alias_of_a_domain_that_stays_leads_to_the_successor(provider: World) -> None:
    assert (await because(provider, "old@staying.example", BEFORE))[0] is Because.FORWARDED
    standing = await standing_of(provider, "old@staying.example", MOVE)
    assert (standing.mailbox, standing.routed, standing.forwarding) == (address("jiro"), True, None)
    assert not (await standing_of(provider, "kept@staying.example", MOVE)).routed


async def test_our_own_mtas_are_answered_alike(provider: World) -> None:
    for kind in ClientKind:
        assert (await because(provider, "hanako", MOVE, Client(kind, "192.0.2.1", 1)))[0] is Because.ROUTED


async def test_a_jump_of_the_clock_over_the_move_is_doubt(provider: World) -> None:
    at_now, trusted = [
        judge.recipient(WORLD, Sender(None), await standing_of(provider, "kana", at)) for at in (MOVE, BEFORE)
    ]
    assert judge.unless_clock_jumped(at_now, trusted) == at_now, "unknown either way"
    provider.publish(Entry(address("kana"), kind=AddressKind.BASE))
    at_now, trusted = [
        judge.recipient(WORLD, Sender(None), await standing_of(provider, "kana", at)) for at in (MOVE, BEFORE)
    ]
    assert judge.unless_clock_jumped(at_now, trusted).because is Because.CLOCK_JUMP
