"""Tells on stderr when nobody works on what was asked for, and when somebody does again.

Served(desk).look()              # once, where it is asked for
served = Served(desk)            # while it is waited for:
while ...: served.look()         # asks the service every five seconds at most
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mailsvc.cli.output import say

if TYPE_CHECKING:
    from mailsvc.desk.desk import Desk

EVERY = 5.0  # seconds between two questions to the service


class Served:
    """What a person who waits was told of the service."""

    def __init__(self, desk: "Desk", *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._monotonic = monotonic
        self._told = ""
        self._asked_at: float | None = None

    def look(self) -> None:
        """Tell what is new."""
        from mailsvc.desk.served import nobody_works

        now = self._monotonic()
        if self._asked_at is not None and now - self._asked_at < EVERY:
            return
        self._asked_at = now
        why = nobody_works(self._desk)
        if why != self._told:
            say(why or "a service answers again")
            self._told = why
