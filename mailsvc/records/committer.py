"""The committer: one task owns the write transaction; everybody else waits for it to be durable.

All that is queued goes into one transaction (group commit), run by the writer; batches are bounded so that no lock is
held over 50 ms. If one order raises, the batch is rolled back and each order runs alone; its error goes to its caller
only. A caller who is cancelled takes nobody along, and its order stands.
Fails with RecordsAway; after a failed fsync `run` itself ends with Distrusted, so that the process starts anew.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine

from mailsvc.records.engines import Place
from mailsvc.records.errors import Contended, Distrusted, RecordsAway
from mailsvc.records.orders import Order, Row, Rows, Work
from mailsvc.records.writer import Writer

T = TypeVar("T")

# Most orders of one batch; the writer says how many octets.
BATCH_ORDERS = 512


class Committer:
    """The one writer of a service; `run` is its role, `insert` and `commit` wait until durable."""

    def __init__(self, engine: Engine, where: Place) -> None:
        self._writer = Writer(engine, where)
        self._queue: deque[Order] = deque()
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._closing = False
        self._running = False
        self._trusted = True

    @property
    def observe(self) -> Callable[[float], None]:
        """Who is told the seconds of every COMMIT; may be set."""
        return self._writer.observe

    @observe.setter
    def observe(self, told: Callable[[float], None]) -> None:
        self._writer.observe = told

    async def insert(self, rows: Sequence[Row]) -> None:
        """Insert rows together with those of other callers; returns when they are durable."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take(Rows(rows, answer))
        await answer

    async def commit(self, work: Callable[[Connection], T]) -> T:
        """Run short work in a transaction; returns its result when that is durable, or raises its error."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._take(Work(work, answer))
        return await answer

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
        self._closing = False
        self._ended.clear()
        role = asyncio.create_task(self.run())
        try:
            yield self
        finally:
            await self.close()
            with suppress(asyncio.CancelledError):
                await role

    def dispose(self) -> None:
        """Give the connection and the threads back, after `run` has ended."""
        self._writer.dispose()

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
            await self._writer.rest()

    async def _turn(self) -> None:
        batch = self._next_batch()
        try:
            done = await self._writer.perform(batch)
        except Distrusted as error:
            self._distrust(batch, error)
            raise
        except Contended as error:  # one order at a time locks the rows of one message, and waits for nobody who waits
            await self._each_alone(batch, error)
        except RecordsAway as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 — whatever one order raised goes to its own caller
            await self._each_alone(batch, error)
        else:
            for order in batch[:done]:
                order.succeed()
            self._queue.extendleft(reversed(batch[done:]))
            await self._writer.tidy()

    async def _each_alone(self, batch: Sequence[Order], error: Exception) -> None:
        if len(batch) == 1:
            batch[0].fail(error)
            return
        for order in batch:
            try:
                await self._writer.perform([order])
            except Distrusted as worse:
                self._distrust(batch, worse)
                raise
            except Exception as own:  # noqa: BLE001 — its error goes to its caller only
                order.fail(own)
            else:
                order.succeed()

    def _next_batch(self) -> list[Order]:
        batch = [self._queue.popleft()]
        weight = batch[0].weight
        while self._queue and len(batch) < BATCH_ORDERS and weight + self._queue[0].weight <= self._writer.octets:
            batch.append(self._queue.popleft())
            weight += batch[-1].weight
        # Rows first: what a batch leaves for the next one is then always its end.
        batch.sort(key=lambda order: not isinstance(order, Rows))
        return batch

    def _distrust(self, batch: Sequence[Order], error: Distrusted) -> None:
        self._trusted = False
        _fail(batch, error)


def _fail(batch: Sequence[Order], error: Exception) -> None:
    for order in batch:
        order.fail(error)


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
        _heard(task)
        raise
