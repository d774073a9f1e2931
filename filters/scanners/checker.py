"""The virus check of one message: its MIME structure, then every scanner, within one deadline.

    checker = Checker([clamd, yara], CheckLimits(size=25_000_000, deadline=20.0))
    scan = await checker.scan(content, size)

What is infected wins over what is away, that over what cannot be read, and that over clean: the answer is clean only
where every scanner says so and every mail program reads the message alike. Never raises but what `content` raises.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from filters.mime import Limits, MimeReader
from filters.scan import Octets, Scan, ScanAway, ScanClean, ScanInfected, Scanner, ScanUnread, Unreadable

_PIECE = 65_536  # octets of MIME read before others get their turn: 0.1 ms as a rule, 6 ms where every line is "--"


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """Bounds of one check: `size` in octets, `deadline` in seconds, and those of MIME."""

    size: int
    deadline: float
    mime: Limits = field(default_factory=Limits)


class Checker:
    """A Scanner over all the others, each of which must answer."""

    def __init__(self, scanners: Sequence[Scanner], limits: CheckLimits) -> None:
        self._scanners = scanners
        self._limits = limits

    async def scan(self, content: Octets, size: int) -> Scan:
        """Check one message."""
        if size > self._limits.size:
            return ScanUnread(Unreadable.TOO_LARGE, f"{size} octets, of which {self._limits.size} are scanned")
        try:
            async with asyncio.timeout(self._limits.deadline):
                unread = await self._read(content)
                scans = [await scanner.scan(content, size) for scanner in self._scanners]
        except TimeoutError:
            return ScanAway(f"the check took longer than {self._limits.deadline:g} s")
        return _worst([*scans, unread] if unread else scans)

    async def close(self) -> None:
        """Close every scanner."""
        for scanner in self._scanners:
            await scanner.close()

    async def _read(self, content: Octets) -> ScanUnread | None:
        """What stands in the way of one certain reading of the MIME structure."""
        reader = MimeReader(self._limits.mime)
        async for octets in content():
            for start in range(0, len(octets), _PIECE):
                reader.feed(octets[start : start + _PIECE])
                if len(octets) > _PIECE:
                    await asyncio.sleep(0)
        oddity = reader.end().oddity
        return ScanUnread(oddity.why, oddity) if oddity else None


def _worst(scans: Sequence[Scan]) -> Scan:
    for scan in scans:
        if isinstance(scan, ScanInfected):
            return scan
    for scan in scans:
        if isinstance(scan, ScanAway):
            return scan
    unread = [scan for scan in scans if isinstance(scan, ScanUnread)]
    if unread:  # so that an encrypted part never makes an ambiguous message look merely encrypted
        return min(unread, key=lambda scan: list(Unreadable).index(scan.why))
    return ScanClean(" + ".join(scan.scanner for scan in scans if isinstance(scan, ScanClean)))
