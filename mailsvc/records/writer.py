"""The writer: one thread and one connection through which a service's transactions go.

`perform(batch)` runs a batch as one transaction and returns how many of its orders are durable. BEGIN IMMEDIATE and
COMMIT run in the thread, where the fsync releases the interpreter; on SQLite the short statements between them run on
the loop, because Python work in a thread would take the interpreter away from the look-ups of other sessions.
Batches with large bodies, and all batches of PostgreSQL, run wholly in the thread.
Fails with what an order raised, or with RecordsAway; in both cases nothing of the batch was kept.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine

from mailsvc.records.checkpoints import Checkpoints
from mailsvc.records.engines import Place
from mailsvc.records.errors import RecordsAway, at_the_door
from mailsvc.records.orders import Order, Rows, insert_rows
from mailsvc.records.threads import one_thread

T = TypeVar("T")

# Most octets of one batch, and seconds of work after which the rest waits for the next one.
BATCH_OCTETS = 4 * 1024 * 1024
BATCH_SECONDS = 0.015
# A batch that held the lock for longer (seconds) halves the octets of the next ones; a quicker one lets them grow.
HELD_LONG = 0.025
LEAST_OCTETS = 256 * 1024
# Octets from which statements run in the thread too: copying them would hold the loop.
THREAD_OCTETS = 1024 * 1024


class Writer:
    """Owns the connection that writes. `octets` is how much a batch should hold, fitted to how fast the disk is.

    `observe` is told the seconds of every COMMIT.
    """

    def __init__(self, engine: Engine, where: Place) -> None:
        self.observe: Callable[[float], None] = _ignore
        self.octets = BATCH_OCTETS // 2
        self._engine = engine
        self._where = where
        self._checkpoints = Checkpoints(where.path) if where.path is not None else None
        self._untidied = 0
        self._held_since = 0.0
        self._connection: Connection | None = None
        self._thread = one_thread("records-writer")

    async def perform(self, batch: Sequence[Order]) -> int:
        """Perform a batch, or as much as its time allows; returns how many orders are durable."""
        weight = sum(order.weight for order in batch)
        if not self._where.inline or weight > THREAD_OCTETS:
            done = await self._in_thread(lambda: self._at_once(batch))
        else:
            done = await self._piecemeal(batch)
        self._untidied += weight
        return done

    async def tidy(self) -> None:
        """After the callers were told: let the write-ahead log be folded back where it is time."""
        weight, self._untidied = self._untidied, 0
        if self._checkpoints is not None:
            await self._checkpoints.after(weight)

    async def rest(self) -> None:
        """Wait for what runs beside the commits."""
        if self._checkpoints is not None:
            await self._checkpoints.close()

    def dispose(self) -> None:
        """Give the connection and the threads back."""
        self._thread.submit(self._drop_connection).result()
        self._thread.shutdown(wait=True)
        if self._checkpoints is not None:
            self._checkpoints.dispose()

    async def _piecemeal(self, batch: Sequence[Order]) -> int:
        connection = await self._in_thread(self._begin)
        try:
            done = _perform(connection, batch)
        except BaseException:
            await self._in_thread(self._roll_back)
            raise
        await self._in_thread(self._commit)
        return done

    def _at_once(self, batch: Sequence[Order]) -> int:
        connection = self._begin()
        try:
            done = _perform(connection, batch)
        except BaseException:
            self._roll_back()
            raise
        self._commit()
        return done

    def _begin(self) -> Connection:
        try:
            with at_the_door():
                if self._connection is None:
                    self._connection = self._engine.connect()
                    if self._checkpoints is not None:
                        self._checkpoints.take_over(self._connection)
                self._where.check_file()
                self._connection.begin()
                self._held_since = time.perf_counter()
                return self._connection
        except BaseException:
            self._drop_connection()
            raise

    def _commit(self) -> None:
        if self._connection is None:
            raise RecordsAway("the records are away: the connection was lost")
        began = time.perf_counter()
        try:
            with at_the_door():
                self._connection.commit()
        except BaseException:
            self._drop_connection()
            raise
        ended = time.perf_counter()
        self.observe(ended - began)
        self._learn(ended - self._held_since)
        if not self._where.inline:
            self._drop_connection()

    def _learn(self, held: float) -> None:
        """Fit the octets of a batch to how fast this disk is."""
        if held > HELD_LONG:
            self.octets = max(LEAST_OCTETS, self.octets // 2)
        else:
            self.octets = min(BATCH_OCTETS, self.octets + self.octets // 16)

    def _roll_back(self) -> None:
        try:
            with at_the_door():
                if self._connection is not None:
                    self._connection.rollback()
        except RecordsAway:
            self._drop_connection()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it is given up: whatever state it is in, the pool makes another
                connection.close()

    async def _in_thread(self, step: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, step)


def _perform(connection: Connection, batch: Sequence[Order]) -> int:
    """All rows in one go, then work while there is time; returns how many orders of `batch` are done."""
    began = time.perf_counter()
    with at_the_door():
        insert_rows(connection, [row for order in batch if isinstance(order, Rows) for row in order.rows])
        for done, order in enumerate(batch):
            if isinstance(order, Rows):
                continue
            if done and time.perf_counter() - began > BATCH_SECONDS:
                return done
            order.perform(connection)
    return len(batch)


def _ignore(_: float) -> None:
    """Nobody listens."""
