"""What can be wrong with an archive, and what its disk says, told as what a mailbox says.

    raise BadArchive(path, "mail/INBOX/a (1).eml", "its octets are not those that were put in")
    with told(path): ...            # OSError becomes MailboxAway, MailboxLimited or MailboxRefused

BadArchive is a MailboxRefused: no later run will find it otherwise. Its message names the file and the entry.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.mailbox import MailboxAway, MailboxLimited, MailboxRefused

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NEVER = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
)


class BadArchive(MailboxRefused):
    """An archive is damaged, or none of ours; `entry` is the file in it, "" where it is the archive as a whole."""

    def __init__(self, file: Path, entry: str, why: str) -> None:
        super().__init__(f"{file.name}: {f'{entry}: ' if entry else ''}{why}")
        self.file = file
        self.entry = entry
        self.why = why


def full(error: OSError) -> bool:
    """Whether there is no room, on the disk or under a quota."""
    return error.errno in _FULL


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn an OSError about the archive at `path` into what a mailbox raises."""
    try:
        yield
    except OSError as error:
        why = f"{path}: {error.strerror or error}"
        if full(error):
            raise MailboxLimited(f"there is no room for the archive {path}", code="OVERQUOTA") from error
        if error.errno in _NEVER:
            raise MailboxRefused(why) from error
        raise MailboxAway(why) from error
