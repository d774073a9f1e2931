"""Zip archives for scanners: plain, one within another, and marked as encrypted."""

import io
import zipfile
from collections.abc import Mapping


def zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
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
