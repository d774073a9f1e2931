"""What is in an archive, message by message.

    for one in listed(Path("hanako.zip")): ...      # any of its parts may be named

Raises BadArchive for what is no archive of ours or not whole, OSError.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from migrator.archive.archive import Archive, base_of
from migrator.archive.manifest import MessageRow
from migrator.mailbox import FolderName


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in an archive."""

    number: int
    folder: FolderName
    date: datetime
    octets: int
    flags: frozenset[str]
    uid: int  # at its source
    file: str  # the part
    path: str  # in it


def listed(path: Path) -> Iterator[Listed]:
    """Every message, in order, with the flags that the newest part tells."""
    with Archive.opened(base_of(path)) as archive:
        if not archive.parts:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        for part in archive.parts.values():
            for placed in part.rows():
                row = placed.row
                if isinstance(row, MessageRow):
                    flags = archive.catalog.flags.get(row.number, row.flags)
                    entry = row.entry
                    yield Listed(
                        row.number, row.folder, entry.date, entry.size, flags, row.uid, part.path.name, entry.path
                    )
