"""Files and directories of a mailbox: read without following anybody, written durably. Blocks; raises OSError.

`Owner` is whose they are: root who moves a mailbox leaves its files to whom the target belongs.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Whatever stands there under the name of a file: it is not followed, and opening it does not wait for anybody.
READ_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_SMALL = 16_777_216  # octets


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a mailbox is."""

    uid: int
    gid: int

    @classmethod
    def of(cls, root: Path) -> "Owner | None":
        """Whose `root` is, where we are root and could give files away; else None."""
        if os.geteuid() != 0:
            return None
        found = root.stat()
        return cls(found.st_uid, found.st_gid)

    def take(self, descriptor: int) -> None:
        """Let an open file be theirs."""
        os.fchown(descriptor, self.uid, self.gid)


def read_small(path: Path) -> bytes | None:
    """A file that programs keep beside the mail, up to a limit; None where there is none, or something else."""
    try:
        descriptor = os.open(path, READ_FILE)
    except FileNotFoundError:
        return None
    try:
        return os.read(descriptor, _SMALL) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def write_whole(path: Path, octets: bytes, owner: Owner | None) -> None:
    """Replace a file: its old content stands until the new one is durable."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, NEW_FILE, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            if owner:
                owner.take(descriptor)
            file.write(octets)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    sync_directory(path.parent)


def make_directory(path: Path, owner: Owner | None) -> None:
    """Make a directory, unless it is there; a symbolic link in its place is refused."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        new = False
    else:
        new = True
    with opened(path) as descriptor:
        if owner and new:
            owner.take(descriptor)
        os.fsync(descriptor)


def make_directories(path: Path) -> None:
    """Make a directory and those above it that are not there, each durable in the one above."""
    for one in reversed([one for one in (path, *path.parents) if not one.exists()]):
        make_directory(one, None)
        sync_directory(one.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    with opened(path) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """A directory's descriptor."""
    descriptor = os.open(path, DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
