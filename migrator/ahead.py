"""Messages that a thread reads from a disk, the next of them while the former are on their way.

    async with aclosing(ahead(generator)) as coming:
        async for found in coming: ...
    chosen = among(uids)                  # whether a UID is among those wanted; None: all are

What was read ahead and is not wanted any more is forgotten. Raises what the generator raises.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial

from migrator.mailbox import MailboxError, Message, Missing

_TOGETHER = 50  # messages
_MEMORY = 4_194_304  # octets

Found = Message | Missing


async def ahead(found: Iterator[Found]) -> AsyncGenerator[Found, None]:
    """Everything that a blocking iterator yields, in its order."""
    packs = _packs(found)
    following = asyncio.create_task(asyncio.to_thread(next, packs, None))
    try:
        while pack := await following:
            following = asyncio.create_task(asyncio.to_thread(next, packs, None))
            for one in pack:
                yield one
    finally:
        await _forgotten(following)


def among(uids: tuple[range, ...] | None) -> Callable[[int], bool]:
    """Whether a UID is among those wanted."""
    if uids is None:
        return lambda _: True
    ranges = sorted(uids, key=lambda one: one.start)
    return partial(_among, [one.start for one in ranges], ranges)


def _packs(found: Iterator[Found]) -> Iterator[list[Found]]:
    """In pieces that fit the memory."""
    pack: list[Found] = []
    weight = 0
    for one in found:
        pack.append(one)
        weight += one.content.size if isinstance(one, Message) else 0
        if len(pack) >= _TOGETHER or weight >= _MEMORY:
            yield pack
            pack, weight = [], 0
    if pack:
        yield pack


def _among(starts: list[int], ranges: list[range], uid: int) -> bool:
    at = bisect_right(starts, uid) - 1
    return at >= 0 and uid in ranges[at]


async def _forgotten(following: "asyncio.Task[list[Found] | None]") -> None:
    """What was read ahead and is not wanted any more is let go."""
    try:
        pack = await following
    except (MailboxError, asyncio.CancelledError):
        return  # it was raised already, or nobody waits for it any more
    for one in pack or ():
        if isinstance(one, Message):
            one.content.forget()
