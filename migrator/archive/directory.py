"""The directory of a part (APPNOTE 6.3, sections 4.3.12 to 4.3.16), and what makes it none of ours.

    directory = Directory.of(path, file)       # looks at every record
    for record in directory.records(): ...

Looked at without the manifest: records, and the files that they speak of, stand one behind the other and fill the part
to its end; no name is unsafe, there twice, or a file and a folder at once; nothing is encrypted, compressed, or
anything but a file. BadArchive names the first that is otherwise. The last record is the manifest's. Raises OSError as
it comes.
"""

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrator.archive.errors import BadArchive
from migrator.archive.layout import CENTRAL, END, END64, LARGE, LOCAL, LOCATOR64, MANY, UTF8, ending
from migrator.archive.names import path_digest
from migrator.archive.window import window
from migrator.safe_names import why_unsafe

_CUT = "it is cut off, or its end is damaged"
_OVERLAPS = "it overlaps the file before it, as in a zip made to harm"
_APART = "something that is no file stands in front of it"
_LOCKED = 0x0001 | 0x0040 | 0x2000  # APPNOTE 4.4.4: encrypted, strongly encrypted, its directory encrypted
_UT = b"UT\x05\x00"


@dataclass(frozen=True, slots=True)
class Record:
    """What the directory says of a file."""

    path: str
    size: int
    crc32: int
    offset: int
    octets: int  # that the file takes together with its header
    raw: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory that was looked at. Made by `of`."""

    path: Path
    length: int  # octets of the part
    count: int
    size: int
    at: int
    last: Record
    _file: int

    @classmethod
    def of(cls, path: Path, file: int) -> "Directory":
        """Find the directory and look at every record. Raises BadArchive."""
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise BadArchive(path, "", "it is no file")
        count, size, at = _end(path, file, found.st_size)
        last = None
        expected, names = 0, _Names()
        for record in _records(path, file, count, size, at):
            if why := why_unsafe(record.path) or names.why_not(record.path):
                raise BadArchive(path, record.path, why)
            if record.offset != expected:
                raise BadArchive(path, record.path, _OVERLAPS if record.offset < expected else _APART)
            expected += record.octets
            last = record
        if last is None or not last.path.startswith("manifest-"):
            raise BadArchive(path, last.path if last else "", "no manifest stands at its end")
        if expected != at:
            raise BadArchive(path, last.path, "something that is no file stands behind it")
        return cls(path, found.st_size, count, size, at, last, file)

    def records(self) -> Iterator[Record]:
        """Every record, in order."""
        yield from _records(self.path, self._file, self.count, self.size, self.at)


class _Names:
    """The files of a part, and the folders that they stand in."""

    def __init__(self) -> None:
        self._files: set[bytes] = set()
        self._folders: set[bytes] = set()
        self._last = ""

    def why_not(self, path: str) -> str:
        """Take the next file in; why it cannot be made beside the others, empty where it can."""
        known, above = path_digest(path), path.rpartition("/")[0]
        if known in self._files:
            return "it is there twice"
        if known in self._folders:
            return "other files stand below it, as if it were a folder"
        self._files.add(known)
        if above == self._last:
            return ""
        self._last = above
        while above and (folder := path_digest(above)) not in self._folders:
            if folder in self._files:
                return f"it stands below {above}, which is a file"
            self._folders.add(folder)
            above = above.rpartition("/")[0]
        return ""


def _end(path: Path, file: int, length: int) -> tuple[int, int, int]:
    """Count, octets and place of the records."""
    tail = os.pread(
        file, END64.size + LOCATOR64.size + END.size, max(0, length - END64.size - LOCATOR64.size - END.size)
    )
    if len(tail) < END.size or not tail[-END.size :].startswith(b"PK\5\6"):
        raise BadArchive(path, "", _CUT)
    *_, count, size, at, _ = END.unpack(tail[-END.size :])
    if count == MANY or LARGE in {size, at}:
        if len(tail) < END64.size + LOCATOR64.size + END.size or not tail.startswith(b"PK\6\6"):
            raise BadArchive(path, "", _CUT)
        *_, count, size, at = END64.unpack(tail[: END64.size])
    written = ending(count, size, at) if at + size <= length else b"no such place"
    if not tail.endswith(written) or at + size + len(written) != length:
        raise BadArchive(path, "", _CUT)
    return count, size, at


def _records(path: Path, file: int, count: int, size: int, at: int) -> Iterator[Record]:
    before = "its first file"
    with window(file, at, size) as octets:
        for _ in range(count):
            fixed = octets.read(CENTRAL.size)
            if len(fixed) < CENTRAL.size or not fixed.startswith(b"PK\1\2"):
                raise BadArchive(path, "", f"its directory is damaged behind {before}")
            fields = CENTRAL.unpack(fixed)
            name, extra, comment = (octets.read(length) for length in fields[10:13])
            record = _record(path, fields, fixed + name + extra + comment, name, extra)
            before = record.path
            yield record
        if octets.read(1):
            raise BadArchive(path, "", f"its directory is damaged behind {before}")


def _record(path: Path, fields: tuple[int, ...], raw: bytes, name: bytes, extra: bytes) -> Record:
    told = name.decode("utf-8", "backslashreplace")
    flags, method, crc32, stored, size, mode, offset = (fields[at] for at in (3, 4, 7, 8, 9, 15, 16))
    if flags & _LOCKED:
        raise BadArchive(path, told, "it is encrypted")
    if method != 0:
        raise BadArchive(path, told, "it is compressed, which our archives never are")
    if stat.S_ISLNK(mode >> 16):
        raise BadArchive(path, told, "it is a symbolic link")
    if flags != UTF8 or mode >> 16 & ~0o7777 != stat.S_IFREG or told.encode() != name or stored != size:
        raise BadArchive(path, told, "it is no file as our archives have them")
    wide = _wide(extra)
    large = size == LARGE
    try:
        size = wide[0] if large else size
        offset = wide[-1] if offset == LARGE else offset
    except IndexError:
        raise BadArchive(path, told, "the directory does not say where it is") from None
    header = LOCAL.size + len(name) + (20 if large else 0) + (9 if _UT in extra else 0)
    return Record(told, size, crc32, offset, header + size, raw)


def _wide(extra: bytes) -> tuple[int, ...]:
    """The numbers of a zip64 field in front of all others."""
    if len(extra) < 4 or not extra.startswith(b"\1\0"):
        return ()
    numbers = extra[4 : 4 + int.from_bytes(extra[2:4], "little")]
    return struct.unpack(f"<{len(numbers) // 8}Q", numbers[: len(numbers) // 8 * 8])
