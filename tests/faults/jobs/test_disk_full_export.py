"""`disk-full-export`: an export whose disk is full stands still with a clear reason, and goes on when there is room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.kit.mailboxes import Side as Mailbox
from mailsvc.kit.mailboxes import opened
from mailsvc.records.job import JobKind, move_digest
from mailsvc.records.store import Records
from migrator.job import State
from migrator.mailbox import Source, Target
from schedules.clock import MovableClock
from tests.faults.limits import fill, small_disk
from tests.faults.test_archive_moves import check_whole, filled, held, wanted
from tests.rules.workers.jobs.yard import Yard

SIZE = 200_000


class Disks(Yard):
    """A yard whose mailboxes are files."""

    def __init__(self, records: Records, clock: MovableClock, spool: Path) -> None:
        super().__init__(records)
        self.clock = clock
        self._spool = spool

    @asynccontextmanager
    async def opens(self, source: Mailbox, target: Mailbox) -> AsyncIterator[tuple[Source, Target]]:
        async with opened(source, target, spool=self._spool) as both:
            yield both


@pytest.mark.real("tmpfs")
async def test_an_export_whose_disk_is_full_says_so_and_ends_by_itself_once_there_is_room(
    tmp_path: Path, records: Records, clock: MovableClock
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        new, ballast = disk / "mail.zip", fill(disk, leave=900_000)
        source, target = f"maildir:{filled(tmp_path / 'old', size=SIZE)}", f"zip:{new}?viewer=no"
        async with records.committer.running():
            yard = Disks(records, clock, tmp_path)
            job = await yard.ask(kind=JobKind.EXPORT, source=source, target=target, move=move_digest(source, target))
            async with yard.working():
                full = await yard.when(job, lambda found: found.failed > 0)
                assert (full.state, "no room" in full.problem, new.exists()) == (State.WAITING, True, False)
                assert full.next_at is not None
                assert full.next_at - clock.now() >= timedelta(hours=1), "nobody runs against a full disk"
                ballast.unlink()
                clock.set(full.next_at)
                done = await yard.until(job, State.DONE, State.FAILED, State.DONE_WITH_NAMED)
        assert (done.state, done.attempts, done.problem) == (State.DONE, 2, "")
        check_whole(new)
        assert await asyncio.to_thread(held, new) == wanted(size=SIZE)
