"""A backup: one SQLite file that holds every table as it was at one moment, whichever database the records are in.

`make` works while a service writes: SQLite is copied page by page under one read transaction, PostgreSQL row by row
under one snapshot (REPEATABLE READ). The file is written under another name beside it, with mode 0600, made durable
and then renamed: nothing half is ever found under its own name. Its table `backup_facts` says when it was made, from
what, and for each table how many rows it has and their SHA-256 (facts.py).
Fails: RecordsAway where the records are; OSError where the file cannot be written; what `tell` raises interrupts it.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from mailsvc.kit.files import fsync_folder
from mailsvc.records import engines, schema
from mailsvc.records.copying import Tell, copy_tables
from mailsvc.records.engines import Place
from mailsvc.records.errors import at_the_door
from mailsvc.records.facts import Facts, write_facts
from mailsvc.records.store import Records

_PAGES = 512  # of SQLite, copied at once


def make(records: Records, file: Path, at: datetime, tell: Tell) -> Facts:
    """Write a backup to `file`, which must not be there. Raises FileExistsError, RecordsAway, OSError."""
    if file.exists():
        raise FileExistsError(17, "there is a file of this name already: name another", str(file))
    with scratch_file(file) as scratch, at_the_door():
        if records.where.path is not None:
            copy_file(records.where.path, scratch, tell)
        else:
            _copy_postgresql(records.where, scratch, tell)
        facts = write_facts(scratch, at, "SQLite" if records.where.path else "PostgreSQL")
        make_durable(scratch)
        scratch.rename(file)
    fsync_folder(file.parent)
    return facts


@contextmanager
def scratch_file(beside: Path) -> Iterator[Path]:
    """An empty file beside another, only for its owner, that is gone afterwards unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{beside.name[:100]}.", suffix=".partial", dir=beside.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(name + suffix).unlink()


def copy_file(source: Path, target: Path, tell: Tell) -> None:
    """Copy a SQLite file as it is at this moment, whoever writes to it, into another that nobody uses."""
    with closing(connect(source, "ro")) as from_, closing(connect(target, "rw")) as to:
        from_.execute("BEGIN")
        from_.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on one moment is seen
        to.execute("PRAGMA synchronous=OFF")  # `make_durable` comes at the end, once
        from_.backup(to, pages=_PAGES, progress=steps(tell))
        to.execute("PRAGMA journal_mode=DELETE")  # so that the backup is one file


def steps(tell: Tell) -> Callable[[int, int, int], None]:
    """What SQLite tells after each step; after the last one it is done, so nobody may interrupt it there."""

    def told(_status: int, left: int, whole: int) -> None:
        if left:
            tell(whole - left, whole)

    return told


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A plain connection to a SQLite file that is there; its transactions begin where somebody says so."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=5.0)


def place_of(path: Path) -> Place:
    """A SQLite file as an engine wants it, whatever characters its name has."""
    return Place(URL.create("sqlite+pysqlite", database=str(path)), path.absolute(), busy=5.0)


@contextmanager
def scratch_engine(path: Path) -> Iterator[Engine]:
    """An engine over a SQLite file that nobody else uses; afterwards it is one file again."""
    engine = engines.writing_engine(place_of(path))
    try:
        yield engine
    finally:
        engine.dispose()
    with closing(connect(path, "rw")) as plain:
        plain.execute("PRAGMA journal_mode=DELETE")


def make_durable(file: Path) -> None:
    """Have the kernel write a file's octets to the disk. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_postgresql(where: Place, target: Path, tell: Tell) -> None:
    source = engines.writing_engine(where)
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with (
            scratch_engine(target) as engine,
            source.connect().execution_options(**options) as from_,
            from_.begin(),
        ):
            schema.migrate(engine)
            with engine.connect() as to:
                for pragma in ("journal_mode=MEMORY", "synchronous=OFF"):
                    to.connection.cursor().execute(f"PRAGMA {pragma}").close()
                with to.begin():
                    copy_tables(from_, to, tell)
    finally:
        source.dispose()
