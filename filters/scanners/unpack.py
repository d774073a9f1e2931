"""What a message holds beneath its octets: decoded parts, and the members of zip archives in them; bounded.

    for found in unpacked(message): ...     # octets to look through, or why some can never be read

Archives are unpacked in memory within a budget, so a decompression bomb ends as "too large" or "too deep". CPU work:
call it in a thread for what is large.
"""

import binascii
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from filters.mime import Leaf, read_mime
from filters.scan import Unreadable

DEPTH: Final = 5  # archives within one another
MEMBERS: Final = 2000  # of all archives of a message
BUDGET: Final = 100_000_000  # octets unpacked from a message

_STRETCHES: Final = 1000  # between paddings of one part in base64; nobody writes more than one
_ENCRYPTED_FLAG: Final = 0x1  # APPNOTE.TXT 4.4.4
_BEGINNINGS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK00PK")  # APPNOTE.TXT 4.3.7, 4.3.16, 8.5
# The ends of a large archive, one behind the other (APPNOTE.TXT 4.3.15, 4.3.16), within the longest comment.
_VOLUME: Final = re.compile(rb"PK\x06\x07.{16}PK\x05\x06", re.DOTALL)
_LONGEST_END: Final = 20 + 22 + 65_535
_ENTRY: Final = b"PK\x01\x02"  # one for each member (APPNOTE.TXT 4.3.12)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Shut:
    """Something that can never be read."""

    why: Unreadable
    detail: str


@dataclass(slots=True)
class _Allowance:
    octets: int = BUDGET
    members: int = MEMBERS


def unpacked(message: bytes) -> Iterator[bytes | Shut]:
    """The message as it stands, then each decoded part, then what zip archives among them hold."""
    yield message
    allowance = _Allowance()
    for leaf in read_mime(message).leaves:
        part = decoded(message, leaf)
        if leaf.encoding:
            yield part
        yield from _members(part, 1, allowance)


def decoded(message: bytes, leaf: Leaf) -> bytes:
    """The octets of a part without its transfer encoding, read as generously as any mail program does."""
    octets = message[leaf.start : leaf.end]
    match leaf.encoding:
        case b"base64":
            return _base64(octets)
        case b"quoted-printable":
            return binascii.a2b_qp(octets)
        case _:
            return octets


def _base64(octets: bytes) -> bytes:
    """Every stretch between paddings: some mail programs stop at the first, others read on."""
    *stretches, rest = octets.split(b"=", _STRETCHES)
    return b"".join(map(_stretch, (*stretches, rest.replace(b"=", b""))))


def _stretch(octets: bytes) -> bytes:
    try:
        return binascii.a2b_base64(octets + b"===")  # RFC 2045 6.8: other characters are passed over
    except binascii.Error:  # one character too many, or too few
        return binascii.a2b_base64(octets + b"A===")


def _members(octets: bytes, depth: int, allowance: _Allowance) -> Iterator[bytes | Shut]:
    """What a zip archive holds, and the archives in it; nothing where there is none."""
    if not _is_archive(octets):
        return
    if octets.count(_ENTRY) > MEMBERS:  # before the list of them fills the memory
        yield Shut(Unreadable.TOO_DEEP, f"more than {MEMBERS} members in an archive")
        return
    if depth > DEPTH:
        yield Shut(Unreadable.TOO_DEEP, f"archives nested deeper than {DEPTH}")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            for member in archive.infolist():
                yield from _member(archive, member, depth, allowance)
    except _BROKEN:
        yield Shut(Unreadable.AMBIGUOUS, "a zip archive that cannot be read")


def _is_archive(octets: bytes) -> bool:
    try:
        is_one = octets.startswith(_BEGINNINGS) or zipfile.is_zipfile(io.BytesIO(octets))
    except zipfile.BadZipFile:  # one of several volumes
        return True
    # Newer releases of Python say of a volume that it is no archive at all; a mail program may know better.
    return is_one or _VOLUME.search(octets, max(0, len(octets) - _LONGEST_END)) is not None


def _member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int, allowance: _Allowance
) -> Iterator[bytes | Shut]:
    allowance.members -= 1
    if allowance.members < 0:
        yield Shut(Unreadable.TOO_DEEP, f"more than {MEMBERS} members in archives")
    elif member.flag_bits & _ENCRYPTED_FLAG:
        yield Shut(Unreadable.ENCRYPTED, "an encrypted zip archive")
    elif member.file_size > allowance.octets:
        yield Shut(Unreadable.TOO_LARGE, f"archives that unpack to more than {BUDGET} octets")
    else:
        with archive.open(member) as content:
            octets = content.read(allowance.octets)  # at most file_size, which zipfile keeps to
        allowance.octets -= len(octets)
        yield octets
        yield from _members(octets, depth + 1, allowance)
