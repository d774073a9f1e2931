"""What a Maildir lets in: the room on its disk, and a Maildir++ quota where `maildirsize` says one. Raises OSError."""

import re
from pathlib import Path

from migrator.disk.files import read_small
from migrator.disk.room import disk_room
from migrator.mailbox import Room

FILE = "maildirsize"
_LIMITS = re.compile(rb"([0-9]{1,18})([SC])")


def room(root: Path) -> Room:
    """Octets and messages left."""
    free = disk_room(root).octets
    lines = (read_small(root / FILE) or b"").splitlines()
    limits = {kind: int(number) for number, kind in _LIMITS.findall(lines[0])} if lines else {}
    used = [_pair(line) for line in lines[1:]]
    octets, messages = sum(one for one, _ in used), sum(one for _, one in used)
    if limits.get(b"S"):
        left = max(0, limits[b"S"] - octets)
        free = left if free is None else min(free, left)
    return Room(octets=free, messages=max(0, limits[b"C"] - messages) if limits.get(b"C") else None)


def _pair(line: bytes) -> tuple[int, int]:
    """A line's octets and messages; one that is none counts nothing."""
    try:
        octets, messages = line.split()
        return int(octets[:18]), int(messages[:18])
    except ValueError:
        return 0, 0
