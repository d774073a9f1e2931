"""Where it is known from what a mailbox holds: its Maildir, or whoever else can be asked.

`Counting` is what the usage book asks; `MaildirCounting` counts files. Counts are remembered with the folders' mtimes,
so a look without change costs some `stat` calls; a large mailbox is counted in a thread.
Raises FactsAway where a Maildir cannot be counted.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from migrator.maildir.delivery import MaildirError
from migrator.maildir.usage import Held, MaildirCount

# How long a count made anew is good for, while nothing in the folders moves.
_FRESH_SECONDS = 60.0


class FactsAway(Exception):
    """What must be known to judge cannot be known now; the message tells the operator why. Answer 451."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a mailbox held when it was counted."""

    octets: int
    told_by: str  # who says so, for an operator
    age: float = 0.0  # seconds since then


class Counting(Protocol):
    """Whoever knows what one mailbox holds; None: that was never known. Raises FactsAway."""

    async def held(self) -> Counted | None:
        """What it holds as far as it is known now."""

    async def checked(self) -> Counted | None:
        """The same, before mail is put off: what is remembered does not count where it can be had newer."""

    async def anew(self) -> Counted | None:
        """What it holds by a count begun after this call, before mail is refused for good; None where none was made."""


class MaildirCounting:
    """Counts the files of a Maildir."""

    def __init__(self, folder: Path, monotonic: Callable[[], float]) -> None:
        self._count = MaildirCount(folder)
        self._monotonic = monotonic
        self._fresh_at = float("-inf")  # monotonic seconds of the last count made anew
        self._fresh: Held | None = None

    async def held(self) -> Counted:
        """What the files say; the folders' mtimes tell whether any has moved."""
        return _counted(await self._held())

    async def checked(self) -> Counted:
        """The same."""
        return await self.held()

    async def anew(self) -> Counted:
        """A count made anew, at most once in a while for a mailbox in which nothing moves."""
        held = await self._held()
        now = self._monotonic()
        if self._fresh != held or now - self._fresh_at > _FRESH_SECONDS:
            held = self._fresh = await self._in_thread(fresh=True)
            self._fresh_at = now
        return _counted(held)

    async def _held(self) -> Held:
        try:
            held = self._count.quick()
        except MaildirError as error:
            raise FactsAway(str(error)) from error
        return held if held is not None else await self._in_thread()

    async def _in_thread(self, *, fresh: bool = False) -> Held:
        try:
            return await asyncio.to_thread(self._count.count, fresh=fresh)
        except MaildirError as error:
            raise FactsAway(str(error)) from error


def _counted(held: Held) -> Counted:
    return Counted(held.octets, "its Maildir")
