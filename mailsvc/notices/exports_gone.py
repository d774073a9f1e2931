"""Exports that nobody can fetch any more are taken from the disk, some time after the last link to them has ended.

    role = ExportsGone(records, keep, now, log)
    await role.run()            # until cancelled

First the records say that the files go, with an audit row; then the files go; then the records forget them. So a kill
at any point is made good at the next round, and an export asked for meanwhile has a place of its own. What cannot be
removed is told in the log and tried again. Records that are away are waited for.
"""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mailsvc.kit.telemetry import Log
from mailsvc.records import audit, export_removal
from mailsvc.records.export_removal import Old
from mailsvc.records.store import Connection, Records, RecordsAway

_BY = "lastpost"  # who removes
_AT_ONCE = 20  # places, each round
_ROUND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ExportsGone:
    """Removes what has been dead for longer than `keep`; `now` is the time that is believed."""

    records: Records
    keep: timedelta
    now: Callable[[], datetime]
    log: Log

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.round()
            except RecordsAway as why:
                self.log.warning("exports-wait", why=str(why))
            await asyncio.sleep(_ROUND_SECONDS)

    async def round(self) -> None:
        """Remove some of what is over. Raises RecordsAway."""
        now = self.now()
        before = now - self.keep
        for old in await self.records.ask(lambda connection: export_removal.over(connection, before, _AT_ONCE)):
            await self.records.committer.commit(_begun(old, before, now))
        for old in await self.records.ask(lambda connection: export_removal.begun(connection, _AT_ONCE)):
            await self._remove(old)

    async def _remove(self, old: Old) -> None:
        try:
            await asyncio.to_thread(_remove_files, Path(old.place))
        except OSError as why:
            self.log.warning("export-not-removed", address=old.address, why=str(why))
            return
        await self.records.committer.commit(lambda connection: export_removal.end(connection, old))
        self.log.info("export-removed", address=old.address)


def _begun(old: Old, before: datetime, now: datetime) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        if export_removal.begin(connection, old, before, now):
            detail = {"place": old.place}
            audit.write(connection, at=now, actor=_BY, act="export remove", subject=old.address, detail=detail)

    return work


def _remove_files(place: Path) -> None:
    """Remove the folder of one export, and that of its mailbox when it was the last. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(place.parent)
    with suppress(OSError):
        place.parent.parent.rmdir()
