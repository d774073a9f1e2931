"""Many messages that reach one mailbox at once, taken as a door takes them, on real records and a real Maildir.

    async with racing(url, folder) as race:
        taken = await race.run("a", sizes)          # the announced size of each; true size is OCTETS

`python -m tests.faults.quota_race URL FOLDER NAME COUNT` says `ready`, waits for a line, and prints how many it took.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

from filters.mail import AddressKind
from filters.verdict import Accept, Because
from mailsvc.outbox.routes import Routes
from mailsvc.records import deliveries, messages
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.deliveries import Delivered
from mailsvc.records.delivery import NewDelivery
from mailsvc.records.directory import Entry
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from mailsvc.standing import Almanac, Standings, UsageBook, Verdicts, Watch
from mailsvc.standing.reservations import Reservations, reservations_in
from mailsvc.standing.standings import mailbox_folders
from schedules.clock import MovableClock
from tests.rules.gateway.house import QuietLog
from tests.rules.standing.world import WORLD, address, settings_in

HANAKO = address("hanako")
LIMIT = 100_000_000
FULL_BUT = 100_000  # octets of room that are left
OCTETS = 150_000
NOW = datetime(2023, 1, 1, tzinfo=UTC)
ENTRY = Entry(HANAKO, kind=AddressKind.BASE, quota=LIMIT)


class _Watch:
    """A clock nobody doubts."""

    def now(self) -> datetime:
        return NOW

    def moment(self) -> tuple[datetime, None]:
        return NOW, None


@dataclass
class Race:
    """One service's part of it."""

    records: Records
    verdicts: Verdicts
    reservations: Reservations
    maildir: Path
    random: Random

    async def run(self, name: str, sizes: Sequence[int]) -> int:
        """Send as many messages as there are sizes, at once; how many were taken."""
        landing = asyncio.create_task(self._land(name))
        taken = await asyncio.gather(*(self._send(f"{name}{n}", size) for n, size in enumerate(sizes)))
        await asyncio.sleep(0)
        landing.cancel()
        await asyncio.gather(landing, return_exceptions=True)
        return sum(taken)

    async def _send(self, message: str, announced: int) -> bool:
        try:
            await self._dawdle()
            verdict = await self.verdicts.recipient(WORLD, None, HANAKO, size=announced, transaction=message)
            if not isinstance(verdict, Accept):
                assert verdict.because is Because.OVER_QUOTA_GRACE
                return False
            await self._dawdle()
            if await self.verdicts.room(message, OCTETS) is not None:
                return False
            await self._keep(message)
            return True
        finally:
            self.verdicts.release(message)

    async def _keep(self, message: str) -> None:
        writer = BodyWriter(self.records, lambda: message, lambda: NOW)
        await writer.write(bytes(OCTETS))
        staged = await writer.finish()
        row = Message(
            id=message,
            body_id=staged.id,
            size=staged.size,
            sha256=staged.sha256,
            received_at=NOW,
            client_kind="world",
            client_ip=WORLD.ip,
            helo="",
            mail_from="",
            smtputf8=False,
            eight_bit=False,
            trace=b"",
            origin="smtp",
        )
        new = NewDelivery(str(HANAKO), str(HANAKO), Because.LIVE, "maildir")
        await messages.accept(self.records, row, [new], staged)

    async def _land(self, owner: str) -> None:
        """Deliver into the Maildir meanwhile, as an outbox does: first the file, then its settlement."""
        while True:
            claimed = await self.records.committer.commit(
                lambda connection: deliveries.claim(connection, owner, NOW, timedelta(minutes=5), 1)
            )
            for one in claimed:
                (self.maildir / "new" / f"1.{one.id}.host,S={OCTETS}").touch()
                await self._dawdle()
                await self.records.committer.commit(
                    partial(deliveries.settle, delivery=one, outcome=Delivered(), now=NOW)
                )
            await asyncio.sleep(0)

    async def _dawdle(self) -> None:
        for _ in range(self.random.randrange(20)):
            await asyncio.sleep(0)


@asynccontextmanager
async def racing(url: str, folder: Path, seed: int) -> AsyncIterator[Race]:
    """One service at these records; the directory must be there."""
    settings, clock = settings_in(folder), MovableClock(NOW)
    with Records.open(url) as records:
        reservations = reservations_in(records, clock)
        almanac = Almanac(records, settings.service.zoneinfo)
        almanac.refresh()
        folders = mailbox_folders(settings)
        book = UsageBook(records, lambda: settings.quota, folders, reservations=reservations, stamp=clock.now)
        standings = Standings(records, almanac, book, settings)
        routes = Routes(lambda: settings)
        verdicts = Verdicts(standings, cast("Watch", _Watch()), routes, QuietLog(), usage=book)
        maildir = folders(HANAKO)
        assert maildir is not None
        async with records.committer.running():
            yield Race(records, verdicts, reservations, maildir, Random(seed))
            await reservations.close()


def nearly_full(folder: Path) -> None:
    """Fill the mailbox up to FULL_BUT."""
    maildir = mailbox_folders(settings_in(folder))(HANAKO)
    assert maildir is not None
    (maildir / "new").mkdir(parents=True)
    (maildir / "new" / f"1.before.host,S={LIMIT - FULL_BUT}").touch()


async def _main(url: str, folder: str, name: str, count: str) -> None:
    async with racing(url, Path(folder), ord(name)) as race:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(await race.run(name, [0, 1, OCTETS] * (int(count) // 3)), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
