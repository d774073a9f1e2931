"""How messages of a mailbox on this disk are numbered: numbers rise and are never given anew, so UIDVALIDITY is 1.

check(folder, state.uidvalidity)           # what somebody remembers of it
"""

from migrator.mailbox import FolderName, StaleFolder

UIDVALIDITY = 1


def check(folder: FolderName, remembered: int | None) -> None:
    """Raises StaleFolder where messages are remembered by other numbers; None: they are not remembered."""
    if remembered not in {None, UIDVALIDITY}:
        raise StaleFolder(folder, "its messages are numbered otherwise")
