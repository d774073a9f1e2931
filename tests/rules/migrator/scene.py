"""Two mailboxes in memory, a journal, and moves between them."""

from migrator.journals.file import JournalFile
from migrator.mailbox import FolderName
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import MovableClock
from tests.rules.migrator.memory_mailboxes import Box, MemorySource, MemoryTarget

INBOX: FolderName = ("INBOX",)


class Scene:
    """Both mailboxes, the journal, and moves between them."""

    def __init__(self, old: Box, new: Box, journal: JournalFile, clock: MovableClock) -> None:
        self.old, self.new, self.journal, self.clock = old, new, journal, clock
        self.inbox = old.folder("INBOX")
        self.there = new.folder("INBOX")

    async def move(
        self, source: MemorySource | None = None, target: MemoryTarget | None = None, *, read_back: bool = False
    ) -> Receipt:
        return await move(
            source or MemorySource(self.old),
            target or MemoryTarget(self.new),
            self.journal,
            clock=self.clock,
            read_back=read_back,
        )


def letters(count: int) -> list[bytes]:
    return [f"letter {number:5}\r\n".encode() for number in range(count)]
