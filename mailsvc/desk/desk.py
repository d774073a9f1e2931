"""The desk: who acts, on which records, by which settings and clock.

Use: `Desk(records, settings, clock, actor)`; for the command line `open_records(settings)` and `clock_of(settings)`
make its parts. Acts are functions of the modules beside this one, each with the desk as its first argument.
Fails: `RecordsError` where the records cannot be opened, `BadFile` for a clock file that cannot be read.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mailsvc.desk.refusals import Refused
from mailsvc.kit.settings import Settings
from mailsvc.records import audit
from mailsvc.records.store import Connection, Records
from schedules.clock import SystemClock

if TYPE_CHECKING:  # a command that asks for no standing need not load its rooms
    from mailsvc.standing.watch import WallClock


@dataclass(frozen=True, slots=True)
class Desk:
    """What every act needs to know."""

    records: Records
    settings: Settings
    clock: "WallClock"
    actor: str  # who acts, for the audit log

    def note(self, conn: Connection, act: str, subject: str, reason: str, detail: Mapping[str, str]) -> datetime:
        """Write the audit row of an act into its transaction; answers with the time of the act."""
        at = self.clock.now()
        audit.write(conn, at=at, actor=self.actor, act=act, subject=subject, detail=detail, reason=reason)
        return at


def why(reason: str) -> str:
    """A reason as the audit log keeps it. Raises Refused for an empty one."""
    told = " ".join(reason.split())
    if not told:
        raise Refused("the reason is empty", "say with --reason why this is done")
    return told


def open_records(settings: Settings, *, create: bool = False) -> Records:
    """Open the records that settings name; `create` makes or upgrades them."""
    secret = settings.records.password
    password = secret.resolve(os.environ).reveal() if secret else None
    return Records.open(settings.records.url, password=password, create=create)


def clock_of(settings: Settings) -> SystemClock:
    """The clock of an installation; a clock file moves it where its settings allow one (demo and test)."""
    return SystemClock(settings.clock.file)
