"""An archive written: its finished parts, the one that grows, and what of both a target is asked for.

    writer = Writer(Path("hanako.zip"), source="imaps://…", now=..., part_octets=..., viewer=None)

Until something is to be written nothing on disk is touched. Blocks; threads may call it, one at a time is served.
No room is an outcome of `put`, and MailboxLimited elsewhere. Raises what `disk.errors.told` makes of OSError,
BadArchive, StaleFolder, MailboxAway where another run writes the same archive.
"""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import RLock

from migrator.archive.archive import Archive
from migrator.archive.catalog import MOST_FOLDERS, Shelf, Spot
from migrator.archive.draft import Draft
from migrator.archive.errors import BadArchive
from migrator.archive.finishing import finish
from migrator.archive.groups import grouped
from migrator.archive.ledger import Told, look, message_at
from migrator.archive.manifest import FlagsRow, FolderRow, Head, MessageRow
from migrator.archive.names import folder_path
from migrator.archive.parts import draft_of, ledger_of, part_path, parts_of
from migrator.archive.reading import octets_of
from migrator.archive.viewing import Viewer
from migrator.disk.errors import full, told
from migrator.disk.files import make_directories
from migrator.disk.numbers import UIDVALIDITY
from migrator.mailbox import FolderName, MailboxRefused, MailFolder, Message, Outcome, Refused, StaleFolder, Stored
from migrator.safe_names import key

_GONE = "it is not there any more"
_NOT_OURS = "it is the beginning of a move from {}: run that one to its end, or write another archive"
_NO_ROOM = Refused("there is no room for the archive", "OVERQUOTA")
Batch = tuple[FolderName, Sequence[Message]]


class Writer:
    """One archive."""

    def __init__(
        self, base: Path, *, source: str, now: Callable[[], datetime], part_octets: int, viewer: Viewer | None
    ) -> None:
        self.base = base.parent.resolve() / base.name
        self._source = source
        self._now = now
        self._part_octets = part_octets
        self._viewer = viewer
        self._archive = Archive(self.base)
        self._draft: Draft | None = None
        self._known = False
        self._alone = RLock()

    def folders(self) -> Sequence[tuple[FolderRow, int, int]]:
        """Every folder with its messages and octets."""
        with self._served():
            return [(shelf.row, len(shelf), shelf.octets) for shelf in self._archive.catalog.folders.values()]

    @property
    def next_number(self) -> int:
        """What the next message gets."""
        return self._archive.catalog.last + 1

    def count(self, folder: FolderName) -> int:
        """How many messages a folder has. Raises StaleFolder."""
        with self._served():
            return len(self._shelf(folder))

    def make(self, folders: Sequence[MailFolder]) -> None:
        """Name folders; one that is there is given what it lacks."""
        with self._served(), self._writing() as draft:
            if len({one.name for one in folders} | self._archive.catalog.folders.keys()) > MOST_FOLDERS:
                raise MailboxRefused(f"an archive holds {MOST_FOLDERS:,} folders at most: move some of them elsewhere")
            rows, taken = [], {key(shelf.row.path) for shelf in self._archive.catalog.folders.values()}
            for one in folders:
                row = self._row(one, taken)
                taken.add(key(row.path))
                rows.append((row, draft.line))
                draft.tell(row)
            draft.commit()
            for row, line in rows:
                self._archive.catalog.take(draft.part, row, line, draft.offset)

    def put(self, batches: Sequence[Batch]) -> Sequence[Sequence[Outcome] | StaleFolder]:
        """Store messages of several folders: durable when it returns. One outcome for each message of each batch."""
        with self._served():
            known = self._archive.catalog.folders
            wanted = [(folder, one) for folder, messages in batches if folder in known for one in messages]
            outcomes: list[Outcome] = []
            try:
                with self._writing():
                    self._put(wanted, outcomes)
            except OSError as error:
                if not full(error):
                    raise
                outcomes += [_NO_ROOM] * (len(wanted) - len(outcomes))
        coming = iter(outcomes)
        return [
            [next(coming) for _ in messages] if folder in known else StaleFolder(folder, _GONE)
            for folder, messages in batches
        ]

    def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> None:
        """Tell flags that messages have now."""
        with self._served(), self._writing() as draft:
            shelf = self._shelf(folder)
            for number, wanted in flags.items():
                if shelf.find(number) is not None:
                    draft.tell(FlagsRow(folder, number, wanted))
            draft.commit()

    def since(self, folder: FolderName, number: int, limit: int) -> list[tuple[int, int, bytes]]:
        """Number, size and SHA-256 of the first messages from this number on, as they were put."""
        with self._served():
            spots = self._shelf(folder).since(number)
            return [self._told(spot) for spot, _ in zip(spots, range(limit), strict=False)]

    def digest(self, folder: FolderName, number: int) -> tuple[int, int, bytes] | None:
        """The same of one message, from its octets; None where it is not there."""
        with self._served():
            spot = self._shelf(folder).find(number)
            return self._read(spot) if spot is not None else None

    def finish(self) -> None:
        """Give the part that grows its name; the first one comes to be even if nothing is in it."""
        with self._served():
            begun = self._draft is not None or ledger_of(self.base).exists()
            if begun or not self._archive.parts:
                with self._writing() as draft:
                    if draft.groups or not self._archive.parts:
                        self._finish(draft)
            self._let_go()

    def close(self) -> None:
        """Let go; what was committed stays for the next run."""
        with self._alone, told(self.base):
            self._let_go()
            self._archive.close()
            self._known = False

    @contextmanager
    def _served(self) -> Iterator[None]:
        with self._alone, told(self.base):
            if not self._known:
                self._look()
                self._known = True
            yield

    def _look(self) -> Told | None:
        """Read what is there, finished or growing; what grows."""
        self._archive.close()
        self._archive = Archive.open(self.base)
        growing = look(ledger_of(self.base))
        if growing is None or growing.part in self._archive.parts:  # it was finished, and its ledger stayed
            return None
        if growing.part != len(self._archive.parts) + 1:
            raise BadArchive(part_path(self.base, growing.part - 1), "", "it is missing, and the next one was begun")
        if growing.source != self._source and growing.groups:
            raise BadArchive(draft_of(self.base), "", _NOT_OURS.format(growing.source))
        self._archive.grow(growing)
        return growing

    @contextmanager
    def _writing(self) -> Iterator[Draft]:
        """The part that grows; what was not committed in it when something fails is not there."""
        draft = self._drafted()
        try:
            yield draft
        except BaseException:
            if self._draft is not None:
                self._draft.rollback()
                self._let_go(finished=self._draft.named)
            raise

    def _drafted(self) -> Draft:
        """The part that grows, resumed or begun where we have none, and held by us alone."""
        if self._draft is None:
            make_directories(self.base.parent)
            ledger = Draft.locked(self.base)
            try:
                growing = None if self._is_unchanged(ledger) else self._look()
                part = len(self._archive.parts) + 1
                self._draft = (
                    Draft.resume(self.base, growing, ledger)
                    if growing
                    else Draft.begin(self.base, part, self._source, ledger)
                )
            except BaseException:
                Draft.unlocked(self.base, ledger)
                raise
        return self._draft

    def _is_unchanged(self, ledger: int) -> bool:
        """Whether nothing has come since we looked, as where we have just finished a part."""
        return self._known and not os.fstat(ledger).st_size and [*parts_of(self.base)] == [*self._archive.parts]

    def _let_go(self, *, finished: bool = True) -> None:
        if self._draft is not None and finished:
            self._draft.close()
            self._draft = None

    def _put(self, wanted: Sequence[tuple[FolderName, Message]], outcomes: list[Outcome]) -> None:
        """Write them all; those of a part that is full by them are stored when it gets its name."""
        written: list[tuple[MessageRow, int, int]] = []
        for folder, message in wanted:
            draft, number = self._drafted(), self.next_number + len(written)
            path = self._archive.catalog.folders[folder].row.path
            group = grouped(message, folder, number, path, self._viewer)
            if draft.offset and draft.offset + draft.closing + group.octets > self._part_octets:
                outcomes += self._committed(draft, written)
                written = []
                self._finish(draft)
                draft = self._drafted()
            written.append(draft.message(group))
        outcomes += self._committed(self._drafted(), written)

    def _committed(self, draft: Draft, written: Iterable[tuple[MessageRow, int, int]]) -> list[Outcome]:
        draft.commit()
        outcomes: list[Outcome] = []
        for row, line, offset in written:
            self._archive.catalog.take(draft.part, row, line, offset)
            outcomes.append(Stored(UIDVALIDITY, row.number))
        return outcomes

    def _finish(self, draft: Draft) -> None:
        archive, catalog = self._archive, self._archive.catalog
        head = Head(
            draft.part, part_path(self.base, draft.part).name, self._source, self._now(), archive.pins(draft.part)
        )
        finish(draft, head, [shelf.row for shelf in catalog.folders.values()], self._viewer)
        self._let_go()
        catalog.drop(draft.part)
        archive.add(draft.part, part_path(self.base, draft.part))

    def _shelf(self, folder: FolderName) -> Shelf:
        if folder not in self._archive.catalog.folders:
            raise StaleFolder(folder, _GONE)
        return self._archive.catalog.folders[folder]

    def _row(self, one: MailFolder, taken: Container[str]) -> FolderRow:
        known = self._archive.catalog.folders.get(one.name)
        if known is not None:
            row = known.row
            return FolderRow(one.name, row.path, row.special_use or one.special_use, row.subscribed or one.subscribed)
        return FolderRow(one.name, folder_path(one.name, taken), one.special_use, one.subscribed)

    def _row_at(self, spot: Spot) -> MessageRow:
        if spot.part in self._archive.parts:
            return self._archive.message(spot.part, spot.line)
        return message_at(ledger_of(self.base), spot.line)

    def _told(self, spot: Spot) -> tuple[int, int, bytes]:
        row = self._row_at(spot)
        return spot.number, row.entry.size, row.sha256

    def _read(self, spot: Spot) -> tuple[int, int, bytes]:
        row, size, whole = self._row_at(spot), 0, sha256()
        try:
            for octets in self._octets(row, spot):
                size += len(octets)
                whole.update(octets)
        except BadArchive:
            return spot.number, size, b""  # told as changed
        return spot.number, size, whole.digest()

    def _octets(self, row: MessageRow, spot: Spot) -> Iterator[bytes]:
        if spot.part in self._archive.parts:
            yield from self._archive.parts[spot.part].octets(row, spot.offset)
            return
        with draft_of(self.base).open("rb") as file:
            yield from octets_of(draft_of(self.base), file.fileno(), row, spot.offset)
