"""After a lost answer: what the target has, and what it has not.

    left = await reconciled(target, journal, folders_of_target, again, asyncio.sleep)  # at each start of a pass
    await again.look(target, journal, asyncio.sleep)                                    # at the end of a run

What came into the folder since the intent is looked at, by size and SHA-256. Where not all is found, the target gets
the time that it `lags` behind, and what has come then is looked at too. Found: settled as already there. Surely not
there: left as it is, to be put again. Where nobody can know (the folder is numbered anew, the target may change octets,
or what was found may be an identical message), the mark keeps the reason, so that it is named as possibly twice once it
is put again. What was surely not there may come later still: so `PutAgain` has the target looked at once more in the
end, and what is there twice then is named. Raises what Target raises, but StaleFolder.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from migrator.journals.journal import THERE, Intent, Journal, Key, Mark, Settled, Settlement
from migrator.mailbox import FolderName, FolderState, StaleFolder, Target
from migrator.steps.pausing import Sleep
from migrator.steps.together import together

_TWIN = "an answer got lost, and what was found in the target may be an identical message"
_CHANGED = "an answer got lost, and the target changes the octets of messages, or may"
_LATE = "an answer got lost, it was put again, and the target has stored it twice"
_ANEW = "an answer got lost, and the target's folder is numbered anew since"

Print = tuple[int, bytes]  # size and SHA-256


@dataclass(slots=True)
class _Arrivals:
    """What came into a folder of the target, as far as no settled mark explains it by its UID."""

    free: dict[Print, list[int]] = field(default_factory=lambda: defaultdict(list))  # UIDs
    twins: Counter[Print] = field(default_factory=Counter)  # settled marks that may explain some of it, nobody knows
    faithful: bool = False  # something settled has arrived with the octets it was sent with

    def take(self, mark: Mark) -> int | None:
        """The UID of what is surely this message, given away once."""
        uids = self.free.get(print_of(mark), [])
        return uids.pop(0) if len(uids) > self.twins[print_of(mark)] else None

    def doubt(self, mark: Mark) -> str:
        """Why this message, which was not found, may be there all the same; empty where it is surely not."""
        if mark.why or self.free.get(print_of(mark)):
            return mark.why or _TWIN
        strange = any(uids for print_, uids in self.free.items() if print_ not in self.twins)
        return _CHANGED if strange and not self.faithful else ""


class PutAgain:
    """What this run puts again as not found in the target, and from where on it would stand there."""

    def __init__(self) -> None:
        self._before: dict[FolderName, FolderState] = {}
        self._keys: dict[FolderName, set[Key]] = defaultdict(set)

    def expect(self, into: FolderName, before: FolderState, marks: Sequence[Mark]) -> None:
        """These are put again; before they were first, the folder was in this state."""
        known = self._before.get(into, before)
        if known.uidvalidity != before.uidvalidity:
            self._keys[into].clear()
        self._before[into] = before if known.uidvalidity != before.uidvalidity else min(known, before, key=_uidnext)
        self._keys[into].update(mark.key for mark in marks)

    async def look(self, target: Target, journal: Journal, sleep: Sleep) -> None:
        """Name what is there twice by now."""
        some = [into for into, keys in self._keys.items() if keys]
        for pause in target.lags[-1:] if some else ():
            await sleep(pause)
        for into in some:
            try:
                await self._look(target, journal, into)
            except StaleFolder:
                continue  # what it holds is counted in the receipt; which of it came twice, nobody knows any more

    async def _look(self, target: Target, journal: Journal, into: FolderName) -> None:
        before, keys = self._before[into], self._keys[into]
        folders = {key.folder for key in keys}
        marks = [one for name in folders for one in journal.marks(name) if one.key in keys and one.settled in THERE]
        arrivals = await _arrived(target, journal, into, before, folders, {mark.size for mark in marks})
        twice = []
        for print_, same in _by_print(marks).items():
            known = [one for one in same if one.settled is Settled.POSSIBLE_DUPLICATE]
            explained = sum(one.target_uid is None for one in same) + len(known)
            others = [one for one in same if one not in known]
            twice += others[: max(0, len(arrivals.free[print_]) - explained)]
        if twice:
            named = tuple(replace(one, settled=Settled.POSSIBLE_DUPLICATE, why=_LATE) for one in twice)
            journal.write([Settlement(named)])


def _uidnext(state: FolderState) -> int:
    return state.uidnext


def _by_print(marks: Sequence[Mark]) -> dict[Print, list[Mark]]:
    found = defaultdict(list)
    for mark in marks:
        found[print_of(mark)].append(mark)
    return found


async def reconciled(
    target: Target, journal: Journal, there: Collection[FolderName], again: PutAgain, sleep: Sleep
) -> tuple[Mark, ...]:
    """Look for everything intended; what is left to be put again, with its doubts. `there`: the target's folders."""
    intents: dict[FolderName, list[Intent]] = defaultdict(list)
    for intent in journal.intended():
        intents[intent.into].append(intent)
    nowhere = [mark for into, some in intents.items() if into not in there for intent in some for mark in intent.marks]
    looking = [
        _looked_for(target, journal, into, some, again, sleep) for into, some in intents.items() if into in there
    ]
    return tuple(chain(nowhere, *await together(looking)))


async def _looked_for(
    target: Target, journal: Journal, into: FolderName, intents: Sequence[Intent], again: PutAgain, sleep: Sleep
) -> list[Mark]:
    marks = [mark for intent in intents for mark in intent.marks]
    before = min((intent.before for intent in intents), key=lambda state: state.uidnext)
    try:
        held = (await target.mark(into)).messages
        arrivals, found = await _looked(target, journal, into, before, marks)
        for pause in target.lags if len(found) < len(marks) else ():
            await sleep(pause)
            if (now := (await target.mark(into)).messages) != held:
                held = now
                arrivals, found = await _looked(target, journal, into, before, marks)
    except StaleFolder:
        return _kept(journal, into, before, [replace(mark, why=mark.why or _ANEW) for mark in marks])
    arrivals.faithful = arrivals.faithful or bool(found)
    journal.write([Settlement(tuple(_there(mark, before, found[mark.key]) for mark in marks if mark.key in found))])
    left = [replace(mark, why=arrivals.doubt(mark)) for mark in marks if mark.key not in found]
    again.expect(into, before, [mark for mark in left if not mark.why])
    return _kept(journal, into, before, left)


async def _looked(
    target: Target, journal: Journal, into: FolderName, before: FolderState, marks: Sequence[Mark]
) -> tuple[_Arrivals, dict[Key, int]]:
    """What has come, and which of these messages are surely among it, by their UIDs."""
    arrivals = await _arrived(target, journal, into, before, {mark.key.folder for mark in marks})
    return arrivals, {mark.key: uid for mark in marks if (uid := arrivals.take(mark)) is not None}


async def _arrived(
    target: Target,
    journal: Journal,
    into: FolderName,
    before: FolderState,
    folders: Collection[FolderName],
    sizes: Collection[int] | None = None,
) -> _Arrivals:
    """Everything (of these sizes) from `before` on, less what is settled under its UID."""
    came = {uid: (size, sha256) async for uid, size, sha256 in target.since(into, before, sizes)}
    arrivals = _Arrivals()
    for mark in (mark for folder in folders if came for mark in journal.marks(folder)):
        if mark.settled not in THERE:
            continue
        if mark.target_uid is None or mark.target_uidvalidity != before.uidvalidity:
            arrivals.twins[print_of(mark)] += 1
            arrivals.faithful = arrivals.faithful or print_of(mark) in came.values()
        elif (print_ := came.pop(mark.target_uid, None)) is not None:
            arrivals.faithful = arrivals.faithful or print_ == print_of(mark)
    for uid, print_ in sorted(came.items()):
        arrivals.free[print_].append(uid)
    return arrivals


def _kept(journal: Journal, into: FolderName, before: FolderState, marks: list[Mark]) -> list[Mark]:
    """Doubts outlive a kill."""
    if doubted := [mark for mark in marks if mark.why]:
        journal.write([Intent(into, before, tuple(doubted))])
    return marks


def _there(mark: Mark, before: FolderState, uid: int) -> Mark:
    how = Settled.POSSIBLE_DUPLICATE if mark.why else Settled.ALREADY_THERE
    return replace(mark, settled=how, target_uidvalidity=before.uidvalidity, target_uid=uid)


def print_of(mark: Mark) -> Print:
    """By what a message is known again."""
    return mark.size, mark.sha256
