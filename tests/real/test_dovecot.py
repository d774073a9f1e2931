import imaplib
import smtplib
from pathlib import Path

import pytest

from tests.real.dovecot import Dovecot
from tests.real.postfix import behind_us
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("dovecot")

MAIL = b"From: a@world.example\r\nSubject: hello\r\n\r\nhello\r\n"


def by_lmtp(dovecot: Dovecot, address: str) -> None:
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp) as client:
        client.sendmail("a@world.example", [address], MAIL)


def test_what_comes_by_lmtp_is_read_by_imap(dovecot: Dovecot) -> None:
    dovecot.add_user("hanako@lmtp.example", "secret")
    by_lmtp(dovecot, "hanako@lmtp.example")
    wait_until(lambda: dovecot.delivered("hanako@lmtp.example"), "the delivery")
    with imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=60) as client:
        client.login("hanako@lmtp.example", "secret")
        assert client.select() == ("OK", [b"1"])
        fetched = client.fetch("1", "(BODY.PEEK[])")[1][0]
    assert isinstance(fetched, tuple)
    assert b"Subject: hello" in fetched[1]


def test_an_unknown_user_is_refused(dovecot: Dovecot) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"5\.1\.1"):
        by_lmtp(dovecot, "nobody@lmtp.example")


def test_the_master_user_reads_as_anybody(dovecot: Dovecot) -> None:
    dovecot.add_user("jiro@master.example", "other")
    with imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=60) as client:
        assert client.login("jiro@master.example*master", "master")[0] == "OK"
        assert client.select() == ("OK", [b"0"])


def test_a_wrong_password_is_refused(dovecot: Dovecot) -> None:
    dovecot.add_user("saburo@wrong.example", "right")
    with (
        imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=60) as client,
        pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"),
    ):
        client.login("saburo@wrong.example", "wrong")


@pytest.mark.real("postfix")
def test_behind_us_by_smtp_postfix_hands_over_to_dovecot(dovecot: Dovecot, short_tmp: Path) -> None:
    dovecot.add_user("hanako@smtp.example", "secret")
    with behind_us(short_tmp / "behind", lmtp=dovecot.lmtp) as postfix:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as client:
            client.sendmail("a@world.example", ["hanako@smtp.example"], MAIL)
        wait_until(lambda: dovecot.delivered("hanako@smtp.example"), "the delivery")
    assert b"by behind.example (Postfix)" in dovecot.delivered("hanako@smtp.example")[0]
