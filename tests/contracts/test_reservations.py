"""Reservations on both databases: in memory where one service writes alone, in the records where several share them."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from mailsvc.records import reservations as kept
from mailsvc.records.reservations import box
from mailsvc.records.store import Records
from mailsvc.standing.reservations import LEASE, Grown, Reservations, SharedReservations, reservations_in
from schedules.clock import MovableClock
from schedules.names import Address
from tests.contracts.conftest import PATIENT
from tests.contracts.made import MINUTE, NOW
from tests.real.postgresql import Postgresql

HANAKO, JIRO = Address.parse("hanako@closing.example"), Address.parse("jiro@closing.example")
LIMIT = 1_000


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def reservations(records: Records, clock: MovableClock) -> Reservations:
    return reservations_in(records, clock)


async def test_whoever_comes_later_sees_who_came_before(reservations: Reservations) -> None:
    assert await reservations.take("a", HANAKO, 300, LIMIT) == 0
    assert await reservations.take("b", HANAKO, 200, LIMIT) == 300
    assert await reservations.take("b", JIRO, 200, LIMIT) == 0
    assert await reservations.reserved(HANAKO) == 500
    reservations.release("a")
    await reservations.close()
    assert await reservations.reserved(HANAKO) == 200


async def test_letters_of_either_case_mean_one_mailbox(reservations: Reservations) -> None:
    await reservations.take("a", Address.parse("HANAKO@Closing.Example"), 300, LIMIT)
    assert await reservations.reserved(HANAKO) == 300


async def test_asking_twice_holds_once(reservations: Reservations) -> None:
    for _ in range(3):
        assert await reservations.take("a", HANAKO, 300, LIMIT) == 0
    assert await reservations.reserved(HANAKO) == 300


async def test_only_what_a_verdict_promised_is_kept(reservations: Reservations) -> None:
    await reservations.take("a", HANAKO, 300, LIMIT)
    reservations.confirm("a", [HANAKO])
    await reservations.take("a", JIRO, 300, LIMIT)
    await reservations.take("a", HANAKO, 300, LIMIT)
    reservations.confirm("a", [])
    await reservations.close()
    assert (await reservations.reserved(HANAKO), await reservations.reserved(JIRO)) == (300, 0)


async def test_a_message_that_grew_is_to_be_looked_at_again(reservations: Reservations) -> None:
    await reservations.take("a", HANAKO, 0, LIMIT)
    await reservations.take("a", JIRO, 500, LIMIT)
    await reservations.take("b", HANAKO, 70, LIMIT)
    assert await reservations.correct("a", 400) == [Grown(HANAKO, LIMIT, 70)]
    assert await reservations.reserved(HANAKO) == 470
    assert await reservations.correct("b", 70) == []
    assert await reservations.correct("nobody", 5) == []


async def test_what_nobody_releases_runs_out(reservations: Reservations, clock: MovableClock) -> None:
    await reservations.take("killed", HANAKO, 300, LIMIT)
    clock.advance(LEASE - timedelta(seconds=1))
    assert await reservations.take("b", HANAKO, 10, LIMIT) == 300
    clock.advance(timedelta(seconds=1))
    assert await reservations.take("c", HANAKO, 10, LIMIT) == 10
    assert await reservations.reserved(HANAKO) == 20


async def test_a_message_slower_than_its_lease_is_looked_at_again(
    reservations: Reservations, clock: MovableClock
) -> None:
    await reservations.take("slow", HANAKO, 300, LIMIT)
    clock.advance(2 * LEASE)
    await reservations.take("b", HANAKO, 10, LIMIT)
    assert await reservations.correct("slow", 300) == [Grown(HANAKO, LIMIT, 10)]


async def test_releasing_is_harmless_and_complete(records: Records, reservations: Reservations) -> None:
    await reservations.take("a", HANAKO, 300, LIMIT)
    await reservations.take("a", JIRO, 300, LIMIT)
    for _ in range(2):
        reservations.release("a")
    reservations.release("nobody")
    await reservations.close()
    assert (await reservations.reserved(HANAKO), await reservations.reserved(JIRO)) == (0, 0)
    assert (reservations._transactions, reservations._boxes) == ({}, {})
    with records.read() as connection:
        assert kept.reserved(connection, box(HANAKO), NOW) == 0


def test_rows_that_have_run_out_are_swept(records: Records) -> None:
    for number in range(5):
        wanted = {box(HANAKO): 1, box(JIRO): 2}
        records.act(
            partial(kept.reserve, transaction=f"t{number}", wanted=wanted, now=NOW, until=NOW + number * MINUTE)
        )
    assert records.act(lambda connection: kept.sweep(connection, NOW, 100)) == 0  # the next one swept its own mailbox
    later = NOW + 2 * MINUTE
    assert records.act(lambda connection: kept.sweep(connection, later, 100)) == 4
    with records.read() as connection:
        assert kept.reserved(connection, box(HANAKO), later) == 2


@pytest.fixture
def shared(server: Postgresql) -> Iterator[tuple[str, Records]]:
    name = server.new_database()
    with Records.open(server.url(name), busy=PATIENT, deadline=PATIENT) as opened:
        yield server.url(name), opened
    server.drop(name)


@pytest.mark.real("postgresql")
async def test_of_many_that_reserve_at_once_each_sees_all_before_it(shared: tuple[str, Records]) -> None:
    services = [SharedReservations(shared[1], MovableClock(NOW)) for _ in range(4)]
    takes = [one.take(f"{number} of {id(one)}", HANAKO, 1, LIMIT) for number in range(8) for one in services]
    assert sorted(await asyncio.gather(*takes)) == list(range(32))


PROCESS = """
import asyncio, sys
from datetime import UTC, datetime
from mailsvc.records.store import Records
from mailsvc.standing.reservations import SharedReservations
from schedules.clock import MovableClock
from schedules.names import Address

async def main(url, name):
    box = Address.parse("hanako@closing.example")
    with Records.open(url, busy=300, deadline=300) as records:
        shared = SharedReservations(records, MovableClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC)))
        sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
        seen = await asyncio.gather(*(shared.take(f"{name}{n}", box, 1, 1000) for n in range(25)))
        print(*seen)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.real("postgresql")
async def test_two_processes_see_each_other(shared: tuple[str, Records]) -> None:
    pipe = asyncio.subprocess.PIPE
    both = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, shared[0], name, stdin=pipe, stdout=pipe)
        for name in ("a", "b")
    ]
    for process in both:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    seen = [out for out, _ in await asyncio.gather(*(process.communicate(b"go\n") for process in both))]
    assert sorted(int(number) for out in seen for number in out.split()) == list(range(50))
