"""Jobs carried out in a house: where the settings name a folder for them, else none."""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from mailsvc.house.ground import Ground
from mailsvc.kit.mailboxes import Side, opened
from mailsvc.kit.secrets import BadSecret, Secret
from mailsvc.kit.settings import Settings
from mailsvc.workers.jobs.in_hand import Pace
from mailsvc.workers.jobs.role import JobRole
from mailsvc.workers.jobs.run import Means, Opens
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
        unseal=_unseal,
        sign=lambda receipt: _sign(receipt, frame.settings, folder),
        clock=frame.clock,
        chance=frame.random.random,
        log=frame.log,
    )
    pace = Pace(at_once=settings.jobs.at_once, per_host=settings.jobs.per_host)
    return JobRole(ground.records, means, pace, owner=frame.owner, now=ground.now).run()


async def _resting() -> None:
    """Nothing, until the house ends."""
    await asyncio.Event().wait()


def _opens(spool: Path) -> Opens:
    def opens(source: Side, target: Side) -> AbstractAsyncContextManager[tuple[Source, Target]]:
        return opened(source, target, spool=spool)

    return opens


def _unseal(sealed: bytes) -> Secret:
    del sealed
    raise BadSecret("this service has no key for the secrets of jobs", "give them to the job again")


def _sign(receipt: Receipt, settings: Settings, folder: Path) -> str:
    return signed(receipt, signing_key(settings.moving.receipt_key or folder / "receipt-key.pem"))
