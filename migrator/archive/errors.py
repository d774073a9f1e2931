"""What can be wrong with an archive; what its disk says is told by `migrator.disk.errors`.

    raise BadArchive(path, "mail/INBOX/a (1).eml", "its octets are not those that were put in")

BadArchive is a MailboxRefused: no later run will find it otherwise. Its message names the file and the entry.
"""

from pathlib import Path

from migrator.mailbox import MailboxRefused


class BadArchive(MailboxRefused):
    """An archive is damaged, or none of ours; `entry` is the file in it, "" where it is the archive as a whole."""

    def __init__(self, file: Path, entry: str, why: str) -> None:
        place = f"{file.name}: {entry}" if entry else file.name
        super().__init__(f"{place}: {why}", place=place)
        self.file = file
        self.entry = entry
        self.why = why
