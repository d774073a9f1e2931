import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from mailsvc.records import schema
from mailsvc.records.errors import AlreadyServing, RecordsAway, RecordsError, WrongSchema
from mailsvc.records.store import Records
from mailsvc.records.tables import metadata
from tests.real.postgresql import Postgresql


def test_create_makes_the_tables_and_opening_again_finds_them(empty_url: str) -> None:
    Records.open(empty_url, create=True).close()
    Records.open(empty_url, create=True).close()
    with Records.open(empty_url) as records:
        assert records.version("editions") == 0


def test_an_empty_database_is_refused_with_the_remedy(empty_url: str) -> None:
    with pytest.raises(WrongSchema, match="run `lastpost init`"):
        Records.open(empty_url)


@pytest.mark.parametrize("create", [False, True])
def test_a_newer_schema_is_refused_even_to_create(url: str, create: bool) -> None:
    with Records.open(url) as records:
        records.act(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(WrongSchema, match=r"9999.*run the newer program"):
        Records.open(url, create=create)


def test_an_older_schema_is_refused_until_upgraded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_KNOWN", ("0000", schema.VERSION))
    with Records.open(url) as records:
        records.act(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '0000'")))
    with pytest.raises(WrongSchema, match=r"older version 0000.*upgrade"):
        Records.open(url)


def test_two_may_create_at_once_one_after_the_other(empty_url: str) -> None:
    with Records.open(empty_url, create=True), Records.open(empty_url, create=True) as second:
        assert second.version("directory") == 0


@pytest.mark.parametrize("bad", ["mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_another_database_is_refused_and_the_forms_are_named(bad: str) -> None:
    with pytest.raises(RecordsError, match="sqlite:////PATH or postgresql://"):
        Records.open(bad)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordsAway, match="cannot be made"):
        Records.open(f"sqlite:///{tmp_path}/missing/records.db", create=True)


def test_sqlite_files_are_for_their_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with Records.open(f"sqlite:///{tmp_path}/records.db", create=True) as records, records.serving():
            records.act(lambda connection: connection.execute(text("INSERT INTO versions VALUES ('x', 1)")))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(old)
    assert set(modes) == {"records.db", "records.db-wal", "records.db-shm", "records.db.serving"}
    assert set(modes.values()) == {0o600}


def test_sqlite_commits_are_made_durable_by_fsync(tmp_path: Path) -> None:
    with Records.open(f"sqlite:///{tmp_path}/records.db", create=True) as records:
        found = records.act(
            lambda connection: [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        )
    assert found == ["wal", 2, 1]


def test_what_is_no_database_is_told_as_away(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(RecordsAway, match="not a database"):
        Records.open(f"sqlite:///{path}")


def test_one_service_at_a_time_writes_to_a_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    with Records.open(url, create=True) as first, Records.open(url) as second:
        with first.serving(), pytest.raises(AlreadyServing, match=f"process {os.getpid()}"), second.serving():
            pytest.fail("two services at once")
        with second.serving():
            assert (tmp_path / "records.db.serving").read_text() == str(os.getpid())


@pytest.mark.real("postgresql")
def test_any_number_of_services_share_a_postgresql(server: Postgresql, request: pytest.FixtureRequest) -> None:
    name = server.new_database()
    request.addfinalizer(lambda: server.drop(name))
    url = server.url(name)
    with Records.open(url) as first, Records.open(url) as second, first.serving(), second.serving():
        assert second.version("editions") == 0


def test_reading_connections_cannot_write(tmp_path: Path) -> None:
    records = Records.open(f"sqlite:///{tmp_path}/records.db", create=True)
    with records, pytest.raises(RecordsAway, match="readonly"), records.read() as connection:
        connection.execute(text("INSERT INTO versions VALUES ('x', 1)"))


def test_the_migrations_and_the_tables_agree(empty_url: str) -> None:
    with Records.open(empty_url, create=True) as records, records.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_sqlite_in_use_by_nobody_leaves_one_file(tmp_path: Path) -> None:
    Records.open(f"sqlite:///{tmp_path}/records.db", create=True).close()
    assert [path.name for path in tmp_path.iterdir()] == ["records.db"]
    with sqlite3.connect(tmp_path / "records.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()
