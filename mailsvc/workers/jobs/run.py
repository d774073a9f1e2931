"""One job in a thread: both mailboxes opened, one moved into the other, and how that ended.

    run = Run(claimed, journal, means, keep)
    ending = run.work()            # blocks; raises nothing that a move may raise
    run.stop(); run.cut()          # from any other thread

The thread has an event loop of its own, so that a journal may wait for its disk while mail goes on elsewhere. `stop`
lets what is on its way get its answers; `cut` ends at once, as a kill would: the journal knows what to look for then.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailsvc.kit.mailbox_urls import parse_mailbox
from mailsvc.kit.mailboxes import Side as Mailbox
from mailsvc.kit.oauth import Tokens
from mailsvc.kit.telemetry import Log
from mailsvc.records.job import Claimed, Ending, FailedForNow, GivenBack, Side, Succeeded, Whole
from mailsvc.workers.jobs.counted import Counted, Moved, uncounted
from mailsvc.workers.jobs.endings import ending_of, expected
from mailsvc.workers.jobs.secrets import Keeps, Known, RunSecrets, Seals, nothing_known
from migrator.journals.journal import THERE, Journal
from migrator.mailbox import MailboxAway, MailboxRefused, Source, Target
from migrator.moving import PAUSES, move
from migrator.reasons import Code, Reason
from migrator.receipts.receipt import Receipt
from schedules.clock import Clock

USED_UP = "a mailbox has moved what its provider allows in a day"


class Opens(Protocol):
    """Opens both mailboxes of a move."""

    def __call__(self, source: Mailbox, target: Mailbox) -> AbstractAsyncContextManager[tuple[Source, Target]]:
        """Both, closed at the end of the block."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What every run needs."""

    opens: Opens
    seals: Seals
    tokens: Tokens
    sign: Callable[[Receipt], str]
    clock: Clock
    chance: Callable[[], float]  # from 0 to 1
    log: Log
    known: Known = nothing_known
    moved: Moved = uncounted  # told of messages and octets as they are settled, from any thread


def whole(journal: Journal) -> Whole:
    """What is in the target by all runs."""
    there = [counts[settled] for counts in journal.counts().values() for settled in THERE & counts.keys()]
    return Whole(sum(messages for messages, _ in there), sum(octets for _, octets in there))


class Run:
    """One run of a job in hand."""

    def __init__(self, claimed: Claimed, journal: Journal, means: Means, keep: Keeps) -> None:
        self.job = claimed.job
        self.progress = Counted(self.stop, means.moved)
        self._secrets = RunSecrets(claimed, means.seals, means.tokens, keep, means.known)
        self._journal = journal
        self._means = means
        self._claimed_at = claimed.job.started_at or means.clock.now()
        self._began = means.clock.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Ending] | None = None
        self._asked = asyncio.Event()
        self._stopping = self._cutting = False

    def work(self) -> Ending | None:
        """Move; how it ended, None where another worker has the job by now."""
        if self.progress.most is not None and self.progress.most <= 0:
            self.progress.used_up = True
            return self._used_up()
        try:
            ending = asyncio.run(self._moved())
        except asyncio.CancelledError:
            return GivenBack()
        except Exception as error:  # noqa: BLE001 - the table of endings says what follows from each
            found = self.ending_of(error)
            return self._used_up() if self.progress.used_up and isinstance(found, GivenBack) else found
        return ending

    def ending_of(self, error: Exception) -> Ending | None:
        """What follows from a failure."""
        means = self._means
        if isinstance(error, MailboxRefused) and self._secrets.ended(self._now()):
            again = f"a token has ended, and another is asked for ({error})"
            error = MailboxAway(again, reason=Code.NO_TOKEN_NOW, place=error.place, said=error.said)
        if not expected(error):
            means.log.error("a job met a fault of the program", job=self.job.id, exc_info=error)
        progressed = self.progress.now.messages > 0
        return ending_of(error, self.job, now=self._now(), progressed=progressed, chance=means.chance())

    def _used_up(self) -> Ending:
        """It goes on when the records say that there is room again."""
        progressed, reasons = self.progress.now.messages > 0, (Reason(Code.DAY_USED),)
        return FailedForNow(USED_UP, self._now(), progressed, reasons=reasons)

    def _now(self) -> datetime:
        """The time by which the job was claimed, gone on since: a clock that jumps makes no wait shorter or longer."""
        return self._claimed_at + timedelta(seconds=self._means.clock.monotonic() - self._began)

    def stop(self) -> None:
        """Let it come to an end soon."""
        self._stopping = True
        self._tell(self._asked.set)

    def cut(self) -> None:
        """End it now."""
        self._cutting = True
        self._tell(self._cancel)

    def _tell(self, word: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(word)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _moved(self) -> Ending:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._stopping or self._cutting:
            return GivenBack()
        wishes = self.job.wishes
        urls = {side: parse_mailbox(url, insecure=wishes.insecure) for side, url in self._urls().items()}
        sides = {side: Mailbox(url, await self._secrets.of(side, url)) for side, url in urls.items()}
        async with self._means.opens(sides[Side.SOURCE], sides[Side.TARGET]) as (old, new):
            receipt = await move(
                old,
                new,
                self._journal,
                clock=self._means.clock,
                progress=self.progress,
                stop=self._asked,
                read_back=wishes.read_back,
                pauses=PAUSES,
                queued=True,
            )
        return Succeeded(self._means.sign(receipt), named=not receipt.complete, whole=whole(self._journal))

    def _urls(self) -> Mapping[Side, str]:
        return {Side.SOURCE: self.job.source, Side.TARGET: self.job.target}
