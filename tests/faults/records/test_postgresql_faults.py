"""What a PostgreSQL can suffer: locked, read-only, gone, restarted, full; and what it must never tell."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text

from mailsvc.records.errors import Conflict, RecordsAway, Unstorable, away
from mailsvc.records.orders import Row
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import marks
from tests.contracts.conftest import PATIENT
from tests.contracts.made import accepted
from tests.real.postgresql import PASSWORD, Postgresql, start

pytestmark = pytest.mark.real("postgresql")


def mark(name: str, value: str = "x") -> Row:
    return marks, {"name": name, "text": value}


async def count(records: Records) -> object:
    return await records.ask(lambda c: c.execute(select(func.count()).select_from(marks)).scalar())


@pytest.fixture
def database(server: Postgresql) -> Iterator[str]:
    name = server.new_database()
    yield name
    server.drop(name)


@pytest.fixture
async def here(server: Postgresql, database: str) -> AsyncIterator[Records]:
    with Records.open(server.url(database), busy=PATIENT, deadline=PATIENT) as records:
        async with records.committer.running():
            yield records


async def test_locked_is_away_and_passes(
    here: Records, server: Postgresql, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(connection: Connection) -> None:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == f"{PATIENT / 60:g}min"
        connection.exec_driver_sql("SET LOCAL lock_timeout = 300")
        connection.execute(marks.insert().values(name="a", text="x"))

    with psycopg.connect(f"host={server.folder} port={server.port} user=lastpost dbname={database}") as other:
        other.execute("LOCK TABLE marks IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RecordsAway, match="lock timeout"):
            await here.committer.commit(hasty)
        monkeypatch.setattr(here, "_deadline", 0.5)
        with pytest.raises(RecordsAway):
            await count(here)
    monkeypatch.undo()
    await here.committer.insert([mark("b")])
    assert await count(here) == 1


async def test_a_question_that_takes_too_long_is_given_up(
    here: Records, server: Postgresql, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here, "_deadline", 0.5)
    with pytest.raises(RecordsAway, match=r"no answer within 0\.5 s"):
        await here.ask(lambda connection: connection.execute(text("SELECT pg_sleep(6000)")))
    monkeypatch.undo()
    server.disconnect(database)
    assert await count(here) == 0


async def test_connections_cut_are_made_again(here: Records, server: Postgresql, database: str) -> None:
    await here.committer.insert([mark("before")])
    assert await count(here) == 1
    server.disconnect(database)
    await here.committer.insert([mark("after")])
    assert await count(here) == 2


async def test_cut_in_the_middle_of_a_transaction_is_away(here: Records, server: Postgresql, database: str) -> None:
    def cut(connection: Connection) -> None:
        connection.execute(marks.insert().values(name="a", text="x"))
        server.disconnect(database)
        connection.execute(marks.insert().values(name="c", text="x"))

    with pytest.raises(RecordsAway):
        await here.committer.commit(cut)
    await here.committer.insert([mark("b")])
    assert await count(here) == 1


async def test_a_read_only_server_is_away(server: Postgresql, database: str) -> None:
    server.run(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with Records.open(server.url(database), busy=PATIENT, deadline=PATIENT) as records:
        async with records.committer.running():
            with pytest.raises(RecordsAway, match="read-only"):
                await accepted(records)
            assert await count(records) == 0


async def test_after_the_server_has_restarted_the_pool_recovers(short_tmp: Path) -> None:
    server = start(short_tmp)
    try:
        with Records.open(server.url(server.new_database()), busy=PATIENT, deadline=PATIENT) as records:
            async with records.committer.running():
                await records.committer.insert([mark("before")])
                server.stop()
                answers = await asyncio.gather(
                    records.committer.insert([mark("lost")]), count(records), return_exceptions=True
                )
                assert [type(answer) for answer in answers] == [RecordsAway, RecordsAway]
                server.go_on()
                await records.committer.insert([mark("after")])
                assert await count(records) == 2
    finally:
        server.stop()


def test_passwords_are_asked_over_tcp_and_never_told(server: Postgresql, database: str) -> None:
    with Records.open(server.tcp_url(database), password=PASSWORD, busy=PATIENT) as records:
        assert records.version("editions") == 0
        assert PASSWORD not in f"{records!r} {records.where!r} {records._writes!r}"
    wrong = "a very secret typo"
    with pytest.raises(RecordsAway, match="password authentication failed") as caught:
        Records.open(server.tcp_url(database), password=wrong, busy=PATIENT)
    assert wrong not in "".join(traceback.format_exception(caught.value))


async def test_values_are_not_told_in_errors(here: Records) -> None:
    await here.committer.insert([mark("a")])
    private = "Dear Hanako"
    with pytest.raises(Conflict) as caught:
        await here.committer.insert([mark("a", private)])
    assert private not in "".join(traceback.format_exception(caught.value))


async def test_what_text_cannot_hold_is_the_callers_mistake(here: Records) -> None:
    with pytest.raises(Unstorable, match="NUL"):
        await here.committer.insert([mark("a", "x\0y")])
    assert await count(here) == 0


def test_no_room_on_the_server_is_full() -> None:
    assert away(psycopg.errors.DiskFull("could not extend file")).full
    assert not away(psycopg.errors.LockNotAvailable("lock timeout")).full
