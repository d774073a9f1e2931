"""What a Maildir lets in: the room on its disk, and a Maildir++ quota where `maildirsize` says one. Raises OSError."""

import os
import re
from pathlib import Path

from migrator.mailbox import Room
from migrator.maildir.disk import read_small

FILE = "maildirsize"
_LIMITS = re.compile(rb"([0-9]{1,18})([SC])")


def room(root: Path) -> Room:
    """Octets and messages left."""
    disk = os.statvfs(root)
    free = disk.f_bavail * disk.f_frsize
    lines = (read_small(root / FILE) or b"").splitlines()
    limits = {kind: int(number) for number, kind in _LIMITS.findall(lines[0])} if lines else {}
    used = [_pair(line) for line in lines[1:]]
    octets, messages = sum(one for one, _ in used), sum(one for _, one in used)
    by_quota = max(0, limits[b"S"] - octets) if limits.get(b"S") else None
    return Room(
        octets=free if by_quota is None else min(free, by_quota),
        messages=max(0, limits[b"C"] - messages) if limits.get(b"C") else None,
    )


def _pair(line: bytes) -> tuple[int, int]:
    """A line's octets and messages; one that is none counts nothing."""
    try:
        octets, messages = line.split()
        return int(octets[:18]), int(messages[:18])
    except ValueError:
        return 0, 0
