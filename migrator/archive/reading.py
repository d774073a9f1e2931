"""A finished part, read with suspicion: nothing is taken for granted that its octets do not show.

    with Part.open(path) as part:
        for placed in part.rows(): ...               # the manifest's rows, each compared with the directory
        for octets in part.octets(placed): ...       # checked against size, CRC-32 and SHA-256 at their end

Its files are stored, stand one behind the other from the first octet on, and have one record each in the same order;
so nothing overlaps, and nothing is larger than the part. What is encrypted, compressed, a link, twice there, of an
unsafe name, not in the manifest, or otherwise in the directory than in the manifest raises BadArchive, which names it.
Raises OSError as it comes.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from migrator.archive.directory import Directory, Record
from migrator.archive.errors import BadArchive
from migrator.archive.layout import Entry, central, local
from migrator.archive.manifest import BadManifest, FileRow, InPart, MessageRow, Row, parse, read
from migrator.archive.names import manifest_path
from migrator.archive.window import window
from migrator.content import CHUNK

_LINE = 1_048_576  # octets


@dataclass(frozen=True, slots=True)
class Placed:
    """A row, where its line stands in the part's file, and where the header of its octets does."""

    row: Row
    line: int
    offset: int


class Part:
    """One file of an archive. Made by `open`."""

    def __init__(self, path: Path, file: int, directory: Directory) -> None:
        self.path = path
        self.octets_in_all = directory.length
        self._file = file
        self._directory = directory
        self._manifest = directory.last
        self._manifest_at = self._manifest.offset + self._manifest.octets - self._manifest.size
        self.manifest_sha256 = self._checked_manifest()
        with self._told():
            self.head, _ = read(self._opened_manifest())
        self._check_head()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a part and look at its directory. Raises BadArchive, OSError."""
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return cls(path, file, Directory.of(path, file))
        except BaseException:
            os.close(file)
            raise

    def rows(self) -> Iterator[Placed]:
        """Every row of the manifest, in order; where the directory is of another mind, BadArchive."""
        records, offset = self._directory.records(), 0
        with self._told():
            _, rows = read(self._opened_manifest())
            for line, row in rows:
                yield Placed(row, self._manifest_at + line, offset)
                if isinstance(row, MessageRow | FileRow):
                    self._compare(row, next(records, self._directory.last), offset)
                    offset += len(local(row.entry)) + row.entry.size
        if next(records, None) != self._manifest:
            raise self._unlike()

    def octets(self, row: InPart, offset: int) -> Iterator[bytes]:
        """The octets of a file; at their end BadArchive where they are not those that were put in."""
        yield from octets_of(self.path, self._file, row, offset)

    def manifest(self) -> Iterator[bytes]:
        """The manifest's octets."""
        with window(self._file, self._manifest_at, self._manifest.size) as file:
            while octets := file.read(CHUNK):
                yield octets

    def row_at(self, line: int) -> Row:
        """The row whose line stands there."""
        with self._told():
            return parse(os.pread(self._file, _LINE, line).partition(b"\n")[0].rstrip(b","))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _checked_manifest(self) -> bytes:
        at, left, crc32, sha256 = self._manifest_at, self._manifest.size, 0, hashlib.sha256()
        while left and (octets := os.pread(self._file, min(CHUNK, left), at)):
            at, left, crc32 = at + len(octets), left - len(octets), zlib.crc32(octets, crc32)
            sha256.update(octets)
        if left or crc32 != self._manifest.crc32:
            raise BadArchive(self.path, self._manifest.path, "its octets are not those that were put in")
        return sha256.digest()

    def _check_head(self) -> None:
        entry = Entry(self._manifest.path, self._manifest.size, self._manifest.crc32, self.head.made)
        if self._manifest.path != manifest_path(self.head.part):
            raise BadArchive(self.path, self._manifest.path, f"it is the manifest of part {self.head.part}")
        header = local(entry)
        if os.pread(self._file, len(header), self._manifest.offset) != header:
            raise BadArchive(self.path, entry.path, "its header does not say of it what it says itself")
        if self._manifest.raw != central(entry, self._manifest.offset):
            raise BadArchive(self.path, entry.path, "the directory does not say of it what it says itself")

    def _compare(self, row: InPart, record: Record, offset: int) -> None:
        if record.path != row.entry.path:
            raise self._unlike()
        if record.raw != central(row.entry, offset):
            raise BadArchive(self.path, record.path, "the directory does not say of it what the manifest says")

    def _unlike(self) -> BadArchive:
        """Name what is in the directory alone, or in the manifest alone."""
        with self._told():
            _, rows = read(self._opened_manifest())
            told = {row.entry.path for _, row in rows if isinstance(row, MessageRow | FileRow)}
        there = {one.path for one in self._directory.records()} - {self._manifest.path}
        for path in sorted(there - told):
            return BadArchive(self.path, path, "it is not in the manifest: somebody has added it")
        for path in sorted(told - there):
            return BadArchive(self.path, path, "it is missing")
        return BadArchive(self.path, self._manifest.path, "its files stand in another order")

    def _opened_manifest(self) -> BinaryIO:
        if self._manifest.size <= CHUNK:
            return BytesIO(os.pread(self._file, self._manifest.size, self._manifest_at))
        return window(self._file, self._manifest_at, self._manifest.size)

    def _told(self) -> "_Told":
        return _Told(self.path, self._manifest.path)


def octets_of(path: Path, file: int, row: InPart, offset: int) -> Iterator[bytes]:
    """The octets of a file whose header stands at `offset`, checked: BadArchive before, or at the end."""
    entry, header = row.entry, local(row.entry)
    if os.pread(file, len(header), offset) != header:
        raise BadArchive(path, entry.path, "its header does not say of it what the manifest says")
    at, left, crc32, sha256 = offset + len(header), entry.size, 0, hashlib.sha256()
    while left and (octets := os.pread(file, min(CHUNK, left), at)):
        at, left, crc32 = at + len(octets), left - len(octets), zlib.crc32(octets, crc32)
        sha256.update(octets)
        yield octets
    if left:
        raise BadArchive(path, entry.path, "it is cut off")
    if crc32 != entry.crc32 or sha256.digest() != row.sha256:
        raise BadArchive(path, entry.path, "its octets are not those that were put in")


class _Told:
    """What a manifest says wrong, as BadArchive."""

    def __init__(self, path: Path, entry: str) -> None:
        self._path = path
        self._entry = entry

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, BadManifest):
            raise BadArchive(self._path, self._entry, str(error)) from error
