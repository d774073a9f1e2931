"""The records: one database, SQLite or PostgreSQL, behind one door.

`Records.open(url)` checks the version of the tables; `create=True` makes or upgrades them. Reads: `read()` and
`ask()`; on SQLite they run inline on a read-only connection of the calling thread, on PostgreSQL in the pool.
Writes: `committer` for a running service (group commit), `act()` for one short transaction of a command.
Fails with `RecordsAway` where the database is locked, full, read-only or gone, and never with a driver's error.
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Self, TypeVar

from sqlalchemy import Connection

from mailsvc.records import engines, schema, versions
from mailsvc.records.committer import Committer
from mailsvc.records.errors import AlreadyServing, RecordsAway, WrongSchema, at_the_door

__all__ = ["Connection", "Records", "RecordsAway"]

T = TypeVar("T")

# Seconds to wait for another's lock before RecordsAway.
BUSY = 5.0
# Page cache of a connection outside the thread that looks addresses up: it reads bodies once, so it keeps little.
OTHERS_CACHE_KIB = 512
# Seconds a question to PostgreSQL may take.
DEADLINE = 10.0


class Records:
    """An open database of records; `close()` it, or use it as a context manager."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        password: str | None = None,
        create: bool = False,
        busy: float = BUSY,
        deadline: float = DEADLINE,
    ) -> "Records":
        """Open the records at `url`; `create` makes missing tables and upgrades old ones.

        `busy`: seconds to wait for a lock; `deadline`: seconds for one question to PostgreSQL.
        Raises WrongSchema (the message names the remedy), RecordsAway, or RecordsError for a bad URL.
        """
        where = engines.place(url, password, busy)
        if where.path is not None:
            if create:
                engines.make_file(where.path)
            elif not where.path.exists():
                raise WrongSchema(f"there are no records at {where.path}: run `lastpost init` to make them")
        records = cls(engines.opened(where), deadline)
        try:
            if create:
                schema.migrate(records._writes)
            with records.read() as connection:
                schema.check(connection)
        except BaseException:
            records.close()
            raise
        return records

    def __init__(self, where: engines.Place, deadline: float) -> None:
        self.where = where
        self._deadline = deadline
        self._writes = engines.writing_engine(where)
        self._reads = engines.reading_engine(where)
        self._here = threading.local()
        self._home = threading.get_ident()
        self._inline: list[Connection] = []
        self._askers = ThreadPoolExecutor(8, "records-ask")
        self.committer = Committer(self._writes, where)

    def __repr__(self) -> str:
        return f"Records({self.where.path or self.where.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give every connection back; the committer must have ended."""
        self._askers.shutdown(wait=True)
        self.committer.dispose()
        for connection in self._inline:
            connection.close()
        self._inline.clear()
        self._writes.dispose()
        if self._reads is not None:
            self._reads.dispose()

    def let_go(self) -> None:
        """Give back the connections that nobody uses at this moment; the next question opens new ones."""
        self._writes.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with. On SQLite each statement sees what is committed when it begins."""
        with at_the_door():
            if self._reads is not None:
                yield self._inline_connection()
            else:
                with self._writes.connect() as connection:
                    yield connection

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Answer a short question: inline on SQLite, in a thread with a deadline on PostgreSQL."""
        if self._reads is not None:
            with at_the_door():
                return question(self._inline_connection())
        try:
            answer = asyncio.get_running_loop().run_in_executor(self._askers, self._asked, question)
        except RuntimeError as error:
            raise RecordsAway(f"the records are away: no thread to ask them: {error}") from error
        try:
            async with asyncio.timeout(self._deadline):
                return await asyncio.shield(answer)
        except TimeoutError:
            answer.add_done_callback(_nobody_waits)
            raise RecordsAway(f"the records are away: no answer within {self._deadline:g} s") from None

    def act(self, work: Callable[[Connection], T]) -> T:
        """Run one short write transaction now, in this thread: for commands, and for tests."""
        with at_the_door(), self._writes.connect() as connection, connection.begin():
            return work(connection)

    def version(self, what: str) -> int:
        """How often `what` ("editions", "directory") has changed; a blocking read."""
        with self.read() as connection:
            return versions.of(connection, what)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Hold the right to be the one writing service of a SQLite file; AlreadyServing if another holds it.

        PostgreSQL takes any number of services. The lock ends with the process, however it ends.
        """
        if self.where.path is None:
            yield
            return
        lock = self.where.path.with_name(self.where.path.name + ".serving")
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, engines.MODE)
        try:
            _hold(descriptor, str(lock))
            yield
        finally:
            os.close(descriptor)

    def _asked(self, question: Callable[[Connection], T]) -> T:
        with self.read() as connection:
            return question(connection)

    def _inline_connection(self) -> Connection:
        connection: Connection | None = getattr(self._here, "connection", None)
        if connection is None or connection.closed:
            if self._reads is None:
                raise RecordsAway("these records have no inline connection")
            connection = self._reads.connect()
            if threading.get_ident() != self._home:
                connection.exec_driver_sql(f"PRAGMA cache_size=-{OTHERS_CACHE_KIB}")
            self._here.connection = connection
            self._inline.append(connection)
        return connection


def _hold(descriptor: int, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise AlreadyServing(
            f"another service (process {holder}) already writes to these records ({name} is locked): stop it first",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def _nobody_waits(answer: "asyncio.Future[T]") -> None:
    with suppress(asyncio.CancelledError):
        answer.exception()
