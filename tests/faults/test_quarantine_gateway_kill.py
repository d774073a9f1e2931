"""quarantine-kill through the gateway: kill -9 at each step from an infected message's end to its notice's mailbox.

554 seen: in quarantine, once. Not seen: the client sends again, and at most one row more. Never delivered, and the
recipient is told at once, by one letter with one Message-ID.
"""

import json
import smtplib
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from itertools import count
from pathlib import Path

import pytest

from tests.faults.kill import DURABLE, REPLY, Attached, Point, sample
from tests.faults.service import DOMAIN, Service
from tests.peers.clamd import EICAR
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("strace")

RULES = Path(__file__).parents[2] / "mailsvc" / "demo" / "rules.yar"
CALLS = (*DURABLE, *REPLY)
FEW, MANY = 3, 60
USERS = [f"user{number}" for number in range(MANY + 1)]


class Infected:
    """A house with a virus check, and a new recipient for each message."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._numbers: Iterator[int] = count()

    def somebody(self) -> str:
        return USERS[next(self._numbers)]

    def send(self, user: str) -> int:
        """The code that decided, or 0 where the connection was lost before it."""
        code = 0
        with (
            suppress(OSError, smtplib.SMTPServerDisconnected),
            smtplib.SMTP("127.0.0.1", self.service.smtp, local_hostname="world.example", timeout=60) as client,
        ):
            client.ehlo()
            client.mail("a@world.example")
            client.rcpt(f"{user}@{DOMAIN}")
            code = client.data(b"Subject: infected\r\n\r\n" + EICAR + b"\r\n")[0]
        return code

    def rows(self, user: str) -> list[dict[str, object]]:
        """What is in quarantine for somebody."""
        command = self.service.lastpost("quarantine", "list", "--address", f"{user}@{DOMAIN}", "--json")
        return list(json.loads("[" + f"\n{command}".rpartition("\n[")[2]))

    def told(self, user: str) -> list[str]:
        """The Message-IDs of the letters in somebody's mailbox, which holds nothing else."""
        letters = [message_from_bytes(octets) for octets in self.service.bodies(user)]
        assert all(letter["Auto-Submitted"] == "auto-generated" for letter in letters), "nothing infected is delivered"
        return [str(letter["Message-ID"]) for letter in letters]


@pytest.fixture
def infected(tmp_path: Path) -> Infected:
    service = Service(tmp_path)
    service.prepare()
    service.settings.write_text(service.settings.read_text() + f'virus:\n  scanners: ["yara:{RULES}"]\n')
    accounts = tmp_path / "users.csv"
    accounts.write_text("address\n" + "".join(f"{user}@{DOMAIN}\n" for user in USERS))
    service.lastpost("accounts", "import", str(accounts), "--allow-shrink")
    return Infected(service)


def points(infected: Infected, log: Path) -> list[Point]:
    """The kill points between the first command of a message and the letter about it."""
    user = infected.somebody()
    with infected.service.serving() as program, Attached(program.pid, log, None, calls=CALLS) as strace:
        assert infected.send(user) == 554
        wait_until(lambda: infected.told(user), "the letter")
        return strace.points()


def killed_at(infected: Infected, point: Point, user: str, log: Path) -> int:
    with infected.service.serving() as program:
        with Attached(program.pid, log, point.kill(), calls=CALLS):
            code = infected.send(user)
        infected.service.crash(program)
    return code


def converges(infected: Infected, point: Point, user: str, code: int) -> None:
    with infected.service.serving():
        if code != 554:
            assert infected.send(user) == 554
        wait_until(lambda: infected.told(user), f"the letter after a kill at {point}, answered {code}")
        assert len(infected.rows(user)) in ({1} if code == 554 else {1, 2})
        assert len(set(infected.told(user))) == 1
        assert len(infected.told(user)) <= 2, "a letter whose delivery was killed may come twice"


def check(infected: Infected, tmp_path: Path, wanted: int) -> None:
    found = points(infected, tmp_path / "watched.log")
    assert any(point.call in {"fsync", "fdatasync"} for point in found)
    for point in sample(found, wanted):
        user = infected.somebody()
        code = killed_at(infected, point, user, tmp_path / f"{point}.log")
        converges(infected, point, user, code)


def test_a_few_kill_points(infected: Infected, tmp_path: Path) -> None:
    check(infected, tmp_path, FEW)


@pytest.mark.long
def test_many_kill_points(infected: Infected, tmp_path: Path) -> None:
    check(infected, tmp_path, MANY)
