"""Why a run stands still, in a word that a report in any language reads: from the error that ended it.

    reasons_of(error)          # one reason; of both sides where both are wrong

An error says its reason itself, or its type tells enough; what nobody expects is a fault of the program. Pure; raises
nothing.
"""

import errno
from collections.abc import Sequence
from dataclasses import replace

from mailsvc.kit.mailboxes import BothRefused
from mailsvc.kit.net import BadTls
from mailsvc.kit.oauth import TokenAway, TokenRefused
from mailsvc.kit.secrets import BadSecret
from mailsvc.records.errors import RecordsError
from migrator.archive.errors import BadArchive
from migrator.disk.errors import as_text
from migrator.journals.rows import storable
from migrator.mailbox import MailboxAway, MailboxLimited, MailboxRefused, StaleFolder
from migrator.reasons import Code, Reason, Reasoned
from migrator.receipts.receipt import NotCounted
from migrator.receipts.signing import BadKey
from schedules.positions import Wrong

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_LONGEST = 1000  # characters of what a server says
_KINDS: Sequence[tuple[type[Exception], Code]] = (  # the first that an error is
    (MailboxAway, Code.AWAY),
    (StaleFolder, Code.CHANGED),
    (BadArchive, Code.ARCHIVE),
    (MailboxRefused, Code.REFUSED),
    (TokenAway, Code.NO_TOKEN_NOW),
    (TokenRefused, Code.TOKEN),
    (BadSecret, Code.SECRET),
    (Wrong, Code.URL),
    (NotCounted, Code.COUNT),
    (BadTls, Code.FILE),
    (BadKey, Code.FILE),
    (RecordsError, Code.RECORDS),
)
_LIMITS = {  # of those who ask for patience; else it is a host that is busy
    "INUSE": Code.IN_USE,
    "OVERQUOTA": Code.FULL,
    "DISKFULL": Code.DISK_FULL,
    "UNAVAILABLE": Code.AWAY,
}


def reasons_of(error: Exception) -> tuple[Reason, ...]:
    """Why, the source's reason first."""
    causes = error.causes if isinstance(error, BothRefused) else (error,)
    return tuple(_storable(_reason(one)) for one in causes)


def _reason(error: Exception) -> Reason:
    match error:
        case Reasoned(reason=reason, place=place, said=said):
            return Reason(reason or _code(error), place, said)
        case OSError():
            return _of_disk(error)
        case _:
            return Reason(_code(error))


def _code(error: Exception) -> Code:
    if isinstance(error, MailboxLimited):
        return _LIMITS.get(error.code, Code.BUSY)
    return next((code for kind, code in _KINDS if isinstance(error, kind)), Code.FAULT)


def _of_disk(error: OSError) -> Reason:
    code = Code.DISK_FULL if error.errno in NO_ROOM else Code.FILE
    return Reason(code, as_text(error.filename) if error.filename else "", error.strerror or "")


def _storable(reason: Reason) -> Reason:
    return replace(reason, place=storable(reason.place), said=storable(reason.said.strip())[:_LONGEST])
