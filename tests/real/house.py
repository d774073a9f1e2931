"""A whole service between real servers: three listeners, records and routes of the test's choice.

    with house(folder, deliver="smtp://127.0.0.1:2600?tls=none") as lastpost:
        lastpost.world, lastpost.submission, lastpost.inbound   # ports
        lastpost.lastpost("explain", "hanako@closing.example")

The accounts are the demo's unless `accounts` holds others; `plan` is put in force where one is given. `url` may name
records that another house uses already: then `settle_in=False` leaves them as they are; so does a folder used before.
`Words` are settings a test adds: to the world's listener, to the gateway, to the domains, to the whole.
"""

import json
import smtplib
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.commands import lastpost
from tests.support.deadline import wait_until
from tests.support.files import put
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
{domains}outbound: {{deliver: "{outbound}"}}
gateway:
{pace}{gateway}  listeners:
    - {{listen: "127.0.0.1:{world}"{listener}}}
    - {{listen: "127.0.0.1:{submission}", submission: {{networks: [127.0.0.0/8]}}}}
    - {{listen: "127.0.0.1:{inbound}", inbound: {{networks: [127.0.0.0/8]}}}}
http: {{listen: "127.0.0.1:{http}"}}
outbox: {{{outbox}}}
clock: {{file: "{folder}/clock"}}
log: {{form: json}}
{more}"""

PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example]
title: {ja: 終了, en: The end}
reason: {ja: サービスは終了しました, en: This service has ended}
notice_url: https://www.closing.example/notice
stages: {announce: 2024-01-01, send-end: "2090-01-01", receive-end: "2090-01-01"}
"""


FRIEND = "friend@elsewhere.example"


@dataclass(frozen=True)
class Words:
    """Settings added to the usual ones, as whole lines, but `listener`, which is `, key: value` of a flow.

    `outbox` is the inside of a flow and stands in the place of the usual one.
    """

    pace: str = "  connections_per_client_second: 1000\n"
    listener: str = ""
    gateway: str = ""
    domains: str = ""
    outbox: str = "first_retry: 1 s, longest_retry: 2 s"
    more: str = ""


NO_WORDS = Words()


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
        put(self.folder / "clock", offset)

    def move_to(self, at: datetime) -> None:
        """Let the clock file make it `at` now."""
        self.move(f"{(at - datetime.now(UTC)).total_seconds():+f}")

    def lastpost(self, *words: str) -> str:
        """What one command prints; a failure is an error with what it said."""
        ran = lastpost(self.folder / "lastpost.yaml", *words)
        assert ran.code == 0, ran.err
        return ran.out

    def amend(self, *words: str) -> str:
        """What `lastpost plan WORDS` prints; again where a deed of the house's own amended at the same moment."""
        printed: list[str] = []

        def amended() -> bool:
            ran = lastpost(self.folder / "lastpost.yaml", "plan", *words, "--reason", "asked for")
            assert ran.code == 0 or "somebody else" in ran.err, ran.err
            printed.append(ran.out)
            return ran.code == 0

        wait_until(amended, "the amendment")
        return printed[-1]

    def deeds_done(self) -> list[str]:
        """The deeds that this house says it has done, in order."""
        whole_lines = self.program.output().split("\n")[:-1]
        return [str(json.loads(line)["deed"]) for line in whole_lines if '"event": "deed done"' in line]

    def asked(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What the records say, without starting a command; for a house on SQLite."""
        with closing(sqlite3.connect(f"file:{self.folder}/records.db?mode=ro", uri=True)) as records:
            return list(records.execute(query, values))

    def mail(self, domain: str, user: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / "mail" / domain / user / "new").glob("*"))]

    def replies(self, recipients: Iterable[str], *, port: int | None = None, sender: str = FRIEND) -> dict[str, str]:
        """The replies to RCPT as `250 2.1.5 …`, each recipient in a transaction of its own."""
        found = {}
        with smtplib.SMTP("127.0.0.1", port or self.world, timeout=60) as client:
            client.ehlo("client.example")
            for recipient in recipients:
                assert client.mail(sender)[0] == 250
                code, words = client.rcpt(recipient)
                found[recipient] = f"{code} {words.decode()}"
                client.rset()
        return found

    def rcpt(self, recipient: str, *, port: int | None = None, sender: str = FRIEND) -> str:
        """The reply to one RCPT."""
        return self.replies([recipient], port=port, sender=sender)[recipient]

    def send(self, recipient: str, mark: str, *, port: int | None = None, sender: str = FRIEND) -> None:
        """Send one message with this subject; a refusal is an error."""
        with smtplib.SMTP("127.0.0.1", port or self.world, timeout=60) as client:
            client.sendmail(sender, [recipient], f"Subject: {mark}\r\n\r\n{mark}\r\n")

    def arrives(self, domain: str, user: str, mark: bytes) -> bytes:
        """Wait for the message that holds `mark`; answer it."""
        wait_until(lambda: any(mark in one for one in self.mail(domain, user)), f"mail for {user}@{domain}")
        return next(one for one in self.mail(domain, user) if mark in one)

    def apply(self, plan: str) -> None:
        """Put this plan in force."""
        (self.folder / "plan.yaml").write_text(plan)
        self.lastpost("plan", "apply", str(self.folder / "plan.yaml"), "--reason", "a test")

    def settle_in(self, plan: str | None, accounts: str | None = None) -> None:
        """Make the records, import the accounts, put the plan in force."""
        self.lastpost("init")
        named = ACCOUNTS
        if accounts is not None:
            named = self.folder / "accounts.csv"
            named.write_text(accounts)
        self.lastpost("accounts", "import", str(named), "--rejects", str(self.folder / "rejects.csv"))
        if plan is not None:
            self.apply(plan)


@contextmanager
def house(
    folder: Path,
    *,
    deliver: str | None = None,
    outbound: str | None = None,
    url: str | None = None,
    plan: str | None = PLAN,
    settle_in: bool = True,
    accounts: str | None = None,
    words: Words = NO_WORDS,
    environ: Mapping[str, str] | None = None,
) -> Iterator[LastpostHouse]:
    folder.mkdir(exist_ok=True)
    ports = {name: free_port() for name in ("world", "submission", "inbound", "http")}
    boxes = f"maildir:{folder}/mail/{{domain}}/{{user}}"
    added = {field.name: getattr(words, field.name).format(folder=folder) for field in fields(words)}
    places = {"deliver": deliver or boxes, "outbound": outbound or boxes, "url": url or "sqlite:///records.db"}
    (folder / "lastpost.yaml").write_text(SETTINGS.format(folder=folder, **ports, **places, **added))
    (folder / "mail").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), "serve"]
    program = Program(command, folder / "serve.log", environ=environ)
    us = LastpostHouse(folder, **ports, program=program)
    if settle_in:
        us.settle_in(plan, accounts)
    with program:
        program.ready(us.healthy, "lastpost serves")
        yield us
