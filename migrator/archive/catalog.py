"""What an archive holds, in little memory: for each message five numbers, by which its row and octets are found again.

    catalog.take(part, placed)           # rows of the parts in order, the growing one last
    shelf = catalog.folders[name]
    catalog.drop(part)                   # what stands in the last part, which is to be taken anew

Raises BadRows for rows that no archive of ours has.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from migrator.archive.manifest import FileRow, FlagsRow, FolderRow, MessageRow, Row
from migrator.mailbox import FolderName
from migrator.safe_names import why_unsafe

MOST_FOLDERS: Final = 100_000  # of one archive: each stays in memory


class BadRows(ValueError):
    """Rows that contradict each other; the message says which."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message is found again: its row's line and its octets' header, in a part."""

    number: int
    part: int
    line: int
    offset: int
    size: int


def _numbers() -> "array[int]":
    return array("Q")


@dataclass(slots=True)
class Shelf:
    """A folder."""

    row: FolderRow
    octets: int = 0
    _spots: "array[int]" = field(default_factory=_numbers)  # five numbers for each message

    def __len__(self) -> int:
        return len(self._spots) // 5

    def __getitem__(self, at: int) -> Spot:
        return Spot(*self._spots[5 * at : 5 * at + 5])

    def since(self, number: int) -> Iterator[Spot]:
        """The messages from this number on."""
        at = bisect_left(range(len(self)), number, key=lambda one: self._spots[5 * one])
        while at < len(self):
            yield self[at]
            at += 1

    def find(self, number: int) -> Spot | None:
        """The message of this number."""
        found = next(self.since(number), None)
        return found if found is not None and found.number == number else None

    def add(self, spot: Spot) -> None:
        """The next message."""
        self._spots.extend((spot.number, spot.part, spot.line, spot.offset, spot.size))
        self.octets += spot.size

    def drop(self, part: int) -> None:
        """Forget what stands in this part, the last one."""
        while self._spots and self._spots[-4] == part:
            self.octets -= self._spots[-1]
            del self._spots[-5:]


@dataclass(slots=True)
class Catalog:
    """Every folder, and the flags that changed in later parts."""

    folders: dict[FolderName, Shelf] = field(default_factory=dict)
    flags: dict[int, frozenset[str]] = field(default_factory=dict)
    last: int = 0  # number
    most: int = MOST_FOLDERS

    def take(self, part: int, row: Row, line: int, offset: int) -> None:
        """The next row of a part."""
        match row:
            case FolderRow(name, path):
                if why := why_unsafe(path):
                    raise BadRows(f"the path of the folder {'/'.join(name)}: {why}")
                if name in self.folders:
                    self.folders[name].row = row
                elif len(self.folders) >= self.most:
                    raise BadRows(f"it names more than {self.most:,} folders")
                else:
                    self.folders[name] = Shelf(row)
            case MessageRow(entry, _, number, folder):
                if number <= self.last:
                    raise BadRows(f"{entry.path}: its number is not above those before it")
                self.last = number
                self._shelf(folder).add(Spot(number, part, line, offset, entry.size))
            case FlagsRow(folder, number, flags):
                if self._shelf(folder).find(number) is None:
                    raise BadRows(f"flags are told of message {number}, which is not there")
                self.flags[number] = flags
            case FileRow():
                return

    def drop(self, part: int) -> None:
        """Forget the messages of this part, the last one."""
        for shelf in self.folders.values():
            shelf.drop(part)
        self.last = max((shelf[len(shelf) - 1].number for shelf in self.folders.values() if len(shelf)), default=0)

    def _shelf(self, folder: FolderName) -> Shelf:
        if folder not in self.folders:
            raise BadRows(f"the folder {'/'.join(folder)} is not named before its messages")
        return self.folders[folder]
