"""The part that grows: a file and its ledger, both durable as far as messages count as stored.

    draft = Draft.begin(base, part, source) or Draft.resume(base, told)
    draft.write(rows and octets) ...; draft.commit()       # now they are stored
    draft.rollback()                                       # or what was written since the last commit is not

Kill it where you like: the next run resumes at the last commit. One run at a time has it (a lock on the ledger):
another one gets MailboxAway. Blocks. Raises OSError; BadArchive where the draft is shorter than its ledger says.
"""

import contextlib
import fcntl
import hashlib
import os
import zlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from migrator.archive.errors import BadArchive
from migrator.archive.groups import Group
from migrator.archive.layout import Entry, central, local
from migrator.archive.ledger import Told, first_line, view_line
from migrator.archive.manifest import FileRow, FlagsRow, FolderRow, MessageRow, Row, row_line
from migrator.archive.parts import draft_of, ledger_of
from migrator.disk.files import sync_directory
from migrator.mailbox import MailboxAway

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_TOGETHER = 1_048_576  # octets
_END = 1000  # octets of a manifest's head and a part's end; more for each part that it names


class Draft:
    """Made by `begin` and `resume`."""

    def __init__(self, base: Path, part: int, ledger: int, file: int) -> None:
        self.base = base
        self.part = part
        self.named = False  # it has its final name, or is about to get it: it is not touched any more
        self.groups = 0
        self.at = 0  # octets written to the draft
        self.lines_at = 0  # octets written to the ledger
        self.closing = _END + 200 * part  # octets that finishing will add, as far as is known
        self._ledger = ledger
        self._file = file
        self._committed = (0, 0, 0, self.closing)
        self._lines: list[bytes] = []
        self._lines_weight = 0
        self._waiting: list[bytes] = []
        self._weight = 0

    @classmethod
    def locked(cls, base: Path) -> int:
        """The ledger's descriptor, held by us alone. Raises MailboxAway where another run holds it."""
        path = ledger_of(base)
        while True:
            ledger = os.open(path, _OPEN, 0o600)
            try:
                fcntl.flock(ledger, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists() and os.path.samestat(os.fstat(ledger), path.stat()):
                    return ledger
            except BlockingIOError:
                os.close(ledger)
                raise MailboxAway(f"another run writes the archive {base}: wait until it has ended") from None
            except BaseException:
                os.close(ledger)
                raise
            os.close(ledger)  # it was finished a moment ago

    @classmethod
    def unlocked(cls, base: Path, ledger: int) -> None:
        """Give back a ledger that nothing came of."""
        if not os.fstat(ledger).st_size:
            ledger_of(base).unlink(missing_ok=True)
        os.close(ledger)

    @classmethod
    def begin(cls, base: Path, part: int, source: str, ledger: int) -> "Draft":
        """A new part; what is left of a run that put nothing is done away with."""
        os.ftruncate(ledger, 0)
        file = os.open(draft_of(base), _OPEN | os.O_TRUNC, 0o600)
        try:
            draft = cls(base, part, ledger, file)
            draft._line(first_line(part, source))
            draft.commit()
            sync_directory(base.parent)
        except BaseException:
            os.close(file)
            raise
        return draft

    @classmethod
    def resume(cls, base: Path, told: Told, ledger: int) -> "Draft":
        """Go on where a run ended."""
        try:
            file = os.open(draft_of(base), _OPEN & ~os.O_CREAT)
        except FileNotFoundError:
            raise BadArchive(draft_of(base), "", "it is missing, and its ledger is there: messages are gone") from None
        try:
            draft = cls(base, told.part, ledger, file)
            draft._go_on(told)
        except BaseException:
            os.close(file)
            raise
        return draft

    def _go_on(self, told: Told) -> None:
        if os.fstat(self._file).st_size < told.draft:
            raise BadArchive(draft_of(self.base), "", "it is shorter than its ledger says: messages are gone from it")
        self.at, self.lines_at, self.groups = told.draft, told.octets, told.groups
        for _, line, row in told.rows():
            self._weigh(line, row)
        self.closing += sum(2 * len(view_line(row)) for row in told.views())
        self._committed = (self.at, self.lines_at, self.groups, self.closing)
        self.rollback()

    def octets(self, path: str, date: datetime, octets: bytes, kind: str, number: int = 0) -> FileRow:
        """Write a file that is no message."""
        row = FileRow(Entry(path, len(octets), zlib.crc32(octets), date), hashlib.sha256(octets).digest(), kind, number)
        self._write(local(row.entry))
        self._write(octets)
        self._told(row)
        return row

    def pieces(self, path: str, date: datetime, pieces: Iterable[bytes], kind: str) -> FileRow:
        """Write a file whose octets come in pieces."""
        size = crc32 = 0
        sha256, at = hashlib.sha256(), self.at + self._weight
        header = local(Entry(path, 0, 0, date))
        self._write(header)
        for one in pieces:
            size, crc32 = size + len(one), zlib.crc32(one, crc32)
            sha256.update(one)
            self._write(one)
        row = FileRow(Entry(path, size, crc32, date), sha256.digest(), kind)
        self.flush()
        os.pwrite(self._file, local(row.entry), at)
        self._told(row)
        return row

    def message(self, group: Group) -> tuple[MessageRow, int, int]:
        """Write a message and what belongs to it; its row, where its line stands, and where its header does."""
        row, content, crc32 = group.row, group.content, 0
        for path, octets, kind in group.files:
            self.octets(path, row.entry.date, octets, kind, row.number)
        if group.view:
            self.closing += 2 * len(group.view)
            self._line(group.view)
        for octets in content.chunks():
            crc32 = zlib.crc32(octets, crc32)
        entry = Entry(row.entry.path, row.entry.size, crc32, row.entry.date)
        whole = MessageRow(entry, row.sha256, row.number, row.folder, row.uid, row.flags)
        line, offset = self.line, self.offset
        self._write(local(whole.entry))
        for octets in content.chunks():
            self._write(octets)
        self.tell(whole)
        return whole, line, offset

    def tell(self, row: FolderRow | FlagsRow | MessageRow) -> None:
        """Write a row that ends a group."""
        self._told(row)
        self.groups += 1

    @property
    def line(self) -> int:
        """Where the next line of the ledger stands."""
        return self.lines_at + self._lines_weight

    @property
    def offset(self) -> int:
        """Where the next octets of the draft stand."""
        return self.at + self._weight

    def commit(self) -> None:
        """What was written since the last time is durable, octets first."""
        self.flush()
        os.fdatasync(self._file)
        lines = b"".join(self._lines)
        _write_at(self._ledger, lines, self.lines_at)
        os.fdatasync(self._ledger)
        self._lines, self._lines_weight = [], 0
        self.lines_at += len(lines)
        self._committed = (self.at, self.lines_at, self.groups, self.closing)

    def rollback(self) -> None:
        """What was written since the last commit is not there."""
        self.at, self.lines_at, self.groups, self.closing = self._committed
        self._lines, self._waiting, self._lines_weight, self._weight = [], [], 0, 0
        if self.named:
            return
        os.ftruncate(self._file, self.at)
        os.ftruncate(self._ledger, self.lines_at)

    def told(self) -> Told:
        """What the ledger says up to the last commit."""
        at, lines_at, groups, _ = self._committed
        return Told(ledger_of(self.base), self.part, "", lines_at, at, groups)

    def raw(self, octets: bytes) -> None:
        """Write octets that are no file of their own."""
        self._write(octets)

    def flush(self) -> None:
        """Give what was written to the disk's cache."""
        octets = b"".join(self._waiting)
        self._waiting, self._weight = [], 0
        _write_at(self._file, octets, self.at)
        self.at += len(octets)

    def sync(self) -> None:
        """Make the draft durable."""
        self.flush()
        os.fsync(self._file)

    def close(self) -> None:
        """Let go; a draft that holds nothing is removed."""
        if not self.groups and not self.named:
            with contextlib.suppress(OSError):
                draft_of(self.base).unlink()
                ledger_of(self.base).unlink()
        os.close(self._file)
        os.close(self._ledger)

    def _told(self, row: Row) -> None:
        line = row_line(row)
        self._weigh(line, row)
        self._line(line + b"\n")

    def _weigh(self, line: bytes, row: Row) -> None:
        self.closing += len(line) + 2
        self.closing += len(central(row.entry, 0)) + 20 if isinstance(row, MessageRow | FileRow) else 0

    def _line(self, line: bytes) -> None:
        self._lines.append(line)
        self._lines_weight += len(line)

    def _write(self, octets: bytes) -> None:
        self._waiting.append(octets)
        self._weight += len(octets)
        if self._weight >= _TOGETHER:
            self.flush()


def _write_at(file: int, octets: bytes, at: int) -> None:
    view = memoryview(octets)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written
