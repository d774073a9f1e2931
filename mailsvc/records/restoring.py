"""A backup made records again: all or nothing, and only where no service writes.

`restore(records, file, ...)` replaces everything in the records by what is in a verified backup, whichever database
either was. Tables of an older version are upgraded on a copy first. `mark` writes its rows (that everything is held,
the audit row) in the same transaction, so that there is no moment at which a service could start and send.
SQLite is overwritten in one transaction through its log, PostgreSQL in one transaction with all tables locked.
Fails: AlreadyServing, NotEmpty, RecordsAway, OSError; what `tell` raises interrupts it, and nothing has changed.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, exists, select, text

from mailsvc.records import engines, schema
from mailsvc.records.backup import connect, copy_file, scratch_engine, scratch_file, steps
from mailsvc.records.copying import Tell, copy_tables
from mailsvc.records.errors import AlreadyServing, RecordsError, at_the_door
from mailsvc.records.facts import drop_facts
from mailsvc.records.store import Records
from mailsvc.records.tables import APPEND_ONLY, audit, marks, metadata, versions

Mark = Callable[[Connection], None]
_PAGES = 512
# What an installation writes down before anything has happened in it.
_BEGINNINGS = (audit, marks, versions)


class NotEmpty(RecordsError):
    """The records hold something already, and nobody has said that it may go."""


def restore(records: Records, file: Path, mark: Mark, tell: Tell, *, replace: bool) -> None:
    """Put a backup into the records; `replace` lets what they hold go."""
    path = records.where.path
    with scratch_file(path or file) as scratch, at_the_door():
        copy_file(file, scratch, lambda _done, _whole: tell(0, 1))
        with closing(connect(scratch, "rw")) as plain:
            drop_facts(plain)
        with scratch_engine(scratch) as engine:
            schema.migrate(engine)
            if path is not None:
                with engine.connect() as connection, connection.begin():
                    mark(connection)
            else:
                _into_postgresql(engine, records, mark, tell, replace=replace)
        if path is not None:
            _into_sqlite(scratch, records, path, tell, replace=replace)


def is_empty(connection: Connection) -> bool:
    """Whether nothing has happened in these records yet."""
    tables = [one for one in metadata.sorted_tables if one not in _BEGINNINGS]
    return not any(connection.execute(select(exists().select_from(one))).scalar() for one in tables)


def _into_sqlite(scratch: Path, records: Records, path: Path, tell: Tell, *, replace: bool) -> None:
    with records.serving():
        with records.read() as connection:
            _refuse_full(connection, replace=replace)
        with closing(connect(scratch, "ro")) as from_, closing(connect(path, "rw")) as to:
            to.execute("PRAGMA synchronous=FULL")
            from_.backup(to, pages=_PAGES, progress=steps(tell))
            to.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _into_postgresql(engine: Engine, records: Records, mark: Mark, tell: Tell, *, replace: bool) -> None:
    records.let_go()
    writing = engines.writing_engine(records.where)
    try:
        with engine.connect() as from_, writing.connect() as to, to.begin():
            names = ", ".join(one.name for one in metadata.sorted_tables)
            to.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
            _refuse_served(to)
            _refuse_full(to, replace=replace)
            _empty(to, names)
            copy_tables(from_, to, tell)
            mark(to)
    finally:
        writing.dispose()


def _refuse_served(connection: Connection) -> None:
    """With every table locked: who is connected now may be a service, who comes later finds what was restored."""
    others = connection.execute(text(_OTHERS)).scalar_one()
    if others:
        raise AlreadyServing(f"another lastpost is connected to these records ({others} connections): stop it first")


_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name LIKE 'lastpost%' AND pid <> pg_backend_pid()"
)


def _refuse_full(connection: Connection, *, replace: bool) -> None:
    if not replace and not is_empty(connection):
        raise NotEmpty("the records are not empty: make a backup of them, then say --replace to let them go")


def _empty(connection: Connection, names: str) -> None:
    """What is append-only refuses this, too, unless its triggers rest; they come back in the same transaction."""
    for word in ("DISABLE", "ENABLE"):
        for one in APPEND_ONLY:
            connection.execute(text(f"ALTER TABLE {one.name} {word} TRIGGER USER"))
        if word == "DISABLE":
            connection.execute(text(f"TRUNCATE {names}"))
