"""Files in winmail.dat, the wrapping of Outlook and Exchange that nothing else opens (MS-OXTNEF).

    tnef = read_tnef(octets)      # Tnef(files, whole); [File(name, start, end)] are places in `octets`

Its formatted text is not read: mail that carries it has plain text beside it. Damaged ones give the files that are
whole. Bounded and linear; raises nothing.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from migrator.viewer.charsets import decoded

_SIGNATURE: Final = 0x223E9F78
_MOST: Final = 1000  # files, and properties of one of them
_ATTRIBUTES: Final = 20_000  # of all files together
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005  # 2.1.3.2
_LONG_NAME, _NAME = 0x3707, 0x3704  # PidTagAttachLongFilename, PidTagAttachFilename (MS-OXPROPS)
_TEXT8, _TEXT16 = 0x1E, 0x1F
_LENGTHS: Final = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}


@dataclass(frozen=True, slots=True)
class File:
    """A file in it; `name` is empty where none is told."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tnef:
    """What was found; `whole`: it is TNEF from its beginning to its end."""

    files: Sequence[File]
    whole: bool


def read_tnef(octets: bytes) -> Tnef:
    """Read a winmail.dat."""
    if len(octets) < 6 or struct.unpack_from("<I", octets)[0] != _SIGNATURE:
        return Tnef((), whole=False)
    found: list[File] = []
    at = 6
    title, long, place = "", "", (0, 0)
    for name, start, end in _attributes(octets):
        if name == _RENDERING:
            found += _ended(title, long, place)
            title, long, place = "", "", (0, 0)
        elif name == _TITLE:
            title = decoded(octets[start:end].split(b"\0")[0]).text
        elif name == _DATA:
            place = (start, end)
        elif name == _PROPERTIES:
            long = _long_name(octets[start:end])
        at = end + 2
        if len(found) >= _MOST:
            break
    return Tnef([*found, *_ended(title, long, place)], whole=at == len(octets))


def _attributes(octets: bytes) -> Iterator[tuple[int, int, int]]:
    """Attributes that are whole: name, and where the data of each begins and ends, before its checksum (2.1.3)."""
    at = 6
    for _ in range(_ATTRIBUTES):
        if at + 9 > len(octets):
            return
        name, length = struct.unpack_from("<II", octets, at + 1)
        start, end = at + 9, at + 9 + length
        if end + 2 > len(octets):
            return
        yield name, start, end
        at = end + 2


def _ended(title: str, long: str, place: tuple[int, int]) -> list[File]:
    return [File(long or title, *place)] if place[1] > place[0] else []


def _long_name(octets: bytes) -> str:
    """The longer of the names among the properties of a file; empty where they cannot be read."""
    names: dict[int, str] = {}
    try:
        for tag, kind, value in _properties(octets):
            if tag in {_LONG_NAME, _NAME}:
                names[tag] = value.decode("utf-16-le", "replace") if kind == _TEXT16 else decoded(value).text
    except struct.error:
        pass
    return (names.get(_LONG_NAME) or names.get(_NAME, "")).rstrip("\0")


def _properties(octets: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Texts among properties (MS-OXTNEF 2.1.3.4): tag, type, value. Raises struct.error for damaged ones."""
    at = 4
    for _ in range(min(_MOST, struct.unpack_from("<I", octets)[0])):
        kind, tag = struct.unpack_from("<HH", octets, at)
        at += 4
        if tag >= 0x8000:
            at = _behind_name(octets, at)
        count = 1
        if kind & 0x1000 or kind in {0x0D, _TEXT8, _TEXT16, 0x102}:
            count = struct.unpack_from("<I", octets, at)[0]
            at += 4
        for _ in range(min(_MOST, count)):
            if at > len(octets):
                return
            if kind & 0xFFF in _LENGTHS:
                at += _LENGTHS[kind & 0xFFF]
                continue
            length = struct.unpack_from("<I", octets, at)[0]
            if kind in {_TEXT8, _TEXT16}:
                yield tag, kind, octets[at + 4 : at + 4 + length]
            at += 4 + length + -length % 4


def _behind_name(octets: bytes, at: int) -> int:
    """Where the name of a named property ends: an identifier of 16 octets, then a number or a text."""
    if not struct.unpack_from("<I", octets, at + 16)[0]:
        return at + 24
    length: int = struct.unpack_from("<I", octets, at + 20)[0]
    return at + 24 + length + -length % 4
