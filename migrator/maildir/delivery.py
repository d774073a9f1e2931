"""Maildir folders: a message lands whole and durable, or not at all.

`MaildirBox(root, ...).deliver(chunks, ...)` writes into `tmp`, syncs, links into `new` and syncs the folder, so when it
returns the message survives a power cut. `box.begin(...)` gives the same step by step, for a body that arrives
asynchronously. All of it blocks: call it in a thread. Folders are 0700, files 0600; a symbolic link in place of the
mailbox or its folders is refused.

MaildirError is raised for everything the file system says no to, with `full` where it is a matter of room; then nothing
of the message is left behind. A second delivery under the same id is noticed and not doubled.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.maildir.names import is_of_delivery, safe_user, unique_name

__all__ = ["Landed", "Landing", "MaildirBox", "MaildirError", "safe_user"]

_FOLDERS = ("new", "cur", "tmp")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class MaildirError(OSError):
    """A mailbox could not be written or read now; `full`: no room, on the disk or under its quota."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full


@dataclass(frozen=True, slots=True)
class Landed:
    """A message in its mailbox: its file name, its size in octets, and whether it had been there already."""

    name: str
    size: int
    already: bool = False


class MaildirBox:
    """One mailbox, the folder `root`, which is made when first needed.

    `host` goes into file names. `base` is the folder below which mailboxes are made; it and all above it exist already
    or are somebody else's care to make durable (default: three folders above the mailbox).
    """

    def __init__(
        self, root: Path, *, host: str, base: Path | None = None, token: Callable[[], str] | None = None
    ) -> None:
        self.root = root
        self._host = host
        self._base = base or root.parent.parent.parent
        self._token = token or (lambda: secrets.token_hex(8))

    def deliver(self, chunks: Iterable[bytes], *, delivery_id: str, at: datetime, repeated: bool = False) -> Landed:
        """Store one message, given in pieces; memory stays flat.

        `at` is when the message was taken. `repeated`: an earlier attempt may have got through, so the mailbox is
        searched for it first, also among what a mail reader has moved or flagged. Raises MaildirError.
        """
        found = self.find(delivery_id) if repeated else None
        if found:
            return found
        with self.begin(delivery_id=delivery_id, at=at) as landing:
            for chunk in chunks:
                landing.write(chunk)
            return landing.land()

    def begin(self, *, delivery_id: str, at: datetime) -> "Landing":
        """Open one message for writing; as a context manager it leaves nothing behind unless `land` was reached."""
        name = unique_name(delivery_id, at, self._host)
        with told(self.root):
            if not all((self.root / name).is_dir() for name in _FOLDERS):
                self.ensure()
            return Landing(self.root, name, self._token())

    def find(self, delivery_id: str) -> Landed | None:
        """The message an earlier attempt at this delivery stored, in whichever folder it is now."""
        with told(self.root):
            for folder in folders(self.root):
                for entry in entries_of(folder):
                    if is_of_delivery(entry.name, delivery_id):
                        return Landed(entry.name, entry.stat(follow_symlinks=False).st_size, already=True)
        return None

    def ensure(self) -> None:
        """Make what is missing of the mailbox, durable up to `base`. Raises MaildirError.

        `tmp` comes last: where it stands, all the rest has been synced before, whoever was killed when.
        """
        with told(self.root), contextlib.ExitStack() as opening:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            top = _opened(opening, self.root)  # refuses a symbolic link before anything is made behind it
            for name in _FOLDERS[:-1]:
                _made(name, top)
            os.fsync(top)
            self._sync_above()
            _made(_FOLDERS[-1], top)

    def _sync_above(self) -> None:
        for folder in self.root.parents:
            with contextlib.suppress(PermissionError):  # what may not be read was not made here
                _sync_folder(folder)
            if folder in {self._base, Path(folder.anchor)}:
                return


class Landing:
    """One message on its way into a mailbox. Made by `MaildirBox.begin`."""

    def __init__(self, root: Path, name: str, token: str) -> None:
        self._root = root
        self._name = name
        self._size = 0
        self._draft = f"{name}.{token}"
        self._closing = contextlib.ExitStack()
        with contextlib.ExitStack() as opening:
            top = _opened(opening, root)
            self._tmp = _opened(opening, "tmp", top)
            self._new = _opened(opening, "new", top)
            self._file = os.open(self._draft, _NEW_FILE, 0o600, dir_fd=self._tmp)
            opening.callback(os.close, self._file)
            opening.callback(_unlink, self._draft, self._tmp)
            self._closing = opening.pop_all()

    def write(self, octets: bytes) -> None:
        """Append to the message. Raises MaildirError."""
        view = memoryview(octets)
        with told(self._root):
            while view:
                written = os.write(self._file, view)
                view = view[written:]
                self._size += written

    def land(self) -> Landed:
        """Make the message durable and visible; it is complete from the first moment it can be seen.

        Raises MaildirError; then it is not in the mailbox.
        """
        name = f"{self._name},S={self._size}"
        with told(self._root):
            os.fsync(self._file)
            try:
                os.link(self._draft, name, src_dir_fd=self._tmp, dst_dir_fd=self._new, follow_symlinks=False)
                already = False
            except FileExistsError:
                already = True  # an earlier attempt under this id; what stands in `new` was synced before its link
            try:
                os.fsync(self._new)
            except OSError:
                if not already:
                    _unlink(name, self._new)
                raise
        self.discard()
        return Landed(name, self._size, already)

    def discard(self) -> None:
        """Close everything and remove the draft; harmless when done already."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def folders(root: Path) -> list[Path]:
    """The `new` and `cur` folders of a mailbox and of its Maildir++ subfolders; a missing mailbox has none."""
    try:
        with os.scandir(root) as entries:
            below = [e.path for e in entries if e.name[0] == "." and e.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return [Path(box, name) for box in (str(root), *sorted(below)) for name in ("new", "cur")]


def entries_of(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What stands in `folder`, in no order; nothing where it is missing."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _opened(stack: contextlib.ExitStack, path: Path | str, above: int | None = None) -> int:
    descriptor = os.open(path, _FOLDER, dir_fd=above)
    stack.callback(os.close, descriptor)
    return descriptor


def _unlink(name: str, folder: int) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=folder)


def _made(name: str, above: int) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=above)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER & ~os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def told(root: Path) -> Iterator[None]:
    """Turn what the operating system says into a MaildirError that names the mailbox."""
    try:
        yield
    except MaildirError:
        raise
    except OSError as error:
        raise MaildirError(f"mailbox {root}: {error.strerror or error}", full=error.errno in _FULL) from error
