"""`lastpost serve` as a child that is killed, starved and restarted, with a world small enough to look at.

    house = Service(tmp_path); house.prepare()
    with house.serving() as program: house.send("one") == 250 ...
    house.kept("hanako")                        # the subjects in her Maildir

`prepare` writes the settings, makes the records and imports hanako, jiro and goro of closing.example. `serving(...)`
starts it (under `wrap`, a prlimit or strace command, or with the shim's environment) and waits until /healthz
answers 200. `send` answers the code of the last reply, or 0 where the connection was lost before it.
"""

import smtplib
import socket
import sqlite3
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from email import message_from_bytes
from pathlib import Path
from signal import Signals

from tests.support.commands import lastpost
from tests.support.ports import free_port
from tests.support.programs import Program

DOMAIN = "closing.example"
ACCOUNTS = "address,kind,quota\n" + "".join(f"{name}@{DOMAIN},base,900 MB\n" for name in ("hanako", "jiro", "goro"))
SETTINGS = """\
service:
  purpose: test
  hostname: mx.closing.example
{service}records:
  url: {url}
domains:
  closing.example:
    deliver: {deliver}
    mailboxes: maildir:{mail}/{{domain}}/{{user}}
gateway:
  listeners:
    - listen: 127.0.0.1:{smtp}
  size_limit: 20 MB
  connections_per_client_second: 1000
{gateway}http:
  listen: 127.0.0.1:{http}
outbox:
{outbox}  first_retry: 1 s
  longest_retry: 2 s
  lease: 10 s
clock:
  file: {folder}/clock
log:
  form: json
"""


class Service:
    """One installation in a folder of its own; `state` holds the records, `mail` the Maildirs."""

    def __init__(
        self,
        folder: Path,
        *,
        deliver: str | None = None,
        url: str | None = None,
        service: Mapping[str, str] | None = None,
        gateway: Mapping[str, str] | None = None,
        outbox: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.mail = folder / "mail"
        self.smtp, self.http = free_port(), free_port()
        self.settings = folder / "lastpost.yaml"
        self.url = url or f"sqlite:///{self.state}/records.db"
        self._deliver = deliver or f"maildir:{self.mail}/{{domain}}/{{user}}"
        self._service, self._gateway, self._outbox = _lines(service), _lines(gateway), _lines(outbox)
        self._starts = 0

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "mailsvc.cli", "--settings", str(self.settings), *words]

    def prepare(self) -> None:
        """Make settings, records and accounts."""
        for made in (self.state, self.mail):
            made.mkdir(exist_ok=True)
        (self.folder / "clock").write_text("+0\n")
        self.settings.write_text(
            SETTINGS.format(
                url=self.url,
                deliver=self._deliver,
                mail=self.mail,
                smtp=self.smtp,
                http=self.http,
                service=self._service,
                gateway=self._gateway,
                outbox=self._outbox,
                folder=self.folder,
            )
        )
        accounts = self.folder / "accounts.csv"
        accounts.write_text(ACCOUNTS)
        self.lastpost("init")
        self.lastpost("accounts", "import", str(accounts))

    def lastpost(self, *words: str) -> str:
        """Run one command to its end; a failure is an error with what it said."""
        ran = lastpost(self.settings, *words)
        assert ran.code == 0, f"lastpost {' '.join(words)} ended with {ran.code}: {ran.err}"
        return ran.out + ran.err

    @contextmanager
    def serving(
        self, wrap: Callable[[Sequence[str]], Sequence[str]] = list, environ: Mapping[str, str] | None = None
    ) -> Iterator[Program]:
        """The running service, answering 200 on /healthz; ended with the block."""
        self._starts += 1
        log = self.folder / f"serve-{self._starts}.log"
        with Program(wrap(self.command("serve")), log, environ=environ) as program:
            program.ready(self.healthy, "lastpost serves")
            yield program

    def healthy(self) -> bool:
        """True where every role listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def send(self, subject: str, *, to: str = "hanako", size: int = 1000, within: float = 60.0) -> int:
        """Send one message; answer the code that decided about it, or 0 where the connection was lost before."""
        body = ("x" * 70 + "\r\n") * (size // 72)
        mail = f"From: a@world.example\r\nSubject: {subject}\r\nMessage-ID: <{subject}@world.example>\r\n\r\n{body}"
        try:
            with smtplib.SMTP("127.0.0.1", self.smtp, local_hostname="world.example", timeout=within) as client:
                return self._send(client, mail, f"{to}@{DOMAIN}")
        except smtplib.SMTPConnectError as refused:
            return refused.smtp_code
        except (OSError, smtplib.SMTPServerDisconnected):
            return 0

    @staticmethod
    def _send(client: smtplib.SMTP, mail: str, recipient: str) -> int:
        client.ehlo()
        code, _ = client.mail("a@world.example")
        if code < 400:
            code, _ = client.rcpt(recipient)
        if code < 400:
            code, _ = client.data(mail)
        # The verdict stands; whether the goodbye still gets through says nothing about the message.
        try:
            client.quit()
        except (OSError, smtplib.SMTPException):
            client.close()
        return code

    def say(self, octets: bytes, within: float = 60.0) -> bytes:
        """Say these octets in one go, then nothing more (a half-closed client); answer all that was said back."""
        with socket.create_connection(("127.0.0.1", self.smtp), timeout=within) as client:
            heard = b""
            with suppress(ConnectionError):
                client.sendall(octets)
                client.shutdown(socket.SHUT_WR)
                while part := client.recv(65_536):
                    heard += part
            return heard

    def bodies(self, user: str = "hanako") -> list[bytes]:
        """What lies in this user's Maildir, octet by octet."""
        return [path.read_bytes() for path in sorted((self.mail / DOMAIN / user / "new").glob("*"))]

    def names(self, user: str = "hanako") -> list[str]:
        """The names of the files in this user's Maildir: for counting many."""
        return [path.name for path in (self.mail / DOMAIN / user / "new").iterdir()]

    def kept(self, user: str = "hanako") -> list[str]:
        """The subjects of what lies in this user's Maildir, oldest name first."""
        return [str(message_from_bytes(octets)["Subject"]) for octets in self.bodies(user)]

    def waiting(self) -> int:
        """How many deliveries are not settled; for records in SQLite."""
        with closing(sqlite3.connect(f"file:{self.state}/records.db?mode=ro", uri=True)) as records:
            (found,) = records.execute("select count(*) from deliveries where settled_at is null").fetchone()
        return int(found)

    def crash(self, program: Program) -> None:
        """Kill it with no chance to say anything."""
        program.send(Signals.SIGKILL)
        program.wait()


def _lines(entries: Mapping[str, str] | None) -> str:
    return "".join(f"  {key}: {value}\n" for key, value in (entries or {}).items())
