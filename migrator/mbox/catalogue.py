"""The mbox files of a source, and every message in them, found by one walk through each file.

    catalogue = Catalogue(root)
    listed, left_out = catalogue.look()      # files that have not changed since are not walked through again
    catalogue.listed[name].rows(by="uid")

What was found is kept in a nameless file, not in memory. Blocks; raises OSError, MailboxRefused, MailboxLimited.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from migrator.dates import written
from migrator.disk.files import READ_FILE
from migrator.mailbox import FolderName, FolderState, MailboxLimited, MailboxRefused
from migrator.mbox.envelopes import date_of
from migrator.mbox.headers import flags_in, header_of, identity, is_internal
from migrator.mbox.ledger import Ledger
from migrator.mbox.manifest import NAME as MANIFEST
from migrator.mbox.manifest import Manifest
from migrator.mbox.regions import stored
from migrator.mbox.rows import Box, Row
from migrator.mbox.scanning import Found, Scan
from migrator.mbox.shelf import LEDGER
from migrator.mbox.tree import look

_BITS = 62  # of a UID
_LATEST = 253_370_764_800  # seconds: the year 9999


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder, its file, and its messages."""

    box: Box
    path: Path
    ledger: Ledger
    number: int
    ours: bool  # written by `MboxTarget`, and told of by its manifest
    unquotes: bool  # whether ">From " stands for "From "

    @property
    def uidvalidity(self) -> int:
        """Of a file of ours, another one where it is written anew; UIDs of others are made of the messages."""
        first = next(self.ledger.rows(self.number), None) if self.ours else None
        return 1 + int.from_bytes(first.sha256[:3], "big") if first else 1

    def rows(self, *, by: str) -> Iterator[Row]:
        """Its messages, by rising `uid` or by their place in the file (`at`)."""
        return self.ledger.rows(self.number, by=by)

    def state(self) -> FolderState:
        """Its state: what else changes than messages and flags does not count."""
        digest = hashlib.sha256()
        highest, count = self.ledger.last(self.number)
        for row in self.rows(by="uid"):
            digest.update(b"%d %s\n" % (row.uid, " ".join(sorted(row.flags)).encode()))
        modseq = int.from_bytes(digest.digest()[:8], "big") >> 2
        return FolderState(self.uidvalidity, highest + 1, count, modseq)


@dataclass(slots=True)
class _Walked:
    """A file as it was when it was walked through."""

    stamp: tuple[int, int, int, int]
    listed: Listed


class Catalogue:
    """Everything below a root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._walked: dict[FolderName, _Walked] = {}
        self._ours: Ledger | None = None
        self._told: tuple[int, ...] = ()  # the manifest as it was when it was read
        self.listed: Mapping[FolderName, Listed] = {}

    def look(self) -> tuple[list[Listed], Mapping[FolderName, str]]:
        """Every folder now, and what is left out."""
        if not self._root.exists():
            raise MailboxRefused(f"{self._root} is not there")
        if (self._root / LEDGER).exists():
            raise MailboxRefused(f"{self._root} is not finished: run the command that writes it once more")
        left_out: Mapping[FolderName, str] = {}
        if (self._root / MANIFEST).exists():
            self.listed = self._of_ours()
        else:
            self.listed, left_out = self._of_others()
        return list(self.listed.values()), left_out

    def close(self) -> None:
        """Let go what was found."""
        for walked in self._walked.values():
            walked.listed.ledger.close()
        self._walked.clear()
        if self._ours is not None:
            self._ours.close()
            self._ours = None

    def _of_ours(self) -> dict[FolderName, Listed]:
        ledger = self._manifest()
        found = {}
        for number, box in ledger.boxes().items():
            path = self._root / box.file
            size = path.stat().st_size
            if size != box.octets:
                raise MailboxRefused(
                    f"{path} was changed after {MANIFEST} was written: without {MANIFEST} it is read as any other mbox"
                )
            found[box.name] = Listed(box, path, ledger, number, ours=True, unquotes=True)
        return found

    def _manifest(self) -> Ledger:
        """What the manifest tells, read again where it is another one."""
        path = self._root / MANIFEST
        stamp = path.stat()
        told = stamp.st_ino, stamp.st_size, stamp.st_mtime_ns
        if self._ours is None or self._told != told:
            if self._ours is not None:
                self._ours.close()
                self._ours = None
            with Manifest.read(path) as manifest:
                self._ours, self._told = Ledger.open(None, filled=manifest.filled()), told
        return self._ours

    def _of_others(self) -> tuple[dict[FolderName, Listed], Mapping[FolderName, str]]:
        files, left_out = look(self._root)
        if not files:
            raise MailboxRefused(f"there is no mbox in {self._root}")
        for gone in set(self._walked) - set(files):
            self._walked.pop(gone).listed.ledger.close()
        return {name: self._file(name, path) for name, path in files.items()}, left_out

    def _file(self, name: FolderName, path: Path) -> Listed:
        with opened(path) as descriptor:
            stamp = _stamp(descriptor)
            known = self._walked.get(name)
            if known is not None and known.stamp == stamp and known.listed.path == path:
                return known.listed
            listed = _walk(name, path, descriptor)
        if known is not None:
            known.listed.ledger.close()
        self._walked[name] = _Walked(stamp, listed)
        return listed


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A file's descriptor, with nobody writing to it at first."""
    descriptor = os.open(path, READ_FILE)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MailboxLimited(f"{path} is being written by another program", code="INUSE") from None
        yield descriptor
    finally:
        os.close(descriptor)


def uid_of(known_by: bytes) -> int:
    """The UID that a message's identity makes."""
    return (int.from_bytes(known_by[:8], "big") >> (64 - _BITS)) or 1


def _walk(name: FolderName, path: Path, descriptor: int) -> Listed:
    ledger = Ledger.open(None)
    try:
        scan = Scan(descriptor)
        mtime = datetime.fromtimestamp(max(0, min(os.fstat(descriptor).st_mtime, _LATEST)), UTC).replace(microsecond=0)
        with ledger.together():
            number = ledger.box(Box(name, path.name))
            for place, found in enumerate(scan.found()):
                row, head = _row(descriptor, found, mtime)
                if place or not is_internal(head):
                    ledger.add_free(number, row)
        box = ledger.boxes()[number]
    except BaseException:
        ledger.close()
        raise
    return Listed(box, path, ledger, number, ours=False, unquotes=scan.unquotes())


def _row(descriptor: int, found: Found, mtime: datetime) -> tuple[Row, bytes]:
    """A message, and how it begins."""
    octets = found.end - found.at
    chunks = stored(descriptor, found.at, octets)
    head = next(chunks, b"")
    header = header_of(head)
    known_by = identity(chain([head], chunks))
    date = date_of(found.line) or written(head) or mtime
    return Row(uid_of(known_by), found.at, octets, -1, known_by, flags_in(header), date), head


def _stamp(descriptor: int) -> tuple[int, int, int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
