"""How a move tells what it is doing, for a person or a program that watches.

`Silent` watches nothing. A Progress must be quick and raise nothing: it is called in the midst of the move.
"""

from collections.abc import Sequence
from typing import Protocol

from migrator.journals.journal import Mark
from migrator.mailbox import FolderName


class Progress(Protocol):
    """Watches one move."""

    def expects(self, messages: int, octets: int | None) -> None:
        """So many messages are still to come in this pass; octets None: not known beforehand."""
        ...

    def settled(self, folder: FolderName, marks: Sequence[Mark]) -> None:
        """What came of messages of a folder of the source is known and kept."""
        ...

    def says(self, sentence: str) -> None:
        """What is being done now, where that is neither reading nor writing messages."""
        ...


class Silent:
    """Nobody watches."""

    def expects(self, messages: int, octets: int | None) -> None:
        """Nothing."""

    def settled(self, folder: FolderName, marks: Sequence[Mark]) -> None:
        """Nothing."""

    def says(self, sentence: str) -> None:
        """Nothing."""


class Watched:
    """Passes everything on, and counts what is settled."""

    def __init__(self, other: Progress) -> None:
        self._other = other
        self.count = 0

    def expects(self, messages: int, octets: int | None) -> None:
        """Pass it on."""
        self._other.expects(messages, octets)

    def settled(self, folder: FolderName, marks: Sequence[Mark]) -> None:
        """Count them."""
        self.count += len(marks)
        self._other.settled(folder, marks)

    def says(self, sentence: str) -> None:
        """Pass it on."""
        self._other.says(sentence)
