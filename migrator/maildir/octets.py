"""The octets of a message's file, with its lines ended by CRLF as the wire has them.

    content, date = read(folder / "cur", name)

What stands on disk with LF alone gets its CR; octets that have it pass unchanged. A small message is kept in memory,
of a large one the file stays open, so that a reader who renames or removes it meanwhile disturbs nothing.
Blocks. Raises OSError; NoMessage for what is no file.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from migrator.content import CHUNK, Kept
from migrator.disk.files import READ_FILE, opened
from migrator.mailbox import Content, MailboxAway

SMALL = 1_048_576  # octets that are kept in memory
LARGEST = 1_073_741_823  # octets: what has a GiB is no mail
_LATEST = 253_370_764_800  # seconds: the year 9999, which INTERNALDATE can still write
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoMessage(Exception):
    """What stands in a message's place is none; the message says what it is."""


class OnDisk:
    """A large message: its file, read as often as needed. A `migrator.mailbox.Content`."""

    def __init__(self, descriptor: int, *, exact: bool = False) -> None:
        self._file: int | None = descriptor
        self._exact = exact
        self._end = os.fstat(descriptor).st_size  # what is appended from now on is not read
        self.size, self.sha256 = 0, b""

    def measure(self) -> None:
        """Read it once to know its size and SHA-256."""
        whole, size = hashlib.sha256(), 0
        for octets in self._read():
            whole.update(octets)
            size += len(octets)
        self.size, self.sha256 = size, whole.digest()

    def chunks(self) -> Iterator[bytes]:
        """The octets from the beginning: as many as were measured. Raises MailboxAway where there are others by now."""
        left = self.size
        for octets in self._read():
            left -= len(octets)
            if left < 0:
                break
            yield octets
        if left:
            raise MailboxAway("a message's file was changed while it was read")

    def _read(self) -> Iterator[bytes]:
        if self._file is None:
            raise ValueError("a message that was forgotten is read")
        at, carriage = 0, False
        while at < self._end and (octets := os.pread(self._file, min(CHUNK, self._end - at), at)):
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
    if carriage and octets.startswith(b"\n"):
        return b"\n" + with_crlf(octets[1:])
    if b"\r" in octets:  # what is counted or replaced by pairs takes three times as long as the rest together
        if octets.count(b"\n") == octets.count(b"\r\n"):
            return octets
        octets = octets.replace(b"\r\n", b"\n")
    return b"\r\n".join(octets.split(b"\n"))


def read(part: Path, name: str, *, exact: bool = False) -> tuple[Content, datetime]:
    """A message and its date, which is its file's; `exact`: its octets as they stand on disk."""
    descriptor = _opened(part, name)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NoMessage("what stands there is no file")
        date = _EPOCH + timedelta(seconds=max(0, min(int(found.st_mtime), _LATEST)))
        if found.st_size > LARGEST:
            raise NoMessage(f"it has {found.st_size} octets, and more than {LARGEST} are not taken")
        if found.st_size > SMALL:
            file = OnDisk(os.dup(descriptor), exact=exact)
            file.measure()
            return file, date
        octets = _whole(descriptor, found.st_size)
        small = Kept(octets if exact else with_crlf(octets))
        _ = small.sha256  # here, in a thread, and not later in the loop
        return small, date
    finally:
        os.close(descriptor)


def _opened(part: Path, name: str) -> int:
    with opened(part) as directory:
        try:
            return os.open(name, READ_FILE | os.O_NOATIME, dir_fd=directory)
        except PermissionError:
            return os.open(name, READ_FILE, dir_fd=directory)  # somebody else's: its atime is the system's care
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NoMessage("what stands there is a symbolic link, which is not followed") from error
            raise


def _whole(descriptor: int, size: int) -> bytes:
    parts = []
    while size > 0 and (octets := os.read(descriptor, size)):
        parts.append(octets)
        size -= len(octets)
    return b"".join(parts) if len(parts) != 1 else parts[0]
