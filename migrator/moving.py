"""A mailbox moved: everything in the source is in the target, or named. The flow, from top to bottom.

    receipt = await move(source, target, journal, clock=SystemClock())

It can be repeated at will: whatever ended an earlier run, the journal knows what was settled, the target is asked for
what had no answer, and only what is missing is read and put. So passes up to a cutoff and a last one after it are calls
of `move`. What is found changed under it (a folder numbered anew, renamed, removed) is looked at again, up to PASSES
times. Raises Paused once `stop` is set and what was on its way has its answers; MailboxAway and MailboxLimited where a
later run may go on; MailboxRefused; what the journal raises when its disk says no.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

from migrator.journals.journal import Journal
from migrator.mailbox import FolderName, MailboxAway, MailboxLimited, Source, Target
from migrator.preflight import Preflight, preflight
from migrator.progress import Progress, Silent, Watched
from migrator.receipts.receipt import Receipt
from migrator.steps.carrying import Carrier, Paused
from migrator.steps.making import made
from migrator.steps.reckoning import Reckoning
from migrator.steps.reconciling import reconciled
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
) -> Receipt:
    """Move what is not moved yet, and tell what there is on both sides then.

    `pauses`: how many seconds to wait before it is tried again after a side was away or asked for patience, one after
    the other; once something has been settled meanwhile, they begin anew.
    """
    began, stop, watched = clock.now(), stop or asyncio.Event(), Watched(progress or Silent())
    failed, tries = 0, Tries()
    while True:
        settled = watched.count
        try:
            return await _moved(source, target, journal, clock, began, watched, stop, tries, read_back=read_back)
        except (MailboxAway, MailboxLimited) as error:
            failed = failed + 1 if watched.count == settled else 1
            if failed > len(pauses) or not _passing(error):
                raise
            seconds = max(pauses[failed - 1], _asked_for(error))
            watched.says(f"{error}: going on in {seconds:g} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
            raise Paused


def _passing(error: MailboxAway | MailboxLimited) -> bool:
    """Whether waiting a little may help: a full mailbox has to be emptied by somebody."""
    return isinstance(error, MailboxAway) or error.code != "OVERQUOTA"


def _asked_for(error: MailboxAway | MailboxLimited) -> float:
    return error.wait.total_seconds() if isinstance(error, MailboxLimited) and error.wait is not None else 0.0


async def _moved(
    source: Source,
    target: Target,
    journal: Journal,
    clock: Clock,
    began: datetime,
    progress: Progress,
    stop: asyncio.Event,
    tries: Tries,
    *,
    read_back: bool,
) -> Receipt:
    reckoning = Reckoning(source, target, journal, began=began)
    todo: Collection[FolderName] | None = None  # None: every folder there is
    for number in range(PASSES):
        sides = await looked_at(source, target)
        left = await reconciled(target, journal, sides.target)
        names, unmade = await made(target, journal, sides)
        work, trouble = await survey(source, journal, sides, names, left, todo)
        carrier = Carrier(source, target, journal, progress, stop, left, tries)
        trouble |= await carrier.carry(work, sides.target, unmade, last=number == PASSES - 1)
        reckoning.take(sides, names, unmade, trouble, changed=any(one.wanted or one.reflagged for one in work))
        todo = set(trouble)
        if not todo:
            break
    await target.finish()
    read = await reread(target, journal, journal.names(), progress) if read_back else None
    return await reckoning.receipt(clock.now(), read_back=read)
