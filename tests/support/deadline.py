"""Waiting for something outside this process, with a deadline instead of a sleep.

`await until(lambda: path.exists(), "the file")` in coroutines, `wait_until(...)` elsewhere. Both raise `TooLate`, which
names what was waited for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

STEP = 0.02


class TooLate(AssertionError):
    """What was waited for did not happen in time."""


async def until(condition: Callable[[], object | Awaitable[object]], what: str, within: float = 60.0) -> None:
    """Return as soon as `condition()` (or what it awaits to) is true; `within` is in seconds."""
    end = time.monotonic() + within
    while True:
        answer = condition()
        if isawaitable(answer):
            answer = await answer
        if answer:
            return
        if time.monotonic() > end:
            raise TooLate(f"{what}: not within {within:g} s")
        await asyncio.sleep(STEP)


def wait_until(condition: Callable[[], object], what: str, within: float = 60.0) -> None:
    """Return as soon as `condition()` is true; `within` is in seconds. For tests that are no coroutines."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise TooLate(f"{what}: not within {within:g} s")
        time.sleep(STEP)
