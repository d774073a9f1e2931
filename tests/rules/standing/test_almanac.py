"""Editions in force: by domain, followed within a second, never guessed."""

import asyncio
import threading
import zoneinfo
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from mailsvc.records import editions
from mailsvc.records.store import Connection, RecordsAway
from mailsvc.standing import Almanac, UnreadableEdition
from schedules.amendments import Amendment, Postpone
from schedules.names import DomainName
from schedules.planfile import read_plan
from schedules.words import Capability, Stage
from tests.rules.standing.world import AFTER, AT, END, PLAN, World, address
from tests.support.deadline import until
from tests.support.noting import noting
from tests.support.shortage import no_descriptors

CLOSING = DomainName("closing.example")


def plan(name: str, *domains: str, month: int = 3) -> str:
    named = ", ".join(f'"{domain}"' for domain in domains)
    text = PLAN.replace("plan: closing", f"plan: {name}").replace("[closing.example]", f"[{named}]")
    return text.replace("2024-02-", f"2024-{month:02d}-")


def end_of(almanac: Almanac, domain: str) -> int | None:
    instant = almanac.of(DomainName(domain)).stage_instant(Stage.RECEIVE_END)
    return instant.month if instant else None


def test_a_domain_without_a_plan_has_no_end(world: World) -> None:
    edition = world.almanac.of(CLOSING)
    rulings = edition.at(edition.profile(address("hanako")), AFTER + timedelta(days=10_000))
    assert rulings[Capability.RECEIVE].allowed
    assert world.almanac.editions == ()


def test_the_plan_that_names_a_domain_most_closely_speaks(world: World) -> None:
    world.apply(plan("exact", "a.closing.example", month=3), name="exact")
    world.apply(plan("all", "*.closing.example", month=4), name="all")
    world.apply(plan("deep", "*.b.closing.example", month=5), name="deep")
    ends = {domain: end_of(world.almanac, domain) for domain in (
        "a.closing.example", "b.closing.example", "c.b.closing.example", "closing.example", "other.example",
    )}  # fmt: skip
    assert ends == {
        "a.closing.example": 3,
        "b.closing.example": 4,
        "c.b.closing.example": 5,
        "closing.example": None,
        "other.example": None,
    }


def test_amendments_count(world: World) -> None:
    world.apply(amendments=[Amendment(1, AT, "tests", "protests", Postpone(by=timedelta(days=10)))])
    assert world.almanac.of(CLOSING).stage_instant(Stage.RECEIVE_END) == END + timedelta(days=10)


def test_what_was_looked_up_before_a_refresh_is_looked_up_anew(world: World) -> None:
    assert end_of(world.almanac, "closing.example") is None
    world.apply()
    assert end_of(world.almanac, "closing.example") == 2


@pytest.mark.parametrize(
    ("text", "why"), [("no: plan", "closing"), (PLAN.replace("receive-end", "recieve-end"), "receive-end")]
)
def test_a_stored_plan_that_cannot_be_read_is_never_passed_over(world: World, text: str, why: str) -> None:
    with pytest.raises(UnreadableEdition, match=why):
        world.apply(text)


def test_a_stored_amendment_that_cannot_be_read_is_never_passed_over(world: World) -> None:
    world.apply()
    world.records.act(
        lambda c: editions.add_amendment(c, "closing", "{}", number=1, at=AT, by="tests", reason="of tomorrow")
    )
    with pytest.raises(UnreadableEdition, match="stored plan closing"):
        world.almanac.refresh()


async def test_a_running_service_sees_a_change_within_a_second(world: World) -> None:
    role = asyncio.create_task(world.almanac.watch())
    try:
        other = replace(world, almanac=Almanac(world.records, world.settings.service.zoneinfo))
        other.apply()
        await until(lambda: end_of(world.almanac, "closing.example") == 2, "the change")
        other.amend(Amendment(1, AT, "tests", "protests", Postpone(by=timedelta(days=40))))
        await until(lambda: end_of(world.almanac, "closing.example") == 3, "the change")
    finally:
        role.cancel()
        with suppress(asyncio.CancelledError):
            await role


async def test_it_looks_four_times_a_second_and_reads_plans_only_after_a_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.apply()
    reads: list[Connection] = []
    naps: list[float] = []
    monkeypatch.setattr(editions, "load", noting(editions.load, reads.append))

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            world.amend(Amendment(1, AT, "tests", "protests", Postpone(by=timedelta(days=1))))
        if len(naps) == 6:
            raise asyncio.CancelledError

    world.almanac._sleep = nap
    with pytest.raises(asyncio.CancelledError):
        await world.almanac.watch()
    assert naps == [0.25] * 6
    assert len(reads) == 1


async def test_an_unreadable_change_ends_the_role(world: World) -> None:
    world.apply()
    world.records.act(
        lambda c: editions.add_amendment(c, "closing", "{}", number=1, at=AT, by="tests", reason="of tomorrow")
    )
    with pytest.raises(UnreadableEdition):
        await world.almanac.watch()


async def test_while_the_records_are_away_the_last_edition_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.apply()
    naps = []

    async def nap(_: float) -> None:
        naps.append(1)
        if len(naps) == 3:
            raise asyncio.CancelledError

    async def away(_: object) -> None:
        raise RecordsAway("locked")

    world.almanac._sleep = nap
    monkeypatch.setattr(world.records, "ask", away)
    with pytest.raises(asyncio.CancelledError):
        await world.almanac.watch()
    assert end_of(world.almanac, "closing.example") == 2


def test_a_million_names_do_not_fill_the_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsvc.standing.almanac._REMEMBERED", 10)
    world.apply(plan("all", "*.closing.example"))
    for number in range(35):
        assert end_of(world.almanac, f"n{number}.closing.example") == 3
    assert len(world.almanac._by_domain) <= 10


async def test_a_change_that_comes_without_file_descriptors_is_taken_up_once_there_are_some(world: World) -> None:
    elsewhere = PLAN.replace("Asia/Tokyo", "America/Punta_Arenas")
    role = asyncio.create_task(world.almanac.watch())
    try:
        await asyncio.sleep(0)
        replace(world, almanac=Almanac(world.records, world.settings.service.zoneinfo)).apply(elsewhere)
        zoneinfo.ZoneInfo.clear_cache(only_keys=["America/Punta_Arenas"])  # it must be read from its file
        with no_descriptors():
            await asyncio.sleep(0.6)
            assert not role.done()
            assert end_of(world.almanac, "closing.example") is None
        await until(lambda: end_of(world.almanac, "closing.example") == 2, "the change")
    finally:
        role.cancel()
        with suppress(asyncio.CancelledError):
            await role


async def test_a_plan_is_read_apart_from_the_loop_and_once_for_each_of_its_texts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def note(*_: object) -> None:
        threads.append(threading.current_thread().name)

    monkeypatch.setattr("mailsvc.standing.almanac.read_plan", noting(read_plan, note))
    world.apply()
    assert threads == ["MainThread"], "at the start, before there is a loop"
    role = asyncio.create_task(world.almanac.watch())
    try:
        threads.clear()
        world.amend(Amendment(1, AT, "tests", "protests", Postpone(by=timedelta(days=40))))
        await until(lambda: end_of(world.almanac, "closing.example") == 3, "the change")
        assert threads == [], "the text is what it was"
        changed = plan("closing", "closing.example", month=6)
        kept = {"file": "plan.yaml", "name": "closing", "by": "tests", "reason": "planned"}
        world.records.act(lambda c: editions.save_plan(c, changed, number=2, at=AT, **kept))
        await until(lambda: end_of(world.almanac, "closing.example") == 7, "the change")
        assert threads
        assert "MainThread" not in threads
    finally:
        role.cancel()
        with suppress(asyncio.CancelledError):
            await role
