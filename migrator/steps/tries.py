"""How often the connection broke at a message in this run.

It goes with fewer others each time, then alone, and in the end is refused by name. A `Tries` lasts for one run: what
was refused in an earlier one is tried again.
"""

from collections import Counter
from collections.abc import Sequence

from migrator.journals.journal import Key, Mark

TOGETHER = (500, 50, 5, 1)  # messages of a batch, by how often it broke at them
GIVE_UP = len(TOGETHER)


class Tries:
    """Counts them for one run."""

    def __init__(self) -> None:
        self._broke = Counter[Key]()

    def broke(self, marks: Sequence[Mark]) -> None:
        """The connection broke while these were on their way."""
        self._broke.update(mark.key for mark in marks)

    def together(self, key: Key) -> int:
        """With how many messages it goes, itself included; 1: nothing else is on its way with it."""
        return TOGETHER[min(self._broke[key], GIVE_UP - 1)]

    def given_up(self, key: Key) -> bool:
        """Whether it is not put again in this run."""
        return self._broke[key] >= GIVE_UP
