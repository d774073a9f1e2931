"""A lease that is prolonged while a block runs.

    async with kept(renew, every=20.0) as lease:
        ...  # lease.lost tells whether another worker has it by now

`renew` prolongs the lease and answers False where it was lost. Records that are away for a moment lose nothing by
themselves: the next attempt may find the lease still ours. Whoever settles must name its fence anyway; `lost` only
saves work and stops before a point of no return.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from mailsvc.records.store import RecordsAway


@dataclass(slots=True)
class Kept:
    """A lease in hand."""

    lost: bool = False


@asynccontextmanager
async def kept(renew: Callable[[], Awaitable[bool]], *, every: float) -> AsyncIterator[Kept]:
    """Call `renew` every so many seconds of real time until the block ends or the lease is lost."""
    lease = Kept()
    keeping = asyncio.create_task(_keep(lease, renew, every))
    try:
        yield lease
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(lease: Kept, renew: Callable[[], Awaitable[bool]], every: float) -> None:
    while not lease.lost:
        await asyncio.sleep(every)
        with suppress(RecordsAway):
            lease.lost = not await renew()
