"""Jobs carried out in a house: where the settings name a folder for them, else none."""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from mailsvc.desk.exporting.places import secret_of
from mailsvc.house.ground import Ground
from mailsvc.kit.mailboxes import Side, opened
from mailsvc.kit.oauth import Tokens
from mailsvc.kit.sealing import Sealer
from mailsvc.kit.settings import Settings
from mailsvc.kit.settings.working import KEY
from mailsvc.records.job import Side as JobSide
from mailsvc.workers.jobs.in_hand import Pace
from mailsvc.workers.jobs.role import JobRole
from mailsvc.workers.jobs.run import Means, Opens
from mailsvc.workers.jobs.tally import Tally
from migrator.mailbox import Source, Target
from migrator.receipts.receipt import Receipt
from migrator.receipts.signing import signed, signing_key


def working(ground: Ground) -> Coroutine[None, None, None]:
    """The role."""
    frame, settings = ground.frame, ground.frame.settings
    folder = settings.jobs.folder
    if folder is None:
        return _resting()
    spool = folder / "spool"
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    means = Means(
        opens=_opens(spool),
        seals=Sealer.open(settings.jobs.keys or folder / KEY),
        tokens=Tokens(settings.jobs.renewals(), now=frame.clock.now, environ=os.environ),
        sign=lambda receipt: _sign(receipt, frame.settings, folder),
        clock=frame.clock,
        chance=frame.random.random,
        log=frame.log,
        moved=frame.metrics.jobs.moved,
        known=lambda job, side: secret_of(frame.settings, os.environ, job) if side is JobSide.SOURCE else None,
    )
    pace = Pace(at_once=settings.jobs.at_once, per_host=settings.jobs.per_host, terms=settings.jobs.terms)
    role = JobRole(ground.records, means, pace, owner=frame.owner, now=ground.now)
    return _counted(role, Tally(ground.records, frame.metrics.jobs, now=ground.now))


async def _counted(role: JobRole, tally: Tally) -> None:
    """The role, and what `/metrics` says of jobs beside it."""
    async with asyncio.TaskGroup() as group:
        group.create_task(role.run())
        group.create_task(tally.run())


async def _resting() -> None:
    """Nothing, until the house ends."""
    await asyncio.Event().wait()


def _opens(spool: Path) -> Opens:
    def opens(source: Side, target: Side) -> AbstractAsyncContextManager[tuple[Source, Target]]:
        return opened(source, target, spool=spool)

    return opens


def _sign(receipt: Receipt, settings: Settings, folder: Path) -> str:
    return signed(receipt, signing_key(settings.moving.receipt_key or folder / "receipt-key.pem"))
