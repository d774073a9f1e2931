"""A house opened inside the test's process: real records, real doors on free ports, its log kept.

async with opened(tmp_path) as (house, premises):
    await premises.health()   # (200, {"committer": "up", ...})
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.beginnings import make_records
from mailsvc.desk.desk import Desk, clock_of, open_records
from mailsvc.house import House, Surroundings, open_house
from mailsvc.kit.settings import Settings, parse_settings
from mailsvc.records.store import Records
from schedules.clock import SystemClock
from tests.rules.gateway.house import Peer, QuietLog
from tests.support.ports import free_port

SETTINGS = """\
service:
  purpose: test
  hostname: mx.closing.example
  administrators: [admin@surviving.example]
records:
  url: {url}
domains:
  closing.example:
    deliver: "maildir:mail/{{domain}}/{{user}}"
outbound:
  deliver: "maildir:mail/{{domain}}/{{user}}"
gateway:
  listeners:
    - listen: 127.0.0.1:{smtp}
http:
  listen: 127.0.0.1:{http}
clock:
  file: clock
"""
ACCOUNTS = "address\nhanako@closing.example\n"


@dataclass
class Premises:
    """A folder with settings and records that a house opens on."""

    folder: Path
    url: str = "sqlite:///records.db"
    smtp: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)
    log: QuietLog = field(default_factory=QuietLog)

    @property
    def settings(self) -> Settings:
        text = SETTINGS.format(url=self.url, smtp=self.smtp, http=self.http)
        return parse_settings(text, "lastpost.yaml", self.folder)

    def records(self) -> Records:
        return open_records(self.settings)

    def settle_in(self) -> None:
        """Make the records, with one mailbox in them."""
        make_records(self.settings, "tests")
        accounts = self.folder / "accounts.csv"
        accounts.write_text(ACCOUNTS)
        with self.records() as records:
            desk = Desk(records, self.settings, clock_of(self.settings), "tests")
            import_accounts(desk, accounts, self.folder / "rejects.csv")

    def around(self, *extra_roles: str) -> Surroundings:
        return Surroundings(SystemClock(self.settings.clock.file), Random(1), self.log, extra_roles)

    @asynccontextmanager
    async def house(self, *extra_roles: str) -> AsyncIterator[House]:
        async with open_house(self.settings, self.around(*extra_roles)) as house:
            yield house

    async def health(self) -> tuple[int, dict[str, str]]:
        """The code and the roles that /healthz answers with."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.http)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = (await asyncio.wait_for(reader.read(), 60)).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), json.loads(body)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Peer]:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.smtp))
        try:
            await peer.expect("220 mx.closing.example")
            yield peer
        finally:
            await peer.close()

    async def send(self, text: str) -> None:
        """Have one message taken."""
        async with self.client() as peer:
            await peer.open_mail()
            await peer.say("DATA", "354")
            await peer.say(f"{text}\r\n.", "250 2.6.0")

    def inbox(self) -> list[bytes]:
        new = self.folder / "mail" / "closing.example" / "hanako" / "new"
        return [path.read_bytes() for path in sorted(new.glob("*"))]


@asynccontextmanager
async def opened(folder: Path, *extra_roles: str) -> AsyncIterator[tuple[House, Premises]]:
    """A house in a new place."""
    premises = Premises(folder)
    premises.settle_in()
    async with premises.house(*extra_roles) as house:
        yield house, premises
