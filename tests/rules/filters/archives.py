"""Zip archives for scanners: plain, one within another, marked as encrypted, and broken in their own ways."""

import io
import struct
import zipfile
from collections.abc import Mapping


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, octets in members.items():
            archive.writestr(name, octets)
    return out.getvalue()


def encrypted(archive: bytes) -> bytes:
    """The same archive with its first member marked as encrypted (APPNOTE.TXT 4.4.4), so that nobody can read it."""
    octets = bytearray(archive)
    octets[6] |= 1
    octets[octets.index(b"PK\x01\x02") + 8] |= 1
    return bytes(octets)


def deep(octets: bytes, levels: int) -> bytes:
    """An archive in an archive, so many times."""
    for level in range(levels):
        octets = zipped({f"{level}.zip": octets})
    return octets


def broken_by_lzma() -> bytes:
    """An archive whose member is no LZMA where it says so."""
    octets = bytearray(zipped({"a": b"hello" * 1000}, zipfile.ZIP_LZMA))
    octets[41:51] = b"\xff" * 10  # behind the local header of 31 octets, and the 9 that describe the method
    return bytes(octets)


def one_of_two_volumes() -> bytes:
    """The end of an archive that spans two disks (APPNOTE.TXT 4.3.15)."""
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 1, 0, 2)
    return b"x" * 100 + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 46, 0, 0)
