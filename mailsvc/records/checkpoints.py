"""SQLite's write-ahead log is folded back into its file beside the commits, not inside one.

A passive checkpoint takes no lock that a writer or a reader waits for. One runs in a thread of its own each time
`LIMIT` octets have been written. The log begins anew only when everything in it is folded back at one moment, so
after `PATIENCE` octets the committer waits between two batches for the little that is left.
The committer calls `take_over` for its connection and `after` each commit. A checkpoint that fails costs nothing
but room: the log keeps what was committed, and the next one tries again.
"""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Connection

from mailsvc.records.threads import one_thread

LIMIT = 16 * 1024 * 1024
PATIENCE = 64 * 1024 * 1024
# About what a commit adds to the log besides its bodies: the pages of indexes it touches.
COMMIT_OCTETS = 64 * 1024


class Checkpoints:
    """Folds back the write-ahead log of one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._since_fold = 0
        self._since_start = 0
        self._running: asyncio.Task[None] | None = None
        self._thread = one_thread("records-checkpoint")

    def take_over(self, connection: Connection) -> None:
        """Stop SQLite from running checkpoints inside this connection's commits."""
        connection.connection.cursor().execute("PRAGMA wal_autocheckpoint=0").close()

    async def after(self, octets: int) -> None:
        """Count a commit; begin a checkpoint when it is time, and wait for one only where the log must begin anew."""
        self._since_fold += octets + COMMIT_OCTETS
        self._since_start += octets + COMMIT_OCTETS
        if self._since_start > PATIENCE:
            await self._wait()
            self._since_fold = self._since_start = 0
            await self._take()
        elif self._since_fold > LIMIT and self._running is None:
            self._since_fold = 0
            self._running = asyncio.create_task(self._take())

    async def close(self) -> None:
        """Wait for a checkpoint under way."""
        await self._wait()

    def dispose(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True)

    async def _wait(self) -> None:
        if self._running is not None:
            await self._running

    async def _take(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._fold)
        finally:
            self._running = None

    def _fold(self) -> None:
        with (
            suppress(sqlite3.Error, MemoryError),
            closing(sqlite3.connect(self._path, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
