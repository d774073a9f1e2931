"""The messages of one folder of a Maildir, without opening any of them.

    entries = listed(folder)            # of `cur` and `new`, by rising UID, which is the order of arrival

A message is known by the unique part of its file's name, which survives every change of flags. Its UID is made of it:
32 bits of seconds, 20 of microseconds and 11 of hash, or 31 of hash where the name tells no microseconds. So it is the
same in every run, whoever else works in the Maildir, and whether Dovecot has numbered it yet or not.
Raises OSError.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from migrator.disk.files import opened
from migrator.maildir.names import size_in

_SIZES = re.compile(r",[SW]=[0-9]+")
_WHOLE_SIZE = re.compile(r",W=([0-9]{1,18})(?=[,:]|$)")
_TIME = re.compile(r"([0-9]{1,12})\.(?:M([0-9]{1,6})(?=[^0-9]))?", re.ASCII)
_LAST = 2**32 - 1  # seconds; also of a name that tells no time
_OFTEN = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A message's file: `part` is cur or new."""

    uid: int
    part: str
    file: str

    @property
    def letters(self) -> str:
        """Its flags as letters."""
        return self.file.rpartition(":2,")[2] if ":2," in self.file else ""

    @property
    def size(self) -> int | None:
        """Its octets with lines ended by CRLF, where the name tells (Maildir++ `W=`)."""
        found = _WHOLE_SIZE.search(self.file)
        return int(found[1]) if found else None

    @property
    def told_size(self) -> int | None:
        """Its octets with lines ended by CRLF, or on disk: whichever the name tells."""
        return self.size if self.size is not None else size_in(self.file)


def unique_part(file: str) -> str:
    """What of a file's name stays when its flags, or the sizes in it, change."""
    return _SIZES.sub("", file.partition(":")[0])


def number_of(unique: str, turn: int = 0) -> int:
    """The UID that the unique part of a name makes; `turn`: so many others have the same one."""
    octets = os.fsencode(f"{unique}/{turn}" if turn else unique)
    chance = int.from_bytes(hashlib.blake2b(octets, digest_size=4).digest(), "big")
    time = _TIME.match(unique)
    seconds = min(int(time[1]), _LAST) if time else _LAST
    if time and time[2] and not turn:  # many of one microsecond need more room than 11 bits
        return (seconds << 31) | (int(time[2]) << 11) | (chance >> 21)
    return (seconds << 31) | (chance >> 1)


def listed(folder: Path) -> list[Entry]:
    """Every message, by rising UID."""
    taken: dict[int, Entry] = {}
    for part, file in sorted(_files(folder), key=lambda one: one[1]):
        unique, turn = unique_part(file), 0
        while (uid := number_of(unique, turn)) in taken:
            turn += 1
        taken[uid] = Entry(uid, part, file)
    return [taken[uid] for uid in sorted(taken)]


def digest(entries: Iterable[Entry], more: bytes = b"") -> int:
    """A number that changes when a message comes, goes or changes its flags."""
    whole = hashlib.blake2b(more, digest_size=8)
    for line in sorted(f"{unique_part(one.file)}:{''.join(sorted(one.letters))}" for one in entries):
        whole.update(os.fsencode(line) + b"\0")
    return int.from_bytes(whole.digest(), "big") >> 12


def _files(folder: Path) -> list[tuple[str, str]]:
    """Part and name of every file; looked at again while somebody changes them."""
    found: dict[str, str] = {}
    for _ in range(_OFTEN):
        before = _stamps(folder)
        # A reader moves from new to cur: in this order none is overlooked, and one seen twice is in cur.
        names = [(part, name) for part in ("new", "cur") for name in _names_in(folder / part)]
        found = {name: part for part, name in names}
        if _stamps(folder) == before:
            break
    return _without_echoes(folder, found)


def _without_echoes(folder: Path, found: Mapping[str, str]) -> list[tuple[str, str]]:
    """The files, without names that a message has had a moment ago."""
    by_unique: dict[str, list[str]] = {}
    for name in found:
        by_unique.setdefault(unique_part(name), []).append(name)
    return [
        (found[name], name)
        for names in by_unique.values()
        for name in (names if len(names) == 1 else _there(folder, found, names))
    ]


def _there(folder: Path, found: Mapping[str, str], names: list[str]) -> Iterator[str]:
    seen = set()
    for name in sorted(names):
        try:
            stat = os.lstat(folder / found[name] / name)
        except FileNotFoundError:
            continue
        if (stat.st_dev, stat.st_ino) not in seen:
            seen.add((stat.st_dev, stat.st_ino))
            yield name


def _names_in(part: Path) -> list[str]:
    """What stands in `part`, which is no link: behind one may stand somebody else's mail."""
    try:
        with opened(part) as descriptor, os.scandir(descriptor) as entries:
            return [one.name for one in entries if one.name[0] != "." and not one.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _stamps(folder: Path) -> list[int]:
    return [os.stat(folder / part).st_mtime_ns for part in ("cur", "new") if os.path.lexists(folder / part)]  # noqa: PTH116
