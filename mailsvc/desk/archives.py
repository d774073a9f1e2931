"""Archives looked at and taken apart: `verified`, `contents`, `extracted`.

    verdict = verified(Path("hanako.zip"), tell)
    for one in contents(Path("hanako.zip")): ...
    what = extracted(Path("hanako.zip"), Path("mail"))

Any part of an archive may be named. What is wrong with single files is a finding of the answer. Raises Refused for what
is no archive of ours or not whole, where that matters, and where a file cannot be read or written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailsvc.desk.refusals import Refused
from migrator.archive.errors import BadArchive
from migrator.archive.extract import Extracted, extract
from migrator.archive.listing import Listed, listed
from migrator.archive.verify import Tell, Verdict, verify
from migrator.mailbox import MailboxAway

__all__ = ["Extracted", "Listed", "Tell", "Verdict", "contents", "extracted", "verified"]

_VERIFY = "`lastpost archive verify` names everything that is wrong"
_NAME = "name an archive: a .zip that `lastpost` made, with its other parts beside it"
_DISK = "see to the disk and to who may use it, then run the same command again"


def verified(path: Path, tell: Tell) -> Verdict:
    """Read every octet; `tell` is told how far it is, in octets. Raises Refused where it cannot be read."""
    with _told(path):
        return verify(path, tell)


def contents(path: Path) -> Iterator[Listed]:
    """Every message. Raises Refused."""
    with _told(path):
        yield from listed(path)


def extracted(path: Path, folder: Path) -> Extracted:
    """Make every file below `folder`. Raises Refused: before anything is written, or where the disk says no."""
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file", "name a folder, or one that is not there yet")
    try:
        with _told(path, folder):
            return extract(path, folder)
    except MailboxAway as away:
        raise Refused(str(away), "run the same command again then") from away


@contextmanager
def _told(path: Path, folder: Path | None = None) -> Iterator[None]:
    """What is wrong with the archive at `path`, or with the disk there or at `folder`, as Refused."""
    if path.is_dir():
        raise Refused(f"{path} is a folder", _NAME)
    try:
        yield
    except BadArchive as bad:
        raise Refused(str(bad), _VERIFY) from bad
    except FileNotFoundError as error:
        raise Refused(f"{error.filename or path} is not there", _NAME) from None
    except OSError as error:
        place = folder if folder is not None and error.filename != str(path) else path
        raise Refused(f"{place}: {error.strerror or error}", _DISK) from error
