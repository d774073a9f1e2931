"""How often the connection broke at a message in this run: it goes alone then, and in the end is refused by name.

A `Tries` lasts for one run: what was refused in an earlier one is tried again.
"""

from collections import Counter
from collections.abc import Sequence

from migrator.journals.journal import Key, Mark

ALONE = 2  # from so many on, nothing else is on its way with it
GIVE_UP = 4


class Tries:
    """Counts them for one run."""

    def __init__(self) -> None:
        self._broke = Counter[Key]()

    def broke(self, marks: Sequence[Mark]) -> None:
        """The connection broke while these were on their way."""
        self._broke.update(mark.key for mark in marks)

    def alone(self, key: Key) -> bool:
        """Whether it drags down others."""
        return self._broke[key] >= ALONE

    def given_up(self, key: Key) -> bool:
        """Whether it is not put again in this run."""
        return self._broke[key] >= GIVE_UP
