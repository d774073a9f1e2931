"""A message's octets on their way: in memory while they are few, in a file of their own while they are many.

`Kept(octets)` is the small one. `Spooled` takes octets by `write` as they come and hashes them meanwhile; its file has
no name, so nothing of it is left behind, whatever happens. Both are a `migrator.mailbox.Content`.
Raises OSError where the disk says no.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

CHUNK = 262_144  # octets


class Kept:
    """Octets in memory."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    @property
    def size(self) -> int:
        """How many octets."""
        return len(self.octets)

    @cached_property
    def sha256(self) -> bytes:
        """The SHA-256 of all octets."""
        return hashlib.sha256(self.octets).digest()

    def chunks(self) -> Iterator[bytes]:
        """The octets, in one piece."""
        yield self.octets

    def forget(self) -> None:
        """Nothing is to be freed but memory."""


class Spooled:
    """Octets in a nameless file below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed by `forget`
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, octets: bytes) -> None:
        """Take the next octets."""
        view = memoryview(octets)
        while view:
            view = view[self._file.write(view) or 0 :]
        self._sha256.update(octets)
        self.size += len(octets)

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of what has come."""
        return self._sha256.digest()

    def chunks(self) -> Iterator[bytes]:
        """The octets from the beginning, in pieces of CHUNK; several readers would disturb each other."""
        self._file.seek(0)
        while octets := self._file.read(CHUNK):
            yield octets

    def forget(self) -> None:
        """Free the file."""
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self.forget()
