"""What the file system says of a mailbox on this disk, told as what a mailbox says.

    with told(path): ...                       # OSError becomes MailboxAway, MailboxLimited or MailboxRefused
    with told(path, folder=name): ...          # and where the folder is gone, StaleFolder

`full(error)`: whether an OSError is a matter of room, as it is where MailboxLimited (OVERQUOTA) is raised.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.mailbox import FolderName, MailboxAway, MailboxError, MailboxLimited, MailboxRefused, StaleFolder
from migrator.reasons import Code

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_NEVER = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR})


def as_text(path: os.PathLike[str] | str) -> str:
    """A name of the disk that can be kept and shown: octets that are no UTF-8 are written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def full(error: OSError) -> bool:
    """Whether there is no room, on the disk or under a quota."""
    return error.errno in _FULL


@contextmanager
def told(path: Path, *, folder: FolderName | None = None) -> Iterator[None]:
    """Turn an OSError about the mailbox at `path` into what a mailbox raises."""
    try:
        yield
    except OSError as error:
        raise translated(error, path, folder) from error


def translated(error: OSError, path: Path, folder: FolderName | None = None) -> MailboxError:
    """The error of a mailbox that an OSError stands for."""
    place, said = as_text(path), error.strerror or str(error)
    if full(error):
        return MailboxLimited(f"there is no room for {place}", code="OVERQUOTA", place=place)
    if folder is not None and error.errno in _GONE:
        return StaleFolder(folder, "it is not there any more")
    if error.errno in _NEVER | _GONE:
        return MailboxRefused(f"{place}: {said}", reason=Code.FILE, place=place, said=said)
    return MailboxAway(f"{place}: {said}", place=place, said=said)
