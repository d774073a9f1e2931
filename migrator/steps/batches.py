"""Messages gathered until enough of them go together: up to BATCH_OCTETS, all of one folder.

How many go together is for `tries.py` to say: fewer where the connection broke before, so that what breaks it drags
down few others, and in the end none.

for batch in gathering.take(into, mark, message): ...      # those that are full now, in order
for batch in gathering.rest(): ...
"""

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.journals.journal import Mark
from migrator.mailbox import FolderName, Message
from migrator.steps.tries import Tries

BATCH_OCTETS = 4_194_304  # a larger message goes alone


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one folder of the source that go together into one of the target."""

    into: FolderName
    marks: Sequence[Mark]
    messages: Sequence[Message]
    suspect: bool  # whether nothing else is to be on its way together with it

    @property
    def octets(self) -> int:
        """How many it has."""
        return sum(mark.size for mark in self.marks)

    @property
    def folder(self) -> FolderName:
        """The folder of the source."""
        return self.marks[0].key.folder

    def forget(self) -> None:
        """Free what its messages take."""
        for message in self.messages:
            message.content.forget()


class Gathering:
    """Messages in the order in which they come, cut into batches."""

    def __init__(self, tries: Tries) -> None:
        self._tries = tries
        self._most = 0  # messages of this batch
        self._into: FolderName = ()
        self._marks: list[Mark] = []
        self._messages: list[Message] = []
        self._octets = 0

    def take(self, into: FolderName, mark: Mark, message: Message) -> list[Batch]:
        """Add a message; the batches that are full by it."""
        most = self._tries.together(mark.key)
        full = [] if most == self._most and self._joins(into, mark) else self.rest()
        self._into, self._most = into, most
        self._marks.append(mark)
        self._messages.append(message)
        self._octets += mark.size
        if len(self._marks) >= most or self._octets >= BATCH_OCTETS:
            full += self.rest()
        return full

    def rest(self) -> list[Batch]:
        """What has gathered so far, as a batch; none where nothing has."""
        if not self._marks:
            return []
        batch = Batch(self._into, self._marks, self._messages, suspect=self._most == 1)
        self._marks, self._messages, self._octets = [], [], 0
        return [batch]

    def _joins(self, into: FolderName, mark: Mark) -> bool:
        """Whether a message may go with those that are there."""
        same = bool(self._marks) and self._into == into and self._marks[0].key.folder == mark.key.folder
        return same and self._octets + mark.size <= BATCH_OCTETS
