"""The virus check as a command asks it: opened by the settings for one act, closed behind it.

Use: `async with open_scanner(desk.settings, time.monotonic) as scanner: await scanner.scan(...)`.
Fails: never; where no scanner is named each scan is `ScanAway`, since what nobody has looked at is not clean.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from filters.scan import Scanner
from filters.scanners.clamd import Clamd
from mailsvc.kit.scanner_places import ClamdPlace
from mailsvc.kit.settings import Settings


@asynccontextmanager
async def open_scanner(settings: Settings, monotonic: Callable[[], float]) -> AsyncIterator[Scanner]:
    """The scanner that the settings name."""
    places = [
        place.socket or (place.host, place.port) for place in settings.virus.scanners if isinstance(place, ClamdPlace)
    ]
    scanner = Clamd(places, deadline=settings.virus.deadline.total_seconds(), monotonic=monotonic)
    try:
        yield scanner
    finally:
        await scanner.close()
