"""A demo world as a newcomer starts it: a child process on five free ports, whose time is moved by its clock file."""

import json
import smtplib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.deadline import wait_until
from tests.support.files import put
from tests.support.ports import free_ports
from tests.support.programs import Program

ROOT = Path(__file__).parent.parent.parent
ENDS_IN = 3600


def five_ports() -> int:
    """A base whose five ports are free."""
    return free_ports(5)


@dataclass
class DemoWorld:
    state: Path
    base: int
    program: Program

    @property
    def world(self) -> int:
        return self.base

    @property
    def submission(self) -> int:
        return self.base + 1

    @property
    def inbound(self) -> int:
        return self.base + 2

    @property
    def told(self) -> dict[str, object]:
        told = json.loads((self.state / "world.json").read_text())
        assert isinstance(told, dict)
        return told

    def healthy(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.base + 3}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def move(self, offset: str) -> None:
        put(self.state / "clock", offset)

    def move_to(self, at: datetime) -> None:
        """Let the clock file make it `at` now."""
        self.move(f"{(at - datetime.now(UTC)).total_seconds():+f}")

    def replies(
        self, recipients: Iterable[str], *, port: int | None = None, sender: str = "friend@elsewhere.example"
    ) -> dict[str, str]:
        """The replies to RCPT as `250 2.1.5 …`, each recipient in a transaction of its own."""
        found = {}
        with smtplib.SMTP("127.0.0.1", port or self.world, timeout=60) as smtp:
            smtp.ehlo("client.example")
            for recipient in recipients:
                assert smtp.mail(sender)[0] == 250
                code, words = smtp.rcpt(recipient)
                found[recipient] = f"{code} {words.decode()}"
                smtp.rset()
        return found

    def rcpt(self, recipient: str, *, port: int | None = None, sender: str = "friend@elsewhere.example") -> str:
        """The reply to one RCPT."""
        return self.replies([recipient], port=port, sender=sender)[recipient]

    def send(
        self, recipient: str, body: str, *, port: int | None = None, sender: str = "friend@elsewhere.example"
    ) -> None:
        with smtplib.SMTP("127.0.0.1", port or self.world, timeout=60) as smtp:
            smtp.sendmail(sender, recipient, body.replace("\n", "\r\n").encode())

    def mail(self, domain: str, user: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.state / "mail" / domain / user).glob("new/*"))]

    def letters(self) -> list[str]:
        """The texts of the letters to the administrator."""
        found = [
            message_from_bytes(one, policy=policy.default) for one in self.mail("surviving.example", "administrator")
        ]
        return [str(letter.get_content()) for letter in found]

    def arrives(self, domain: str, user: str, mark: bytes) -> bytes:
        """Wait for the message that holds `mark`; answer it."""
        wait_until(lambda: any(mark in one for one in self.mail(domain, user)), f"mail for {user}@{domain}")
        return next(one for one in self.mail(domain, user) if mark in one)

    def lastpost(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`./run --state DIR WORDS`, as typed in a second terminal."""
        command = [sys.executable, "-m", "mailsvc.demo", "--state", str(self.state), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)


@contextmanager
def demo_world(state: Path, *options: str, base: int | None = None) -> Iterator[DemoWorld]:
    base = base or five_ports()
    command = [sys.executable, "-m", "mailsvc.demo", "--port-base", str(base), "--state", str(state), *options]
    log = state.parent / f"{state.name}.log"
    with Program(command, log, cwd=ROOT) as program:
        demo = DemoWorld(state, base, program)
        program.ready(demo.healthy, "the demo world is healthy")
        yield demo
