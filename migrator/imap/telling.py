"""What goes wrong with an IMAP server, told as `migrator.mailbox` knows it: away, limited, or refused for good.

    with told("mail.example:993"): ...

Response codes are those of RFC 5530, RFC 9051 and of large providers; where a server says none, a few words of its text
are known.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import assert_never

from migrator.imap.errors import Bye, Declined, ImapError, NoRoom, NotImap, NoTls, Stalled, Untrusted
from migrator.imap.login import NoWay
from migrator.mailbox import MailboxAway, MailboxError, MailboxLimited, MailboxRefused, MailboxStalled
from migrator.reasons import Code

PATIENCE = frozenset({"THROTTLED", "LIMIT", "UNAVAILABLE", "INUSE", "OVERQUOTA"})
_WORDS = (
    (re.compile(r"\bthrottl", re.IGNORECASE), "THROTTLED"),
    (re.compile(r"\bover ?quota\b|\bquota (?:is )?exceeded|exceed\w* (?:\w+ ){0,3}quota", re.IGNORECASE), "OVERQUOTA"),
    (re.compile(r"\btoo many (?:simultaneous )?connections|maximum number of connections", re.IGNORECASE), "LIMIT"),
)
_LASTING = re.compile(r"\b(?:size|larger?|big|identical|copies|flags?|keywords?)\b", re.IGNORECASE)
_BACKOFF = re.compile(r"suggested backoff time: ([0-9]{1,9}) milliseconds", re.IGNORECASE)


@contextmanager
def told(place: str, host: str = "") -> Iterator[None]:
    """What an IMAP server does, as a MailboxError that names the place; `host` is who asks for patience there."""
    try:
        yield
    except ImapError as error:
        raise translated(error, place, host) from error


def translated(error: ImapError, place: str, host: str = "") -> MailboxError:
    """The error as those who move mailboxes know it."""
    text = f"{place}: {error}"
    match error:
        case Declined() | Bye() if code := patience(error.code, error.text):
            wait = _wait(error.text)
            return MailboxLimited(text, code=code, wait=wait, host=host.lower(), place=place, said=error.said)
        case Declined() | NoWay() | Untrusted() | NoTls() | NotImap():
            said = error.said if isinstance(error, Declined) else ""
            return MailboxRefused(text, reason=_reason(error), place=place, said=said)
        case NoRoom():
            return MailboxLimited(text, code="DISKFULL")
        case Stalled():
            return MailboxStalled(text, place=place)
        case Bye():
            return MailboxAway(text, place=place, said=error.said)
        case _:
            return MailboxAway(text, place=place)


def _reason(error: Declined | NoWay | Untrusted | NoTls | NotImap) -> Code:
    match error:
        case Declined(command=command):
            return Code.LOGIN if command.startswith(("LOGIN", "AUTHENTICATE")) else Code.DECLINED
        case NoWay():
            return Code.LOGIN_WAY
        case Untrusted():
            return Code.CERTIFICATE
        case NoTls():
            return Code.TLS
        case NotImap():
            return Code.PROTOCOL
        case _ as never:
            assert_never(never)


def patience(code: str, text: str) -> str:
    """The response code by which a server asks for patience; "" where it does not.

    [LIMIT] is said of connections and rates, and by others of what one message may be (Dovecot of its size, Cyrus of
    its copies): no patience helps then.
    """
    if code == "LIMIT" and _LASTING.search(text):
        return ""
    if code in PATIENCE:
        return code
    return next((known for words, known in _WORDS if words.search(text)), "")


def _wait(text: str) -> timedelta | None:
    found = _BACKOFF.search(text)
    return timedelta(milliseconds=int(found[1])) if found else None
