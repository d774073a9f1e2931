"""Work of another thread handed to the committer of the service, and waited for there."""

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import TypeVar

from mailsvc.records.store import Connection, Records, RecordsAway

T = TypeVar("T")


class Committing:
    """A mailsvc.records.job_journal.Commit, for any thread but that of `loop`."""

    def __init__(self, records: Records, loop: asyncio.AbstractEventLoop) -> None:
        self._records = records
        self._loop = loop

    def __call__(self, work: Callable[[Connection], T]) -> T:
        """Its result. Raises what the work raises, and RecordsAway, also where the service has ended."""
        try:
            waiting = asyncio.run_coroutine_threadsafe(self._records.committer.commit(work), self._loop)
        except RuntimeError as error:
            raise RecordsAway("the records are away: the service has ended") from error
        while not concurrent.futures.wait([waiting], timeout=1.0).done:
            if self._loop.is_closed():
                raise RecordsAway("the records are away: the service has ended")
        try:
            return waiting.result()
        except concurrent.futures.CancelledError as error:
            raise RecordsAway("the records are away: the service is ending") from error
