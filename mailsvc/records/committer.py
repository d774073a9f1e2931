"""The committer: one task owns the write transaction; everybody else waits for it to be durable.

All that is queued goes into one transaction (group commit): BEGIN IMMEDIATE and COMMIT run in one writer thread,
where the fsync releases the interpreter; on SQLite the short statements run inline on the loop, because Python work
in a thread would take the interpreter away from the look-ups of other sessions. Batches with large bodies, and all
batches of PostgreSQL, run wholly in the writer thread. Batches are bounded so that no lock is held over 50 ms.
If one order raises, the batch is rolled back and each order runs alone; its error goes to its caller only.
Fails with RecordsAway; after a failed fsync `run` itself ends with Distrusted, so that the process starts anew.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine

from mailsvc.records.checkpoints import Checkpoints
from mailsvc.records.engines import Place
from mailsvc.records.errors import Distrusted, RecordsAway, at_the_door
from mailsvc.records.orders import Order, Row, Rows, Work, insert_rows

T = TypeVar("T")

# Most octets and orders of one batch, and seconds of work after which the rest waits for the next one.
BATCH_OCTETS = 4 * 1024 * 1024
BATCH_ORDERS = 512
BATCH_SECONDS = 0.015
# A batch that held the lock for longer (seconds) halves the octets of the next ones; a quicker one lets them grow.
HELD_LONG = 0.025
LEAST_OCTETS = 256 * 1024
# Octets from which statements run in the writer thread: copying them would hold the loop.
THREAD_OCTETS = 1024 * 1024


class Committer:
    """The one writer of a service; `run` is its role, `insert` and `commit` wait until durable.

    `observe` may be set: it is told the seconds of every COMMIT.
    """

    def __init__(self, engine: Engine, where: Place) -> None:
        self.observe: Callable[[float], None] = _ignore
        self._engine = engine
        self._where = where
        self._inline = where.inline
        self._checkpoints = Checkpoints(where.path) if where.path is not None else None
        self._queue: deque[Order] = deque()
        self._octets = BATCH_OCTETS // 2
        self._held_since = 0.0
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._closing = False
        self._running = False
        self._trusted = True
        self._connection: Connection | None = None
        self._writer = ThreadPoolExecutor(1, "records-writer")

    async def insert(self, rows: Sequence[Row]) -> None:
        """Insert rows together with those of other callers; returns when they are durable."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take(Rows(rows, answer))
        await _wait(answer)

    async def commit(self, work: Callable[[Connection], T]) -> T:
        """Run short work in a transaction; returns its result when that is durable, or raises its error."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._take(Work(work, answer))
        return await _wait(answer)

    async def run(self) -> None:
        """Commit what is queued until `close` is called or the task is cancelled; then drain and end."""
        self._running = True
        try:
            while await self._something():
                await _to_its_end(self._turn())
        finally:
            self._closing = True
            try:
                await _to_its_end(self._drain())
            finally:
                self._running = False
                self._ended.set()

    async def close(self) -> None:
        """Take no more orders and return when what is queued is durable."""
        self._closing = True
        self._wake.set()
        if self._running:
            await self._ended.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Committer"]:
        """The committer at work for the length of a block: for commands and tests that have no roles."""
        role = asyncio.create_task(self.run())
        try:
            yield self
        finally:
            await self.close()
            with suppress(asyncio.CancelledError):
                await role

    def dispose(self) -> None:
        """Give the connection and the threads back, after `run` has ended."""
        self._writer.submit(self._drop_connection).result()
        self._writer.shutdown(wait=True)
        if self._checkpoints is not None:
            self._checkpoints.dispose()

    def _take(self, order: Order) -> None:
        if self._closing:
            raise RecordsAway("the records are away: the service is ending")
        self._queue.append(order)
        self._wake.set()

    async def _something(self) -> bool:
        while not self._queue and not self._closing:
            self._wake.clear()
            await self._wake.wait()
        return bool(self._queue)

    async def _drain(self) -> None:
        try:
            while self._queue and self._trusted:
                await self._turn()
        finally:
            while self._queue:
                self._queue.popleft().fail(RecordsAway("the records are away: the service is ending"))
            if self._checkpoints is not None:
                await self._checkpoints.close()

    async def _turn(self) -> None:
        batch, weight = self._next_batch()
        try:
            done = await self._transaction(batch, weight)
        except Distrusted as error:
            self._distrust(batch, error)
            raise
        except RecordsAway as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 — whatever one order raised goes to its own caller
            await self._each_alone(batch, error)
        else:
            for order in batch[:done]:
                order.succeed()
            self._queue.extendleft(reversed(batch[done:]))
            if self._checkpoints is not None:
                await self._checkpoints.after(weight)

    async def _each_alone(self, batch: Sequence[Order], error: Exception) -> None:
        if len(batch) == 1:
            batch[0].fail(error)
            return
        for order in batch:
            try:
                await self._transaction([order], order.weight)
            except Distrusted as worse:
                self._distrust(batch, worse)
                raise
            except Exception as own:  # noqa: BLE001 — its error goes to its caller only
                order.fail(own)
            else:
                order.succeed()

    def _next_batch(self) -> tuple[list[Order], int]:
        batch = [self._queue.popleft()]
        weight = batch[0].weight
        while self._queue and len(batch) < BATCH_ORDERS and weight + self._queue[0].weight <= self._octets:
            batch.append(self._queue.popleft())
            weight += batch[-1].weight
        # Rows first: what a batch leaves for the next one is then always its end.
        batch.sort(key=lambda order: not isinstance(order, Rows))
        return batch, weight

    def _distrust(self, batch: Sequence[Order], error: Distrusted) -> None:
        self._trusted = False
        _fail(batch, error)

    async def _transaction(self, batch: Sequence[Order], weight: int) -> int:
        """Perform a batch, or as much as its time allows; returns how many orders are durable."""
        if not self._inline or weight > THREAD_OCTETS:
            return await self._in_writer(lambda: self._at_once(batch))
        connection = await self._in_writer(self._begin)
        try:
            done = _perform(connection, batch)
        except BaseException:
            await self._in_writer(self._roll_back)
            raise
        await self._in_writer(self._commit)
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
        if not self._inline:
            self._drop_connection()

    def _learn(self, held: float) -> None:
        """Fit the octets of a batch to how fast this disk is."""
        if held > HELD_LONG:
            self._octets = max(LEAST_OCTETS, self._octets // 2)
        else:
            self._octets = min(BATCH_OCTETS, self._octets + self._octets // 16)

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

    async def _in_writer(self, step: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, step)


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


def _fail(batch: Sequence[Order], error: Exception) -> None:
    for order in batch:
        order.fail(error)


async def _wait(answer: "asyncio.Future[T]") -> T:
    """Wait for an answer; a caller who is cancelled leaves the order as it is."""
    answer.add_done_callback(_heard)
    return await asyncio.shield(answer)


def _heard(answer: "asyncio.Future[T]") -> None:
    if not answer.cancelled():
        answer.exception()


async def _to_its_end(turn: Coroutine[None, None, None]) -> None:
    """Let a turn end even when this task is cancelled meanwhile; then pass the cancellation on."""
    task = asyncio.ensure_future(turn)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task])
        raise


def _ignore(_: float) -> None:
    """Nobody listens."""
