import asyncio
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.smtp import Answer, SmtpPeer
from tests.real.postfix import Postfix, before_us, behind_us
from tests.real.smtp_tools import SmtpSink, smtp_source
from tests.support.deadline import until, wait_until

pytestmark = pytest.mark.real("postfix")

MAIL = "From: a@world.example\r\nSubject: hello\r\nMessage-ID: <1@world.example>\r\n\r\nhello\r\n"


def send(port: int, *recipients: str, sender: str = "a@world.example") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail(sender, recipients, MAIL)


@pytest.fixture
def behind(short_tmp: Path) -> Iterator[Postfix]:
    with behind_us(short_tmp / "behind") as postfix:
        yield postfix


def test_behind_us_it_delivers_any_domain_to_maildirs(behind: Postfix) -> None:
    send(behind.port, "hanako@closing.example", "jiro@other.example")
    wait_until(lambda: behind.delivered("jiro", "other.example"), "jiro's mail")
    wait_until(lambda: behind.delivered("hanako", "closing.example"), "hanako's mail")
    assert b"Subject: hello" in behind.delivered("hanako", "closing.example")[0]
    wait_until(lambda: not behind.queue(), "an empty queue")


async def test_before_us_it_relays_to_the_given_port_and_keeps_what_is_refused_for_now(short_tmp: Path) -> None:
    async with SmtpPeer({"RCPT": [Answer("451 4.3.0 later")]}) as peer:
        with before_us(short_tmp / "before", peer.port) as postfix:
            await asyncio.to_thread(send, postfix.port, "hanako@closing.example")
            await until(lambda: peer.taken, "the second attempt")
            assert "451 4.3.0 later" in postfix.log()
    assert peer.taken[0].sender == "a@world.example"
    assert peer.taken[0].recipients == ["hanako@closing.example"]


async def test_before_us_it_bounces_what_is_refused_for_good(short_tmp: Path) -> None:
    async with SmtpPeer({"RCPT TO:<goro@": Answer("550 5.1.6 left")}) as peer:
        with before_us(short_tmp / "before", peer.port) as postfix:
            await asyncio.to_thread(send, postfix.port, "goro@closing.example")
            await until(lambda: peer.taken, "the bounce")
    assert peer.taken[0].sender == ""
    assert b"550 5.1.6 left" in peer.taken[0].body


def test_smtp_source_and_smtp_sink(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        assert smtp_source(sink.port, messages=10, sessions=2, recipient="x@y.example") > 0
        wait_until(lambda: len(sink.messages()) == 10, "ten messages")
        assert b"X-Rcpt-Args: <x@y.example>" in sink.messages()[0]


async def test_smtp_source_tells_a_refusal() -> None:
    async with SmtpPeer({"MAIL": Answer("550 5.7.1 no")}) as peer:
        with pytest.raises(AssertionError, match=r"smtp-source: .*5\.7\.1 no"):
            await asyncio.to_thread(smtp_source, peer.port)
