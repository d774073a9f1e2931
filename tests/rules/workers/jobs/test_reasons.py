"""Why a run stands still, in a word: from every error that ends one."""

import errno
from pathlib import Path

import pytest

from mailsvc.kit.mailboxes import BothRefused, Unopened
from mailsvc.kit.net import BadTls
from mailsvc.kit.oauth import TokenAway, TokenRefused
from mailsvc.kit.secrets import BadSecret
from mailsvc.records.errors import RecordsAway
from mailsvc.workers.jobs.reasons import reasons_of
from migrator.archive.errors import BadArchive
from migrator.disk.errors import translated as of_disk
from migrator.imap.errors import Bye, Declined, Garbled, Gone, ImapError, NoRoom, NotImap, NoTls, Stalled, Untrusted
from migrator.imap.login import NoWay
from migrator.imap.telling import translated
from migrator.mailbox import INBOX, MailboxAway, MailboxLimited, MailboxRefused, StaleFolder
from migrator.reasons import Code, Reason
from migrator.receipts.receipt import NotCounted
from migrator.receipts.signing import BadKey
from schedules.positions import Wrong

PLACE = "hanako at imap.old.example:993"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Declined("LOGIN", "NO", "AUTHENTICATIONFAILED", "合言葉"), Code.LOGIN, "[AUTHENTICATIONFAILED] 合言葉"),
        (Declined("AUTHENTICATE PLAIN", "NO", "", "no"), Code.LOGIN, "no"),
        (Declined("SELECT INBOX", "NO", "NOPERM", "not yours"), Code.DECLINED, "[NOPERM] not yours"),
        (Declined("LOGIN", "NO", "LIMIT", "too many"), Code.BUSY, "[LIMIT] too many"),
        (Declined("LOGIN", "NO", "UNAVAILABLE", "later"), Code.AWAY, "[UNAVAILABLE] later"),
        (Declined("SELECT INBOX", "NO", "INUSE", "locked"), Code.IN_USE, "[INUSE] locked"),
        (Declined("APPEND", "NO", "OVERQUOTA", "full"), Code.FULL, "[OVERQUOTA] full"),
        (Bye("too many connections", "THROTTLED"), Code.BUSY, "[THROTTLED] too many connections"),
        (Bye("we close"), Code.AWAY, "we close"),
        (Gone("it broke"), Code.AWAY, ""),
        (Stalled("it said nothing"), Code.AWAY, ""),
        (Garbled("what is that"), Code.AWAY, ""),
        (NoWay("no PLAIN"), Code.LOGIN_WAY, ""),
        (Untrusted("who is that"), Code.CERTIFICATE, ""),
        (NoTls("SSL 3.0"), Code.TLS, ""),
        (NotImap("an SMTP server"), Code.PROTOCOL, ""),
    ],
)
def test_what_an_imap_server_does_has_its_reason_its_place_and_its_own_words(
    error: ImapError, code: Code, said: str
) -> None:
    assert reasons_of(translated(error, PLACE, "imap.old.example")) == (Reason(code, PLACE, said),)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (translated(NoRoom("no room"), PLACE), Reason(Code.DISK_FULL)),
        (MailboxAway("nobody answers"), Reason(Code.AWAY)),
        (MailboxAway("a token has ended", reason=Code.NO_TOKEN_NOW), Reason(Code.NO_TOKEN_NOW)),
        (MailboxLimited("full", code="OVERQUOTA"), Reason(Code.FULL)),
        (MailboxRefused("two of a name"), Reason(Code.REFUSED)),
        (StaleFolder(INBOX, "it is gone"), Reason(Code.CHANGED, "INBOX")),
        (Unopened("there is no host x", "correct it", reason=Code.HOST, place="x"), Reason(Code.HOST, "x")),
        (Unopened("POP3 only reads", "name another"), Reason(Code.URL)),
        (BadArchive(Path("/a/b.zip"), "mail/1.eml", "it is cut off"), Reason(Code.ARCHIVE, "b.zip: mail/1.eml")),
        (of_disk(PermissionError(errno.EACCES, "no"), Path("/m")), Reason(Code.FILE, "/m", "no")),
        (of_disk(OSError(errno.EIO, "broken"), Path("/m")), Reason(Code.AWAY, "/m", "broken")),
        (of_disk(OSError(errno.ENOSPC, "full"), Path("/m")), Reason(Code.FULL, "/m")),
        (OSError(errno.ENOSPC, "full"), Reason(Code.DISK_FULL, "", "full")),
        (PermissionError(errno.EACCES, "no", "/m"), Reason(Code.FILE, "/m", "no")),
        (TokenAway("later"), Reason(Code.NO_TOKEN_NOW)),
        (TokenRefused("never"), Reason(Code.TOKEN)),
        (BadSecret("the key is gone", "bring it back"), Reason(Code.SECRET)),
        (BadTls("no such file"), Reason(Code.FILE)),
        (BadKey("no key"), Reason(Code.FILE)),
        (Wrong("no mailbox", "write another"), Reason(Code.URL)),
        (NotCounted("one is missing"), Reason(Code.COUNT)),
        (RecordsAway("locked"), Reason(Code.RECORDS)),
        (KeyError("a fault of ours"), Reason(Code.FAULT)),
    ],
)
def test_every_other_error_has_its_reason(error: Exception, reason: Reason) -> None:
    assert reasons_of(error) == (reason,)


def test_of_two_sides_that_are_wrong_both_have_their_reason() -> None:
    login = translated(Declined("LOGIN", "NO", "", "no"), PLACE)
    assert isinstance(login, MailboxRefused)
    assert [one.code for one in reasons_of(BothRefused([login, BadTls("no such file")]))] == [Code.LOGIN, Code.FILE]


def test_what_a_server_says_fits_into_the_records() -> None:
    (reason,) = reasons_of(MailboxAway("no", place="a\0b", said=" \udc80" + "x" * 10_000))
    assert (reason.place, reason.said[:2], len(reason.said)) == ("a\ufffdb", "?x", 1000)
