"""What is known of a folder and of a message in an mbox file, and both as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from migrator.mailbox import FolderName, SpecialUse


@dataclass(frozen=True, slots=True)
class Box:
    """A folder and its file."""

    name: FolderName
    file: str  # below the root, "/" between levels
    octets: int = 0  # of the file that count: what stands behind them is half a message
    messages: int = 0
    special_use: SpecialUse | None = None
    subscribed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A message: where its octets stand in the file, and what the file does not say."""

    uid: int
    at: int  # the first octet behind its From_ line
    octets: int  # in the file, quoted, without the lines that only part it from the next
    size: int  # octets of the message itself; -1: not measured yet
    sha256: bytes  # of these; b"": not measured yet
    flags: frozenset[str]
    date: datetime
    exact: bool = False  # its lines stand in the file as they are: not all of them were ended by CRLF


def box_text(box: Box) -> str:
    """A folder as one line of JSON."""
    told: dict[str, object] = {"name": list(box.name), "file": box.file, "octets": box.octets}
    told |= {"messages": box.messages, "subscribed": box.subscribed}
    if box.special_use:
        told["special_use"] = str(box.special_use)
    return json.dumps(told, ensure_ascii=False)


def row_text(number: int, row: Row) -> str:
    """A message of the folder with this number, as one line of JSON."""
    told: dict[str, object] = {"folder": number, "uid": row.uid, "at": row.at, "octets": row.octets, "size": row.size}
    told |= {"sha256": row.sha256.hex(), "flags": sorted(row.flags), "date": row.date.isoformat()}
    if row.exact:
        told["exact"] = True
    return json.dumps(told, ensure_ascii=False)


def box_from(told: Mapping[str, object]) -> Box:
    """The folder that a line tells of. Raises ValueError."""
    name, use = told.get("name"), told.get("special_use")
    if not isinstance(name, list) or not name or not all(isinstance(level, str) and level for level in name):
        raise ValueError("a folder has no name")
    return Box(
        tuple(name),
        _text(told, "file"),
        _number(told, "octets"),
        _number(told, "messages"),
        SpecialUse(str(use)) if use is not None else None,
        subscribed=told.get("subscribed") is True,
    )


def row_from(told: Mapping[str, object]) -> tuple[int, Row]:
    """The number of its folder and the message that a line tells of. Raises ValueError."""
    flags, date = told.get("flags"), datetime.fromisoformat(_text(told, "date"))
    if not isinstance(flags, list) or not all(isinstance(flag, str) and flag for flag in flags):
        raise ValueError("its flags are none")
    if date.utcoffset() is None:
        raise ValueError("its date names no zone")
    sha256 = bytes.fromhex(_text(told, "sha256"))
    if len(sha256) != 32:
        raise ValueError("its SHA-256 is none")
    row = Row(
        uid=_number(told, "uid"),
        at=_number(told, "at"),
        octets=_number(told, "octets"),
        size=_number(told, "size"),
        sha256=sha256,
        flags=frozenset(flags),
        date=date,
        exact=told.get("exact") is True,
    )
    return _number(told, "folder"), row


def _text(told: Mapping[str, object], key: str) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"its {key} is missing")
    return value


def _number(told: Mapping[str, object], key: str) -> int:
    value = told.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**62:
        raise ValueError(f"its {key} is no number")
    return value
