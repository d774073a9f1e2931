"""A Maildir that is read: a `migrator.mailbox.Source`. Nothing in it changes, not even a time of access.

    source = MaildirSource(Path("/srv/mail/hanako"))

Messages are known by the unique part of their file's name (`listing.py`), so a mail server that goes on working
in the Maildir makes nothing come twice. Dates are those of the files. Everything blocking runs in a thread.
Raises MailboxRefused where it is no Maildir or may not be read, MailboxAway where the disk fails, StaleFolder.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

from migrator.ahead import ahead, among
from migrator.disk.errors import as_text, told, translated
from migrator.disk.files import read_small
from migrator.disk.numbers import UIDVALIDITY, check
from migrator.mailbox import (
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
from migrator.maildir.folders import look
from migrator.maildir.keywords import FILE, Keywords
from migrator.maildir.listing import Entry, digest, listed
from migrator.maildir.octets import NoMessage, read
from migrator.maildir.subscriptions import subscribed


class MaildirSource:
    """A Maildir as the source of a move."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._paths: dict[FolderName, Path] = {}

    @property
    def described(self) -> str:
        """Where it is."""
        return f"maildir:{as_text(self._root)}"

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder, with its state; a folder that may not be read has none."""
        return await asyncio.to_thread(self._folders)

    async def items(self, folder: FolderName) -> AsyncIterator[Item]:
        """Every message of a folder, by rising UID."""
        for item in await asyncio.to_thread(self._items, folder):
            yield item

    async def messages(self, wanted: Sequence[Wanted]) -> AsyncIterator[Message | Missing]:
        """The messages wanted, by rising UID; the next ones are read meanwhile."""
        async with aclosing(ahead(found for one in wanted for found in self._read(one))) as coming:
            async for found in coming:
                yield found

    async def counted(self) -> tuple[int, int] | None:
        """There is no count but that of the files."""
        return None

    async def close(self) -> None:
        """Nothing is held."""

    def _folders(self) -> Sequence[MailFolder]:
        with told(self._root):
            tree = look(self._root)
            if not tree.folders:
                raise MailboxRefused(f"{self._root} is no Maildir: it has neither a folder cur nor new")
            names = subscribed(self._root)
        self._paths = dict(tree.folders)
        return [
            *(self._folder(name, path, subscribed=name in names) for name, path in tree.folders.items()),
            *(MailFolder(name, left_out=why) for name, why in tree.left_out.items()),
        ]

    def _folder(self, name: FolderName, path: Path, *, subscribed: bool) -> MailFolder:
        try:
            entries = listed(path)
            state = _state(path, entries)
        except OSError:
            return MailFolder(name, subscribed=subscribed)  # why is told by who asks for its messages
        sizes = [one.told_size if one.told_size is not None else _on_disk(path, one) for one in entries]
        return MailFolder(name, subscribed=subscribed, state=state, octets=sum(sizes))

    def _path(self, folder: FolderName) -> Path:
        if folder not in self._paths:
            self._paths = dict(look(self._root).folders)
        try:
            return self._paths[folder]
        except KeyError:
            raise StaleFolder(folder, "it is not there any more") from None

    def _listed(self, folder: FolderName) -> tuple[Path, Keywords, list[Entry]]:
        with told(self._root, folder=folder):
            path = self._path(folder)
            return path, Keywords.read(path), listed(path)

    def _items(self, folder: FolderName) -> list[Item]:
        _, keywords, entries = self._listed(folder)
        return [Item(one.uid, keywords.flags(one.letters), one.size) for one in entries]

    def _read(self, wanted: Wanted) -> Iterator[Message | Missing]:
        check(wanted.folder, wanted.uidvalidity)
        path, keywords, entries = self._listed(wanted.folder)
        chosen = among(wanted.uids)
        for entry in entries:
            if chosen(entry.uid):
                yield self._message(wanted.folder, path, keywords, entry) or self._again(wanted.folder, entry.uid)

    def _message(self, folder: FolderName, path: Path, keywords: Keywords, entry: Entry) -> Message | Missing | None:
        """The message; None where its file has another name by now, or is gone."""
        try:
            content, date = read(path / entry.part, entry.file)
        except FileNotFoundError:
            return None
        except NoMessage as no:
            return Missing(folder, entry.uid, f"{as_text(entry.file)}: {no}")
        except OSError as error:
            return Missing(folder, entry.uid, str(translated(error, path / entry.part / entry.file)))
        return Message(folder, Item(entry.uid, keywords.flags(entry.letters), content.size), date, content)

    def _again(self, folder: FolderName, uid: int) -> Message | Missing:
        """A message that a mail reader may have moved or flagged a moment ago."""
        path, keywords, entries = self._listed(folder)
        entry = next((one for one in entries if one.uid == uid), None)
        found = self._message(folder, path, keywords, entry) if entry else None
        return found or Missing(folder, uid, "it was removed meanwhile", gone=True)


def _state(path: Path, entries: Sequence[Entry]) -> FolderState:
    last = max((one.uid for one in entries), default=0)
    return FolderState(UIDVALIDITY, last + 1, len(entries), digest(entries, read_small(path / FILE) or b""))


def _on_disk(path: Path, entry: Entry) -> int:
    try:
        return (path / entry.part / entry.file).lstat().st_size
    except FileNotFoundError:
        return 0  # its folder's state has changed with it: the next look counts anew
