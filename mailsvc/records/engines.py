"""How each database is opened: drivers, pragmas, pools. Nothing above this module knows a driver's name.

SQLite: WAL, synchronous=FULL, foreign keys on, a wait for the write lock; the file is made with mode 0600, which SQLite
gives its -wal and -shm files too. PostgreSQL: psycopg 3, synchronous_commit=on, connections tested when taken.
"""

import os
import sqlite3
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from mailsvc.records.errors import RecordsAway, RecordsError

MODE = 0o600
# A service checkpoints between its commits (committer.py); others inside theirs, as SQLite does by itself.
_WAL_PAGES = 4000
_CACHE_KIB = 16_384
# Seconds between two tries to take the write lock: shorter than the gap between two slices of an import.
_ASK_AGAIN = 0.001


@dataclass(frozen=True, slots=True)
class Place:
    """Where the records are; the password, if any, is inside `url`, whose str() and repr() hide it."""

    url: URL
    path: Path | None  # the SQLite file; None for PostgreSQL
    busy: float  # seconds to wait for another's lock
    file: tuple[int, int] | None = None  # device and inode of the SQLite file that was opened

    @property
    def inline(self) -> bool:
        """Whether statements run on the event loop itself: SQLite answers in microseconds."""
        return self.path is not None

    def check_file(self) -> None:
        """Raise RecordsAway where the SQLite file was removed or replaced: what is written to it would be lost.

        It heals when the same file is back in its place; another one in its place needs a new start.
        """
        if self.path is None:
            return
        try:
            found = self.path.stat()
        except OSError as error:
            raise RecordsAway(f"the records are away: {error}") from error
        if self.file and (found.st_dev, found.st_ino) != self.file:
            raise RecordsAway(f"the records are away: {self.path} was replaced by another file: start the service anew")


def place(url: str, password: str | None, busy: float) -> Place:
    """Read a database URL; raises RecordsError, naming the two forms, for any other database."""
    forms = "it must be sqlite:////PATH or postgresql://USER@HOST/NAME (or postgresql://USER@/NAME?host=/SOCKET/FOLDER)"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise RecordsError(f"the records' URL cannot be read: {forms}") from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return Place(parsed.set(drivername="sqlite+pysqlite"), Path(parsed.database).absolute(), busy)
        case "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            return Place(parsed if password is None else parsed.set(password=password), None, busy)
        case _:
            raise RecordsError(f"the records' URL names no database we keep records in: {forms}")


def opened(where: Place) -> Place:
    """The same place, knowing which file lies there now."""
    if where.path is None:
        return where
    found = where.path.stat()
    return replace(where, file=(found.st_dev, found.st_ino))


def make_file(path: Path) -> None:
    """Make an empty SQLite file that only its owner can read."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, MODE))
    except OSError as error:
        raise RecordsAway(f"the records cannot be made: {error}") from error


def writing_engine(where: Place) -> Engine:
    """An engine whose transactions may write; on SQLite each begins with BEGIN IMMEDIATE."""
    if where.path is None:
        return _postgresql(where)
    engine = _sqlite(where, query_only=False)
    event.listen(engine, "begin", partial(_begin_immediate, busy=where.busy))
    return engine


def reading_engine(where: Place) -> Engine | None:
    """SQLite's engine of inline, read-only, autocommitting connections; None for PostgreSQL, which needs none."""
    return _sqlite(where, query_only=True) if where.inline else None


def _begin_immediate(connection: Connection, busy: float) -> None:
    """Take the write lock within `busy` seconds.

    SQLite's own patience asks ten times a second at last, and so misses the short gaps that an import leaves.
    """
    end = time.monotonic() + busy
    while True:
        try:
            connection.connection.cursor().execute("BEGIN IMMEDIATE").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(_ASK_AGAIN)
        else:
            return


def _sqlite(where: Place, *, query_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{where.path.as_uri() if where.path else ''}?mode=rw",
            uri=True,
            timeout=where.busy,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        # Debian's SQLite overwrites with zeros what is deleted: a body would be written to the log a second time.
        connection.execute("PRAGMA secure_delete=FAST")
        connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute(f"PRAGMA query_only={'ON' if query_only else 'OFF'}")
        if not query_only:
            connection.execute("PRAGMA busy_timeout=0")  # `_begin_immediate` waits; after it nobody is in the way
        return connection

    # Readers keep a connection for each thread, however many there are; writers take turns.
    more = -1 if query_only else 12
    return create_engine(
        "sqlite+pysqlite://", creator=connect, poolclass=QueuePool, pool_size=4, max_overflow=more, hide_parameters=True
    )


def _postgresql(where: Place) -> Engine:
    milliseconds = int(where.busy * 1000)
    return create_engine(
        where.url,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=8,
        pool_timeout=where.busy,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, int(where.busy)),
            "options": f"-c synchronous_commit=on -c lock_timeout={milliseconds}",
            "application_name": "lastpost",
            # A server that has vanished from the network is noticed in seconds, not in TCP's quarter of an hour.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
        },
    )
