"""A power cut that keeps only what was fsynced: the preloaded shim's journal, and its replay.

    power = LostPages(folder, tmp_path)  # before the program starts: what lies in the folder now is durable
    Program(command, log, environ=power.environ)
    ...kill it...
    power.cut()                          # the folder is now what a pessimistic disk would show at the next boot

What survives: octets of a file that were written before an fsync or fdatasync of that file; a name (created, linked,
renamed, unlinked, or a new folder) whose folder was fsynced after. A rename counts with its target's folder. Nothing
is kept by luck: what was not synced is lost whole. `cut(upto=n)` cuts after the nth record instead of the last.
`-shm` files of SQLite are written through memory maps: they come back empty or not at all, as after a real power cut.
Needs a C compiler: mark tests `real("gcc")`.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

HEAD = struct.Struct("=IIIIQq")
SOURCE = Path(__file__).with_name("lost_pages.c")


class Kind(IntEnum):
    """The records of lost_pages.c."""

    WRITE = 1
    TRUNCATE = 2
    CREATE = 3
    LINK = 4
    RENAME = 5
    UNLINK = 6
    MKDIR = 7
    SYNC_FILE = 8
    SYNC_FOLDER = 9


@dataclass(frozen=True)
class Record:
    """One thing the program did."""

    kind: Kind
    inode: int
    offset: int
    first: bytes
    second: bytes


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)

    def sync(self) -> None:
        for record in self.pending:
            size, end = len(self.durable), record.offset + len(record.first)
            if record.kind is Kind.TRUNCATE:
                self.durable[record.offset :] = b"\0" * max(0, record.offset - size)
            else:
                self.durable += b"\0" * (record.offset - size)
                self.durable[record.offset : end] = record.first
        self.pending.clear()


@dataclass(frozen=True)
class _Entry:
    """A change of names that waits for its folder's fsync: names that go, a name that comes."""

    folder: Path
    gone: Path | None
    come: Path | None
    what: _File | None


class _Disk:
    """What is durable now, and what waits."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[Path, _File | None] = {}
        self.inodes: dict[int, _File] = {}
        self.waiting: list[_Entry] = []
        for path in folder.rglob("*"):
            if path.is_dir():
                self.names[path] = None
            elif path.is_file():
                inode = path.stat().st_ino
                self.inodes.setdefault(inode, _File(bytearray(path.read_bytes())))
                self.names[path] = self.inodes[inode]

    def apply(self, record: Record) -> None:
        path = Path(os.fsdecode(record.first)) if record.kind not in {Kind.WRITE, Kind.TRUNCATE} else Path()
        match record.kind:
            case Kind.WRITE | Kind.TRUNCATE:
                self.inodes.setdefault(record.inode, _File()).pending.append(record)
            case Kind.SYNC_FILE:
                self.inodes.setdefault(record.inode, _File()).sync()
            case Kind.CREATE:
                self.inodes[record.inode] = _File()
                self._wait(None, path, self.inodes[record.inode])
            case Kind.LINK | Kind.RENAME:
                target = Path(os.fsdecode(record.second))
                what = self.inodes.get(record.inode)
                self._wait(path if record.kind is Kind.RENAME else None, target, what)
            case Kind.UNLINK:
                self._wait(path, None, None)
            case Kind.MKDIR:
                self._wait(None, path, None)
            case Kind.SYNC_FOLDER:
                self._settle(path)

    def _wait(self, gone: Path | None, come: Path | None, what: _File | None) -> None:
        folder = (come or gone or Path()).parent
        self.waiting.append(_Entry(folder, gone, come, what))

    def _settle(self, folder: Path) -> None:
        for entry in [entry for entry in self.waiting if entry.folder == folder]:
            self.waiting.remove(entry)
            if entry.gone is not None:
                self.names.pop(entry.gone, None)
            if entry.come is not None:
                self.names[entry.come] = entry.what

    def write(self, folder: Path) -> None:
        """Make the folder what is durable; a name whose own folder was lost is lost with it."""
        for path in list(folder.iterdir()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path, what in sorted(self.names.items()):
            if not path.parent.is_dir():
                continue
            if what is None:
                path.mkdir(exist_ok=True)
            else:
                path.write_bytes(what.durable)


class LostPages:
    """The shim, compiled; the folder's state before the program; the journal."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder.resolve()
        self.journal = work / "lost-pages.journal"
        self.journal.write_bytes(b"")
        self.library = work / "lost_pages.so"
        command = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        command += ["-o", str(self.library), str(SOURCE), "-lpthread"]
        subprocess.run(command, check=True)
        self._disk = _Disk(self.folder)

    @property
    def environ(self) -> Mapping[str, str]:
        """What the watched program needs in its environment."""
        return {
            "LD_PRELOAD": str(self.library),
            "LOST_PAGES_FOLDER": str(self.folder),
            "LOST_PAGES_JOURNAL": str(self.journal),
        }

    def records(self) -> Iterator[Record]:
        """The whole records of the journal; a last one cut short by a kill is left out."""
        octets = self.journal.read_bytes()
        at = 0
        while at + HEAD.size <= len(octets):
            kind, first, second, _, inode, offset = HEAD.unpack_from(octets, at)
            at += HEAD.size
            if at + first + second > len(octets):
                return
            yield Record(Kind(kind), inode, offset, octets[at : at + first], octets[at + first : at + first + second])
            at += first + second

    def cut(self, upto: int | None = None) -> None:
        """Make the folder what a disk shows that lost everything unsynced; the journal begins anew."""
        for number, record in enumerate(self.records()):
            if upto is not None and number >= upto:
                break
            self._disk.apply(record)
        self._disk.write(self.folder)
        self._disk = _Disk(self.folder)
        self.journal.write_bytes(b"")
