"""A worker of jobs that ends when all of them have ended, and gives itself a signal at its Nth durable step.

    python -m tests.faults.jobs.worker URL OWNER N SIGNAL LEASE

SIGNAL is KILL, or TERM, which drains. LEASE is in seconds. Steps are those of Maildirs, and before and after each
transaction of the records. At N = 0 nothing happens.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from random import random

from mailsvc.kit.mailboxes import Side, opened
from mailsvc.kit.oauth import Tokens
from mailsvc.kit.sealing import Sealer
from mailsvc.kit.telemetry import configure
from mailsvc.records import job_list
from mailsvc.records.orders import Order
from mailsvc.records.store import Records
from mailsvc.records.writer import Writer
from mailsvc.workers.jobs.in_hand import Pace
from mailsvc.workers.jobs.role import JobRole
from mailsvc.workers.jobs.run import Means
from migrator.job import HELD, State
from migrator.mailbox import Source, Target
from schedules.clock import SystemClock
from tests.faults.move_killed import CALLS, Steps

OPEN = HELD | {State.WAITING}


def _count(steps: Steps) -> None:
    for name in CALLS:
        setattr(os, name, steps.around(getattr(os, name)))
    os.write = steps.halved(os.write)  # type: ignore[assignment] # what is patched is what is tested
    perform = Writer.perform

    async def stepped(self: Writer, batch: Sequence[Order]) -> int:
        steps.step()
        done = await perform(self, batch)
        steps.step()
        return done

    Writer.perform = stepped  # type: ignore[method-assign] # what is patched is what is tested


async def work(url: str, owner: str, spool: Path, lease: timedelta) -> None:
    clock = SystemClock()

    def opens(source: Side, target: Side) -> AbstractAsyncContextManager[tuple[Source, Target]]:
        return opened(source, target, spool=spool)

    log = configure(sys.stderr, json=True, level="info")
    seals, tokens = Sealer([b"k" * 32]), Tokens([], now=clock.now, environ={})
    means = Means(opens, seals, tokens, lambda one: one.to_json(), clock, random, log)
    with Records.open(url, busy=300.0, deadline=300.0) as records:
        async with records.committer.running():
            role = JobRole(
                records, means, Pace(at_once=3, lease=lease, tick=0.05, grace=5.0), owner=owner, now=clock.now
            )
            task = asyncio.create_task(role.run())
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
            while (
                not task.done() and OPEN & (await records.ask(lambda c: job_list.totals(c, job_list.Wanted()))).keys()
            ):
                await asyncio.wait([task], timeout=0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def main() -> None:
    url, owner, at, number, lease = sys.argv[1:]
    _count(Steps(int(at), signal.Signals[f"SIG{number}"]))
    with tempfile.TemporaryDirectory() as spool:
        asyncio.run(work(url, owner, Path(spool), timedelta(seconds=float(lease))))


if __name__ == "__main__":
    main()
