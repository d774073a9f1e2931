"""The virus check as a command asks it: opened by the settings for one act, closed behind it.

Use: `async with open_scanner(desk.settings, desk.clock.monotonic) as scanner: await scanner.scan(...)`.
Fails: `Refused` for YARA rules that cannot be used. Where the settings name no scanner each scan is `ScanAway`, since
what nobody has looked at is not clean.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from filters.scan import Octets, Scan, ScanAway, Scanner
from filters.scanners.yara import BadRules
from mailsvc.desk.refusals import Refused
from mailsvc.kit.scanners import checker_of
from mailsvc.kit.settings import Settings


class _Nobody:
    """A scanner for settings that name none."""

    async def scan(self, content: Octets, size: int) -> Scan:  # noqa: ARG002 — nobody looks
        return ScanAway("the settings name no scanner")

    async def close(self) -> None:
        """Nothing is held."""


@asynccontextmanager
async def open_scanner(settings: Settings, monotonic: Callable[[], float]) -> AsyncIterator[Scanner]:
    """The scanners that the settings name."""
    try:
        scanner: Scanner = checker_of(settings.virus, monotonic) or _Nobody()
    except BadRules as bad:
        raise Refused(bad.what, bad.remedy) from None
    try:
        yield scanner
    finally:
        await scanner.close()
