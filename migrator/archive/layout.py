"""The octets of a zip archive around its files' (APPNOTE 6.3, sections 4.3 to 4.5), written in one way alone.

    local(entry)                         # what stands in front of a file's octets
    central(entry, offset)               # its record in the directory
    ending(count, size, at)              # what stands behind the directory

Files are stored as they are. Names are UTF-8 and say so (bit 11); zip64 is used where a number needs it, nowhere else.
An entry's time is written as its own zone's clock shows it, and again to the second in UTC ("UT"). So what is around
the files follows from the manifest, and a reader compares octets with octets. Pure; raises nothing.
"""

import struct
from dataclasses import dataclass
from datetime import datetime

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
UTF8 = 0x0800
MODE = 0o100644
MANY, LARGE = 0xFFFF, 0xFFFFFFFF
_UNIX = 3 << 8
_PLAIN, _ZIP64 = 20, 45  # versions of the format
_EPOCH_END = 2**31


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive."""

    path: str
    size: int  # octets
    crc32: int
    date: datetime  # aware


def local(entry: Entry) -> bytes:
    """The header in front of its octets."""
    name = entry.path.encode()
    large = entry.size >= LARGE
    extra = (struct.pack("<2H2Q", 1, 16, entry.size, entry.size) if large else b"") + _ut(entry.date)
    size = LARGE if large else entry.size
    time, day = _dos(entry.date)
    version = _ZIP64 if large else _PLAIN
    fixed = LOCAL.pack(b"PK\3\4", version, UTF8, 0, time, day, entry.crc32, size, size, len(name), len(extra))
    return fixed + name + extra


def central(entry: Entry, offset: int) -> bytes:
    """Its record in the directory; `offset`: where its header stands."""
    name = entry.path.encode()
    wide = [*([entry.size] * 2 if entry.size >= LARGE else []), *([offset] if offset >= LARGE else [])]
    extra = (struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b"") + _ut(entry.date)
    size = min(entry.size, LARGE)
    time, day = _dos(entry.date)
    version = _ZIP64 if wide else _PLAIN
    fixed = CENTRAL.pack(
        b"PK\1\2", _UNIX | version, version, UTF8, 0, time, day, entry.crc32, size, size,
        len(name), len(extra), 0, 0, 0, MODE << 16, min(offset, LARGE),
    )  # fmt: skip
    return fixed + name + extra


def ending(count: int, size: int, at: int) -> bytes:
    """What ends an archive: `count` records of `size` octets together stand at `at`."""
    zip64 = b""
    if count >= MANY or size >= LARGE or at >= LARGE:
        record = END64.pack(b"PK\6\6", END64.size - 12, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, at)
        zip64 = record + LOCATOR64.pack(b"PK\6\7", 0, at + size, 1)
    few = min(count, MANY)
    return zip64 + END.pack(b"PK\5\6", 0, 0, few, few, min(size, LARGE), min(at, LARGE), 0)


def _dos(date: datetime) -> tuple[int, int]:
    """Time and day as DOS writes them: two seconds' steps from 1980 to 2107."""
    if date.year < 1980:
        return 0, 1 << 5 | 1
    if date.year > 2107:
        return 23 << 11 | 59 << 5 | 29, 127 << 9 | 12 << 5 | 31
    return date.hour << 11 | date.minute << 5 | date.second // 2, (date.year - 1980) << 9 | date.month << 5 | date.day


def _ut(date: datetime) -> bytes:
    """The extended timestamp: seconds since 1970, where they fit."""
    seconds = int(date.timestamp())
    return struct.pack("<2HBL", 0x5455, 5, 1, seconds) if 0 <= seconds < _EPOCH_END else b""
