"""What every command starts from: the settings file that was asked for, the records, the desk.

Use: `session = of(ctx)`, then `session.settings` or `with session.desk() as desk`. Nothing is read before that.
Fails: `Refused` where there is no settings file, `BadFile` for one with problems, `RecordsError` for the records.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mailsvc.desk.refusals import Refused

if TYPE_CHECKING:
    from mailsvc.desk.desk import Desk
    from mailsvc.kit.settings import Settings

PLACES = (Path("lastpost.yaml"), Path("/etc/lastpost/lastpost.yaml"))
VARIABLE = "LASTPOST_SETTINGS"


@dataclass
class Session:
    """One run of the command line."""

    asked: Path | None  # --settings, or LASTPOST_SETTINGS

    @property
    def settings_file(self) -> Path:
        """The settings file: as asked, else the first of PLACES. Raises Refused where there is none."""
        found = self.asked or next((place for place in PLACES if place.exists()), None)
        if found is None:
            raise Refused(
                f"there is no settings file at {' or '.join(map(str, PLACES))}",
                f"make one with `lastpost init`, name one with --settings FILE or {VARIABLE}, or start the demo world",
            )
        if not found.is_file():
            raise Refused(
                f"{found} is not a settings file", "make one with `lastpost init`, or name another with --settings"
            )
        return found

    @property
    def has_settings(self) -> bool:
        """Whether there is a settings file, named or in one of PLACES."""
        return any(place.is_file() for place in ([self.asked] if self.asked else PLACES))

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises BadFile with all their problems."""
        from mailsvc.kit.settings import read_settings

        return read_settings(self.settings_file, os.environ)

    def now(self) -> datetime:
        """What time it is: by the installation's clock, or this machine's where there are no settings to be read."""
        from mailsvc.desk.desk import clock_of
        from schedules.clock import SystemClock
        from schedules.positions import BadFile

        with suppress(BadFile, Refused, OSError):
            return clock_of(self.settings).now()
        return SystemClock().now()

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The desk at which acts of this run are done; its records are closed afterwards."""
        from mailsvc.desk.desk import Desk as _Desk
        from mailsvc.desk.desk import clock_of, open_records

        records = open_records(self.settings)
        try:
            yield _Desk(records, self.settings, clock_of(self.settings), actor())
        finally:
            records.close()


def of(ctx: typer.Context) -> Session:
    """The session of a command's context."""
    session = ctx.find_object(Session)
    if session is None:
        raise Refused("the command was called outside of `lastpost`", "call it by `lastpost`")
    return session


def actor() -> str:
    """Who acts, for the audit log: the name of the operating system's user, and who became it by sudo."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    behind = os.environ.get("SUDO_USER", "") if uid == 0 else ""
    return f"{name} (sudo: {behind})" if behind and behind != name else name
