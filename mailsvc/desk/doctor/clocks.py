"""The clock: trusted or in doubt, synchronised or not, moved by a clock file.

Use: `check_clock(desk, clock)`.
Fails: as the records do.
"""

from collections.abc import Iterator
from datetime import timedelta

from mailsvc.desk.desk import Desk
from mailsvc.desk.doctor.finding import Finding, error, note, warning
from mailsvc.records import marks
from schedules.clock import SystemClock, kernel_synchronised
from schedules.jump import PARTING, BadState, Suspect

CHECK = "clock"
_ACKNOWLEDGE = "set the clock right, or say that it is: lastpost clock acknowledge --reason TEXT"


def check_clock(desk: Desk, clock: SystemClock) -> Iterator[Finding]:
    """Findings about time."""
    with desk.records.read() as conn:
        pending, mark = marks.jump(conn), marks.high_water(conn)
    if pending is not None:
        yield error(CHECK, f"the clock is in doubt: {_why(pending)}", _ACKNOWLEDGE)
    elif mark is not None and clock.wall() < mark - PARTING:
        yield error(CHECK, f"the clock is behind the last time that was believed, {mark.isoformat()}", _ACKNOWLEDGE)
    elif mark is not None and clock.wall() > mark + desk.settings.clock.longest_outage:
        what = f"the last time that was believed, {mark.isoformat()}, is longer ago than clock.longest_outage"
        yield warning(CHECK, what, "if the clock is right, start the service and acknowledge it")
    if not kernel_synchronised():
        told = error if desk.settings.clock.require_sync else note
        yield told(CHECK, "the kernel says that its clock is not synchronised", "run chrony, ntpd or systemd-timesyncd")
    if clock.offset != timedelta():
        yield note(CHECK, f"the clock file moves time by {clock.offset}", "nothing: this is a demo or a test")


def _why(pending: str) -> str:
    try:
        return Suspect.from_json(pending).why
    except BadState as problem:
        return str(problem)
