"""Postfix before us, as inbound and as submission MTA, and Postfix behind us, with and without Dovecot's mailboxes."""

import imaplib
import smtplib
from pathlib import Path

import pytest

from tests.real.dovecot import Dovecot
from tests.real.house import house
from tests.real.postfix import before_us, behind_us
from tests.support.deadline import wait_until

BODY = (
    "From: friend@elsewhere.example\r\nDate: Mon, 1 Jan 2024 00:00:00 +0900\r\nMessage-ID: <1@elsewhere.example>\r\n"
    "Subject: {mark}\r\n\r\n.a dot\r\nmark {mark}\r\n"
)
JST_2090 = "+23500d"  # past the plan's end


def send(port: int, recipient: str, mark: str, sender: str = "friend@elsewhere.example") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail(sender, [recipient], BODY.format(mark=mark))


@pytest.mark.real("postfix")
def test_a_message_passes_postfix_us_and_postfix_untouched(short_tmp: Path) -> None:
    with (
        behind_us(short_tmp / "behind") as behind,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{behind.port}") as us,
        before_us(short_tmp / "before", us.inbound) as before,
    ):
        send(before.port, "hanako@closing.example", "through")
        wait_until(lambda: behind.delivered("hanako", "closing.example"), "hanako's mail", within=30)
        (arrived,) = behind.delivered("hanako", "closing.example")
        assert arrived.replace(b"\r\n", b"\n").endswith(BODY.format(mark="through").replace("\r\n", "\n").encode())
        hops = [line for line in arrived.splitlines() if line.startswith(b"Received:")]
        assert b"by mx.closing.example" in arrived
        assert len(hops) == 3
        wait_until(lambda: not behind.queue(), "an empty queue behind us")


@pytest.mark.real("postfix")
def test_submission_leaves_by_the_next_hop_until_send_end(short_tmp: Path) -> None:
    with (
        behind_us(short_tmp / "behind") as behind,
        house(short_tmp / "us", outbound=f"smtp://127.0.0.1:{behind.port}") as us,
        before_us(short_tmp / "before", us.submission, {"bounce_queue_lifetime": "0"}) as before,
    ):
        send(before.port, "friend@elsewhere.example", "outward", sender="hanako@closing.example")
        wait_until(lambda: behind.delivered("friend", "elsewhere.example"), "the friend's mail", within=30)
        us.move(JST_2090)
        send(before.port, "friend@elsewhere.example", "too late", sender="hanako@closing.example")
        wait_until(lambda: "550 5.7.1" in before.log(), "the refusal in Postfix' log", within=30)
        assert len(behind.delivered("friend", "elsewhere.example")) == 1


@pytest.mark.real("postfix")
def test_postfix_before_us_gets_the_refusal_with_its_enhanced_code(short_tmp: Path) -> None:
    with house(short_tmp / "us") as us, before_us(short_tmp / "before", us.inbound) as before:
        send(before.port, "shiro@closing.example", "moved")
        wait_until(lambda: "551 5.1.6" in before.log(), "the refusal in Postfix' log", within=30)
        assert "please try <shiro@elsewhere.example>" in before.log()
        us.move(JST_2090)
        send(before.port, "hanako@closing.example", "ended")
        wait_until(lambda: "550 5.1.6" in before.log(), "the end in Postfix' log", within=30)
        assert "https://www.closing.example/notice" in before.log()


@pytest.mark.real("postfix")
def test_a_next_hop_that_comes_back_gets_what_waited(short_tmp: Path) -> None:
    behind = behind_us(short_tmp / "behind")
    with house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{behind.port}") as us:
        send(us.world, "hanako@closing.example", "patient")
        wait_until(lambda: "rests" in us.program.output(), "the lane rests", within=30)
        with behind:
            wait_until(lambda: behind.delivered("hanako", "closing.example"), "hanako's mail", within=60)
        assert b"mark patient" in behind.delivered("hanako", "closing.example")[0]


@pytest.mark.real("postfix")
@pytest.mark.real("dovecot")
def test_dovecot_behind_by_smtp(short_tmp: Path, dovecot: Dovecot) -> None:
    dovecot.add_user("hanako@closing.example", "secret")
    with (
        behind_us(short_tmp / "behind", lmtp=dovecot.lmtp) as behind,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{behind.port}") as us,
    ):
        send(us.world, "hanako@closing.example", "to dovecot")
        wait_until(
            lambda: any(b"mark to dovecot" in one for one in dovecot.delivered("hanako@closing.example")),
            "hanako's mail",
            within=30,
        )
    with imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=10) as client:
        client.login("hanako@closing.example", "secret")
        client.select()
        found = client.search(None, "BODY", '"mark to dovecot"')[1]
        fetched = client.fetch(found[0].split()[-1].decode(), "(BODY.PEEK[])")[1][0]
    assert isinstance(fetched, tuple)
    assert b"Received: from" in fetched[1]
    assert b"by mx.closing.example" in fetched[1]
