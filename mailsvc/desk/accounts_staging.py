"""Entries of an import on their way into new generations, in slices that hold the records only for a moment.

Use: `with Staged(desk, note) as staged: staged.add(entry) ...; staged.flush()`, then `staged.generations`. Leaving the
block without `published()` discards everything. A note in the records says which generations are being staged and by
whom, so that what a killed import left behind is discarded when the next one begins.
Fails: `Refused` where another import is running, `RecordsError` where the records cannot be written.
"""

import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.records import marks, staging
from mailsvc.records.entries import Entry
from mailsvc.records.store import Connection
from schedules.names import DomainName

MARK = "accounts-import"
ELSEWHERE = timedelta(hours=6)  # after this long an import of another host counts as gone


class Staged:
    """The new generations of one import, one for each domain that occurs."""

    def __init__(self, desk: Desk) -> None:
        self.generations: dict[DomainName, int] = {}
        self._desk = desk
        self._waiting: dict[DomainName, list[Entry]] = {}
        self._count = 0
        self._size = staging.SLICE
        self._published = False

    def __enter__(self) -> Self:
        self._desk.records.act(self._take_over)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._desk.records.act(self._leave)

    def add(self, entry: Entry) -> None:
        """Take one entry; slices are written as they fill."""
        self._waiting.setdefault(entry.address.domain, []).append(entry)
        self._count += 1
        if self._count >= self._size:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting, then leave the lock to others; a slow slice makes the next ones shorter."""
        if not self._waiting:
            return
        began = time.perf_counter()
        self._desk.records.act(self._stage)
        slow = time.perf_counter() - began > staging.SECONDS
        self._size = max(staging.FEWEST, self._size // 2) if slow else min(staging.MOST, self._size + self._size // 8)
        self._waiting.clear()
        self._count = 0
        time.sleep(staging.BREATH)

    def start_again(self) -> None:
        """Give up what was staged so far, and begin with new generations."""
        self._waiting.clear()
        self._count = 0
        self._desk.records.act(self._discard)
        self.generations.clear()

    def published(self, conn: Connection) -> None:
        """Say in the transaction of the publication that nothing is left to discard."""
        marks.put(conn, MARK, None)
        self._published = True

    def _stage(self, conn: Connection) -> None:
        at = self._desk.clock.now()
        begun = {d: staging.begin(conn, d, at, self._desk.actor) for d in self._waiting if d not in self.generations}
        numbers = self.generations | begun
        for domain, entries in self._waiting.items():
            staging.stage(conn, numbers[domain], entries)
        if begun:
            self._note(conn, numbers)
        self.generations = numbers

    def _note(self, conn: Connection, generations: Mapping[DomainName, int]) -> None:
        note = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "at": self._desk.clock.now().isoformat(),
            "generations": list(generations.values()),
        }
        marks.put(conn, MARK, json.dumps(note))

    def _take_over(self, conn: Connection) -> None:
        """Discard what an import that is gone has left. Raises Refused where one is running."""
        running = discard_left_behind(conn, self._desk.clock.now())
        if running:
            raise Refused(f"another import is running ({running})", "wait until it is done")
        self._note(conn, {})

    def _discard(self, conn: Connection) -> None:
        for generation in self.generations.values():
            staging.discard(conn, generation)
        self._note(conn, {})

    def _leave(self, conn: Connection) -> None:
        if not self._published:
            self._discard(conn)
            marks.put(conn, MARK, None)


def discard_left_behind(conn: Connection, now: datetime) -> str:
    """Discard what a killed import has staged; for the start of an import or of the service.

    Answers with who is at work, and touches nothing, where an import is running.
    """
    text = marks.get(conn, MARK)
    if text is None:
        return ""
    note = json.loads(text)
    if _runs(note, now):
        return f"process {note['process']} on {note['host']}, since {note['at']}"
    for generation in note["generations"]:
        staging.discard(conn, generation)
    marks.put(conn, MARK, None)
    return ""


def _runs(note: Mapping[str, object], now: datetime) -> bool:
    """Whether the import that left this note is still at work."""
    if note["host"] != socket.gethostname():
        return now - datetime.fromisoformat(str(note["at"])) < ELSEWHERE
    process = int(str(note["process"]))
    if process == os.getpid():
        return False
    with suppress(ProcessLookupError):
        try:
            os.kill(process, 0)
        except PermissionError:
            return True
        return True
    return False
