"""What the disk lets in.

    disk_room(Path("/srv/export/hanako"))           # which need not be there yet

Raises what `errors.told` makes of OSError.
"""

import os
from pathlib import Path

from migrator.disk.errors import told
from migrator.mailbox import Room


def nearest(path: Path) -> Path:
    """The path, or the first above it that is there."""
    path = path.absolute()
    return next(one for one in (path, *path.parents) if one.exists())


def disk_room(path: Path) -> Room:
    """Octets that are free where `path` is, or is to be."""
    there = nearest(path)
    with told(there):
        disk = os.statvfs(there)
    return Room(octets=disk.f_bavail * disk.f_frsize)
