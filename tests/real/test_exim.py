import smtplib
from pathlib import Path

import pytest

from tests.real.exim import Exim
from tests.support.deadline import wait_until
from tests.support.ports import free_port

pytestmark = pytest.mark.real("exim")

BEHIND = Path(__file__).parents[2] / "docs" / "exim" / "behind.conf"


def test_a_private_exim_takes_mail_and_delivers_it(short_tmp: Path) -> None:
    port = free_port()
    config = BEHIND.read_text(encoding="utf-8").replace("127.0.0.1.10026", f"127.0.0.1.{port}")
    with Exim(short_tmp, config, port, ["hanako@closing.example"]) as exim:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.sendmail("a@world.example", ["hanako@closing.example"], b"Subject: hello\r\n\r\nhello\r\n")
        wait_until(lambda: exim.delivered("hanako", "closing.example"), "the delivery")
        assert b"Subject: hello" in exim.delivered("hanako", "closing.example")[0]
        wait_until(lambda: exim.queue() == [], "an empty queue")
