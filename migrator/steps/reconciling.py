"""After a lost answer: what the target has, and what it has not.

    left = await reconciled(target, journal, folders_of_target, asyncio.sleep)     # at each start of a pass

What came into the folder since the intent is looked at, by size and SHA-256. Where not all is found, the target gets
the time that it `lags` behind, and what has come then is looked at too. Found: settled as already there. Surely not
there: left as it is, to be put again. Where nobody can know (the folder is numbered anew, the target may change octets,
or what was found may be an identical message), the mark keeps the reason, so that it is named as possibly twice once it
is put again. Raises what Target raises, but StaleFolder.
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


async def reconciled(target: Target, journal: Journal, there: Collection[FolderName], sleep: Sleep) -> tuple[Mark, ...]:
    """Look for everything intended; what is left to be put again, with its doubts. `there`: the target's folders."""
    intents: dict[FolderName, list[Intent]] = defaultdict(list)
    for intent in journal.intended():
        intents[intent.into].append(intent)
    nowhere = [mark for into, some in intents.items() if into not in there for intent in some for mark in intent.marks]
    looking = [_looked_for(target, journal, into, some, sleep) for into, some in intents.items() if into in there]
    return tuple(chain(nowhere, *await together(looking)))


async def _looked_for(
    target: Target, journal: Journal, into: FolderName, intents: Sequence[Intent], sleep: Sleep
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
    return _kept(journal, into, before, left)


async def _looked(
    target: Target, journal: Journal, into: FolderName, before: FolderState, marks: Sequence[Mark]
) -> tuple[_Arrivals, dict[Key, int]]:
    """What has come, and which of these messages are surely among it, by their UIDs."""
    arrivals = await _arrived(target, journal, into, before, {mark.key.folder for mark in marks})
    return arrivals, {mark.key: uid for mark in marks if (uid := arrivals.take(mark)) is not None}


async def _arrived(
    target: Target, journal: Journal, into: FolderName, before: FolderState, folders: Collection[FolderName]
) -> _Arrivals:
    """Everything from `before` on, less what is settled under its UID."""
    came = {uid: (size, sha256) async for uid, size, sha256 in target.since(into, before)}
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
