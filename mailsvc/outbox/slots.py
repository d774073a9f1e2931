"""Who may connect now: on one lane at most so many at once, the others wait in turn.

    async with slots.one(lane): ...

A lane that nobody uses is forgotten, so that many domains cost no memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Lane:
    free: asyncio.Semaphore
    users: int = 0


class Slots:
    """`share` tells how many of a lane may be at work."""

    def __init__(self, share: Callable[[str], int]) -> None:
        self._share = share
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def one(self, lane: str) -> AsyncIterator[None]:
        """Wait for a slot, and keep it for the block."""
        found = self._lanes.get(lane)
        if found is None:
            found = self._lanes[lane] = _Lane(asyncio.Semaphore(self._share(lane)))
        found.users += 1
        try:
            async with found.free:
                yield
        finally:
            found.users -= 1
            if not found.users:
                del self._lanes[lane]
