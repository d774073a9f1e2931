"""A virus scanner: one or several clamd, each another's stand-in.

    clamd = Clamd([Path("/run/clamav/clamd.ctl"), ("198.51.100.7", 3310)], deadline=20.0, monotonic=time.monotonic)
    scan = await clamd.scan(content, size)

Endpoints take turns; one that fails rests, longer each time, and is asked again meanwhile only if no other answers.
Whatever is not a whole, expected answer within the deadline is `ScanAway`, never clean.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from filters.scan import Octets, Scan, ScanAway
from filters.scanners.clamd_replies import Away
from filters.scanners.clamd_session import Place, Session, shown

SESSIONS = 10  # at once with one clamd, whose MaxThreads is 10
_IDLE = 5.0  # seconds after which a session may have been closed by clamd (IdleTimeout, CommandReadTimeout)
_FIRST_REST, _LONGEST_REST = 1.0, 30.0  # seconds


class Clamd:
    """A Scanner; `deadline` in seconds holds for one scan over all endpoints."""

    def __init__(
        self, places: Sequence[Place], *, deadline: float, monotonic: Callable[[], float], sessions: int = SESSIONS
    ) -> None:
        self._endpoints = [_Endpoint(place, monotonic, sessions) for place in places]
        self._deadline = deadline
        self._monotonic = monotonic

    async def scan(self, content: Octets, size: int) -> Scan:
        """Ask one endpoint after another; each gets its share of the time that is left."""
        end = self._monotonic() + self._deadline
        why = "no clamd is named"
        order = self._order()
        for number, endpoint in enumerate(order):
            share = (end - self._monotonic()) / (len(order) - number)
            try:
                async with asyncio.timeout(share):
                    scan = await endpoint.scan(content, size)
            except Away as away:
                why = f"{shown(endpoint.place)}: {away}"
            except TimeoutError:
                why = f"{shown(endpoint.place)}: no answer in {share:.3g} s"
            else:
                endpoint.answered()
                return scan
            endpoint.failed()
        return ScanAway(why)

    async def close(self) -> None:
        """Hang up; a scan that still runs hangs up when it is done."""
        for endpoint in self._endpoints:
            endpoint.keep = 0
            endpoint.close()

    def _order(self) -> Sequence["_Endpoint"]:
        """Those that are not resting first, the least busy of them first; each time another leads."""
        self._endpoints = [*self._endpoints[1:], *self._endpoints[:1]]
        now = self._monotonic()
        return sorted(self._endpoints, key=lambda one: (max(0.0, one.rests_until - now), one.busy))


class _Endpoint:
    """One clamd, its open sessions and its rest."""

    def __init__(self, place: Place, monotonic: Callable[[], float], sessions: int) -> None:
        self.place = place
        self.busy = 0
        self.keep = sessions  # this many may wait open
        self.rests_until = 0.0
        self._failures = 0
        self._monotonic = monotonic
        self._room = asyncio.Semaphore(sessions)
        self._idle: list[Session] = []

    async def scan(self, content: Octets, size: int) -> Scan:
        """Scan by a session that waits, or by a new one where clamd has closed it meanwhile. Raises Away."""
        self.busy += 1
        try:
            async with self._room:
                if session := self._waiting():
                    with suppress(Away):
                        return await self._by(session, content, size)
                    self.close()  # the others are no younger
                return await self._by(await Session.open(self.place, self._monotonic), content, size)
        finally:
            self.busy -= 1

    def answered(self) -> None:
        """It is well."""
        self._failures, self.rests_until = 0, 0.0

    def failed(self) -> None:
        """It rests; twice as long as the last time."""
        rest = min(_LONGEST_REST, _FIRST_REST * 2 ** min(self._failures, 10))
        self._failures += 1
        self.rests_until = self._monotonic() + rest

    def close(self) -> None:
        """Hang up on sessions that wait."""
        while self._idle:
            self._idle.pop().close()

    async def _by(self, session: Session, content: Octets, size: int) -> Scan:
        try:
            scan = await session.scan(content, size)
        except BaseException:
            session.close()
            raise
        if len(self._idle) < self.keep:
            self._idle.append(session)
        else:
            session.close()
        return scan

    def _waiting(self) -> Session | None:
        """The session used last, unless clamd may have closed it."""
        if self._idle and self._monotonic() - self._idle[-1].used_at > _IDLE:
            self.close()
        return self._idle.pop() if self._idle else None
