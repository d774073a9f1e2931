"""What there is to do, done: messages read, put in batches, and flags brought up to date.

    carrier = Carrier(source, target, journal, progress, stop, left, tries)
    trouble = await carrier.carry(work, there, unmade, last=False)

All folders are read as one stream. A folder all of whose messages came and were settled is finished in the journal;
`trouble` tells of the others, which are to be looked at again; in the `last` pass what still does not come is refused,
and so named. Raises Paused, and what Source, Target and journal raise but StaleFolder; whatever ends it, what is on its
way still gets its answers.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from migrator.journals.journal import Journal, Key, Mark, Settled, Settlement
from migrator.mailbox import FolderName, FolderState, MailFolder, Message, Missing, Source, StaleFolder, Target
from migrator.progress import Progress
from migrator.steps.batches import Batch, Gathering
from migrator.steps.came import Came
from migrator.steps.former import Former
from migrator.steps.pausing import Paused
from migrator.steps.putting import Putting, mark_of, not_kept
from migrator.steps.reconciling import print_of
from migrator.steps.settling import Settling
from migrator.steps.surveying import Trouble, Work, compared
from migrator.steps.together import closing, together
from migrator.steps.tries import GIVE_UP, Tries

_FLAGS_AT_ONCE = 500  # messages


class Carrier:
    """Does the work of one pass."""

    def __init__(
        self,
        source: Source,
        target: Target,
        journal: Journal,
        progress: Progress,
        stop: asyncio.Event,
        left: Sequence[Mark],
        tries: Tries,
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._progress = progress
        self._stop = stop
        self._left = {(mark.key.folder, print_of(mark)): mark for mark in left}
        self._tries = tries
        self._settling = Settling(journal, progress)
        self._former: dict[FolderName, Former] = {}
        self._came: dict[FolderName, Came] = defaultdict(Came)
        self._trouble: Trouble = {}

    async def carry(
        self,
        work: Sequence[Work],
        there: Mapping[FolderName, MailFolder],
        unmade: Mapping[FolderName, str],
        *,
        last: bool,
    ) -> Trouble:
        """Do it; what is left, and why. `there`: the target's folders; `unmade`: why some could not be made."""
        for one in work:
            self._settling.add(one.gone)
            if one.name in unmade:
                await self._refuse(one, f"the target does not make its folder: {unmade[one.name]}")
        going = [one for one in work if one.name not in unmade]
        self._expect(going)
        states = await self._states(going, there)
        await self._read([one for one in going if one.wanted is not None and one.into in states], states)
        for one in going:
            await self._check(one, last=last)
            await self._reflag(one, states.get(one.into))
        self._settling.flush()
        self._journal.finish({one.name: one.state for one in going if one.name not in self._trouble})
        return self._trouble

    def _expect(self, going: Sequence[Work]) -> None:
        octets = [one.octets for one in going if one.wanted is not None]
        known = sum(one for one in octets if one is not None) if None not in octets else None
        self._progress.expects(sum(one.expected for one in going), known)

    async def _states(
        self, going: Sequence[Work], there: Mapping[FolderName, MailFolder]
    ) -> Mapping[FolderName, FolderState]:
        """In which state each folder of the target is before anything is put into it."""
        states = {one.into: there[one.into].state if one.into in there else None for one in going}
        asked = [one for one in going if states[one.into] is None and (one.wanted or one.reflagged)]
        for one, state in zip(asked, await together([self._mark(one) for one in asked]), strict=True):
            states[one.into] = state
        return {into: state for into, state in states.items() if state is not None}

    async def _mark(self, one: Work) -> FolderState | None:
        try:
            return await self._target.mark(one.into)
        except StaleFolder as stale:
            self._trouble[one.name] = str(stale)
            return None

    async def _read(self, rest: Sequence[Work], states: Mapping[FolderName, FolderState]) -> None:
        """Everything wanted is read and put, and has its answers, or is in trouble."""
        gathering = Gathering(self._tries)
        putting = Putting(self._target, self._journal, self._progress, states, self._tries)
        stale = dict[FolderName, str]()
        try:
            while rest:
                rest = await self._stream(rest, gathering, putting)
            for batch in gathering.rest():
                await putting.put(batch)
            await putting.drain()
        except asyncio.CancelledError:
            await putting.end()
            raise
        finally:
            await putting.wait()
            for batch in gathering.rest():
                batch.forget()
            stale |= putting.stale
            self._settling.flush()
        self._stale = stale

    async def _stream(self, rest: Sequence[Work], gathering: Gathering, putting: Putting) -> Sequence[Work]:
        """Read folders; those that are left where one of them is found changed."""
        works = {one.name: one for one in rest}
        try:
            async with closing(self._source.messages([one.wanted for one in rest if one.wanted])) as messages:
                async for message in messages:
                    for batch in self._take(works[message.folder], message, gathering):
                        await putting.put(batch)
                    if self._stop.is_set():
                        raise Paused
        except StaleFolder as stale:
            self._trouble[stale.folder] = str(stale)
            names = list(works)
            return rest[names.index(stale.folder) + 1 :] if stale.folder in works else ()
        return ()

    def _take(self, one: Work, message: Message | Missing, gathering: Gathering) -> list[Batch]:
        """Settle a message without putting it, or gather it; the batches that are full by it."""
        uid = message.uid if isinstance(message, Missing) else message.item.uid
        if not self._came[one.name].take(uid):  # said twice
            return _forgotten(message)
        if isinstance(message, Missing):
            self._settling.add([_missing(message, one.state.uidvalidity)])
            return []
        mark = mark_of(message, one.state.uidvalidity)
        if (old := self._formerly(one).take(mark)) is None:
            return self._gather(one, mark, message, gathering)
        known = replace(old, key=mark.key)
        if old.settled is not Settled.POSSIBLE_DUPLICATE:
            known = replace(known, settled=Settled.ALREADY_THERE, why="")
        self._settling.add([known], instead_of=[old.key])
        if mark.flags != old.flags:
            one.reflagged.append(replace(known, flags=mark.flags))
        return _forgotten(message)

    def _gather(self, one: Work, mark: Mark, message: Message, gathering: Gathering) -> list[Batch]:
        """Put a message with others, unless the connection broke too often at it."""
        if self._tries.given_up(mark.key):
            self._settling.add([replace(mark, settled=Settled.REFUSED, why=_BROKE)])
            return _forgotten(message)
        left = self._left.get((one.name, print_of(mark)))
        return gathering.take(one.into, replace(mark, why=left.why) if left else mark, message)

    def _formerly(self, one: Work) -> Former:
        if one.name not in self._former:
            self._former[one.name] = Former(self._journal, one.name, one.state.uidvalidity)
        return self._former[one.name]

    async def _check(self, one: Work, *, last: bool) -> None:
        """See whether all that was wanted has come, and was settled."""
        if one.into in self._stale:
            self._trouble.setdefault(one.name, self._stale[one.into])
        missed = one.expected - len(self._came[one.name])
        if missed <= 0 or one.name in self._trouble:
            return
        if last:
            await self._refuse(one, "the source lists it, and does not give it")
        else:
            self._trouble[one.name] = f"{missed} of the messages that it is said to hold did not come"

    async def _refuse(self, one: Work, why: str) -> None:
        """Name each message of a folder that is still wanted as refused."""
        again = Work(one.name, one.into, one.state)
        known = self._journal.known(one.name, one.state.uidvalidity)
        try:
            async for item, wanted in compared(again, self._source.items(one.name), known):
                if wanted:
                    key = Key(one.name, one.state.uidvalidity, item.uid)
                    self._settling.add([Mark(key, item.size or 0, b"", item.flags, Settled.REFUSED, why)])
        except StaleFolder as stale:
            self._trouble[one.name] = str(stale)

    async def _reflag(self, one: Work, state: FolderState | None) -> None:
        """Bring the flags of what is in the target up to date."""
        try:
            for at in range(0, len(one.reflagged), _FLAGS_AT_ONCE):
                marks = one.reflagged[at : at + _FLAGS_AT_ONCE]
                for told in await self._reflagged(one.into, marks, state):
                    self._journal.note(one.name, told)
                self._journal.write([Settlement(tuple(marks))])
        except StaleFolder as stale:
            self._trouble[one.name] = str(stale)

    async def _reflagged(self, into: FolderName, marks: Sequence[Mark], state: FolderState | None) -> list[str]:
        validity = state.uidvalidity if state is not None else None
        known = {
            mark.target_uid: mark.flags
            for mark in marks
            if mark.target_uid is not None and mark.target_uidvalidity == validity
        }
        told = [] if len(known) == len(marks) else [_UNKNOWN]
        return told + [not_kept(flag) for flag in sorted(await self._target.reflag(into, known) if known else ())]


_BROKE = f"the connection to the target broke each of the {GIVE_UP} times that it was put"
_UNKNOWN = "flags changed after messages were put, and the target does not say which messages those are"


def _forgotten(message: Message | Missing) -> list[Batch]:
    if isinstance(message, Message):
        message.content.forget()
    return []


def _missing(message: Missing, uidvalidity: int) -> Mark:
    how = Settled.VANISHED if message.gone else Settled.REFUSED
    return Mark(
        Key(message.folder, uidvalidity, message.uid), 0, b"", frozenset(), how, message.why or "no reason given"
    )
