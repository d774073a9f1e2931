"""What a mailbox that does not let us in is answered with: what to write otherwise."""

import pytest

from mailsvc.desk.move_remedies import remedy
from migrator.imap.errors import Declined, ImapError, NotImap, NoTls, Untrusted
from migrator.imap.login import NoWay
from migrator.mailbox import MailboxRefused


def refused(cause: ImapError | None) -> MailboxRefused:
    error = MailboxRefused("hanako at imap.old.example:993: no")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (Untrusted("who is that"), "`?ca=FILE`"),
        (NotImap("an SMTP server"), "imaps:// where it is TLS"),
        (NoTls("SSL 3.0"), "TLS 1.2"),
        (NoWay("no STARTTLS"), "as its provider lets programs in"),
        (Declined("LOGIN", "NO", "", "wrong"), "at the user in the URL and at the secret"),
        (Declined("AUTHENTICATE PLAIN", "NO", "AUTHENTICATIONFAILED", ""), "at the user in the URL and at the secret"),
        (Declined("AUTHENTICATE PLAIN", "NO", "AUTHORIZATIONFAILED", ""), "`?authz=`"),
        (Declined("LOGIN", "NO", "EXPIRED", ""), "put a new one"),
        (Declined("LOGIN", "NO", "PRIVACYREQUIRED", ""), "write imaps://"),
        (Declined("LOGIN", "NO", "CONTACTADMIN", ""), "ask whoever runs that server"),
        (Declined("CREATE", "NO", "CANNOT", ""), "what is settled stays settled"),
        (None, "what is settled stays settled"),
    ],
)
def test_each_refusal_has_its_remedy_and_the_same_command_goes_on(cause: ImapError | None, said: str) -> None:
    told = remedy(refused(cause))
    assert said in told
    assert "run the same command again" in told
