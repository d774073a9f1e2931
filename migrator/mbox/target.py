"""A folder of mbox files that messages are put into: a `migrator.mailbox.Target`.

    target = MboxTarget(Path("/srv/export/hanako"), source="imaps://…")

Each folder is one mboxrd file, NAME.mbox; nothing is added to a message. Flags, keywords, dates and SHA-256 stand in
`manifest.json` beside. Until `finish`, a file that is written is called NAME.mbox.draft, and `manifest.ledger` tells
how much of it counts: whatever kills a run, the next one cuts off half a message and goes on, and a file under its
final name is always whole. A folder of ours that somebody else has changed, or that another move has begun, is not
written to.
Everything blocking runs in a thread. Raises MailboxRefused, MailboxLimited, MailboxAway, StaleFolder.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path

from migrator.disk.errors import told
from migrator.disk.numbers import UIDVALIDITY, check
from migrator.disk.room import disk_room
from migrator.mailbox import (
    FolderName,
    FolderState,
    MailFolder,
    Message,
    NameRules,
    Outcome,
    Room,
    Shortfall,
    Stored,
)
from migrator.mbox.regions import read_back
from migrator.mbox.rows import Row
from migrator.mbox.shelf import Shelf
from migrator.mbox.writing import append

_TOGETHER = 200  # messages read back at a time


class MboxTarget:
    """A folder of mbox files as the target of a move."""

    def __init__(self, root: Path, *, source: str) -> None:
        self._root = root.resolve()
        self._shelf = Shelf(self._root, source)
        self._one = asyncio.Lock()  # whoever writes, writes alone

    @property
    def described(self) -> str:
        """Where it is."""
        return f"mbox:{self._root}"

    @property
    def rules(self) -> NameRules:
        """Every name can stand in the manifest; its file is called as the systems allow."""
        return NameRules(delimiter="\0", longest=2000)

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder whose file is there."""
        async with self._one:
            return await asyncio.to_thread(self._folders)

    async def room(self) -> Room:
        """What the disk lets in."""
        return await asyncio.to_thread(disk_room, self._root)

    async def make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        """Make an empty file for each folder that has none."""
        async with self._one:
            return await asyncio.to_thread(self._make, folders)

    async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Store messages at the end of a folder's file."""
        async with self._one:
            return await asyncio.to_thread(self._put, folder, messages)

    async def mark(self, folder: FolderName) -> FolderState:
        """The state of a folder before something is put into it."""
        async with self._one:
            return await asyncio.to_thread(self._mark, folder)

    @property
    def lags(self) -> Sequence[float]:
        """None: what stores is this process."""
        return ()

    async def since(
        self, folder: FolderName, state: FolderState, sizes: Collection[int] | None = None
    ) -> AsyncIterator[tuple[int, int, bytes]]:
        """UID, size and SHA-256 of what came from `state` on: it is on disk, or not told of."""
        check(folder, state.uidvalidity)
        first = state.uidnext
        while rows := await asyncio.to_thread(self._rows, folder, first):
            for row in rows:
                if sizes is None or row.size in sizes:
                    yield row.uid, row.size, row.sha256
            first = rows[-1].uid + 1

    async def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        """Give messages these flags; every flag can be kept."""
        async with self._one:
            return await asyncio.to_thread(self._reflag, folder, flags)

    async def digests(self, folder: FolderName, uids: Sequence[int]) -> AsyncIterator[tuple[int, int, bytes]]:
        """UID, size and SHA-256 of messages read back from the disk."""
        for at in range(0, len(uids), _TOGETHER):
            for found in await asyncio.to_thread(self._digests, folder, uids[at : at + _TOGETHER]):
                yield found

    async def finish(self) -> None:
        """Write the manifest, and give every file its final name."""
        async with self._one:
            await asyncio.to_thread(self._finish)

    async def close(self) -> None:
        """Let the ledger go; what is not finished is gone on with by the next run."""
        async with self._one:
            await asyncio.to_thread(self._shelf.close)

    def _folders(self) -> Sequence[MailFolder]:
        with told(self._root):
            return [
                MailFolder(
                    box.name, box.special_use, box.subscribed, state=self._shelf.state(number), octets=box.octets
                )
                for number, box in self._shelf.there().items()
            ]

    def _make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        with told(self._root):
            for one in folders:
                self._shelf.make(one)
        return {}

    def _put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        with told(self._root):
            number, box = self._shelf.box(folder)
            with self._shelf.draft(number) as descriptor:
                highest, _ = self._shelf.ledger.last(number)
                written = append(descriptor, box.octets, messages, highest + 1)
            self._shelf.ledger.add(number, written.rows, octets=written.end)
            return [*(Stored(UIDVALIDITY, row.uid) for row in written.rows), *written.refused]

    def _mark(self, folder: FolderName) -> FolderState:
        with told(self._root):
            return self._shelf.state(self._shelf.box(folder)[0])

    def _rows(self, folder: FolderName, first: int) -> list[Row]:
        with told(self._root):
            number, _ = self._shelf.box(folder)
            return [row for row, _ in zip(self._shelf.known.rows(number, first=first), range(_TOGETHER), strict=False)]

    def _reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        with told(self._root):
            self._shelf.reflag(self._shelf.box(folder)[0], flags)
        return frozenset()

    def _digests(self, folder: FolderName, uids: Sequence[int]) -> list[tuple[int, int, bytes]]:
        with told(self._root):
            number, box = self._shelf.box(folder)
            wanted, found = set(uids), list[tuple[int, int, bytes]]()
            rows = self._shelf.known.rows(number, first=min(uids))
            for row in rows:
                if row.uid in wanted:
                    found.append((row.uid, *read_back(self._shelf.path(box), row)))
                if row.uid >= max(uids):
                    break
            return found

    def _finish(self) -> None:
        with told(self._root):
            self._shelf.finish()
