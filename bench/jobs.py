"""A batch of many small mailboxes moved by the role "jobs": its rate and its memory, tenth by tenth.

    .venv/bin/python -m bench.jobs [MAILBOXES [FOLDER]]

Maildirs of 20 messages below FOLDER (a temporary one without it) are moved into others, the records being SQLite there.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import random

from bench.results import Table
from mailsvc.kit.mailboxes import Side, opened
from mailsvc.kit.oauth import Tokens
from mailsvc.kit.sealing import Sealer
from mailsvc.kit.telemetry import configure
from mailsvc.records import job_batches, job_list, jobs
from mailsvc.records.job import JobKind, NewJob, move_digest
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Connection, Records
from mailsvc.workers.jobs.in_hand import Pace
from mailsvc.workers.jobs.role import JobRole
from mailsvc.workers.jobs.run import Means
from migrator.job import ENDED, State
from migrator.mailbox import Source, Target
from schedules.clock import SystemClock

LETTERS = 20
AT_ONCE = 8
BATCH = "Friday"
TENTHS = 10


def fill(root: Path, mailboxes: int) -> None:
    """Maildirs of so many small messages each."""
    for number in range(mailboxes):
        cur = root / "old" / str(number) / "cur"
        cur.mkdir(parents=True)
        for letter in range(LETTERS):
            octets = b"From: a@b.example\r\nSubject: %d of %d\r\n\r\n" % (letter, number) + b"a line of text\r\n" * 100
            (cur / f"{1000 + letter}.M{letter}P{number}.bench:2,S").write_bytes(octets)


def ask(root: Path, mailboxes: int, connection: Connection) -> None:
    """One batch with a job for each."""
    now = datetime.now(UTC)
    batch = job_batches.join(connection, BATCH, "bench", now)
    for number in range(mailboxes):
        source, target = (f"maildir:{root}/{side}/{number}" for side in ("old", "new"))
        digest = move_digest(source, target)
        new = NewJob(f"{number:026d}", JobKind.MAILBOX, source, target, digest, "bench", batch=batch.id)
        jobs.add(connection, new, now)


def resident() -> int:
    """Octets of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ended(connection: Connection) -> int:
    """How many are done. Raises RuntimeError where one came to another end."""
    found = job_list.totals(connection, Wanted(batch=job_batches.id_of(BATCH)))
    if found.keys() & (ENDED - {State.DONE}):
        raise RuntimeError(f"not all are done: {dict(found)}")
    return found.get(State.DONE, 0)


async def carried_out(records: Records, root: Path, mailboxes: int) -> Sequence[tuple[float, int]]:
    """Seconds since the start and octets in memory at each tenth of the batch."""
    clock, spool = SystemClock(), root / "spool"
    spool.mkdir()

    def opens(source: Side, target: Side) -> AbstractAsyncContextManager[tuple[Source, Target]]:
        return opened(source, target, spool=spool)

    log = configure(sys.stderr, json=True, level="warning")
    seals, tokens = Sealer([b"k" * 32]), Tokens([], now=clock.now, environ={})
    means = Means(opens, seals, tokens, lambda one: one.to_json(), clock, random, log)
    found: list[tuple[float, int]] = []
    async with records.committer.running():
        role = JobRole(records, means, Pace(at_once=AT_ONCE), owner="bench", now=clock.now)
        began, task = time.monotonic(), asyncio.create_task(role.run())
        while len(found) < TENTHS:
            await asyncio.wait([task], timeout=0.1)
            if await records.ask(ended) >= mailboxes * (len(found) + 1) // TENTHS:
                found.append((time.monotonic() - began, resident()))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return found


def main() -> None:
    mailboxes = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="bench.", dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        root = Path(folder)
        fill(root, mailboxes)
        with Records.open(f"sqlite:///{root}/records.db", create=True) as records:
            records.act(partial(ask, root, mailboxes))
            found = asyncio.run(carried_out(records, root, mailboxes))
    table = Table(
        f"{mailboxes:,} mailboxes of {LETTERS} messages, {AT_ONCE} at once", ("done", "mailboxes/s", "resident")
    )
    before = 0.0
    for tenth, (seconds, octets) in enumerate(found, 1):
        done = mailboxes * tenth // TENTHS
        table.row(f"{done:,}", f"{mailboxes / TENTHS / (seconds - before):.0f}", f"{octets / 1e6:.1f} MB")
        before = seconds
    table.note(f"All of it in {before:.0f} s: **{mailboxes / before:.0f} mailboxes/s**.")
    table.write()


if __name__ == "__main__":
    main()
