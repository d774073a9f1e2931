"""A backup holds every table as it was at one moment, and becomes records again in either database."""

import asyncio
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from mailsvc.records import audit, backup, directory, held, messages, restoring, schema, staging
from mailsvc.records.errors import AlreadyServing, Conflict
from mailsvc.records.facts import write_facts
from mailsvc.records.restoring import NotEmpty, restore
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import APPEND_ONLY, metadata
from mailsvc.records.verifying import Verified
from mailsvc.records.verifying import verify as verify_
from schedules.names import DomainName
from tests.contracts.conftest import BOTH, PATIENT, _database
from tests.contracts.full import ROWS, Dump, dump, fill
from tests.contracts.made import NOW, accepted, to
from tests.real.postgresql import Postgresql

MB = 1024 * 1024


def tell(done: int, whole: int) -> None:
    assert 0 <= done <= whole


def verify(file: Path) -> Verified:
    return verify_(file, tell)


def mark(connection: Connection) -> None:
    held.hold(connection, NOW, "restored")


def bring_back(records: Records, file: Path, *, replace: bool = False) -> None:
    restore(records, file, mark, tell, replace=replace)


def without_mark(dumped: Dump) -> Dump:
    return dumped | {"marks": [row for row in dumped["marks"] if row[0] != held.NAME]}


@pytest.fixture(params=BOTH)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    """Other records, empty."""
    if request.param == "sqlite":
        with Records.open(f"sqlite:///{tmp_path / 'target.db'}", create=True) as opened:
            yield opened
        return
    with (
        _database(request.getfixturevalue("server")) as url,
        Records.open(url, busy=PATIENT, deadline=PATIENT) as opened,
    ):
        yield opened


async def test_every_row_of_every_table_comes_back(committing: Records, target: Records, tmp_path: Path) -> None:
    committing.act(fill)
    await accepted(committing, octets=b"x" * (2 * MB + 5))
    file = tmp_path / "made.backup"
    facts = backup.make(committing, file, NOW, tell)
    assert {name: one.rows for name, one in facts.tables.items() if name != "alembic_version"} == {
        name: len(rows) for name, rows in dump(committing).items()
    }
    verified = verify(file)
    assert (verified.problems, verified.facts.made_at, verified.bodies) == ((), NOW, 1)
    bring_back(target, file)
    assert without_mark(dump(target)) == dump(committing)
    with target.read() as connection:
        assert held.since(connection) == held.Held(NOW, "restored")
        schema.check(connection)


def test_no_table_is_forgotten(records: Records, tmp_path: Path) -> None:
    records.act(fill)
    facts = backup.make(records, tmp_path / "b", NOW, tell)
    assert set(metadata.tables) == set(facts.tables) - {"alembic_version"}
    assert all(facts.tables[name].rows == ROWS for name in metadata.tables)


def number(connection: Connection) -> int:
    """The number of one more act."""
    audit.write(connection, at=NOW, actor="a", act="b", subject="c")
    return audit.listing(connection, limit=1)[0].number


def test_numbers_go_on_where_they_were(records: Records, target: Records, tmp_path: Path) -> None:
    def begin_and_forget(connection: Connection) -> int:
        generation = staging.begin(connection, DomainName("x.example"), NOW, "admin")
        connection.exec_driver_sql("DELETE FROM generations")
        return generation

    last, forgotten = [records.act(number) for _ in range(5)][-1], records.act(begin_and_forget)
    backup.make(records, tmp_path / "b", NOW, tell)
    bring_back(target, tmp_path / "b")
    assert target.act(number) == last + 1
    assert target.act(begin_and_forget) == forgotten + 1


def test_what_is_append_only_stays_so(records: Records, target: Records, tmp_path: Path) -> None:
    records.act(fill)
    backup.make(records, tmp_path / "b", NOW, tell)
    target.act(fill)
    bring_back(target, tmp_path / "b", replace=True)
    for table in APPEND_ONLY:
        for statement in (f"DELETE FROM {table.name}", f"UPDATE {table.name} SET reason = 'another'"):
            with pytest.raises(Conflict, match="append-only"):
                target.act(partial(Connection.exec_driver_sql, statement=statement))


def test_records_in_use_are_replaced_only_if_somebody_says_so(
    records: Records, target: Records, tmp_path: Path
) -> None:
    backup.make(records, tmp_path / "b", NOW, tell)
    target.act(fill)
    before = dump(target)
    with pytest.raises(NotEmpty, match="--replace"):
        bring_back(target, tmp_path / "b")
    assert dump(target) == before
    bring_back(target, tmp_path / "b", replace=True)
    assert without_mark(dump(target)) == dump(records)


def test_what_init_has_written_is_in_nobodys_way(records: Records, target: Records, tmp_path: Path) -> None:
    records.act(fill)
    backup.make(records, tmp_path / "b", NOW, tell)
    target.act(lambda connection: audit.write(connection, at=NOW, actor="a", act="init", subject="records"))
    bring_back(target, tmp_path / "b")
    assert without_mark(dump(target)) == dump(records)


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied in small steps."""
    monkeypatch.setattr(backup, "_PAGES", 4)
    monkeypatch.setattr(restoring, "_PAGES", 4)


@pytest.mark.parametrize("at", [1, 7])
def test_an_interrupted_backup_leaves_nothing(records: Records, tmp_path: Path, slowly: None, at: int) -> None:
    records.act(fill)
    (tmp_path / "kept").mkdir()
    with pytest.raises(KeyboardInterrupt):
        backup.make(records, tmp_path / "kept" / "b", NOW, interrupting(at))
    assert list((tmp_path / "kept").iterdir()) == []


def test_an_interrupted_restore_changes_nothing(
    records: Records, target: Records, tmp_path: Path, slowly: None
) -> None:
    records.act(fill)
    backup.make(records, tmp_path / "b", NOW, tell)
    told: list[int] = []
    restore(target, tmp_path / "b", mark, lambda done, _whole: told.append(done), replace=False)
    target.act(number)
    before = dump(target)
    for at in (2, len(told)):
        with pytest.raises(KeyboardInterrupt):
            restore(target, tmp_path / "b", mark, interrupting(at), replace=True)
        assert dump(target) == before
        assert list(tmp_path.rglob("*.partial*")) == []


def interrupting(at: int) -> Callable[[int, int], None]:
    told: list[int] = []

    def interrupted(done: int, _whole: int) -> None:
        told.append(done)
        if len(told) == at:
            raise KeyboardInterrupt

    return interrupted


def test_a_backup_is_for_its_owner_only_and_overwrites_nothing(records: Records, tmp_path: Path) -> None:
    folder = tmp_path / "backups, of #1?"
    folder.mkdir()
    backup.make(records, folder / "b 100%.db", NOW, tell)
    assert [path.name for path in folder.iterdir()] == ["b 100%.db"]
    assert stat.S_IMODE((folder / "b 100%.db").stat().st_mode) == 0o600
    assert verify(folder / "b 100%.db").problems == ()
    with pytest.raises(FileExistsError):
        backup.make(records, folder / "b 100%.db", NOW, tell)


async def test_a_backup_under_load_is_of_one_moment(committing: Records, tmp_path: Path) -> None:
    await asyncio.gather(*(accepted(committing, octets=b"%d" % number * 9000) for number in range(40)))
    stopped = asyncio.Event()

    async def write() -> int:
        number = 0
        while not stopped.is_set():
            number += 1
            await accepted(committing, to("a@x.example"), to("b@x.example"), octets=b"more" * number * 999)
        return number

    writing = [asyncio.create_task(write()) for _ in range(4)]
    for number in range(3):
        await asyncio.to_thread(backup.make, committing, tmp_path / f"{number}", NOW, tell)
    stopped.set()
    assert min(await asyncio.gather(*writing)) > 0
    counts = []
    for number in range(3):
        verified = await asyncio.to_thread(verify, tmp_path / f"{number}")
        assert verified.problems == ()
        counts.append(verified.bodies)
    assert 40 <= counts[0] < counts[1] < counts[2]


def test_no_restore_where_a_service_writes(records: Records, tmp_path: Path) -> None:
    file = tmp_path / "b"
    backup.make(records, file, NOW, tell)
    with Records.open(records.where.url.render_as_string(hide_password=False)) as other, other.serving():
        with other.read() as connection:
            assert held.since(connection) is None
        with pytest.raises(AlreadyServing, match="stop it first"):
            bring_back(records, file, replace=True)
        with other.read() as connection:
            assert held.since(connection) is None


def test_older_tables_are_brought_up_to_date(target: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "old"
    file.touch()
    monkeypatch.setattr(schema, "VERSION", "0001")
    with backup.scratch_engine(file) as engine:
        schema.migrate(engine)
    monkeypatch.undo()
    with closing(sqlite3.connect(file)) as plain, plain:
        plain.execute(
            "INSERT INTO messages VALUES ('m', 'b', 1, 'sha', 0, '', '', '', '', 0, 0, x'', 'smtp', 9, 'gone')"
        )
        plain.execute(
            "INSERT INTO audit (at, actor, act, subject, detail, reason) VALUES (1, 'a', 'b', 'c', '{}', 'd')"
        )
    write_facts(file, NOW, "SQLite")
    before = file.read_bytes()
    assert (verify(file).schema, verify(file).problems) == ("0001", ())
    bring_back(target, file)
    with target.read() as connection:
        found = messages.find(connection, "m")
        assert found is not None
        assert found.scan == ""
    assert file.read_bytes() == before


def test_contracts_of_older_tables_have_no_services(
    target: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "old"
    file.touch()
    monkeypatch.setattr(schema, "VERSION", "0002")
    with backup.scratch_engine(file) as engine:
        schema.migrate(engine)
    monkeypatch.undo()
    with closing(sqlite3.connect(file)) as plain, plain:
        plain.execute("INSERT INTO domains VALUES ('closing.example', 1)")
        plain.execute(
            "INSERT INTO generations VALUES (1, 'closing.example', NULL, 0, 'admin', 0, 'current')",
        )
        plain.execute("INSERT INTO holders VALUES (1, 'H', '', 'ja', 0)")
        plain.execute("INSERT INTO contracts VALUES (1, 'C', 'H', 'gold', '', NULL, NULL, NULL, '', 'noto', 0)")
        plain.execute(
            "INSERT INTO addresses VALUES "
            "(1, 'a', 'a', 'base', 'C', NULL, 0, NULL, 0, NULL, 0, 0, 0, NULL, NULL, NULL, 0, NULL, '', 0)"
        )
    write_facts(file, NOW, "SQLite")
    assert (verify(file).schema, verify(file).problems) == ("0002", ())
    bring_back(target, file)
    with target.read() as connection:
        (found,) = directory.page(connection)
    assert (found.course, found.area, found.services) == ("gold", "noto", frozenset())


@pytest.mark.real("postgresql")
def test_a_failed_restore_counts_no_number_back(server: Postgresql, tmp_path: Path) -> None:
    with Records.open(f"sqlite:///{tmp_path}/records.db", create=True) as small:
        backup.make(small, tmp_path / "b", NOW, tell)
    with _database(server) as url, Records.open(url) as records:
        assert [records.act(number) for _ in range(3)] == [1, 2, 3]

        def fail(connection: Connection) -> None:
            assert number(connection) == 4
            raise RuntimeError("no room")

        with pytest.raises(RuntimeError, match="no room"):
            restore(records, tmp_path / "b", fail, tell, replace=True)
        assert records.act(number) == 5
