"""Waiting for something outside this process, with a deadline instead of a sleep.

`await until(lambda: path.exists(), "the file")` in coroutines, `wait_until(...)` elsewhere. Both raise `TooLate`, which
names what was waited for.

Time limits inside of a loop need no waiting: `pass_by = movable_loop()`, then `pass_by(61)`. `await settle()` lets
whatever is ready on the loop happen.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

STEP = 0.02
PATIENCE = 300.0  # seconds; only what fails ever waits as long


class TooLate(AssertionError):
    """What was waited for did not happen in time."""


async def until(condition: Callable[[], object | Awaitable[object]], what: str, within: float = PATIENCE) -> None:
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


def wait_until(condition: Callable[[], object], what: str, within: float = PATIENCE) -> None:
    """Return as soon as `condition()` is true; `within` is in seconds. For tests that are no coroutines."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise TooLate(f"{what}: not within {within:g} s")
        time.sleep(STEP)


async def settle() -> None:
    """Let everything that is ready on this loop run, and what becomes ready by it; not what waits for other threads."""
    for _ in range(100):
        await asyncio.sleep(0)


def movable_loop() -> Callable[[float], None]:
    """Make the running loop's time movable: calling the answer lets so many seconds pass at once.

    A time limit of a minute is then reached by a call, and never because the machine is slow.
    """
    loop = asyncio.get_running_loop()
    true, ahead = loop.time, [0.0]
    loop.time = lambda: true() + sum(ahead)  # type: ignore[method-assign]  # what is patched is this test's own loop
    return ahead.append
