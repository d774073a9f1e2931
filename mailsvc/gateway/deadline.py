"""No question to the house may hold a session for ever, and no answer of it may show its insides.

`Deadline(seconds, log)`: `within` ends the work when its time is over; `committed` only stops waiting for it, since a
commit that has begun must not be torn apart: it lands or fails by itself, and a client told 451 tries again.
Both raise `Unacceptable`: with the work's own reply, or with 451 4.3.0 once the cause is logged.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import TypeVar

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

    async def within(self, work: Awaitable[T]) -> T:
        """Wait for `work`, and end it when the time is over."""
        try:
            async with asyncio.timeout(self._seconds):
                return await work
        except Unacceptable:
            raise
        except Exception as error:
            raise self._unable(error) from error

    async def committed(self, work: Coroutine[object, object, T]) -> T:
        """Wait for `work`, which goes on by itself when the time is over or the session ends."""
        task = asyncio.ensure_future(work)
        self._committing.add(task)
        task.add_done_callback(self._landed)
        return await self.within(asyncio.shield(task))

    async def settle(self) -> None:
        """Wait until every commit has landed or failed."""
        while self._committing:
            await asyncio.wait(self._committing)

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
