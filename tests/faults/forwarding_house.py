"""A house of its own that forwards, and the world behind it: one SMTP peer that gets everything that leaves.

hanako forwards to an alias of her own, jiro and saburo to each other, goro and shiro to home.example, taro to nobody.
"""

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.faults.service import DOMAIN, Service
from tests.peers.dns import DnsPeer
from tests.peers.smtp import Script, SmtpPeer, TakenMail
from tests.support.deadline import until

ACCOUNTS = f"""\
address,kind,contact,forward_to,forward_confirmed,forward_disclose,alias_of
hanako@{DOMAIN},base,,h@{DOMAIN},yes,no,
h@{DOMAIN},alias,,,,,hanako@{DOMAIN}
jiro@{DOMAIN},base,,saburo@{DOMAIN},yes,no,
saburo@{DOMAIN},base,,jiro@{DOMAIN},yes,no,
goro@{DOMAIN},base,goro@phone.example,goro.new@home.example,yes,no,
shiro@{DOMAIN},base,,shiro.new@home.example,yes,yes,
taro@{DOMAIN},base,,,,,
"""
MORE_SETTINGS = """\
outbound:
  deliver: smtp://127.0.0.1:{port}?tls=none
forwarding:
  srs_domain: srs.surviving.example
  srs_secrets: [{{file: {folder}/srs.secret}}]
resolver:
  servers: ["127.0.0.1@{dns}"]
  timeout: 1 s
"""
MAIL = (
    b"From: a@world.example\r\nTo: all@closing.example\r\nSubject: hello\r\nMessage-ID: <1@world.example>\r\n"
    b"Date: Sun, 22 Nov 2026 09:00:00 +0900\r\n\r\nAs it was written.\r\n"
)


@dataclass(frozen=True)
class ForwardingHouse:
    """The running service and its world."""

    service: Service
    world: SmtpPeer

    async def send(self, octets: bytes, *to: str, sender: str = "a@world.example") -> str:
        """Send as the world does; the final reply, or the first refusal of a recipient."""
        return await asyncio.to_thread(self._send, octets, to, sender)

    def _send(self, octets: bytes, to: Sequence[str], sender: str) -> str:
        with smtplib.SMTP("127.0.0.1", self.service.smtp, local_hostname="world.example", timeout=60) as client:
            client.ehlo()
            client.mail(sender)
            for one in to:
                code, said = client.rcpt(one if "@" in one else f"{one}@{DOMAIN}")
                if code >= 400:
                    return f"{code} {said.decode()}"
            code, said = client.data(octets)
            return f"{code} {said.decode()}"

    async def left(self, count: int) -> list[TakenMail]:
        """What has left, as soon as so many mails have."""
        await until(lambda: len(self.world.taken) >= count, f"{count} mails have left: {self.world.mails}")
        return self.world.taken

    async def settled(self, reply: str) -> list[dict[str, str]]:
        """The deliveries of the message that was taken with this reply, once all are settled."""
        found: list[dict[str, str]] = []

        async def all_are() -> bool:
            told = await self.lastpost("trace", reply.rsplit(maxsplit=1)[-1])
            found[:] = cast("list[dict[str, str]]", told[0]["deliveries"])
            return all(one["settled_at"] for one in found)

        await until(all_are, f"{reply} is settled")
        return found

    async def lastpost(self, *words: str) -> list[dict[str, object]]:
        """The array that a listing prints."""
        said = await asyncio.to_thread(self.service.lastpost, *words, "--json")
        last = f"\n{said}".rpartition("\n[")[2]  # the log of a command holds its earlier runs too
        return [dict(one) for one in json.loads(f"[{last}")]


@asynccontextmanager
async def forwarding_house(folder: Path, script: Script | None = None) -> AsyncIterator[ForwardingHouse]:
    """The house, ready to take mail; `script` are the answers of the world."""
    async with SmtpPeer(script) as world, DnsPeer({}) as dns:
        service = Service(folder)
        await asyncio.to_thread(service.prepare)
        secret, accounts = folder / "srs.secret", folder / "forwards.csv"
        secret.write_text("a line that nobody knows\n")
        secret.chmod(0o600)
        more = MORE_SETTINGS.format(port=world.port, dns=dns.port, folder=folder)
        service.settings.write_text(service.settings.read_text() + more)
        accounts.write_text(ACCOUNTS)
        await asyncio.to_thread(service.lastpost, "accounts", "import", str(accounts), "--allow-shrink")
        serving = service.serving()
        await asyncio.to_thread(serving.__enter__)
        try:
            yield ForwardingHouse(service, world)
        finally:
            await asyncio.to_thread(serving.__exit__, None, None, None)
