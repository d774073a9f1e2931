"""A folder of the source that is numbered anew: its messages known again by their octets.

    former = Former(journal, folder, uidvalidity)
    former.take(mark)     # the old mark of the same octets, given away once; None where there is none

Twins are told apart by number alone: as many as were moved are known again.
"""

from collections import defaultdict

from migrator.journals.journal import THERE, Journal, Mark
from migrator.mailbox import FolderName


class Former:
    """What the journal holds of a folder under its former numbers."""

    def __init__(self, journal: Journal, folder: FolderName, uidvalidity: int) -> None:
        self._marks: dict[tuple[int, bytes], list[Mark]] = defaultdict(list)
        for mark in journal.former(folder, uidvalidity):
            if mark.settled in THERE:
                self._marks[mark.size, mark.sha256].append(mark)

    def take(self, mark: Mark) -> Mark | None:
        """The old mark of a message."""
        same = self._marks.get((mark.size, mark.sha256))
        return same.pop() if same else None
