"""What time it is, and whether to believe it: the jump guard of a running service, kept in the records.

`start()` judges the clock by what the last process left behind; `run()` is a role that goes on looking, twice a second,
and writes the high-water mark every 30 s. `now()` and `suspect` look at the clock themselves, so that the first
question after a jump already knows of it. Both are moved by a clock file's offset, which is never a jump.
An administrator's `acknowledge_clock` reaches every running service through the records.
`start` raises RecordsAway, and BadState for a kept state that cannot be read; `run` goes on while the records are away.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from mailsvc.kit.settings import ClockSettings
from mailsvc.kit.telemetry import Log
from mailsvc.records import marks
from mailsvc.records.errors import RecordsAway
from mailsvc.records.store import Connection, Records
from schedules.clock import Clock, kernel_synchronised
from schedules.jump import PARTING, JumpGuard, Suspect, Trusting

__all__ = ["Suspect", "WallClock", "Watch", "acknowledge_clock"]

_LOOK_SECONDS = 0.5
_KEEP_SECONDS = 30.0
_ACKNOWLEDGED = "clock-acknowledged"


class WallClock(Clock, Protocol):
    """A clock that also tells the machine's own time, without any offset."""

    def wall(self) -> datetime:
        """The machine's own time, aware."""
        ...


def acknowledge_clock(connection: Connection, wall: datetime) -> None:
    """Write down that somebody vouches for the machine's time, `wall` now; a running service hears of it in a second.

    If none runs, the next start believes its clock as long as it goes on from `wall`.
    """
    marks.put(connection, _ACKNOWLEDGED, wall.astimezone(UTC).isoformat())


def pending_jump(connection: Connection) -> Suspect | None:
    """The doubt a service has written down, acknowledged or not; None where the clock is believed."""
    kept = marks.jump(connection)
    return Suspect.from_json(kept) if kept else None


class Watch:
    """The time of a service. `synchronised` asks the kernel; it is asked only where the settings require it."""

    def __init__(
        self,
        clock: WallClock,
        records: Records,
        settings: ClockSettings,
        log: Log,
        *,
        synchronised: Callable[[], bool] = kernel_synchronised,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._records = records
        self._settings = settings
        self._log = log
        self._away = False
        self._synchronised = synchronised
        self._sleep = sleep
        self._in_sync = True
        self._kept_at = float("-inf")
        self._kept: str | None = None
        self._before: datetime | None = None
        self._guard = JumpGuard.start(clock.wall(), clock.monotonic(), longest_outage=settings.longest_outage)

    def start(self) -> Suspect | None:
        """Judge the clock by what the records know of the last process; to be called once, before anything else."""
        with self._records.read() as connection:
            mark, pending, vouched = marks.high_water(connection), pending_jump(connection), _vouched(connection)
        wall = self._clock.wall()
        if self._is_vouched(vouched, wall):
            mark = pending = None
        self._before = mark
        self._guard = JumpGuard.start(
            wall,
            self._clock.monotonic(),
            mark=mark,
            pending=pending,
            longest_outage=self._settings.longest_outage,
        )
        self._look_at_kernel()
        return self.suspect

    def now(self) -> datetime:
        """The time to go by, aware, in UTC; while it is in doubt, what the clock shows."""
        self._look()
        return self._clock.now()

    def moment(self) -> tuple[datetime, Suspect | None]:
        """The time to go by and the doubt about it; a jump between the two readings is seen as doubt."""
        now = self._clock.now()
        doubt = self._look()
        return now, None if doubt is None else self._moved(doubt)

    @property
    def suspect(self) -> Suspect | None:
        """The doubt, if there is any, as of now; its times are moved by a clock file's offset like `now()`."""
        doubt = self._look()
        return None if doubt is None else self._moved(doubt)

    def _moved(self, doubt: Suspect) -> Suspect:
        offset = self._clock.now() - self._clock.wall()
        return replace(doubt, trusted_now=doubt.trusted_now + offset, wall_now=doubt.wall_now + offset)

    def stamp(self) -> datetime | None:
        """The time to write down; None while it is in doubt."""
        return None if self._look() else self._clock.now()

    def acknowledge(self) -> None:
        """Believe the clock as it is now."""
        self._guard = self._guard.acknowledge(self._clock.wall(), self._clock.monotonic())
        self._before = None
        self._kept_at = float("-inf")  # the mark may have gone back: the next tick writes it, whatever it wrote before

    async def run(self) -> None:
        """Role: look at the clock, the kernel and the records until cancelled."""
        while True:
            await self.tick()
            await self._sleep(_LOOK_SECONDS)

    async def tick(self) -> Suspect | None:
        """One look, with what must be kept written down; while the records are away the next tick does it."""
        self._look_at_kernel()
        try:
            await self._settle_with_records()
        except RecordsAway as why:
            if not self._away:
                self._log.warning("watch-waits", why=str(why))
            self._away = True
        else:
            if self._away:
                self._log.info("watch-goes-on")
            self._away = False
        return self.suspect

    async def _settle_with_records(self) -> None:
        vouched = await self._records.ask(_vouched)
        if vouched is not None:
            await self._records.committer.commit(_forget_voucher)
        if self._is_vouched(vouched, self._clock.wall()):
            self.acknowledge()
        await self._keep()

    async def _keep(self) -> None:
        doubt, guard = self._look(), self._guard
        state = "" if doubt is None else doubt.why
        due = self._clock.monotonic() - self._kept_at >= _KEEP_SECONDS
        if not due and state == self._kept:
            return
        # A clock the kernel does not vouch for is judged anew at each start: only a jump outlives the process.
        jump = guard.state.to_json() if isinstance(guard.state, Suspect) else None

        def write(connection: Connection) -> None:
            if doubt is None:
                marks.put_high_water(connection, guard.mark)
            marks.put_jump(connection, jump)

        await self._records.committer.commit(write)
        self._kept_at, self._kept = self._clock.monotonic(), state

    def _look(self) -> Suspect | None:
        """Let the guard look at both clocks; what is in doubt now, by the machine's own time."""
        wall = self._clock.wall()
        self._guard = self._guard.tick(wall, self._clock.monotonic())
        match self._guard.state:
            case Suspect() as doubt:
                return doubt
            case Trusting():
                return None if self._in_sync else self._unsynchronised(wall)

    def _is_vouched(self, vouched: datetime | None, wall: datetime) -> bool:
        """Whether somebody's word for the clock is about the time it goes on from, not about some earlier jump."""
        return vouched is not None and vouched - PARTING <= wall <= vouched + self._settings.longest_outage

    def _unsynchronised(self, wall: datetime) -> Suspect:
        believed = self._before or wall
        return Suspect(believed, wall, believed, "the kernel says that its clock is not synchronised")

    def _look_at_kernel(self) -> None:
        self._in_sync = not self._settings.require_sync or self._synchronised()
        if self._in_sync:
            self._before = self._guard.mark


def _vouched(connection: Connection) -> datetime | None:
    text = marks.get(connection, _ACKNOWLEDGED)
    return datetime.fromisoformat(text) if text else None


def _forget_voucher(connection: Connection) -> None:
    marks.put(connection, _ACKNOWLEDGED, None)
