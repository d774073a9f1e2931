"""What was put into the target, read back from there and compared.

    read_back = await reread(target, journal, names, progress)

A message is read back by the UID that the target gave it; where it gave none, the whole folder is, and compared by
octets alone. A target that changes octets is no reason to put anything again: it is told how many it changed.
Raises what Target raises, but StaleFolder.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from migrator.journals.journal import THERE, Journal, Mark
from migrator.mailbox import FolderName, FolderState, StaleFolder, Target
from migrator.progress import Progress


@dataclass(slots=True)
class Reread:
    """Of the messages of one folder of the source."""

    missing: int = 0
    changed: int = 0


ReadBack = Mapping[FolderName, Reread]


async def reread(
    target: Target, journal: Journal, names: Mapping[FolderName, FolderName], progress: Progress
) -> ReadBack:
    """Compare every message that was put anywhere."""
    found = {}
    for folder in journal.counts():
        into = names.get(folder, folder)
        progress.says(f"reading back {'/'.join(into)}")
        marks = [mark for mark in journal.marks(folder) if mark.settled in THERE]
        try:
            found[folder] = await _compared(target, into, marks)
        except StaleFolder:
            found[folder] = Reread(missing=len(marks))
    return found


async def _compared(target: Target, into: FolderName, marks: list[Mark]) -> Reread:
    state = await target.mark(into)
    by_uid = {one.target_uid: one for one in marks if one.target_uid and one.target_uidvalidity == state.uidvalidity}
    reread = Reread(missing=len(by_uid))
    async for uid, size, sha256 in target.digests(into, sorted(by_uid)):
        reread.missing -= 1
        reread.changed += (by_uid[uid].size, by_uid[uid].sha256) != (size, sha256)
    if len(by_uid) < len(marks):
        others = [one for one in marks if one.target_uid not in by_uid or one is not by_uid[one.target_uid]]
        await _by_octets(target, into, FolderState(state.uidvalidity, 1, 0), others, set(by_uid), reread)
    return reread


async def _by_octets(
    target: Target, into: FolderName, start: FolderState, marks: list[Mark], known: set[int], reread: Reread
) -> None:
    """Messages without a UID: as many of the same octets must be there; what else is there may be one that changed."""
    wanted = Counter((mark.size, mark.sha256) for mark in marks)
    strange = 0
    async for uid, size, sha256 in target.since(into, start):
        if uid in known:
            continue
        if wanted[size, sha256]:
            wanted[size, sha256] -= 1
        else:
            strange += 1
    changed = min(strange, wanted.total())
    reread.changed += changed
    reread.missing += wanted.total() - changed
