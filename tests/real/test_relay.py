"""A real Postfix before us, a real Postfix or Dovecot behind us, and Lastpost between them."""

import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.service import DOMAIN, Service
from tests.real.dovecot import Dovecot
from tests.real.postfix import before_us, behind_us
from tests.real.smtp_tools import SmtpSink, smtp_source
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("postfix")

Installed = Callable[[str | None], Service]


@pytest.fixture
def installed(short_tmp: Path) -> Installed:
    """Makes an installation that delivers to Maildirs, or to the next hop given."""

    def make(deliver: str | None) -> Service:
        folder = short_tmp / "house"
        folder.mkdir()
        house = Service(folder, deliver=deliver)
        house.prepare()
        return house

    return make


def send(port: int, subject: str, *recipients: str) -> None:
    mail = f"From: a@world.example\r\nSubject: {subject}\r\nMessage-ID: <{subject}@world.example>\r\n\r\nhello\r\n"
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("a@world.example", [f"{one}@{DOMAIN}" for one in recipients], mail)


def test_a_postfix_before_us_relays_through_us(installed: Installed, short_tmp: Path) -> None:
    house = installed(None)
    with house.serving(), before_us(short_tmp / "before", house.smtp) as postfix:
        send(postfix.port, "relayed", "hanako", "jiro")
        wait_until(lambda: house.kept("hanako") and house.kept("jiro"), "both mails")
        assert house.kept("hanako") == house.kept("jiro") == ["relayed"]
        assert b"by before.example (Postfix)" in house.bodies("hanako")[0]
        wait_until(lambda: not postfix.queue(), "an empty queue")


def test_a_postfix_before_us_bounces_what_we_refuse(installed: Installed, short_tmp: Path) -> None:
    house = installed(None)
    with house.serving(), before_us(short_tmp / "before", house.smtp) as postfix:
        send(postfix.port, "lost", "nobody")
        wait_until(lambda: "status=bounced" in postfix.log(), "the bounce")
        assert "said: 550 5.1.1" in postfix.log()


def test_a_postfix_behind_us_gets_each_mail_once(installed: Installed, short_tmp: Path) -> None:
    with behind_us(short_tmp / "behind") as postfix:
        house = installed(f"smtp://127.0.0.1:{postfix.port}")
        with house.serving():
            assert [house.send(f"mail-{number}") for number in range(5)] == [250] * 5
            wait_until(lambda: len(postfix.delivered("hanako", DOMAIN)) >= 5, "five mails")
        assert len(postfix.delivered("hanako", DOMAIN)) == 5
        assert all(b"by mx.closing.example" in mail for mail in postfix.delivered("hanako", DOMAIN))


def test_mail_waits_for_a_postfix_behind_us_that_is_away(installed: Installed, short_tmp: Path) -> None:
    postfix = behind_us(short_tmp / "behind")
    house = installed(f"smtp://127.0.0.1:{postfix.port}")
    with house.serving():
        assert house.send("patient") == 250
        with postfix:
            wait_until(lambda: postfix.delivered("hanako", DOMAIN), "the mail that waited")
            assert len(postfix.delivered("hanako", DOMAIN)) == 1


@pytest.mark.real("dovecot")
def test_a_dovecot_behind_us_by_smtp(installed: Installed, short_tmp: Path, dovecot: Dovecot) -> None:
    dovecot.add_user(f"hanako@{DOMAIN}", "secret")
    with behind_us(short_tmp / "behind", lmtp=dovecot.lmtp) as postfix:
        house = installed(f"smtp://127.0.0.1:{postfix.port}")
        with house.serving():
            assert house.send("to-dovecot") == 250
            wait_until(lambda: dovecot.delivered(f"hanako@{DOMAIN}"), "the delivery")
    assert b"Subject: to-dovecot" in dovecot.delivered(f"hanako@{DOMAIN}")[0]


def test_smtp_source_through_us_to_smtp_sink(installed: Installed, tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        house = installed(f"smtp://127.0.0.1:{sink.port}")
        with house.serving():
            smtp_source(house.smtp, messages=100, sessions=10, size=10_240, recipient=f"hanako@{DOMAIN}")
            wait_until(lambda: len(sink.messages()) >= 100, "a hundred mails")
        assert len(sink.messages()) == 100
