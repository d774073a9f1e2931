r"""A Maildir that messages are put into: a `migrator.mailbox.Target`.

    target = MaildirTarget(Path("/srv/mail/hanako"), move="imaps://hanako@old.example")

`move` names the move, the same in each of its runs. Folders are made in the Maildir++ way, 0700, files 0600; root
leaves them to whom the Maildir belongs. Octets stand on disk as they came, so `sha256sum` gives the receipt's SHA-256;
a message's date becomes its file's. All messages go to `cur`: none is \Recent.
A Maildir keeps no special use, and 26 keywords in a folder: what it lacks is told. Everything blocking runs in threads.
Raises MailboxRefused, MailboxAway, StaleFolder; no room is an outcome.
"""

import asyncio
import hashlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from migrator.disk.errors import as_text, full, told
from migrator.disk.files import Owner, make_directories, make_directory, sync_directory, write_whole
from migrator.disk.numbers import UIDVALIDITY, check
from migrator.folder_names import BadFolderName
from migrator.mailbox import (
    FolderName,
    FolderState,
    MailboxRefused,
    MailFolder,
    Message,
    NameRules,
    Outcome,
    Room,
    Shortfall,
    StaleFolder,
)
from migrator.maildir.box import Box, Place, numbered, plain_host
from migrator.maildir.folders import LONGEST, Tree, directory_name, look, name_length
from migrator.maildir.keywords import Keywords, added
from migrator.maildir.listing import Entry, listed
from migrator.maildir.lock import sweep
from migrator.maildir.octets import NoMessage, read
from migrator.maildir.room import room
from migrator.maildir.storing import store
from migrator.maildir.subscriptions import FILE as SUBSCRIPTIONS
from migrator.maildir.subscriptions import subscribe, subscribed

_SYNCS = 8  # at once: the disk's journal takes several together
_PARTS = ("cur", "new", "tmp")  # `tmp` comes last: where it stands, all the rest does


class MaildirTarget:
    """A Maildir as the target of a move."""

    def __init__(
        self, root: Path, *, move: str, host: str | None = None, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._root = root.resolve()
        self._move = hashlib.sha256(move.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        self._host = plain_host(host or socket.gethostname())
        self._now_ns = now_ns
        self._paths: dict[FolderName, Path] = {}
        self._boxes: dict[FolderName, Box] = {}
        self._opening = asyncio.Lock()
        self._owner: Owner | None = None
        self._syncing = ThreadPoolExecutor(_SYNCS, thread_name_prefix="maildir-sync")

    @property
    def described(self) -> str:
        """Where it is."""
        return f"maildir:{as_text(self._root)}"

    @property
    def rules(self) -> NameRules:
        """Every sign can stand in a level: what parts levels on disk is written otherwise there."""
        return NameRules(delimiter="\0", longest=LONGEST, length=name_length)

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder that is there; none where the Maildir itself is not."""
        return await asyncio.to_thread(self._folders)

    async def room(self) -> Room:
        """What the disk and the Maildir++ quota let in."""
        return await asyncio.to_thread(self._room)

    @property
    def lags(self) -> Sequence[float]:
        """None: what stores is this process."""
        return ()

    async def make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        """Make these folders; what could not be, and why."""
        return await asyncio.to_thread(self._make, folders)

    async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Store messages of one folder."""
        box = await self._box(folder)
        placed = [(box.named(one, self._micros), one) for one in messages]
        return await asyncio.to_thread(self._put, folder, box, placed)

    async def mark(self, folder: FolderName) -> FolderState:
        """The state of a folder before something is put into it."""
        box = await self._box(folder)
        return await asyncio.to_thread(self._mark, folder, box)

    async def since(
        self, folder: FolderName, state: FolderState, sizes: Collection[int] | None = None
    ) -> AsyncIterator[tuple[int, int, bytes]]:
        """UID, size and SHA-256 of what moves have put into a folder from `state` on."""
        check(folder, state.uidvalidity)
        async for found in self._read(folder, lambda uid: uid >= state.uidnext):
            if sizes is None or found[1] in sizes:
                yield found

    async def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        """Give messages these flags; the flags that find no letter."""
        return await asyncio.to_thread(self._reflag, folder, flags)

    async def digests(self, folder: FolderName, uids: Sequence[int]) -> AsyncIterator[tuple[int, int, bytes]]:
        """UID, size and SHA-256 of messages read back from the disk."""
        async for found in self._read(folder, frozenset(uids).__contains__):
            yield found

    async def finish(self) -> None:
        """Nothing is held back."""

    async def close(self) -> None:
        """End the threads."""
        self._syncing.shutdown(wait=False)

    def _micros(self) -> int:
        return self._now_ns() // 1000

    def _folders(self) -> Sequence[MailFolder]:
        with told(self._root):
            tree = self._look()
            names = subscribed(self._root)
            found = {name: len(listed(path)) for name, path in tree.folders.items()}
        return [
            MailFolder(name, subscribed=name in names, state=FolderState(UIDVALIDITY, 0, count))
            for name, count in found.items()
        ]

    def _look(self) -> Tree:
        tree = look(self._root) if self._root.exists() else Tree()
        if tree.nested:
            raise MailboxRefused(f"{self._root} has nested folders: only Maildir++ folders (.A.B) are written")
        self._paths = dict(tree.folders)
        return tree

    def _room(self) -> Room:
        with told(self._root):
            return room(self._root)

    def _make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        with told(self._root):
            self._look()
            self._make_root()
            short = dict(self._shortfalls(folders))
            there = [one.name for one in folders if one.name not in short or short[one.name].there]
            subscribe(self._root, [one.name for one in folders if one.subscribed and one.name in there], self._owner)
            self._look()
        return short

    def _make_root(self) -> None:
        make_directories(self._root)
        self._owner = Owner.of(self._root)
        self._make_folder(self._root)

    def _shortfalls(self, folders: Sequence[MailFolder]) -> Iterator[tuple[FolderName, Shortfall]]:
        for one in sorted(folders, key=lambda folder: len(folder.name)):
            try:
                path = self._paths.get(one.name) or self._root / directory_name(one.name)
                self._make_folder(path)
            except BadFolderName as bad:
                yield one.name, Shortfall(str(bad))
            except OSError as error:
                if full(error):
                    raise
                yield one.name, Shortfall(error.strerror or str(error))
            else:
                if one.special_use:
                    yield one.name, Shortfall(f"a Maildir does not keep what it is for ({one.special_use})", there=True)

    def _make_folder(self, path: Path) -> None:
        if not path.is_symlink() and all((path / part).is_dir() for part in _PARTS):
            return
        make_directory(path, self._owner)
        for part in _PARTS:
            make_directory(path / part, self._owner)
        if path != self._root:
            write_whole(path / "maildirfolder", b"", self._owner)  # Maildir++: this is no Maildir by itself
        sync_directory(path)
        sync_directory(path.parent)

    async def _box(self, folder: FolderName) -> Box:
        """What is known of a folder; who asks first waits first."""
        async with self._opening:
            if folder not in self._boxes:
                self._boxes[folder] = await asyncio.to_thread(self._opened, folder)
            return self._boxes[folder]

    def _opened(self, folder: FolderName) -> Box:
        with told(self._root, folder=folder):
            path = self._path(folder)
            path.stat()  # one that is gone is not made anew in passing
            self._owner = Owner.of(self._root)
            self._make_folder(path)
            sweep(self._root / SUBSCRIPTIONS)
            return Box.of(path, move=self._move, host=self._host, owner=self._owner)

    def _path(self, folder: FolderName) -> Path:
        if folder not in self._paths:
            self._look()
        if folder not in self._paths:
            raise StaleFolder(folder, "it is not there any more")
        return self._paths[folder]

    def _put(self, folder: FolderName, box: Box, placed: Sequence[tuple[Place, Message]]) -> Sequence[Outcome]:
        with told(box.path, folder=folder):
            return store(box, placed, self._sync)

    def _mark(self, folder: FolderName, box: Box) -> FolderState:
        with told(box.path, folder=folder):
            return box.state(self._micros())

    def _sync(self, descriptors: Iterable[int]) -> None:
        every = list(descriptors)
        asked = [self._syncing.submit(_fsync, every[at::_SYNCS]) for at in range(min(_SYNCS, len(every)))]
        wait(asked)  # all of them: nobody may close a file that is being synced
        for one in asked:
            one.result()

    def _chosen(self, folder: FolderName, wanted: Callable[[int], bool]) -> tuple[Path, list[tuple[int, Entry]]]:
        with told(self._root, folder=folder):
            path = self._path(folder)
            return path, sorted((found for found in numbered(listed(path)) if wanted(found[0])), key=lambda one: one[0])

    async def _read(self, folder: FolderName, wanted: Callable[[int], bool]) -> AsyncIterator[tuple[int, int, bytes]]:
        path, chosen = await asyncio.to_thread(self._chosen, folder, wanted)
        for uid, entry in chosen:
            found = await asyncio.to_thread(_digest, path, entry)
            if found:
                yield uid, *found

    def _reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        path, chosen = self._chosen(folder, flags.__contains__)
        every = frozenset().union(*flags.values())
        with told(path, folder=folder):
            keywords = Keywords.read(path)
            if keywords.lacks(every):
                keywords = added(path, every, Owner.of(self._root))
            for uid, entry in chosen:
                letters, _ = keywords.letters(flags[uid])
                name = f"{entry.file.partition(':')[0]}:2,{letters}"
                (path / entry.part / entry.file).rename(path / "cur" / name)
            sync_directory(path / "cur")
        return keywords.letters(every)[1]


def _fsync(descriptors: Sequence[int]) -> None:
    for one in descriptors:
        os.fsync(one)


def _digest(path: Path, entry: Entry) -> tuple[int, bytes] | None:
    """Size and SHA-256 as they stand on disk; None for what is gone."""
    try:
        with told(path):
            content, _ = read(path / entry.part, entry.file, exact=True)
    except (NoMessage, MailboxRefused):
        return None
    found = content.size, content.sha256
    content.forget()
    return found
