"""Archives looked at and taken apart: `verified`, `contents`, `extracted`.

    verdict = verified(Path("hanako.zip"), tell)
    for one in contents(Path("hanako.zip")): ...
    what = extracted(Path("hanako.zip"), Path("mail"))

Any part of an archive may be named. What is wrong with single files is a finding of the answer. Raises Refused for what
is no archive of ours or not whole, where that matters; OSError where a file cannot be read or written.
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


def verified(path: Path, tell: Tell) -> Verdict:
    """Read every octet; `tell` is told how far it is, in octets."""
    return verify(path, tell)


def contents(path: Path) -> Iterator[Listed]:
    """Every message. Raises Refused."""
    with _told():
        yield from listed(path)


def extracted(path: Path, folder: Path) -> Extracted:
    """Make every file below `folder`. Raises Refused, before anything is written."""
    try:
        with _told():
            return extract(path, folder)
    except MailboxAway as away:
        raise Refused(str(away), "run the same command again then") from away


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BadArchive as bad:
        raise Refused(str(bad), _VERIFY) from bad
