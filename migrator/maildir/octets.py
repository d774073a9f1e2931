"""The octets of a message's file, with its lines ended by CRLF as the wire has them.

    content, date = read(folder / "cur", name)

What stands on disk with LF alone gets its CR; octets that have it pass unchanged. A small message is kept in memory,
of a large one the file stays open, so that a reader who renames or removes it meanwhile disturbs nothing.
Blocks. Raises OSError; NoMessage for what is no file.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from migrator.content import CHUNK, Kept
from migrator.mailbox import Content
from migrator.maildir.disk import READ_FILE

SMALL = 1_048_576  # octets that are kept in memory
_LATEST = 253_370_764_800  # seconds: the year 9999, which INTERNALDATE can still write
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoMessage(Exception):
    """What stands in a message's place is none; the message says what it is."""


class OnDisk:
    """A large message: its file, read as often as needed. A `migrator.mailbox.Content`."""

    def __init__(self, descriptor: int, *, exact: bool = False) -> None:
        self._file: int | None = descriptor
        self._exact = exact
        self.size, self.sha256 = 0, b""

    def measure(self) -> None:
        """Read it once to know its size and SHA-256."""
        whole = hashlib.sha256()
        self.size = 0
        for octets in self.chunks():
            whole.update(octets)
            self.size += len(octets)
        self.sha256 = whole.digest()

    def chunks(self) -> Iterator[bytes]:
        """The octets from the beginning."""
        if self._file is None:
            raise ValueError("a message that was forgotten is read")
        at, carriage = 0, False
        while octets := os.pread(self._file, CHUNK, at):
            at += len(octets)
            yield octets if self._exact else with_crlf(octets, carriage=carriage)
            carriage = octets.endswith(b"\r")

    def forget(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        self.forget()


def with_crlf(octets: bytes, *, carriage: bool = False) -> bytes:
    """`octets` with every line ended by CRLF; `carriage`: a CR stands right before them."""
    if octets.count(b"\n") == octets.count(b"\r\n"):
        return octets
    if carriage and octets.startswith(b"\n"):
        return b"\n" + with_crlf(octets[1:])
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def read(part: Path, name: str, *, exact: bool = False) -> tuple[Content, datetime]:
    """A message and its date, which is its file's; `exact`: its octets as they stand on disk."""
    descriptor = _opened(os.fspath(part / name))
    file = OnDisk(descriptor, exact=exact)
    kept = False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NoMessage("what stands there is no file")
        date = _EPOCH + timedelta(seconds=max(0, min(int(found.st_mtime), _LATEST)))
        if found.st_size > SMALL:
            file.measure()
            kept = True
            return file, date
        octets = _whole(descriptor, found.st_size)
        small = Kept(octets if exact else with_crlf(octets))
        _ = small.sha256  # here, in a thread, and not later in the loop
        return small, date
    finally:
        if not kept:
            file.forget()


def _opened(path: str) -> int:
    try:
        return os.open(path, READ_FILE | os.O_NOATIME)
    except PermissionError:
        return os.open(path, READ_FILE)  # the file is somebody else's, whose atime is the system's care
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114 - a link is no error of the disk
            raise NoMessage("what stands there is a symbolic link, which is not followed") from error
        raise


def _whole(descriptor: int, size: int) -> bytes:
    parts = []
    while octets := os.read(descriptor, max(size, CHUNK)):
        parts.append(octets)
    return b"".join(parts) if len(parts) != 1 else parts[0]
