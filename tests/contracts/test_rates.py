"""Rates on both databases: in memory where one service writes alone, in the records where several share them."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from filters.rate import Window, window
from mailsvc.kit.rates import Rate
from mailsvc.kit.settings import RateSettings
from mailsvc.records import rates as kept
from mailsvc.records import reservations
from mailsvc.records.store import Records
from mailsvc.standing.rates import Rates, Scope, outdated, rates_in
from mailsvc.workers.sweeper import Sweeper
from tests.real.postgresql import Postgresql
from tests.rules.gateway.house import QuietLog

HOUR = timedelta(hours=1)
NOW = datetime.fromisoformat("2026-11-22T09:00:00+00:00")  # a slot of an hour begins
SETTINGS = RateSettings(sender=Rate(10, HOUR), client=None, refused=Rate(3, HOUR))


@pytest.fixture
def rates(records: Records) -> Rates:
    return rates_in(records, lambda: SETTINGS)


@pytest.fixture
def database(server: Postgresql) -> Iterator[str]:
    name = server.new_database()
    yield server.url(name)
    server.drop(name)


async def counted(rates: Rates, now: datetime, *, subject: str = "hanako", tries: int = 30) -> int:
    return sum([await rates.count(Scope.SENDER, subject, now) for _ in range(tries)])


async def test_as_many_as_the_limit_are_let_through(rates: Rates) -> None:
    assert await counted(rates, NOW) == 10
    assert await counted(rates, NOW, subject="jiro") == 10
    assert await counted(rates, NOW + HOUR - timedelta(seconds=1)) == 0


async def test_nobody_does_twice_the_limit_around_the_border_of_two_slots(rates: Rates) -> None:
    assert await counted(rates, NOW + 0.9 * HOUR) == 10
    assert await counted(rates, NOW + HOUR) == 0
    assert await counted(rates, NOW + 1.5 * HOUR) == 5
    assert await counted(rates, NOW + 3 * HOUR) == 10


async def test_trying_again_and_again_costs_nothing(rates: Rates) -> None:
    await counted(rates, NOW, tries=1000)
    assert await counted(rates, NOW + 1.1 * HOUR) == 1


async def test_more_than_one_at_once_is_all_or_nothing(rates: Rates) -> None:
    assert await rates.count(Scope.SENDER, "hanako", NOW, 8)
    assert not await rates.count(Scope.SENDER, "hanako", NOW, 3)
    assert await rates.count(Scope.SENDER, "hanako", NOW, 2)
    assert not await rates.count(Scope.SENDER, "jiro", NOW, 11)


async def test_a_scope_without_a_limit_lets_everybody_through(rates: Rates) -> None:
    assert all([await rates.count(Scope.CLIENT, "192.0.2.1", NOW) for _ in range(100)])


async def test_scopes_are_counted_apart_and_known_to_be_over_for_a_moment(rates: Rates) -> None:
    assert [await rates.count(Scope.REFUSED, "hanako", NOW) for _ in range(4)] == [True, True, True, False]
    assert rates.is_over(Scope.REFUSED, "hanako", NOW + timedelta(seconds=59))
    assert not rates.is_over(Scope.REFUSED, "hanako", NOW + timedelta(seconds=60))
    assert not rates.is_over(Scope.SENDER, "hanako", NOW)
    assert await rates.count(Scope.SENDER, "hanako", NOW)


async def test_a_clock_set_back_begins_anew(rates: Rates) -> None:
    await counted(rates, NOW)
    assert await counted(rates, NOW - 5 * HOUR) == 10


def test_what_matters_no_more_is_swept(records: Records) -> None:
    hanako = kept.Counter(Scope.SENDER, "hanako")
    for hours in range(5):
        at = Window(1000 + hours, 0.0)
        assert records.act(partial(kept.count, counter=hanako, window=at, limit=10))
    assert records.act(lambda connection: kept.sweep(connection, Scope.REFUSED, 1004, 100)) == 0
    assert records.act(lambda connection: kept.sweep(connection, Scope.SENDER, 1003, 2)) == 2
    assert records.act(lambda connection: kept.sweep(connection, Scope.SENDER, 1003, 2)) == 1
    full = Window(1004, 1.0)
    assert not records.act(lambda connection: kept.count(connection, hanako, full, 2))


@pytest.mark.real("postgresql")
async def test_the_sweeper_clears_up_where_services_share_their_counts(database: str) -> None:
    hanako, now = kept.Counter(Scope.SENDER, "hanako"), NOW + 2 * HOUR
    with Records.open(database) as records:
        async with records.committer.running():
            for slot in range(-2, 1):
                at = window(HOUR, now + slot * HOUR)
                records.act(partial(kept.count, counter=hanako, window=at, limit=10))
            records.act(lambda c: reservations.reserve(c, "killed", {("hanako", "closing.example"): 1}, NOW, NOW))
            sweeper = Sweeper(records, lambda: now, HOUR, HOUR, QuietLog(), outdated=partial(outdated, SETTINGS))
            await sweeper.round()
        with records.read() as connection:
            slots = connection.exec_driver_sql("SELECT slot FROM rates ORDER BY slot").scalars().all()
            assert slots == [window(HOUR, now).slot - 1, window(HOUR, now).slot]
            assert connection.exec_driver_sql("SELECT id FROM reservations").all() == []


def test_the_slot_before_this_one_still_matters() -> None:
    slots = outdated(SETTINGS, NOW)
    assert slots == {Scope.SENDER: NOW.timestamp() // 3600 - 1, Scope.REFUSED: NOW.timestamp() // 3600 - 1}


PROCESS = """
import asyncio, sys
from datetime import datetime, timedelta
from functools import partial
from mailsvc.kit.rates import Rate
from mailsvc.records.store import Records
from mailsvc.standing.rates import Scope, SharedRates

async def main(url):
    now = datetime.fromisoformat("2026-11-22T09:00:00+00:00")
    with Records.open(url, busy=300, deadline=300) as records:
        rates = SharedRates(lambda: {Scope.SENDER: Rate(30, timedelta(hours=1))}, records)
        sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
        print(sum(await asyncio.gather(*(rates.count(Scope.SENDER, "hanako", now) for _ in range(25)))))

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.real("postgresql")
async def test_two_processes_share_one_limit(database: str) -> None:
    pipe = asyncio.subprocess.PIPE
    both = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, database, stdin=pipe, stdout=pipe)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    let_through = [int(out) for out, _ in await asyncio.gather(*(process.communicate(b"go\n") for process in both))]
    assert sum(let_through) == 30
