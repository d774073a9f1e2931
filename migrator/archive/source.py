"""An archive that is read: a `migrator.mailbox.Source`.

    source = ZipSource(Path("hanako.zip"))

A message's UID is its number in the archive; flags are those of the newest part that tells them. What is damaged is
named and not given. Everything blocking runs in a thread. Raises what `errors.told` makes of OSError, BadArchive where
it is no archive of ours or not whole, StaleFolder.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from threading import Lock

from migrator.ahead import ahead
from migrator.archive.archive import Archive
from migrator.archive.catalog import Shelf, Spot
from migrator.archive.errors import BadArchive
from migrator.archive.manifest import MessageRow
from migrator.archive.reading import Part
from migrator.content import Kept
from migrator.disk.errors import told
from migrator.disk.numbers import UIDVALIDITY, check
from migrator.mailbox import (
    Content,
    FolderName,
    FolderState,
    Item,
    MailboxRefused,
    MailFolder,
    Message,
    Missing,
    StaleFolder,
    Wanted,
)

_SMALL = 1_048_576  # octets that are kept in memory
_ITEMS = 1000


class InArchive:
    """A large message, read from its part as often as needed. A `migrator.mailbox.Content`."""

    def __init__(self, part: Part, row: MessageRow, offset: int) -> None:
        self._part = part
        self._row = row
        self._offset = offset

    @property
    def size(self) -> int:
        """How many octets."""
        return self._row.entry.size

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of all octets."""
        return self._row.sha256

    def chunks(self) -> Iterator[bytes]:
        """The octets. Raises BadArchive, at the end, where they are damaged."""
        return self._part.octets(self._row, self._offset)

    def forget(self) -> None:
        """Nothing is to be freed."""


class ZipSource:
    """An archive as the source of a move."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive: Archive | None = None
        self._alone = Lock()

    @property
    def described(self) -> str:
        """Where it is."""
        return f"zip:{self._path}"

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder, of all parts."""
        archive = await self._opened()
        return [
            MailFolder(
                name, shelf.row.special_use, shelf.row.subscribed, state=_state(archive, shelf), octets=shelf.octets
            )
            for name, shelf in archive.catalog.folders.items()
        ]

    async def items(self, folder: FolderName) -> AsyncIterator[Item]:
        """Every message of a folder, by rising number."""
        archive = await self._opened()
        shelf = _shelf(archive, folder)
        for at in range(0, len(shelf), _ITEMS):
            for item in await asyncio.to_thread(_items, archive, shelf, range(at, min(at + _ITEMS, len(shelf)))):
                yield item

    async def messages(self, wanted: Sequence[Wanted]) -> AsyncIterator[Message | Missing]:
        """The messages wanted; the next ones are read meanwhile."""
        archive = await self._opened()
        async with aclosing(ahead(_read(archive, wanted))) as coming:
            async for found in coming:
                yield found

    async def counted(self) -> tuple[int, int] | None:
        """There is no count but that of the manifests."""
        return None

    async def close(self) -> None:
        """Let go of every part."""
        with self._alone:
            if self._archive is not None:
                self._archive.close()
                self._archive = None

    async def _opened(self) -> Archive:
        return await asyncio.to_thread(self._open)

    def _open(self) -> Archive:
        with self._alone, told(self._path):
            if self._archive is None:
                archive = Archive.open(self._path)
                if not archive.parts:
                    raise MailboxRefused(f"there is no archive {self._path}")
                self._archive = archive
            return self._archive


def _state(archive: Archive, shelf: Shelf) -> FolderState:
    """It changes with every part."""
    return FolderState(UIDVALIDITY, archive.catalog.last + 1, len(shelf), len(archive.parts))


def _shelf(archive: Archive, folder: FolderName) -> Shelf:
    if folder not in archive.catalog.folders:
        raise StaleFolder(folder, "it is not there any more")
    return archive.catalog.folders[folder]


def _items(archive: Archive, shelf: Shelf, some: range) -> list[Item]:
    with told(archive.base):
        rows = [archive.message(spot.part, spot.line) for spot in map(shelf.__getitem__, some)]
        return [Item(row.number, _flags(archive, row), row.entry.size) for row in rows]


def _flags(archive: Archive, row: MessageRow) -> frozenset[str]:
    return archive.catalog.flags.get(row.number, row.flags)


def _read(archive: Archive, wanted: Sequence[Wanted]) -> Iterator[Message | Missing]:
    """What is wanted, read."""
    for one in wanted:
        check(one.folder, one.uidvalidity)
        for spot in _spots(_shelf(archive, one.folder), one):
            with told(archive.base):
                found = _message(archive, one.folder, spot)
            yield found


def _spots(shelf: Shelf, wanted: Wanted) -> Iterator[Spot]:
    if wanted.uids is None:
        yield from shelf.since(0)
        return
    for run in sorted(wanted.uids, key=lambda one: one.start):
        for spot in shelf.since(run.start):
            if spot.number >= run.stop:
                break
            yield spot


def _message(archive: Archive, folder: FolderName, spot: Spot) -> Message | Missing:
    """The message, or what is wrong with it."""
    part = archive.parts[spot.part]
    try:
        row = archive.message(spot.part, spot.line)
        content: Content = InArchive(part, row, spot.offset)
        if row.entry.size <= _SMALL:
            content = Kept(b"".join(content.chunks()))
            _ = content.sha256  # here, in a thread, and not later in the loop
        else:
            for _ in content.chunks():
                pass  # a damaged one is found before it is given
    except BadArchive as bad:
        return Missing(folder, spot.number, str(bad))
    return Message(folder, Item(row.number, _flags(archive, row), row.entry.size), row.entry.date, content)
