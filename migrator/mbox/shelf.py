"""The mbox files of a target, their drafts, and the ledger that tells what of them counts. Blocks; raises OSError.

    shelf = Shelf(root, "imaps://…")             # the source of the move
    number, box = shelf.box(("INBOX",))          # StaleFolder where it is not there
    with shelf.draft(number) as descriptor: ...  # its file, from now on a draft
    shelf.finish()                               # the manifest written, drafts under their final names, the ledger gone

Nothing is written before something is asked for that has to be. MailboxRefused where a file is not as it was left, and
for what another move has begun.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from migrator.disk.files import make_directories, sync_directory
from migrator.disk.numbers import UIDVALIDITY
from migrator.mailbox import FolderName, FolderState, MailboxRefused, MailFolder, StaleFolder
from migrator.mbox.ledger import Ledger
from migrator.mbox.manifest import NAME as MANIFEST
from migrator.mbox.manifest import Manifest, write
from migrator.mbox.names import DRAFT, file_of
from migrator.mbox.rows import Box
from migrator.safe_names import key

LEDGER = "manifest.ledger"
_NOT_OURS = "{} holds the beginning of a move from {}: run that one to its end, or name another folder"
_APPEND = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Shelf:
    """Opened when it is needed first."""

    def __init__(self, root: Path, source: str) -> None:
        self._root = root
        self._source = source
        self._ledger: Ledger | None = None
        self._writes = False  # whether the ledger is a file, and may be written

    @property
    def ledger(self) -> Ledger:
        """What is known, and can be written; whatever it is told is durable."""
        if self._ledger is not None and self._writes:
            return self._ledger
        self.close()
        make_directories(self._root)
        ledger = self._opened(self._root / LEDGER)
        if ledger.source != self._source:
            begun = ledger.source
            ledger.close()
            raise MailboxRefused(_NOT_OURS.format(self._root, begun))
        self._ledger, self._writes = ledger, True
        return ledger

    @property
    def known(self) -> Ledger:
        """What is known; where nothing was written yet, nothing is written for it."""
        if self._root.exists() and not self._root.is_dir():
            raise MailboxRefused(f"{self._root} is a file: mbox files are written into a folder")
        if self._ledger is None and (self._root / LEDGER).exists():
            return self.ledger
        if self._ledger is None:
            self._ledger = self._opened(None)
        return self._ledger

    def there(self) -> Mapping[int, Box]:
        """Every folder whose file is there, by its number."""
        known = self.known
        return {number: box for number, box in known.boxes().items() if self._stands(box)}

    def box(self, folder: FolderName) -> tuple[int, Box]:
        """A folder's number and what is known of it."""
        for number, box in self.known.boxes().items():
            if box.name == folder and self._stands(box):
                return number, box
        raise StaleFolder(folder, "it is not there any more")

    def state(self, number: int) -> FolderState:
        """The state of a folder."""
        highest, count = self.known.last(number)
        return FolderState(UIDVALIDITY, highest + 1, count)

    def path(self, box: Box) -> Path:
        """Where a folder's octets stand now."""
        draft = self._draft(box)
        return draft if draft.exists() else self._root / box.file

    def make(self, folder: MailFolder) -> None:
        """Have a file for a folder, empty where there was none."""
        boxes = self.ledger.boxes()
        taken = {key(box.file) for box in boxes.values()}
        found = next((box for box in boxes.values() if box.name == folder.name), None)
        box = found or Box(folder.name, file_of(folder.name, taken))
        box = replace(
            box, special_use=folder.special_use or box.special_use, subscribed=folder.subscribed or box.subscribed
        )
        number = self.ledger.box(box)
        if not self._stands(box):
            self.ledger.forget(number)
            make_directories((self._root / box.file).parent)
            os.close(os.open(self._draft(box), _APPEND, 0o600))
            sync_directory(self._draft(box).parent)

    @contextlib.contextmanager
    def draft(self, number: int) -> Iterator[int]:
        """A folder's file, open for what comes next."""
        box = self.ledger.boxes()[number]
        draft, final = self._draft(box), self._root / box.file
        if not draft.exists():
            self._unchanged(final, box)
            final.rename(draft)
            sync_directory(draft.parent)
        descriptor = os.open(draft, _APPEND, 0o600)
        try:
            _check_whole(descriptor, draft, box)
            yield descriptor
        finally:
            os.close(descriptor)

    def reflag(self, number: int, flags: Mapping[int, frozenset[str]]) -> None:
        """Messages have these flags now."""
        self.ledger.reflag(number, flags)

    def finish(self) -> None:
        """Everything under its final name, in an order in which it can be interrupted anywhere."""
        if not self._writes and not (self._root / LEDGER).exists():
            return
        ledger = self.ledger
        for box in ledger.boxes().values():
            if (draft := self._draft(box)).exists():
                _cut(draft, box)
                draft.rename(self._root / box.file)
                sync_directory(draft.parent)
        write(self._root / MANIFEST, ledger)
        sync_directory(self._root)
        self.close()
        for name in (f"{LEDGER}-wal", LEDGER):
            (self._root / name).unlink(missing_ok=True)
        sync_directory(self._root)

    def close(self) -> None:
        """Let the ledger go."""
        if self._ledger is not None:
            self._ledger.close()
        self._ledger, self._writes = None, False

    def _opened(self, path: Path | None) -> Ledger:
        """A ledger; a new one holds what the manifest tells."""
        manifest = self._root / MANIFEST
        if not manifest.exists():
            return Ledger.open(path, source=self._source)
        with Manifest.read(manifest) as known:
            return Ledger.open(path, source=self._source, filled=known.filled())

    def _draft(self, box: Box) -> Path:
        return self._root / f"{box.file}{DRAFT}"

    def _stands(self, box: Box) -> bool:
        return self._draft(box).exists() or (self._root / box.file).exists()

    def _unchanged(self, final: Path, box: Box) -> None:
        """A finished file is only written to as it was left: nobody's mail is cut off."""
        found = final.lstat().st_size
        if not box.octets and found:
            raise MailboxRefused(f"{final} is there already, and not by a move: name another folder")
        if found != box.octets:
            raise MailboxRefused(f"{final} was changed since: it has {found} octets and not {box.octets}")


def _cut(draft: Path, box: Box) -> None:
    """Take away what stands behind the octets that count."""
    descriptor = os.open(draft, _APPEND)
    try:
        _check_whole(descriptor, draft, box)
        os.ftruncate(descriptor, box.octets)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_whole(descriptor: int, draft: Path, box: Box) -> None:
    if os.fstat(descriptor).st_size < box.octets:
        raise MailboxRefused(f"{draft} has fewer octets than were written: it cannot be gone on with")
