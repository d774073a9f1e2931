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
from datetime import datetime

from migrator.journals.journal import Journal
from migrator.mailbox import FolderName, MailboxAway, MailboxLimited, Source, Target
from migrator.preflight import Preflight, preflight
from migrator.progress import Progress, Silent, Watched
from migrator.receipts.receipt import Receipt
from migrator.steps.carrying import Carrier
from migrator.steps.making import made
from migrator.steps.pausing import Paused, Pauses, Sleep
from migrator.steps.reckoning import Reckoning
from migrator.steps.reconciling import PutAgain, reconciled
from migrator.steps.rereading import reread
from migrator.steps.surveying import looked_at, survey
from migrator.steps.tries import Tries
from schedules.clock import Clock

__all__ = ["Paused", "Preflight", "move", "preflight"]

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
    sleep: Sleep = asyncio.sleep,
) -> Receipt:
    """Move what is not moved yet, and tell what there is on both sides then.

    `pauses`: how many seconds to wait before it is tried again after a side was away or asked for patience, one after
    the other; once something has been settled meanwhile, they begin anew.
    """
    began, stop, watched = clock.now(), stop or asyncio.Event(), Watched(progress or Silent())
    tries, again = Tries(), PutAgain()
    waiting = Pauses(pauses, stop, watched, sleep=sleep)
    while True:
        try:
            return await _moved(
                source, target, journal, clock, began, watched, stop, tries, again, sleep, read_back=read_back
            )
        except (MailboxAway, MailboxLimited) as error:
            await waiting.after(error, watched.count)


async def _moved(
    source: Source,
    target: Target,
    journal: Journal,
    clock: Clock,
    began: datetime,
    progress: Progress,
    stop: asyncio.Event,
    tries: Tries,
    again: PutAgain,
    sleep: Sleep,
    *,
    read_back: bool,
) -> Receipt:
    reckoning = Reckoning(source, target, journal, began=began)
    todo: Collection[FolderName] | None = None  # None: every folder there is
    for number in range(PASSES):
        sides = await looked_at(source, target)
        left = await reconciled(target, journal, sides.target, again, sleep)
        names, unmade = await made(target, journal, sides)
        work, trouble = await survey(source, journal, sides, names, left, todo)
        carrier = Carrier(source, target, journal, progress, stop, left, tries)
        trouble |= await carrier.carry(work, sides.target, unmade, last=number == PASSES - 1)
        reckoning.take(sides, names, unmade, trouble, changed=any(one.wanted or one.reflagged for one in work))
        todo = set(trouble)
        if not todo:
            break
    await target.finish()
    await again.look(target, journal, sleep)
    read = await reread(target, journal, journal.names(), progress) if read_back else None
    return await reckoning.receipt(clock.now(), read_back=read)
