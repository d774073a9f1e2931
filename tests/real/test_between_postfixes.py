"""Postfix on both sides of us: what passes untouched, what leaves until send-end, what comes back refused."""

import smtplib
from pathlib import Path

import pytest

from tests.real.house import house
from tests.real.postfix import before_us, behind_us
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("postfix")

BODY = (
    "From: friend@elsewhere.example\r\nDate: Mon, 1 Jan 2024 00:00:00 +0900\r\nMessage-ID: <1@elsewhere.example>\r\n"
    "Subject: {mark}\r\n\r\n.a dot\r\nmark {mark}\r\n"
)
JST_2090 = "+23500d"  # past the plan's end


def send(port: int, recipient: str, mark: str, sender: str = "friend@elsewhere.example") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail(sender, [recipient], BODY.format(mark=mark))


def test_a_message_passes_postfix_us_and_postfix_untouched(short_tmp: Path) -> None:
    with (
        behind_us(short_tmp / "behind") as behind,
        house(short_tmp / "us", deliver=f"smtp://127.0.0.1:{behind.port}") as us,
        before_us(short_tmp / "before", us.inbound) as before,
    ):
        send(before.port, "hanako@closing.example", "through")
        wait_until(lambda: behind.delivered("hanako", "closing.example"), "hanako's mail")
        (arrived,) = behind.delivered("hanako", "closing.example")
        assert arrived.replace(b"\r\n", b"\n").endswith(BODY.format(mark="through").replace("\r\n", "\n").encode())
        hops = [line for line in arrived.splitlines() if line.startswith(b"Received:")]
        assert b"by mx.closing.example" in arrived
        assert len(hops) == 3
        wait_until(lambda: not behind.queue(), "an empty queue behind us")


def test_submission_leaves_by_the_next_hop_until_send_end(short_tmp: Path) -> None:
    with (
        behind_us(short_tmp / "behind") as behind,
        house(short_tmp / "us", outbound=f"smtp://127.0.0.1:{behind.port}") as us,
        before_us(short_tmp / "before", us.submission, {"bounce_queue_lifetime": "0"}) as before,
    ):
        send(before.port, "friend@elsewhere.example", "outward", sender="hanako@closing.example")
        wait_until(lambda: behind.delivered("friend", "elsewhere.example"), "the friend's mail")
        us.move(JST_2090)
        send(before.port, "friend@elsewhere.example", "too late", sender="hanako@closing.example")
        wait_until(lambda: "550 5.7.1" in before.log(), "the refusal in Postfix' log")
        assert len(behind.delivered("friend", "elsewhere.example")) == 1


def test_postfix_before_us_gets_the_refusal_with_its_enhanced_code(short_tmp: Path) -> None:
    with house(short_tmp / "us") as us, before_us(short_tmp / "before", us.inbound) as before:
        send(before.port, "shiro@closing.example", "moved")
        wait_until(lambda: "551 5.1.6" in before.log(), "the refusal in Postfix' log")
        assert "please try <shiro@elsewhere.example>" in before.log()
        us.move(JST_2090)
        send(before.port, "hanako@closing.example", "ended")
        wait_until(lambda: "550 5.1.6" in before.log(), "the end in Postfix' log")
        assert "https://www.closing.example/notice" in before.log()
