"""What there is to do: both sides listed, and each folder of the source compared with the journal.

    sides = await looked_at(source, target)
    work, trouble = await survey(source, journal, sides, names, left, None)

A folder in the state that the journal knows is not opened. One that the journal knows nothing of is wanted whole; any
other is listed, without content, and compared UID by UID. What is listed no more and was never put anywhere has
vanished. `trouble` tells of folders that are not what they were when the source listed them.
Raises what Source and Target raise, but StaleFolder.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrator.journals.journal import THERE, Journal, Mark, Settled, Settlement
from migrator.mailbox import FolderName, FolderState, Item, MailFolder, Source, StaleFolder, Target, Wanted
from migrator.steps.together import together

_AT_ONCE = 16  # folders listed at the same time

Trouble = dict[FolderName, str]


@dataclass(frozen=True, slots=True)
class Sides:
    """The folders of both sides at one time."""

    source: Mapping[FolderName, MailFolder]  # those that are ours to move
    left_out: Mapping[FolderName, str]
    target: Mapping[FolderName, MailFolder]


@dataclass(slots=True)
class Work:
    """What is to be done for one folder."""

    name: FolderName
    into: FolderName
    state: FolderState  # when both sides were listed
    wanted: Wanted | None = None
    expected: int = 0  # messages that `wanted` ought to bring
    octets: int | None = None  # of those; None: nobody says
    gone: list[Mark] = field(default_factory=list)  # neither put anywhere nor at the source any more
    reflagged: list[Mark] = field(default_factory=list)  # with the flags that they have now


async def looked_at(source: Source, target: Target) -> Sides:
    """List both sides at once."""
    here, there = await together([source.folders(), target.folders()])
    return Sides(
        {one.name: one for one in here if not one.left_out},
        {one.name: one.left_out for one in here if one.left_out},
        {one.name: one for one in there},
    )


async def survey(
    source: Source,
    journal: Journal,
    sides: Sides,
    names: Mapping[FolderName, FolderName],
    left: Sequence[Mark],
    todo: Collection[FolderName] | None,
) -> tuple[list[Work], Trouble]:
    """What is to be done for the folders of `todo`, all of them where it is None; `left` has to be put again."""
    unsettled = {mark.key.folder for mark in left}
    if homeless := tuple(_vanished(mark) for mark in left if mark.key.folder not in sides.source):
        journal.write([Settlement(homeless)])
    trouble: Trouble = {}
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(folder: MailFolder) -> Work | None:
        async with room:
            try:
                return await surveyed(source, journal, folder, names[folder.name], unsettled=folder.name in unsettled)
            except StaleFolder as stale:
                trouble[folder.name] = str(stale)
                return None

    folders = [one for one in sides.source.values() if one.holds_messages and (todo is None or one.name in todo)]
    found = await together([one(folder) for folder in folders])
    return [work for work in found if work is not None], trouble


async def surveyed(
    source: Source, journal: Journal, folder: MailFolder, into: FolderName, *, unsettled: bool
) -> Work | None:
    """What is to be done for a folder; None where nothing is. `unsettled`: an answer got lost for some of it."""
    state = folder.state
    if state is None:
        raise StaleFolder(folder.name, "its server does not say in which state it is")
    if not unsettled and _unchanged(journal, folder.name, state):
        return None
    work = Work(folder.name, into, state)
    if next(journal.known(folder.name, state.uidvalidity), None) is None:
        work.expected, work.octets = state.messages, folder.octets
        work.wanted = Wanted(folder.name, state.uidvalidity) if state.messages else None
    else:
        await _compare(work, source.items(folder.name), journal.known(folder.name, state.uidvalidity))
    return work


def _unchanged(journal: Journal, folder: FolderName, state: FolderState) -> bool:
    """Whether all is settled, flags cannot have changed unseen, and no refused message is to be tried again."""
    if journal.state(folder) != state or (state.modseq is None and state.messages):
        return False
    return next(journal.marks(folder, Settled.REFUSED), None) is None


async def compared(work: Work, items: AsyncIterator[Item], marks: Iterator[Mark]) -> AsyncIterator[tuple[Item, bool]]:
    """Walk along both by rising UID: each item, and whether it is wanted; what else is seen is added to `work`."""
    mark = next(marks, None)
    async for item in items:
        while mark is not None and mark.key.uid < item.uid:
            _missed(work, mark)
            mark = next(marks, None)
        if mark is None or mark.key.uid > item.uid:
            yield item, True
            continue
        if mark.settled in THERE and mark.flags != item.flags:
            work.reflagged.append(replace(mark, flags=item.flags))
        yield item, mark.wanted
        mark = next(marks, None)
    while mark is not None:
        _missed(work, mark)
        mark = next(marks, None)


async def _compare(work: Work, items: AsyncIterator[Item], marks: Iterator[Mark]) -> None:
    """Name what is wanted in as few runs of UIDs as can be: one ends where something listed is not wanted."""
    runs: list[range] = []
    joined, octets, known = False, 0, True
    async for item, wanted in compared(work, items, marks):
        if wanted:
            first = runs.pop().start if joined else item.uid
            runs.append(range(first, item.uid + 1))
            work.expected += 1
            octets, known = octets + (item.size or 0), known and item.size is not None
        joined = wanted
    work.octets = octets if known else None
    work.wanted = Wanted(work.name, work.state.uidvalidity, tuple(runs), work.expected) if runs else None


def _missed(work: Work, mark: Mark) -> None:
    """A mark whose message is listed no more."""
    if mark.settled in {None, Settled.REFUSED}:
        work.gone.append(_vanished(mark))


def _vanished(mark: Mark) -> Mark:
    return replace(mark, settled=Settled.VANISHED, why="expunged before it could be put")
