"""The clock of an installation: shown, and vouched for after a jump.

Use: `show_clock(desk)`, `acknowledge_clock(desk, reason)`, `trusted_now(desk)`.
Fails: `BadState` where the kept doubt was written by another version; else as the records do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailsvc.desk.desk import Desk, why
from mailsvc.records import marks
from mailsvc.records.store import Connection
from mailsvc.standing import watch
from schedules.clock import kernel_synchronised
from schedules.durations import print_duration


@dataclass(frozen=True, slots=True)
class ClockShown:
    """What is known of time."""

    now: datetime  # what this installation goes by
    machine: datetime  # the machine's own time
    offset_seconds: float  # what the clock file adds
    synchronised: bool  # by the kernel's word
    high_water: datetime | None  # the latest time that a service believed
    in_doubt: bool
    why: str  # of the doubt
    trusted_now: datetime | None  # what time it would be without the jump
    since: datetime | None

    def fields(self) -> dict[str, object]:
        """What a person reads."""
        return {
            "now": self.now,
            "machine": self.machine,
            "clock file adds": _length(self.offset_seconds),
            "synchronised": self.synchronised,
            "high-water mark": self.high_water or "none yet: no service has run",
            "in doubt": f"since {self.since:%Y-%m-%d %H:%M:%S %z}: {self.why}" if self.in_doubt else "no",
            "without the jump": self.trusted_now,
        }


def show_clock(desk: Desk) -> ClockShown:
    """The clock as it is, and the doubt that a running or the last service has written down."""
    with desk.records.read() as conn:
        mark, doubt = marks.high_water(conn), watch.pending_jump(conn)
    zone = desk.settings.service.zoneinfo
    now, wall = desk.clock.now(), desk.clock.wall()
    trusted = trusted_now(desk)
    return ClockShown(
        now=now.astimezone(zone),
        machine=wall.astimezone(zone),
        offset_seconds=round((now - wall).total_seconds(), 1) + 0.0,
        synchronised=kernel_synchronised(),
        high_water=mark.astimezone(zone) if mark else None,
        in_doubt=doubt is not None,
        why=doubt.why if doubt else "",
        trusted_now=trusted.astimezone(zone) if trusted else None,
        since=doubt.since.astimezone(zone) if doubt else None,
    )


def trusted_now(desk: Desk) -> datetime | None:
    """What time it would be without the jump that is in doubt; None where the clock is believed."""
    with desk.records.read() as conn:
        doubt = watch.pending_jump(conn)
    return None if doubt is None else desk.clock.now() - doubt.jumped_by


def acknowledge_clock(desk: Desk, reason: str) -> None:
    """Vouch for the machine's time as it is now; running services believe it within a second."""
    told = why(reason)

    def work(conn: Connection) -> None:
        wall = desk.clock.wall()
        desk.note(conn, "clock acknowledge", "clock", told, {"machine": wall.isoformat()})
        watch.acknowledge_clock(conn, wall)

    desk.records.act(work)


def _length(seconds: float) -> str:
    """A length of time that may be behind, such as `-2d 3h`."""
    return ("-" if seconds < 0 else "") + print_duration(timedelta(seconds=round(abs(seconds))))
