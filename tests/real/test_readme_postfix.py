"""The lines that the README gives for Postfix, in a real Postfix: only its own subscribers ever get a bounce."""

import re
import smtplib
from pathlib import Path

import pytest

from tests.real.house import LastpostHouse, house
from tests.real.postfix import Postfix
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("postfix")

README = Path(__file__).parents[2] / "README.md"
FORGED = "forged@elsewhere.example"
PAST_THE_END = "+23500d"


def main_cf(title: str, us: LastpostHouse) -> dict[str, str]:
    """The settings that stand under `# main.cf of TITLE`, with the ports of this house."""
    block = re.search(
        rf"^# main\.cf of {title}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert block, f"the README has lines for {title}"
    lines = block[1].replace("2526", str(us.submission)).replace("2527", str(us.inbound)).splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}


def before(folder: Path, title: str, us: LastpostHouse) -> Postfix:
    # The test comes from loopback, which may not pass for one of the provider's own clients here.
    strangers = {"mynetworks": "192.0.2.0/24"} if title.startswith("the inbound") else {}
    return Postfix(folder, "before.example", {**strangers, **main_cf(title, us)})


def sent(port: int, recipient: str, sender: str = FORGED) -> str:
    """Send a message; the reply that took or refused it."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo("client.example")
        client.mail(sender)
        code, words = client.rcpt(recipient)
        if code in {250, 251}:
            code, words = client.data(b"Subject: hello\r\n\r\nhello\r\n")
    return f"{code} {words.decode()}"


def test_before_its_queue_postfix_passes_our_own_words_on(short_tmp: Path) -> None:
    with house(short_tmp / "us") as us, before(short_tmp / "before", "the inbound Postfix", us) as postfix:
        assert sent(postfix.port, "hanako@closing.example").startswith("250 2.6.0 Taken as ")
        assert b"Subject: hello" in us.arrives("closing.example", "hanako", b"hello")
        assert sent(postfix.port, "nobody@closing.example").startswith("550 5.1.1 ")
        assert "please try <shiro@elsewhere.example>" in sent(postfix.port, "shiro@closing.example")
        assert "Relay access denied" in sent(postfix.port, "friend@elsewhere.example")
        us.move(PAST_THE_END)
        wait_until(lambda: us.rcpt("hanako@closing.example").startswith("550"), "the end")
        refused = sent(postfix.port, "hanako@closing.example")
        assert refused.startswith("550 5.1.6 ")
        assert "https://www.closing.example/notice" in refused
        assert postfix.queue() == []
        assert "status=bounced" not in postfix.log()


def test_while_we_are_away_postfix_asks_to_try_again(short_tmp: Path) -> None:
    with house(short_tmp / "us") as us:
        postfix = before(short_tmp / "before", "the inbound Postfix", us)
    with postfix:
        assert sent(postfix.port, "hanako@closing.example").startswith("451 ")
        assert f"to=<{FORGED}>" not in postfix.log(), "no bounce to somebody who wrote nothing"


def test_the_submission_postfix_relays_until_the_end(short_tmp: Path) -> None:
    with house(short_tmp / "us") as us, before(short_tmp / "before", "the submission Postfix", us) as postfix:
        sender = "hanako@closing.example"
        assert sent(postfix.port, "friend@elsewhere.example", sender).startswith("250 ")
        us.arrives("elsewhere.example", "friend", b"hello")
        us.move(PAST_THE_END)
        wait_until(lambda: us.rcpt(sender).startswith("550"), "the end")
        sent(postfix.port, "friend@elsewhere.example", sender)
        wait_until(lambda: "550 5.7.1 Sending from this address ended" in postfix.log(), "the refusal")
