"""How far a run has come, counted in the thread that moves and read in the one that writes it down."""

from collections.abc import Callable, Sequence

from mailsvc.records.job import Progress
from migrator.journals.journal import Mark
from migrator.journals.rows import storable
from migrator.mailbox import FolderName

Moved = Callable[[int, int], None]


def uncounted(_messages: int, _octets: int) -> None:
    """Nobody counts over all jobs."""


class Counted:
    """A migrator.progress.Progress; `now` is what the records are told.

    Once `most` octets are settled (None: any number), `used_up` is set and `stop` called. `moved` is told of messages
    and octets as they are settled, in the thread that moves.
    """

    def __init__(self, stop: Callable[[], None] = lambda: None, moved: Moved = uncounted) -> None:
        self.now = Progress()
        self.most: int | None = None
        self.used_up = False
        self._stop = stop
        self._moved = moved
        self._messages = self._octets = self._of = 0
        self._of_octets: int | None = None
        self._doing = "connecting"
        self._told()

    def expects(self, messages: int, octets: int | None) -> None:
        """So many messages are still to come."""
        self._of = self._messages + messages
        self._of_octets = self._octets + octets if octets is not None else None
        self._told()

    def settled(self, folder: FolderName, marks: Sequence[Mark]) -> None:
        """What came of these messages is known."""
        self._messages += len(marks)
        octets = sum(mark.size for mark in marks)
        self._octets += octets
        self._moved(len(marks), octets)
        self._doing = "/".join(folder)
        self._told()
        if self.most is not None and self._octets >= self.most:
            self.used_up = True
            self._stop()

    def says(self, sentence: str) -> None:
        """What is being done now."""
        self._doing = sentence
        self._told()

    def _told(self) -> None:
        """One value in place of another: whoever reads sees all of one moment."""
        of = max(self._of, self._messages)
        self.now = Progress(self._messages, of, self._octets, self._of_octets, storable(self._doing))
