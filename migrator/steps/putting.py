"""Batches on their way into the target: intended, put, settled; several at once.

    putting = Putting(target, journal, progress, before, tries)
    await putting.put(batch)       # waits while enough is on its way
    await putting.drain()          # waits for all answers

Each batch is durable in the journal as intended before it is sent. Where one fails, what is on its way still gets its
answers; then `put` or `drain` raises the first failure, and what had no answer stays intended. A full target answers
OVERQUOTA: what it refused is settled so, and MailboxLimited raised.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from migrator.journals.journal import Intent, Journal, Key, Mark, Settled, Settlement
from migrator.mailbox import (
    FolderName,
    FolderState,
    MailboxAway,
    MailboxLimited,
    Message,
    Outcome,
    Refused,
    StaleFolder,
    Stored,
    Target,
)
from migrator.progress import Progress
from migrator.sizes import in_words
from migrator.steps.batches import BATCH_OCTETS, Batch
from migrator.steps.scribe import Scribe
from migrator.steps.tries import Tries

ON_ITS_WAY = 4 * BATCH_OCTETS  # octets; one batch may always go
BATCHES = 16
NAMED = 100  # flags of a folder that are named, each durably
_MORE = "the target does not keep more flags than are named here"
_FULL = {"OVERQUOTA"}


class _Edge:
    """From where on a lost answer is looked for: what is put from now on gets a UID of `state.uidnext` at least."""

    def __init__(self, state: FolderState) -> None:
        self.state = state
        self._least = state.uidnext  # UIDs only rise, by one for each message at least

    def move_on(self, stored: Sequence[Stored]) -> None:
        """These have been stored, perhaps while others are on their way."""
        self._least += len(stored)
        uids = [one.uid + 1 for one in stored if one.uid is not None and one.uidvalidity == self.state.uidvalidity]
        self.state = replace(self.state, uidnext=max([self.state.uidnext, self._least, *uids]))


class Putting:
    """Puts batches, and keeps the journal in step."""

    def __init__(
        self,
        target: Target,
        journal: Journal,
        progress: Progress,
        before: Mapping[FolderName, FolderState],
        tries: Tries,
    ) -> None:
        self._target = target
        self._journal = journal
        self._scribe = Scribe(journal)
        self._progress = progress
        self._tries = tries
        self._before = {into: _Edge(state) for into, state in before.items()}
        self._running: dict[asyncio.Task[None], int] = {}
        self._told: dict[FolderName, set[str]] = defaultdict(set)
        self._failure: BaseException | None = None
        self.stale: dict[FolderName, str] = {}  # folders of the target that were found changed: nothing more goes there

    async def put(self, batch: Batch) -> None:
        """Send a batch as soon as there is room for it on the way."""
        while self._running and not self._fits(batch):
            await self._some()
        if self._failure is not None or batch.into in self.stale:
            batch.forget()
            self._raise()
            return
        intent = Intent(batch.into, self._before[batch.into].state, tuple(batch.marks))
        self._running[asyncio.create_task(self._send(batch, intent))] = batch.octets
        while self._running and batch.suspect:
            await self._some()

    async def drain(self) -> None:
        """Wait for all answers."""
        while self._running:
            await self._some()
        self._raise()

    async def wait(self) -> None:
        """Wait for all answers, whatever they are: something else has failed, or all is done."""
        while self._running:
            await self._some()
        await self._scribe.close()

    async def end(self) -> None:
        """Wait for no answer any more."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()

    def _fits(self, batch: Batch) -> bool:
        room = len(self._running) < BATCHES and sum(self._running.values()) + batch.octets <= ON_ITS_WAY
        return room and not batch.suspect

    async def _some(self) -> None:
        done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del self._running[task]
            error = task.exception()
            self._failure = self._failure or error

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _send(self, batch: Batch, intent: Intent) -> None:
        try:
            await self._scribe.write(intent)
            outcomes = await self._target.put(batch.into, batch.messages)
        except StaleFolder as stale:
            self.stale[batch.into] = str(stale)
            return
        except MailboxAway:
            self._tries.broke(batch.marks)
            raise
        finally:
            batch.forget()
        settled = [settled_as(mark, outcome) for mark, outcome in zip(batch.marks, outcomes, strict=True)]
        await self._scribe.write(Settlement(tuple(settled)))
        self._progress.settled(batch.folder, settled)
        self._dropped(batch.folder, outcomes)
        self._before[batch.into].move_on([one for one in outcomes if isinstance(one, Stored)])
        _check_room(settled, outcomes)

    def _dropped(self, folder: FolderName, outcomes: Sequence[Outcome]) -> None:
        told = self._told[folder]
        for flag in sorted({flag for one in outcomes if isinstance(one, Stored) for flag in one.dropped} - told):
            if len(told) <= NAMED:
                self._journal.note(folder, not_kept(flag) if len(told) < NAMED else _MORE)
            told.add(flag)


def _check_room(marks: Sequence[Mark], outcomes: Sequence[Outcome]) -> None:
    """Raises MailboxLimited where the target had no room for one of these."""
    pairs = zip(marks, outcomes, strict=True)
    full = [(mark.size, one) for mark, one in pairs if isinstance(one, Refused) and one.code in _FULL]
    if full:
        octets, refused = min(full, key=lambda one: one[0])
        why = f"the target is full, with no room for {in_words(octets)} more: {refused.why}"
        raise MailboxLimited(why, code=refused.code)


def not_kept(flag: str) -> str:
    """What a receipt tells of a flag that the target drops."""
    return f"the target does not keep the flag {flag}"


def settled_as(mark: Mark, outcome: Outcome) -> Mark:
    """What came of a message that was put."""
    match outcome:
        case Stored(uidvalidity, uid):
            how = Settled.POSSIBLE_DUPLICATE if mark.why else Settled.COPIED
            return replace(mark, settled=how, target_uidvalidity=uidvalidity, target_uid=uid)
        case Refused(why, code):
            told = f"[{code}] {why}" if code else why
            return replace(mark, settled=Settled.REFUSED, why=told.strip() or "the target gave no reason")


def mark_of(message: Message, uidvalidity: int) -> Mark:
    """The mark of a message that may be put."""
    content = message.content
    key = Key(message.folder, uidvalidity, message.item.uid)
    return Mark(key, content.size, content.sha256, message.item.flags)
