"""The manifest of a part: one JSON object, its head in the first line, then a row a line, so that it streams both ways.

    octets.writelines(lines(head, map(row_line, rows)))
    head, rows = read(file)                  # rows are read as they are asked for

A row is a folder, a message, a further file (a page, an attachment, a file of the viewer), or new flags of a message in
an earlier part; docs/ARCHIVE.md tells every key. Messages and files stand in the order in which the part holds them.
Raises BadManifest for everything that is no such manifest, whatever its octets are.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeGuard

from migrator.archive.layout import Entry
from migrator.mailbox import FolderName, SpecialUse

FORMAT, VERSION = "lastpost archive", 1
_HEAD, _ROW = 16_777_216, 1_048_576  # octets of a line
_HIGHEST = 2**62
_ROWS = b',"rows":['
_KINDS = frozenset({"page", "attachment", "viewer"})


class BadManifest(ValueError):
    """What is no manifest of ours; the message says why."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A part that was there before: its octets follow from its manifest and its files."""

    file: str
    octets: int
    manifest_sha256: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What a manifest says of its part."""

    part: int
    file: str
    source: str  # where the mail comes from, for people
    made: datetime
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A folder of the mailbox, and where its messages stand."""

    name: FolderName
    path: str
    special_use: SpecialUse | None = None
    subscribed: bool = False


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message; its entry's date is its INTERNALDATE."""

    entry: Entry
    sha256: bytes
    number: int  # rises over all parts
    folder: FolderName
    uid: int  # at the source
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that is no message; `number` is that of the message it belongs to, 0 where it belongs to none."""

    entry: Entry
    sha256: bytes
    kind: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class FlagsRow:
    """Flags that a message of an earlier part has now."""

    folder: FolderName
    number: int
    flags: frozenset[str]


Row = FolderRow | MessageRow | FileRow | FlagsRow
InPart = MessageRow | FileRow


def lines(head: Head, rows: Iterable[bytes]) -> Iterator[bytes]:
    """The manifest's octets, a line at a time; `rows` as `row_line` makes them."""
    said = dump(
        {
            "format": FORMAT,
            "version": VERSION,
            "part": head.part,
            "file": head.file,
            "source": head.source,
            "made": head.made.isoformat(),
            "parts": [_earlier(one) for one in head.earlier] + [{"file": head.file}],
        }
    )
    yield said[:-1] + _ROWS
    mark = b"\n"
    for row in rows:
        yield mark + row
        mark = b",\n"
    yield b"\n]}\n"


def row_line(row: Row) -> bytes:
    """A row as JSON in one line, without its end."""
    match row:
        case FolderRow(name, path, special_use, subscribed):
            use = str(special_use) if special_use else None
            return dump({"kind": "folder", "folder": name, "path": path, "special_use": use, "subscribed": subscribed})
        case MessageRow(entry, sha256, number, folder, uid, flags):
            of = {"number": number, "folder": folder, "uid": uid, "flags": sorted(flags)}
            return dump({"kind": "message", **_entry(entry, sha256), **of})
        case FileRow(entry, sha256, kind, number):
            return dump({"kind": kind, **_entry(entry, sha256), "number": number})
        case FlagsRow(folder, number, flags):
            return dump({"kind": "flags", "folder": folder, "number": number, "flags": sorted(flags)})


def dump(value: Mapping[str, object]) -> bytes:
    """JSON in UTF-8, in one line; what is no text is escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def read(file: BinaryIO) -> tuple[Head, Iterator[tuple[int, Row]]]:
    """The head, and each row with where its line begins. Raises BadManifest, here and while rows are read."""
    line = file.readline(_HEAD)
    if not line.endswith(_ROWS + b"\n"):
        raise BadManifest("it does not begin as a manifest does")
    return _head(load(line[: -len(_ROWS) - 1] + b"}")), _rows(file)


def _rows(file: BinaryIO) -> Iterator[tuple[int, Row]]:
    more = True
    while True:
        at = file.tell()
        line = file.readline(_ROW)
        if line == b"]}\n" and not file.read(1):
            return
        if not more or line == b"\n" or not line.endswith(b"\n"):
            if line == b"\n" and file.readline(_ROW) == b"]}\n" and not file.read(1):
                return
            raise BadManifest("it has no end, or goes on behind it")
        more = line.endswith(b",\n")
        yield at, parse(line.rstrip(b",\n"))


def parse(line: bytes) -> Row:
    """A row of its line. Raises BadManifest."""
    said = load(line)
    match said.get("kind"):
        case "folder":
            use, subscribed = said.get("special_use"), said.get("subscribed")
            if not isinstance(subscribed, bool) or not (use is None or use in set(SpecialUse)):
                raise BadManifest("a folder says neither what it is for nor what it is not")
            return FolderRow(_folder(said), _text(said, "path"), SpecialUse(str(use)) if use else None, subscribed)
        case "message":
            uid, flags = number_in(said, "uid"), _flags(said)
            return MessageRow(_entry_in(said), _sha256(said), number_in(said, "number"), _folder(said), uid, flags)
        case "flags":
            return FlagsRow(_folder(said), number_in(said, "number"), _flags(said))
        case str(kind) if kind in _KINDS:
            return FileRow(_entry_in(said), _sha256(said), kind, number_in(said, "number"))
        case _:
            raise BadManifest("a row is of no kind that is known")


def load(line: bytes) -> dict[str, object]:
    """The JSON object in a line. Raises BadManifest."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise BadManifest("a line is no JSON") from None
    if not isinstance(said, dict):
        raise BadManifest("a line holds no object")
    return said


def number_in(said: Mapping[str, object], name: str) -> int:
    """A whole number from 0 on. Raises BadManifest."""
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _HIGHEST:
        raise BadManifest(f"{name} is no number")
    return value


def _head(said: Mapping[str, object]) -> Head:
    if said.get("format") != FORMAT:
        raise BadManifest("it is no manifest of an archive of ours")
    if said.get("version") != VERSION:
        raise BadManifest(f"its version is {said.get('version')!r}, and {VERSION} can be read here")
    parts = said.get("parts")
    if not isinstance(parts, list) or not parts or number_in(said, "part") != len(parts):
        raise BadManifest("it does not name its parts")
    earlier = tuple(
        Earlier(_text(one, "file"), number_in(one, "octets"), _digest(one, "manifest_sha256")) for one in parts[:-1]
    )
    return Head(len(parts), _text(said, "file"), _text(said, "source"), _date(said, "made"), earlier)


def _earlier(one: Earlier) -> dict[str, object]:
    return {"file": one.file, "octets": one.octets, "manifest_sha256": one.manifest_sha256.hex()}


def _entry(entry: Entry, sha256: bytes) -> dict[str, object]:
    known = {"path": entry.path, "size": entry.size, "crc32": f"{entry.crc32:08x}", "sha256": sha256.hex()}
    return {**known, "date": entry.date.isoformat()}


def _entry_in(said: Mapping[str, object]) -> Entry:
    crc32 = int.from_bytes(_hex(said, "crc32", 4), "big")
    return Entry(_text(said, "path"), number_in(said, "size"), crc32, _date(said, "date"))


def _sha256(said: Mapping[str, object]) -> bytes:
    return _digest(said, "sha256")


def _digest(said: object, name: str) -> bytes:
    if not isinstance(said, dict):
        raise BadManifest("a part is not described")
    return _hex(said, name, 32)


def _hex(said: Mapping[str, object], name: str, octets: int) -> bytes:
    try:
        value = bytes.fromhex(_text(said, name))
    except ValueError:
        raise BadManifest(f"{name} is not in hex") from None
    if len(value) != octets:
        raise BadManifest(f"{name} has not {octets} octets")
    return value


def _text(said: object, name: str) -> str:
    value = said.get(name) if isinstance(said, dict) else None
    if not isinstance(value, str):
        raise BadManifest(f"{name} is no text")
    return value


def _date(said: Mapping[str, object], name: str) -> datetime:
    try:
        date = datetime.fromisoformat(_text(said, name))
        known = date.tzinfo is not None and abs(date.timestamp()) < _HIGHEST
    except (ValueError, OverflowError):
        raise BadManifest(f"{name} is no date") from None
    if not known:
        raise BadManifest(f"{name} has no zone")
    return date


def _folder(said: Mapping[str, object]) -> FolderName:
    levels = said.get("folder")
    if not _texts(levels) or not levels:
        raise BadManifest("a folder has no name")
    return tuple(levels)


def _flags(said: Mapping[str, object]) -> frozenset[str]:
    flags = said.get("flags")
    if not _texts(flags):
        raise BadManifest("flags are no list of names")
    return frozenset(flags)


def _texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
