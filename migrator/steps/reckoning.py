"""The reckoning after a move: both sides counted anew, beside what the journal says came of each message.

    reckoning = Reckoning(source, target, journal, began=...)
    reckoning.take(sides, names, unmade, trouble, changed=True)     # after each pass
    receipt = await reckoning.receipt(now)

Where nothing was done, the counts with which the run began are good enough. What a person must look at becomes a
finding. Raises what Source and Target raise.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from migrator.journals.journal import THERE, Journal, Mark, Settled
from migrator.mailbox import FolderName, MailFolder, Source, Target
from migrator.receipts.receipt import FolderReceipt, Named, Receipt
from migrator.steps.rereading import ReadBack
from migrator.steps.surveying import Sides, looked_at


class Reckoning:
    """Gathers what a receipt needs to know."""

    def __init__(self, source: Source, target: Target, journal: Journal, *, began: datetime) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._began = began
        self._changed = False
        self._sides = Sides({}, {}, {})
        self._names: Mapping[FolderName, FolderName] = {}
        self._trouble: dict[FolderName, str] = {}

    def take(
        self,
        sides: Sides,
        names: Mapping[FolderName, FolderName],
        unmade: Mapping[FolderName, str],
        trouble: Mapping[FolderName, str],
        *,
        changed: bool,
    ) -> None:
        """What a pass has seen; `changed`: it has put something into the target, or tried to."""
        self._sides, self._names = sides, names
        self._trouble = {name: f"the target does not make its folder: {why}" for name, why in unmade.items()}
        self._trouble |= trouble
        self._changed = self._changed or changed

    async def receipt(self, now: datetime, *, read_back: ReadBack | None = None) -> Receipt:
        """What there is on both sides; `read_back`: what reading everything again has shown."""
        sides, independent = await self._again()
        names = {one.name for one in self._sides.source.values() if one.holds_messages} | set(self._journal.counts())
        folders = tuple(self._folder(name, sides, read_back) for name in sorted(names))
        findings = [finding for one in folders for finding in findings_of(one)]
        for name, why in sorted(self._trouble.items()):
            head = f"{'/'.join(name)}: "
            findings.append(head + why.removeprefix(head))
        empty = not any(one.found for one in folders)
        if empty and independent is None:
            independent = await self._source.counted()
        if empty and independent is not None and any(independent):
            findings.append(
                f"the source shows no message, but counts {independent[0]} of {independent[1]} octets: "
                "whoever logged in there may not be allowed to see them"
            )
        return Receipt(
            source=self._source.described,
            target=self._target.described,
            began=self._began,
            ended=now,
            folders=folders,
            left_out={"/".join(name): why for name, why in sorted(sides.left_out.items())},
            findings=tuple(findings),
            independent=independent,
            read_back=read_back is not None,
        )

    async def _again(self) -> tuple[Sides, tuple[int, int] | None]:
        """Both sides as they are now, and another count of the source; none where nothing was done."""
        if not self._changed:
            return self._sides, None
        sides = await looked_at(self._source, self._target)
        return sides, await self._source.counted()

    def _folder(self, name: FolderName, sides: Sides, read_back: ReadBack | None) -> FolderReceipt:
        tally = _Tally(name, self._journal)
        into = self._names.get(name, name)
        counted, in_target = self._counted(name), _messages(sides.target.get(into))
        held = 0 if into not in sides.target else tally.there if in_target is None else in_target
        gone_there = max(0, tally.there - held)
        reread = read_back.get(name) if read_back is not None else None
        return FolderReceipt(
            folder=name,
            into=into,
            found=tally.found,
            copied=tally.count[Settled.COPIED],
            already_there=tally.count[Settled.ALREADY_THERE],
            possible_duplicates=tuple(tally.named[Settled.POSSIBLE_DUPLICATE]),
            refused=tuple(tally.named[Settled.REFUSED]),
            vanished=tuple(tally.named[Settled.VANISHED]),
            octets=tally.octets,
            digest=tally.digest.hexdigest(),
            counted=counted,
            never_shown=max(0, (counted or 0) - tally.found),
            in_target=in_target,
            no_longer_there=max(gone_there, reread.missing if reread else 0),
            changed=reread.changed if reread else 0,
            notes=(*self._journal.notes().get(name, ()), *_left(tally, counted), *self._late(name, sides)),
        )

    def _counted(self, name: FolderName) -> int | None:
        """How many the source said there were when the folder was finished, or else when it was looked at."""
        folder = self._sides.source.get(name)
        if folder is None:
            return None
        state = self._journal.state(name) if name not in self._trouble else None
        return state.messages if state is not None else _messages(folder)

    def _late(self, name: FolderName, sides: Sides) -> list[str]:
        """Whether the folder went on changing while it was moved."""
        if name not in sides.source:
            return ["gone from the source since"]
        state, now = self._journal.state(name), sides.source[name].state
        if state is None or state == now or name in self._trouble:
            return []
        return ["changed at the source during the move: the next run brings what came"]


class _Tally:
    """What the journal holds of a folder, in one walk."""

    def __init__(self, folder: FolderName, journal: Journal) -> None:
        self.count = dict.fromkeys(Settled, 0)
        self.named: dict[Settled, list[Named]] = {how: [] for how in Settled}
        self.octets = 0
        self.digest = hashlib.sha256()
        for mark in journal.marks(folder):
            if mark.settled is not None:
                self._take(mark, mark.settled)

    def _take(self, mark: Mark, how: Settled) -> None:
        self.count[how] += 1
        if how in THERE:
            self.octets += mark.size
            self.digest.update(mark.sha256)
        if how not in {Settled.COPIED, Settled.ALREADY_THERE}:
            self.named[how].append(Named(mark.key.uid, mark.why, mark.size or None))

    @property
    def there(self) -> int:
        """Messages that the target holds."""
        return sum(self.count[how] for how in THERE)

    @property
    def found(self) -> int:
        """Messages that the source showed."""
        return self.there + self.count[Settled.REFUSED]


def _messages(folder: MailFolder | None) -> int | None:
    return folder.state.messages if folder is not None and folder.state is not None else None


def _left(tally: _Tally, counted: int | None) -> list[str]:
    """Messages that the source has deleted, or moved elsewhere, after they were put into the target."""
    left = tally.found - counted if counted is not None else 0
    return [f"{left} of them have left the folder since, and stay in the target"] if left > 0 else []


def findings_of(one: FolderReceipt) -> list[str]:
    """What the numbers of a folder ask a person to look at."""
    name, found = "/".join(one.folder), []
    if one.never_shown:
        found.append(f"{name}: the source counts {one.counted} messages, and never showed {one.never_shown} of them")
    if one.no_longer_there:
        found.append(f"{name}: {one.no_longer_there} messages that were put into the target are there no more")
    if one.changed:
        found.append(f"{name}: {one.changed} messages have other octets in the target than were sent: it changes them")
    return found
