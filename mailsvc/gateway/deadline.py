"""No question to the house may hold a session for ever, and no answer of it may show its insides.

`Deadline(seconds, log)`: `within` ends the work when its time is over; `committed` only stops waiting for it, since a
commit that has begun must not be torn apart: it lands or fails by itself, and a client told 451 tries again.
Both raise `Unacceptable`: with the work's own reply, or with 451 4.3.0 once the cause is logged.
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Generic, TypeVar, cast

from filters.replies import INTERNAL_ERROR
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.kit.telemetry import Log

T = TypeVar("T")


class Deadline:
    """The longest time a session waits for the house, in seconds."""

    def __init__(self, seconds: float, log: Log) -> None:
        self._seconds = seconds
        self._log = log
        self._committing: set[asyncio.Task[object]] = set()

    async def within(self, work: Coroutine[object, object, T]) -> T:
        """Wait for `work`, and end it when the time is over; work that never waits costs no timer."""
        try:
            try:
                waits_for = work.send(None)
            except StopIteration as done:
                return cast("T", done.value)
            async with asyncio.timeout(self._seconds):
                return await _Begun(work, waits_for)
        except Unacceptable:
            raise
        except Exception as error:
            raise self._unable(error) from error

    async def committed(self, work: Coroutine[object, object, T]) -> T:
        """Wait for `work`, which goes on by itself when the time is over or the session ends."""
        task = asyncio.ensure_future(work)
        self._committing.add(task)
        task.add_done_callback(self._landed)
        await asyncio.wait((task,), timeout=self._seconds)
        if not task.done():
            raise self._unable(TimeoutError())
        try:
            return task.result()
        except Unacceptable:
            raise
        except Exception as error:
            raise self._unable(error) from error

    async def settle(self) -> None:
        """Wait until every commit has landed or failed, no longer than for any other work."""
        if self._committing:
            await asyncio.wait(self._committing, timeout=self._seconds)

    def _landed(self, task: asyncio.Task[object]) -> None:
        self._committing.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits has it; nobody else needs asyncio's complaint

    def _unable(self, error: Exception) -> Unacceptable:
        if isinstance(error, TimeoutError):
            self._log.error("handler-deadline", seconds=self._seconds)
        else:
            self._log.error("handler-failed", exc_info=error)
        return Unacceptable(INTERNAL_ERROR)


class _Begun(Generic[T]):
    """The rest of a coroutine that has run to its first wait: awaiting it goes on with that wait."""

    def __init__(self, work: Coroutine[object, object, T], waits_for: object) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[object, object, T]:
        waits_for = self._waits_for
        while True:
            try:
                try:
                    came = yield waits_for
                except BaseException as error:  # noqa: BLE001 - cancellation too belongs to the work first
                    waits_for = self._work.throw(error)
                else:
                    waits_for = self._work.send(came)
            except StopIteration as done:
                return cast("T", done.value)
