"""mbox files that are read: a `migrator.mailbox.Source`. Nothing in them changes.

    source = MboxSource(Path("/srv/export/hanako"))       # a folder of mbox files, or a single one

A folder that `MboxTarget` wrote is read by its manifest: every octet, flag and date as it was, and what has not the
SHA-256 that was written is Missing. Any other mbox is walked through once and read as `scanning.py` tells; a message is
known by its octets without the headers that mail programs change, and twins by their order, so one that grows brings
only what is new. Everything blocking runs in a thread.
Raises MailboxRefused where there is no mbox or it is not finished, MailboxLimited where it is being written,
MailboxAway where the disk fails, StaleFolder.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from pathlib import Path

from migrator.ahead import Found, ahead, among
from migrator.disk.errors import told
from migrator.mailbox import FolderName, Item, MailFolder, Message, Missing, StaleFolder, Wanted
from migrator.mbox.catalogue import Catalogue, Listed, opened
from migrator.mbox.headers import identity
from migrator.mbox.quoting import softly_crlf, unquoted
from migrator.mbox.regions import Short, Turn, as_written, region, stored
from migrator.mbox.rows import Row

_TOGETHER = 500  # rows


class MboxSource:
    """mbox files as the source of a move."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._catalogue = Catalogue(self._root)

    @property
    def described(self) -> str:
        """Where it is."""
        return f"mbox:{self._root}"

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder, with its state."""
        return await asyncio.to_thread(self._folders)

    async def items(self, folder: FolderName) -> AsyncIterator[Item]:
        """Every message of a folder, by rising UID."""
        rows = self._listed(folder).rows(by="uid")
        while some := await asyncio.to_thread(_some, rows):
            for item in some:
                yield item

    async def messages(self, wanted: Sequence[Wanted]) -> AsyncIterator[Message | Missing]:
        """The messages wanted, in the order of their files; the next ones are read meanwhile."""
        async with aclosing(ahead(found for one in wanted for found in self._read(one))) as coming:
            async for found in coming:
                yield found

    async def counted(self) -> tuple[int, int] | None:
        """There is no count but that of the files."""
        return None

    async def close(self) -> None:
        """Let go what was remembered."""
        await asyncio.to_thread(self._catalogue.close)

    def _folders(self) -> Sequence[MailFolder]:
        with told(self._root):
            listed, left_out = self._catalogue.look()
            folders = [
                MailFolder(
                    one.box.name, one.box.special_use, one.box.subscribed, state=one.state(), octets=one.box.octets
                )
                for one in listed
            ]
        return [*folders, *(MailFolder(name, left_out=why) for name, why in left_out.items())]

    def _listed(self, folder: FolderName) -> Listed:
        found = self._catalogue.listed.get(folder)
        if found is None:
            raise StaleFolder(folder, "it is not there any more")
        return found

    def _read(self, wanted: Wanted) -> Iterator[Found]:
        listed, chosen = self._listed(wanted.folder), among(wanted.uids)
        if wanted.uidvalidity not in {None, listed.uidvalidity}:
            raise StaleFolder(wanted.folder, "it is another file now")
        with told(self._root), opened(listed.path) as file:
            for row in listed.rows(by="at"):
                if chosen(row.uid):
                    yield _message(listed, file, row)


def _some(rows: Iterator[Row]) -> list[Item]:
    return [Item(row.uid, row.flags, row.size if row.size >= 0 else None) for row in islice(rows, _TOGETHER)]


def _message(listed: Listed, file: int, row: Row) -> Found:
    """A message as it was listed."""
    name = listed.box.name
    try:
        if not listed.ours and identity(stored(file, row.at, row.octets)) != row.sha256:
            raise StaleFolder(name, "its file changed while it was read")
        content = region(file, row, as_written(row) if listed.ours else _turn(unquotes=listed.unquotes))
    except Short:
        if listed.ours:
            return Missing(name, row.uid, "the file ends within it")
        raise StaleFolder(name, "its file was cut while it was read") from None
    if listed.ours and (content.size, content.sha256) != (row.size, row.sha256):
        content.forget()
        return Missing(name, row.uid, "its octets are not those that were written")
    return Message(name, Item(row.uid, row.flags, content.size), row.date, content)


def _turn(*, unquotes: bool) -> Turn:
    return _plain if unquotes else softly_crlf


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return softly_crlf(unquoted(chunks))
