"""Pauses before a side that was away, or asked for patience, is tried again: a short one first, then longer ones.

    pauses = Pauses(PAUSES, stop, progress, sleep=asyncio.sleep)
    await pauses.after(error, settled)      # `settled`: how many messages are, up to now

Once something has been settled since the last one they begin anew. A side that asks for more gets more, up to LONGEST.
`queued`: a queue can wait instead, and give the place to others meanwhile. Then a side that asks for patience, or has
had all the time that it may take, is not tried again here.
Raises the error itself where waiting would help nobody any more; Paused where `stop` is set meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from migrator.mailbox import MailboxAway, MailboxLimited, MailboxStalled
from migrator.progress import Progress

PAUSES = (1.0, 5.0, 15.0, 30.0)  # seconds; as many as it takes to find the message that breaks a connection each time
LONGEST = 900.0  # seconds that somebody who looks on may be kept waiting
_FULL = frozenset({"OVERQUOTA", "DISKFULL"})
Sleep = Callable[[float], Awaitable[None]]


class Paused(Exception):
    """The move was asked to stop; the next run goes on where this one ended."""

    def __init__(self) -> None:
        super().__init__("asked to stop: the next run goes on from here")


class Pauses:
    """Those of one run, in seconds."""

    def __init__(
        self,
        seconds: Sequence[float],
        stop: asyncio.Event,
        progress: Progress,
        *,
        sleep: Sleep,
        queued: bool = False,
    ) -> None:
        self._seconds = seconds
        self._queued = queued
        self._stop = stop
        self._progress = progress
        self._sleep = sleep
        self._taken = 0
        self._settled = 0

    async def after(self, error: MailboxAway | MailboxLimited, settled: int) -> None:
        """Wait as long as is due after this."""
        self._taken = 0 if settled > self._settled else self._taken
        self._settled = settled
        asked = _asked_for(error)
        if self._taken >= len(self._seconds) or asked > LONGEST or not _passing(error):
            raise error
        if self._queued and isinstance(error, MailboxLimited | MailboxStalled):
            raise error
        seconds = max(self._seconds[self._taken], asked)
        self._taken += 1
        self._progress.says(f"{error}: going on in {seconds:g} s")
        await self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        waiting = [asyncio.ensure_future(one) for one in (self._stop.wait(), self._sleep(seconds))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        if self._stop.is_set():
            raise Paused


def _passing(error: MailboxAway | MailboxLimited) -> bool:
    """Whether waiting a little may help: what is full has to be emptied by somebody."""
    return isinstance(error, MailboxAway) or error.code not in _FULL


def _asked_for(error: MailboxAway | MailboxLimited) -> float:
    return error.wait.total_seconds() if isinstance(error, MailboxLimited) and error.wait is not None else 0.0
