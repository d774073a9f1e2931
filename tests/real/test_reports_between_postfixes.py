"""Postfix hands a subscriber's mail to us with what it asks to be told (RFC 3461), Postfix behind refuses some of it.

Exactly one report arrives at the sender; to the null sender none; what is put off is tried again and never reported.
"""

import smtplib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from tests.real.house import LastpostHouse, house
from tests.real.postfix import Postfix, before_us, behind_us
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("postfix")

HANAKO, FRIEND = "hanako@closing.example", "friend@elsewhere.example"
DEAD, BUSY = "dead@elsewhere.example", "busy@elsewhere.example"
SAYS = f"inline:{{{{{DEAD}=550 5.1.1 nobody here}},{{{BUSY}=450 4.2.1 not now}}}}"


@dataclass(frozen=True)
class Chain:
    before: Postfix
    us: LastpostHouse
    behind: Postfix

    def send(self, mark: str, recipients: dict[str, str], *, sender: str = HANAKO) -> None:
        """As a mail program does; each recipient with the parameters it is given."""
        with smtplib.SMTP("127.0.0.1", self.before.port, timeout=60) as client:
            client.ehlo("client.example")
            assert client.mail(sender, ["RET=HDRS", f"ENVID=id-{mark}"])[0] == 250
            for recipient, asked in recipients.items():
                assert client.rcpt(recipient, asked.split())[0] == 250
            assert client.data(f"From: {HANAKO}\r\nSubject: {mark}\r\n\r\nthe body of {mark}\r\n")[0] == 250

    def reports(self, mark: str) -> list[EmailMessage]:
        """What has come to the sender about the message with this mark."""
        found = [one for one in self.us.mail("closing.example", "hanako") if mark.encode() in one]
        return [message_from_bytes(one, policy=policy.default) for one in found]

    def friends(self, mark: str) -> list[bytes]:
        """What the friend has of the message with this mark."""
        return [one for one in self.behind.delivered("friend", "elsewhere.example") if mark.encode() in one]

    def at_rest(self) -> None:
        """Wait until nobody has anything left to do."""
        wait_until(lambda: not self.before.queue() and not self.us.asked(OPEN), "everything is settled")


OPEN = f"select 1 from deliveries where settled_at is null and recipient != '{BUSY}'"


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    folder = Path(mkdtemp(prefix="lp."))  # short, for Unix sockets, and to be entered by Postfix' own user
    folder.chmod(0o755)
    with ExitStack() as stack:
        settings = {"smtpd_recipient_restrictions": f"check_recipient_access {SAYS}, permit_mynetworks, reject"}
        behind = stack.enter_context(behind_us(folder / "behind", settings=settings))
        us = stack.enter_context(house(folder / "us", outbound=f"smtp://127.0.0.1:{behind.port}"))
        before = stack.enter_context(before_us(folder / "before", us.submission))
        yield Chain(before, us, behind)
    rmtree(folder)


def fields(report: EmailMessage) -> tuple[MIMEPart, list[MIMEPart]]:
    """The fields of a report on the message and on each recipient (RFC 3464 2.1)."""
    assert report.get_content_type() == "multipart/report"
    parts = list(report.iter_parts())
    assert [part.get_content_type() for part in parts[1:]] == ["message/delivery-status", "text/rfc822-headers"]
    on_message, *on_recipients = list(parts[1].iter_parts())
    return on_message, on_recipients


def test_a_dead_recipient_is_reported_once_as_asked(chain: Chain) -> None:
    original = "ORCPT=rfc822;old+2Bname@elsewhere.example"
    chain.send("half", {DEAD: f"NOTIFY=FAILURE {original}", FRIEND: "NOTIFY=FAILURE"})
    wait_until(lambda: chain.reports("half"), "the report")
    chain.at_rest()
    (report,) = chain.reports("half")
    on_message, (dead,) = fields(report)
    assert report["Return-Path"] == "<>"
    assert on_message["Original-Envelope-Id"] == "id-half"
    assert on_message["Reporting-MTA"] == "dns; mx.closing.example"
    assert (dead["Action"], dead["Status"]) == ("failed", "5.1.1")
    assert dead["Final-Recipient"] == f"rfc822; {DEAD}"
    assert dead["Original-Recipient"].replace(" ", "") == "rfc822;old+name@elsewhere.example"
    assert "nobody here" in dead["Diagnostic-Code"]
    assert b"the body of half" not in report.as_bytes(), "RET=HDRS"
    wait_until(lambda: len(chain.friends("half")) == 1, "the friend's mail")


@pytest.mark.parametrize("asked", ["never", "success"])
def test_who_does_not_ask_for_failures_is_told_of_none(chain: Chain, asked: str) -> None:
    chain.send(f"silent-{asked}", {DEAD: f"NOTIFY={asked}"})
    wait_until(lambda: chain.us.asked(f"{TOLD} and notify = ?", asked), "it is decided that nobody is told")
    chain.at_rest()
    assert chain.reports(f"silent-{asked}") == []


TOLD = "select 1 from deliveries where report like 'nobody: %'"


def test_success_is_reported_once_by_the_last_server_that_was_asked(chain: Chain) -> None:
    chain.send("success", {FRIEND: "NOTIFY=SUCCESS"})
    wait_until(lambda: chain.behind.delivered("hanako", "closing.example"), "the report of the Postfix behind us")
    chain.at_rest()
    (report,) = chain.behind.delivered("hanako", "closing.example")
    assert b"Original-Envelope-Id: id-success" in report
    assert b"Action: relayed" in report or b"Action: delivered" in report
    assert chain.reports("success") == []


def test_the_null_sender_is_told_nothing(chain: Chain) -> None:
    before = len(chain.us.mail("closing.example", "hanako"))
    chain.send("null", {DEAD: ""}, sender="")
    wait_until(lambda: chain.us.asked(f"{TOLD} and message_id in ({NULL})"), "decided")
    chain.at_rest()
    assert len(chain.us.mail("closing.example", "hanako")) == before


NULL = "select id from messages where mail_from = '' and origin = 'smtp'"


def test_what_is_put_off_is_tried_again_and_not_reported(chain: Chain) -> None:
    chain.send("later", {BUSY: "NOTIFY=FAILURE"})
    attempts = f"select attempts from deliveries where recipient = '{BUSY}' and state = 'queued' and attempts > 1"
    wait_until(lambda: chain.us.asked(attempts), "a second attempt")
    assert chain.reports("later") == []
