"""Helpers for things that go on at the same time: nothing of them is left running behind anybody's back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


async def together(things: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """What each gives, in order. The first failure ends the others, and is raised as it is."""
    tasks = [asyncio.ensure_future(thing) for thing in things]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def closing(items: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """The same items; what gives them is ended where the block ends, also in mid-way."""
    try:
        yield items
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
