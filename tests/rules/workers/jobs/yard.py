"""Workers over mailboxes in memory: jobs between them, and what became of these.

async with yard.working():
    job = yard.ask("hanako")
    await yard.until(job, State.DONE)
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import TypeVar

from mailsvc.kit.mailbox_urls import MaildirUrl
from mailsvc.kit.mailboxes import Side as Mailbox
from mailsvc.kit.oauth import Tokens
from mailsvc.kit.secrets import Secret
from mailsvc.records import job_acts, job_list, jobs
from mailsvc.records.job import Job, JobKind, NewJob, Side, move_digest
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Connection, Records
from mailsvc.workers.jobs.counted import Moved, uncounted
from mailsvc.workers.jobs.in_hand import Pace
from mailsvc.workers.jobs.role import JobRole, OnEnd
from mailsvc.workers.jobs.run import Means
from mailsvc.workers.jobs.secrets import Seals
from migrator.job import Event, State
from migrator.mailbox import FolderName, Message, Missing, Source, Target
from migrator.mailbox import Wanted as Asked
from schedules.clock import Clock, SystemClock
from tests.rules.gateway.house import QuietLog
from tests.rules.migrator.memory_mailboxes import Box, MemorySource, MemoryTarget
from tests.support.deadline import until

T = TypeVar("T")
QUICK = Pace(tick=0.02, grace=300.0, again=(0.02, 0.02))
WITHIN = 300.0  # seconds


def nothing(_connection: Connection, _job: Job, _state: State) -> None:
    """Nobody is told."""


@dataclass
class Gate:
    """Holds a mailbox's thread at one message until it is opened."""

    at: int
    reached: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def __call__(self, _folder: FolderName, uid: int) -> None:
        if uid == self.at:
            self.reached.set()
            assert self.open.wait(WITHIN)

    async def wait(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, WITHIN)


class Yielding(MemorySource):
    """Lets others have a turn after each message, as every real source does."""

    async def messages(self, wanted: Sequence[Asked]) -> AsyncIterator[Message | Missing]:
        async for message in super().messages(wanted):
            yield message
            await asyncio.sleep(0)


class Plain:
    """Seals nothing."""

    def seal(self, secret: Secret, *, job: str, side: str) -> bytes:
        del job, side
        return secret.reveal().encode()

    def unseal(self, sealed: bytes, *, job: str, side: str) -> Secret:
        del job, side
        return Secret(sealed.decode())


class Yard:
    def __init__(self, records: Records) -> None:
        self.records = records
        self.clock: Clock = SystemClock()
        self.log = QuietLog()
        self.boxes: dict[str, Box] = {}
        self.before: Callable[[FolderName, int], None] = lambda _folder, _uid: None
        self.target: Callable[[Box], MemoryTarget] = MemoryTarget
        self.opening: Callable[[Mailbox], None] = lambda _side: None
        self.secrets: list[str] = []
        self.seals: Seals = Plain()
        self.moved: Moved = uncounted
        self.tokens = Tokens([], now=self.clock.now, environ={})
        self._ids = count(1)

    def box(self, path: str) -> Box:
        if path not in self.boxes:
            self.boxes[path] = Box()
            self.boxes[path].folder("INBOX")
        return self.boxes[path]

    def fill(self, name: str, letters: int) -> list[bytes]:
        octets = [f"letter {number} of {name}\r\n".encode() for number in range(letters)]
        self.box(f"/old/{name}").folder("INBOX").add(*octets)
        return sorted(octets)

    def came(self, name: str) -> list[bytes]:
        return self.box(f"/new/{name}").folder("INBOX").octets

    async def write(self, work: Callable[[Connection], T]) -> T:
        """By the one writer there is: another on this thread would wait for itself."""
        return await self.records.committer.commit(work)

    async def ask(self, name: str = "hanako", **more: object) -> str:
        source, target = f"maildir:/old/{name}", f"maildir:/new/{name}"
        new = NewJob(f"{next(self._ids):026d}", JobKind.MAILBOX, source, target, move_digest(source, target), "admin")
        new = replace(new, **more)  # type: ignore[arg-type] # a job's own fields
        return (await self.write(lambda connection: jobs.add(connection, new, self.clock.now()))).id

    async def act(self, event: Event, job: str) -> list[State]:
        done = await self.write(lambda connection: job_acts.act(connection, Wanted(ids=[job]), event, self.clock.now()))
        return [change.after for change in done.changes]

    def job(self, job: str) -> Job:
        with self.records.read() as connection:
            found = job_list.find(connection, job, self.clock.now())
        assert found is not None
        return found

    def totals(self) -> Mapping[State, int]:
        with self.records.read() as connection:
            return job_list.totals(connection, Wanted())

    def receipt(self, job: str) -> str:
        with self.records.read() as connection:
            return job_list.receipt(connection, job)

    async def until(self, job: str, *states: State) -> Job:
        return await self.when(job, lambda found: found.state in states)

    async def when(self, job: str, holds: Callable[[Job], bool]) -> Job:
        await until(lambda: holds(self.job(job)), f"what becomes of {job}", WITHIN)
        return self.job(job)

    @asynccontextmanager
    async def opens(self, source: Mailbox, target: Mailbox) -> AsyncIterator[tuple[Source, Target]]:
        for side in (source, target):
            self.opening(side)
            if side.secret is not None:
                self.secrets.append(side.secret.reveal())
        assert isinstance(source.url, MaildirUrl)
        assert isinstance(target.url, MaildirUrl)
        yield (
            Yielding(self.box(str(source.url.path)), before=self.before),
            self.target(self.box(str(target.url.path))),
        )

    def role(self, owner: str = "w1", pace: Pace = QUICK, on_end: OnEnd = nothing) -> JobRole:
        means = Means(
            opens=self.opens,
            seals=self.seals,
            tokens=self.tokens,
            sign=lambda receipt: receipt.to_json(),
            clock=self.clock,
            chance=lambda: 0.0,
            log=self.log,
            moved=self.moved,
        )
        return JobRole(self.records, means, pace, owner=owner, now=self.clock.now, on_end=on_end)

    @asynccontextmanager
    async def working(
        self, owner: str = "w1", pace: Pace = QUICK, on_end: OnEnd = nothing
    ) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(self.role(owner, pace, on_end).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


SEALED = {Side.SOURCE: b"old password", Side.TARGET: b"new password"}
SHORT = replace(QUICK, lease=timedelta(seconds=0.3))
