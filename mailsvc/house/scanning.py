"""The virus check that a house has open, by the settings in force.

A reload with other scanners opens these and closes the old ones behind scans that still run; rules that cannot be used
leave the old ones in place, and are told in the log.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from filters.scan import Scanner
from filters.scanners.yara import BadRules
from mailsvc.kit.scanners import checker_of
from mailsvc.kit.settings import Settings
from mailsvc.kit.settings.checking import VirusSettings
from mailsvc.kit.settings.live import LiveSettings
from mailsvc.kit.telemetry import Log


class LiveScanner:
    """`now` is the scanner to ask, None where the settings name none. Raises BadRules at the start."""

    def __init__(self, live: LiveSettings, monotonic: Callable[[], float], log: Log) -> None:
        self._monotonic = monotonic
        self._log = log
        self.now: Scanner | None = checker_of(live.now.virus, monotonic)
        self._closing: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        live.follow(self._renew)

    async def close(self) -> None:
        """Give back what is open; by now nobody asks any more, not even the old ones."""
        self._over.set()
        if self.now is not None:
            await self.now.close()
        if self._closing:
            await asyncio.wait(self._closing)

    def _renew(self, settings: Settings) -> None:
        """Rules are read again even where the settings are the same: their file may have changed."""
        opened = _opened(settings.virus, self._monotonic)
        if isinstance(opened, BadRules):
            self._log.error("scanner-not-reloaded", why=opened.what, remedy=opened.remedy)
            return
        old, self.now = self.now, opened
        if old is not None:
            task = asyncio.ensure_future(self._close_behind(old, settings.virus))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _close_behind(self, old: Scanner, by: VirusSettings) -> None:
        """Whoever still asks the old one has an answer within the deadline."""
        with suppress(TimeoutError):
            async with asyncio.timeout(by.deadline.total_seconds()):
                await self._over.wait()
        await old.close()


def _opened(settings: VirusSettings, monotonic: Callable[[], float]) -> Scanner | BadRules | None:
    try:
        return checker_of(settings, monotonic)
    except BadRules as bad:
        return bad
