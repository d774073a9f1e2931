"""What a SQLite file can suffer: locked, full, read-only, gone, an fsync that fails."""

import asyncio
import os
import pwd
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mailsvc.records import bodies, messages
from mailsvc.records.errors import Distrusted, RecordsAway
from mailsvc.records.orders import Row
from mailsvc.records.store import Records
from mailsvc.records.tables import body_chunks, marks
from mailsvc.records.tables import messages as message_table
from tests.contracts.made import accepted, message, new_id, staged_body, to
from tests.faults.limits import fill, small_disk


def mark(name: str) -> Row:
    return marks, {"name": name, "text": "x"}


def count(records: Records) -> int:
    with records.read() as connection:
        return connection.execute(select(func.count()).select_from(marks)).scalar_one()


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "records.db"))


@pytest.fixture
async def here(path: Path) -> AsyncIterator[Records]:
    with Records.open(f"sqlite:///{path}", busy=0.1) as records:
        async with records.committer.running():
            yield records


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process in the middle of a write."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_locked_is_away_for_writers_only_and_passes(here: Records, path: Path) -> None:
    await here.committer.insert([mark("before")])
    with locked(path):
        insert, commit = here.committer.insert([mark("a")]), here.committer.commit(lambda _: None)
        answers = await asyncio.gather(insert, commit, return_exceptions=True)
        assert [type(answer) for answer in answers] == [RecordsAway, RecordsAway]
        assert not getattr(answers[0], "full", True)
        assert "locked" in str(answers[0])
        assert count(here) == 1
        with pytest.raises(RecordsAway, match="locked"):
            here.act(lambda _: None)
    await here.committer.insert([mark("after")])
    assert count(here) == 2


async def test_the_loop_goes_on_while_a_writer_waits_for_a_lock(path: Path) -> None:
    with Records.open(f"sqlite:///{path}", busy=300.0) as records:
        async with records.committer.running():
            with locked(path):
                waiting = asyncio.ensure_future(records.committer.insert([mark("a")]))
                for _ in range(20):
                    await asyncio.sleep(0.005)
                    assert await records.ask(lambda c: c.execute(select(func.count()).select_from(marks)).scalar()) == 0
                assert not waiting.done()
            await waiting
    assert waiting.done()


async def test_full_by_its_page_limit_keeps_nothing_half_and_recovers(here: Records) -> None:
    pages = await here.committer.commit(lambda c: int(c.exec_driver_sql("PRAGMA page_count").scalar_one()))
    await here.committer.commit(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages + 20}").fetchall())
    with pytest.raises(RecordsAway, match="full") as caught:
        await accepted(here, octets=b"x" * 200_000)
    assert caught.value.full
    with here.read() as connection:
        assert connection.execute(select(func.count()).select_from(message_table)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(body_chunks)).scalar_one() == 0
    await here.committer.commit(lambda c: c.exec_driver_sql("PRAGMA max_page_count=100000").fetchall())
    sent = await accepted(here, octets=b"x" * 200_000)
    assert b"".join([piece async for piece in bodies.read_body(here, sent.body_id)]) == b"x" * 200_000


@pytest.mark.real("tmpfs")
async def test_a_full_disk_refuses_and_recovers_by_itself(tmp_path: Path, sqlite_template: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        shutil.copy(sqlite_template, disk / "records.db")
        with Records.open(f"sqlite:///{disk}/records.db") as records:
            async with records.committer.running():
                await accepted(records)
                ballast = fill(disk, leave=128 * 1024)
                staged = await staged_body(records, b"y" * 900_000)
                made = message(staged)
                with pytest.raises(RecordsAway) as caught:
                    await messages.accept(records, made, [to("a@b.example")], staged)
                assert caught.value.full
                with records.read() as connection:
                    assert messages.find(connection, made.id) is None
                ballast.unlink()
                await messages.accept(records, made, [to("a@b.example")], staged)
                with records.read() as connection:
                    assert messages.find(connection, made.id) == made
                    assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@pytest.mark.real("tmpfs")
async def test_a_large_body_on_a_full_disk_is_discarded_wholly(tmp_path: Path, sqlite_template: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        shutil.copy(sqlite_template, disk / "records.db")
        with Records.open(f"sqlite:///{disk}/records.db") as records:
            async with records.committer.running():
                writer = bodies.BodyWriter(records, new_id)
                with pytest.raises(RecordsAway) as caught:
                    await writer.write(b"z" * 10 * 1024 * 1024)
                assert caught.value.full
                await writer.discard()
                with records.read() as connection:
                    assert connection.execute(select(func.count()).select_from(body_chunks)).scalar_one() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user for a moment")
def test_a_file_that_may_only_be_read_is_away(short_tmp: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, short_tmp / "records.db")
    (short_tmp / "records.db").chmod(0o444)
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        with pytest.raises(RecordsAway):
            _write(short_tmp / "records.db")
    finally:
        os.seteuid(0)


def _write(path: Path) -> None:
    with Records.open(f"sqlite:///{path}") as records:
        records.act(lambda connection: connection.execute(marks.insert().values(name="a", text="x")))


async def test_a_file_taken_away_is_missed_and_found_again(here: Records, path: Path) -> None:
    await here.committer.insert([mark("before")])
    moved = path.rename(path.with_name("moved.db"))  # noqa: ASYNC240 — a rename in a test may block
    with pytest.raises(RecordsAway, match="No such file"):
        await here.committer.insert([mark("lost")])
    moved.rename(path)
    await here.committer.insert([mark("after")])
    assert count(here) == 2


async def test_a_file_put_in_its_place_is_not_written_to(here: Records, path: Path, sqlite_template: Path) -> None:
    await here.committer.insert([mark("before")])
    path.rename(path.with_name("moved.db"))  # noqa: ASYNC240 — a rename in a test may block
    shutil.copy(sqlite_template, path)
    with pytest.raises(RecordsAway, match="replaced by another file"):
        await here.committer.insert([mark("lost")])


class _Failing:
    """A connection whose COMMIT fails as a disk does that cannot keep what it was given."""

    def __init__(self, connection: object) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def commit(self) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        raise error


async def test_after_a_failed_fsync_nothing_is_written_any_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Records.open(f"sqlite:///{path}") as records:
        role = asyncio.create_task(records.committer.run())
        await records.committer.insert([mark("before")])
        writer = records.committer._writer
        monkeypatch.setattr(writer, "_connection", _Failing(writer._connection))
        orders = [asyncio.ensure_future(records.committer.insert([mark(f"m{n}")])) for n in range(600)]
        answers = await asyncio.gather(*orders, return_exceptions=True)
        assert {isinstance(answer, RecordsAway) for answer in answers} == {True}
        with pytest.raises(Distrusted, match="not trusted any more"):
            await role
        with pytest.raises(RecordsAway):
            await records.committer.insert([mark("late")])
        assert count(records) == 1


async def test_a_tail_that_a_dead_process_left_is_found_at_the_next_start(path: Path) -> None:
    with Records.open(f"sqlite:///{path}") as records:
        async with records.committer.running():
            sent = await accepted(records)
            for suffix in ("", "-wal"):
                shutil.copy(f"{path}{suffix}", f"{path.parent}/killed.db{suffix}")
    with Records.open(f"sqlite:///{path.parent}/killed.db") as again, again.read() as connection:
        assert messages.find(connection, sent.id) == sent
