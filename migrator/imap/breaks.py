"""At which folder of a source, and in the end at which message, the connection breaks time and again.

A folder at which it broke before is read by the numbers that are there, so that it shows which message breaks it. One
that does is not asked for any more, and named. Counts last as long as their source: the next run tries all of it again.
"""

from collections import Counter

from migrator.imap.errors import Bye, Garbled, Gone
from migrator.imap.telling import patience
from migrator.mailbox import FolderName

SUSPECT = 2
GIVE_UP = 2  # after that
BROKE = "the connection to the source breaks each time that it is read"


class Breaks:
    """Counts them."""

    def __init__(self) -> None:
        self._folders = Counter[FolderName]()
        self._messages = Counter[tuple[FolderName, int]]()

    def at_folder(self, name: FolderName, error: Gone | Garbled) -> None:
        """It broke while this folder was read."""
        self._folders[name] += _counts(error)

    def at_message(self, name: FolderName, uid: int, error: Gone | Garbled) -> None:
        """It broke where this message was to come."""
        self._messages[name, uid] += _counts(error)

    def suspect(self, name: FolderName) -> bool:
        """Whether one of its messages may be the cause."""
        return self._folders[name] >= SUSPECT

    def given_up(self, name: FolderName, uid: int) -> bool:
        """Whether this message is the cause, as far as anybody can know."""
        return self._messages[name, uid] >= GIVE_UP


def _counts(error: Gone | Garbled) -> bool:
    """A server that asks for patience breaks at nothing."""
    return not (isinstance(error, Bye) and patience(error.code, error.text))
