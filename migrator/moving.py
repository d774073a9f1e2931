"""A mailbox moved: everything in the source is in the target, or named. The flow, from top to bottom.

    receipt = await move(source, target, journal, clock=SystemClock())

It can be repeated at will: whatever ended an earlier run, the journal knows what was settled, the target is asked for
what had no answer, and only what is missing is read and put. So runs up to a cutoff and a last one after it are calls
of `move`. What is found changed under it (a folder numbered anew, renamed, removed) is looked at again, in up to PASSES
passes. Raises Paused once `stop` is set and what was on its way has its answers; MailboxAway and MailboxLimited where a
later run may go on; MailboxRefused; what the journal raises when its disk says no.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from migrator.journals.journal import Journal
from migrator.mailbox import FolderName, MailboxAway, MailboxLimited, Source, Target
from migrator.preflight import Preflight, preflight
from migrator.progress import Progress, Silent, Watched
from migrator.receipts.receipt import Receipt
from migrator.steps.carrying import Carrier
from migrator.steps.making import made
from migrator.steps.pausing import PAUSES, Paused, Pauses, Sleep
from migrator.steps.reckoning import Reckoning
from migrator.steps.reconciling import PutAgain, reconciled
from migrator.steps.rereading import reread
from migrator.steps.surveying import looked_at, survey
from migrator.steps.tries import Tries
from schedules.clock import Clock

__all__ = ["PAUSES", "Paused", "Preflight", "move", "preflight"]

PASSES = 4


async def move(
    source: Source,
    target: Target,
    journal: Journal,
    *,
    clock: Clock,
    progress: Progress | None = None,
    stop: asyncio.Event | None = None,
    read_back: bool = False,
    pauses: Sequence[float] = (),
    queued: bool = False,
    sleep: Sleep = asyncio.sleep,
) -> Receipt:
    """Move what is not moved yet, and tell what there is on both sides then.

    `pauses`: how many seconds to wait before it is tried again after a side was away or asked for patience, one after
    the other; once something has been settled meanwhile, they begin anew. `queued`: the move goes back to a queue where
    it ends, which waits for whom it is no use to try at once.
    """
    watched = Watched(progress or Silent())
    run = _Run(source, target, journal, watched, stop or asyncio.Event(), sleep, clock.now())
    waiting = Pauses(pauses, run.stop, watched, sleep=sleep, queued=queued)
    while True:
        try:
            reckoning = await run.moved()
            read = await reread(target, journal, journal.names(), watched) if read_back else None
            return await reckoning.receipt(clock.now(), read_back=read)
        except (MailboxAway, MailboxLimited) as error:
            await waiting.after(error, watched.count)


@dataclass(frozen=True)
class _Run:
    """What a run works with, and what it remembers until it ends."""

    source: Source
    target: Target
    journal: Journal
    progress: Progress
    stop: asyncio.Event
    sleep: Sleep
    began: datetime
    tries: Tries = field(default_factory=Tries)
    again: PutAgain = field(default_factory=PutAgain)

    async def moved(self) -> Reckoning:
        """Every folder moved, and those that changed meanwhile looked at again."""
        source, target, journal = self.source, self.target, self.journal
        reckoning = Reckoning(source, target, journal, began=self.began)
        todo: Collection[FolderName] | None = None  # None: every folder there is
        for number in range(PASSES):
            sides = await looked_at(source, target)
            left = await reconciled(target, journal, sides.target, self.again, self.sleep)
            names, unmade = await made(target, journal, sides)
            work, trouble = await survey(source, journal, sides, names, left, todo)
            carrier = Carrier(source, target, journal, self.progress, self.stop, left, self.tries)
            trouble |= await carrier.carry(work, sides.target, unmade, last=number == PASSES - 1)
            reckoning.take(sides, names, unmade, trouble, changed=any(one.wanted or one.reflagged for one in work))
            todo = set(trouble)
            if not todo:
                break
        await target.finish()
        await self.again.look(target, journal, self.sleep)
        return reckoning
