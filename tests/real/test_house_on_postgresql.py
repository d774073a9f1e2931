"""Two gateways on one PostgreSQL: the same directory, the same plan, each message delivered once."""

import json
import smtplib
from pathlib import Path

import pytest

from tests.real.house import PLAN, LastpostHouse, house
from tests.real.postgresql import Postgresql, postgresql
from tests.support.deadline import wait_until
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("postgresql")

MESSAGES = 20


@pytest.fixture
def server(run_folder: RunFolder) -> Postgresql:
    return postgresql(run_folder)


def send(us: LastpostHouse, mark: str) -> None:
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.sendmail("friend@elsewhere.example", ["hanako@closing.example"], f"Subject: {mark}\r\n\r\nmark\r\n")


def rcpt(us: LastpostHouse, recipient: str) -> int:
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        client.mail("friend@elsewhere.example")
        return client.rcpt(recipient)[0]


def test_two_gateways_share_one_database(short_tmp: Path, server: Postgresql) -> None:
    url = server.url(server.new_database())
    mail = short_tmp / "one" / "mail"
    deliver = f"maildir:{mail}/{{domain}}/{{user}}"
    with (
        house(short_tmp / "one", url=url, deliver=deliver) as one,
        house(short_tmp / "two", url=url, deliver=deliver, settle_in=False) as two,
    ):
        for number in range(MESSAGES):
            send((one, two)[number % 2], f"message {number}")
        wait_until(lambda: len(one.mail("closing.example", "hanako")) >= MESSAGES, "all messages")
        subjects = [
            message.split(b"Subject: ")[1].split(b"\r\n")[0] for message in one.mail("closing.example", "hanako")
        ]
        assert sorted(subjects) == sorted(f"message {number}".encode() for number in range(MESSAGES))
        assert [rcpt(us, "hanako@closing.example") for us in (one, two)] == [250, 250]
        ended = short_tmp / "ended.yaml"
        ended.write_text(PLAN.replace("2090", "2025"))
        one.lastpost("plan", "apply", str(ended), "--reason", "it has ended")
        wait_until(lambda: [rcpt(us, "hanako@closing.example") for us in (one, two)] == [550, 550], "both follow")
        acts = json.loads(two.lastpost("audit", "list", "--json"))
        assert any(act["reason"] == "it has ended" for act in acts)
