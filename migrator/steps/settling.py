"""Marks that are settled without anything being put, kept in the journal many at a time.

    settling.add(marks, instead_of=old_keys)
    settling.flush()

What a kill takes before `flush` is found out again by the next run. Raises what the journal raises.
"""

from collections.abc import Collection, Sequence

from migrator.journals.journal import Journal, Key, Mark, Settlement
from migrator.progress import Progress

_TOGETHER = 200


class Settling:
    """Gathers marks of any folder."""

    def __init__(self, journal: Journal, progress: Progress) -> None:
        self._journal = journal
        self._progress = progress
        self._marks: list[Mark] = []
        self._instead_of: list[Key] = []

    def add(self, marks: Sequence[Mark], *, instead_of: Collection[Key] = ()) -> None:
        """Settle these before long; what stands under the keys is dropped with it."""
        self._marks += marks
        self._instead_of += instead_of
        if len(self._marks) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Settle what has gathered."""
        marks, self._marks, instead_of, self._instead_of = self._marks, [], self._instead_of, []
        if marks:
            self._journal.write([Settlement(tuple(marks), tuple(instead_of))])
        for mark in marks:
            self._progress.settled(mark.key.folder, [mark])
