"""A whole service between real servers: three listeners, records and routes of the test's choice.

    with house(folder, deliver="smtp://127.0.0.1:2600?tls=none") as lastpost:
        lastpost.world, lastpost.submission, lastpost.inbound   # ports
        lastpost.lastpost("explain", "hanako@closing.example")

The accounts are the demo's; `plan` is put in force where one is given. `url` may name records that another house
uses already: then `settle_in=False` leaves them as they are.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.ports import free_port
from tests.support.programs import Program

ACCOUNTS = Path(__file__).parent.parent.parent / "examples" / "accounts" / "closing.csv"

SETTINGS = """\
service: {{purpose: test, hostname: mx.closing.example, administrators: [admin@surviving.example]}}
records: {{url: "{url}"}}
domains:
  closing.example:
    deliver: "{deliver}"
    mailboxes: "maildir:{folder}/mail/{{domain}}/{{user}}"
outbound: {{deliver: "{outbound}"}}
gateway:
  connections_per_client_second: 1000
  listeners:
    - listen: 127.0.0.1:{world}
    - {{listen: "127.0.0.1:{submission}", submission: {{networks: [127.0.0.0/8]}}}}
    - {{listen: "127.0.0.1:{inbound}", inbound: {{networks: [127.0.0.0/8]}}}}
http: {{listen: "127.0.0.1:{http}"}}
outbox: {{first_retry: 1 s, longest_retry: 2 s}}
clock: {{file: "{folder}/clock"}}
log: {{form: json}}
"""

PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example]
title: {ja: 終了, en: The end}
reason: {ja: サービスは終了しました, en: This service has ended}
notice_url: https://www.closing.example/notice
stages: {announce: 2024-01-01, send-end: "2090-01-01", receive-end: "2090-01-01"}
"""


@dataclass(frozen=True)
class LastpostHouse:
    folder: Path
    world: int
    submission: int
    inbound: int
    http: int
    program: Program

    def healthy(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.http}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def move(self, offset: str) -> None:
        (self.folder / "clock").write_text(offset)

    def lastpost(self, *words: str) -> str:
        command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(self.folder / "lastpost.yaml"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def mail(self, domain: str, user: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / "mail" / domain / user / "new").glob("*"))]

    def settle_in(self, plan: str | None) -> None:
        """Make the records, import the accounts, put the plan in force."""
        self.lastpost("init")
        self.lastpost("accounts", "import", str(ACCOUNTS))
        if plan is not None:
            (self.folder / "plan.yaml").write_text(plan)
            self.lastpost("plan", "apply", str(self.folder / "plan.yaml"), "--reason", "a test")


@contextmanager
def house(
    folder: Path,
    *,
    deliver: str | None = None,
    outbound: str | None = None,
    url: str | None = None,
    plan: str | None = PLAN,
    settle_in: bool = True,
) -> Iterator[LastpostHouse]:
    folder.mkdir(exist_ok=True)
    ports = {name: free_port() for name in ("world", "submission", "inbound", "http")}
    boxes = f"maildir:{folder}/mail/{{domain}}/{{user}}"
    places = {"deliver": deliver or boxes, "outbound": outbound or boxes, "url": url or "sqlite:///records.db"}
    (folder / "lastpost.yaml").write_text(SETTINGS.format(folder=folder, **ports, **places))
    (folder / "mail").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), "serve"]
    program = Program(command, folder / "serve.log")
    lastpost = LastpostHouse(folder, **ports, program=program)
    if settle_in:
        lastpost.settle_in(plan)
    with program:
        program.ready(lastpost.healthy, "lastpost serves", within=40)
        yield lastpost
