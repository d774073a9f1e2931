"""A gateway on loopback with a house in memory behind it, for tests of the conversation itself.

    async with open_gateway(size_limit=65_536) as house:
        async with house.client() as peer:
            await peer.say("EHLO me.example", "250")

`MemoryReception` knows the people of the demo world at closing.example and keeps what it took in `kept`.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from prometheus_client import CollectorRegistry

from filters import judge, replies
from filters.mail import Client, ClientKind, Content
from filters.replies import Reply
from filters.verdict import Accept, Because, Forward, RecipientVerdict, Refuse, SizeVerdict
from mailsvc.gateway.gateway import Gateway
from mailsvc.gateway.reception import Envelope, Mail
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings import Settings
from schedules.names import Address, DomainName

OURS = DomainName.parse("closing.example")


class QuietLog:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, Mapping[str, object]]] = []

    def debug(self, event: str, **fields: object) -> None:
        self.lines.append(("debug", event, fields))

    def info(self, event: str, **fields: object) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, **fields: object) -> None:
        self.lines.append(("error", event, fields))

    def bind(self, **_fields: object) -> Self:
        return self

    def events(self) -> list[str]:
        return [event for _, event, _ in self.lines]


class PlainClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class MemoryBody:
    """Octets in memory."""

    house: "MemoryReception"
    octets: bytearray = field(default_factory=bytearray)
    writes: int = 0
    largest: int = 0
    discarded: bool = False

    async def write(self, octets: bytes | bytearray) -> None:
        await self.house.before_write()
        self.octets += octets
        self.writes += 1
        self.largest = max(self.largest, len(octets))

    async def finish(self, envelope: Envelope) -> Reply:
        await self.house.before_commit()
        self.house.kept.append((envelope, bytes(self.octets)))
        return replies.taken(envelope.mail.id)

    async def discard(self) -> None:
        self.discarded = True


class MemoryReception:
    """Answers like the demo world before its end; hooks let tests make it slow or break it."""

    def __init__(self) -> None:
        self.kept: list[tuple[Envelope, bytes]] = []
        self.bodies: list[MemoryBody] = []
        self.asked: list[tuple[Client, Address]] = []
        self.released: list[str] = []
        self.closed: Reply | None = None
        self._ids = itertools.count(1)

    async def before_write(self) -> None:
        """Tests override this."""

    async def before_commit(self) -> None:
        """Tests override this."""

    def host_closed(self) -> Reply | None:
        return self.closed

    def postmaster_domain(self) -> DomainName:
        return OURS

    def new_id(self) -> str:
        return f"M{next(self._ids)}"

    async def recipient(self, client: Client, _mail: Mail, asked: Address) -> RecipientVerdict:
        self.asked.append((client, asked))
        if asked.domain == OURS:
            return _people(asked)
        if client.kind is ClientKind.SUBMISSION:
            return Accept(asked, Because.OUTWARD, replies.RECIPIENT_OK)
        return Refuse(Because.RELAY_DENIED, replies.RELAY_DENIED)

    def content(self, _client: Client, _mail: Mail, facts: Content) -> SizeVerdict:
        return judge.content(facts)

    def release(self, mail: Mail) -> None:
        self.released.append(mail.id)

    async def body(self, _mail: Mail) -> MemoryBody:
        self.bodies.append(MemoryBody(self))
        return self.bodies[-1]


def _people(asked: Address) -> RecipientVerdict:
    local = asked.key.partition("+")[0]
    new_home = Address("jiro", DomainName.parse("newhome.example"))
    if local == "jiro":
        reply = replies.forwarded_disclosed(new_home)
        return Forward(asked, new_home, keep=False, because=Because.FORWARDED_DISCLOSED, reply=reply)
    if local == "goro":
        return Refuse(Because.MOVED, replies.MOVED)
    if local == "mitsuru":
        return Refuse(Because.OVER_QUOTA, replies.OVER_QUOTA)
    if local in {"hanako", "saburo", "rokuro", "postmaster", "a..b.", "strange one"} or local.startswith("many"):
        return Accept(asked, Because.LIVE, replies.RECIPIENT_OK)
    return Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS)


class Peer:
    """The client's side of one session."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """One whole reply, its lines joined by newlines; empty when the server has closed."""
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 60)).decode("ascii")
            lines.append(line.removesuffix("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def expect(self, start: str) -> str:
        answer = await self.reply()
        assert answer.startswith(start), f"wanted {start!r}, got {answer!r}"
        return answer

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def say(self, command: str, start: str) -> str:
        await self.send(command.encode() + b"\r\n")
        return await self.expect(start)

    async def open_mail(self, *recipients: str, sender: str = "a@world.example") -> None:
        """Greet and name sender and recipients, all to be taken."""
        await self.say("EHLO me.example", "250-")
        await self.say(f"MAIL FROM:<{sender}>", "250 2.1.0")
        for recipient in recipients or ("hanako@closing.example",):
            await self.say(f"RCPT TO:<{recipient}>", "25")

    async def close(self) -> None:
        self.writer.close()


@dataclass
class OpenHouse:
    """A running gateway and what stands behind it."""

    gateway: Gateway
    reception: MemoryReception
    log: QuietLog
    metrics: Metrics

    def port(self, listener: int = 0) -> int:
        return self.gateway.endpoints[listener].port

    @asynccontextmanager
    async def client(self, listener: int = 0, *, banner: str = "220 ") -> AsyncIterator[Peer]:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port(listener)))
        try:
            await peer.expect(banner)
            yield peer
        finally:
            await peer.close()


def gateway_settings(listeners: Sequence[Mapping[str, object]] | None = None, **gateway: object) -> Settings:
    """Settings with listeners for the world, our submission and our inbound MTA, in this order."""
    own = {"networks": ["127.0.0.0/8"]}
    return Settings.model_validate(
        {
            "service": {"hostname": "mx.closing.example", "purpose": "test"},
            "records": {"url": "sqlite:////nowhere/records.db"},
            "domains": {"closing.example": {"deliver": "maildir:/nowhere/{domain}/{user}"}},
            "outbound": {"deliver": "smtp://relay.closing.example:25"},
            "gateway": {
                "listeners": listeners
                or [
                    {"listen": "127.0.0.1:0"},
                    {"listen": "127.0.0.1:0", "submission": own},
                    {"listen": "127.0.0.1:0", "inbound": own},
                ],
                "connections_per_client_second": 10_000,
                **gateway,
            },
            "outbox": {"handoff_budget": "0"},
        }
    )


@asynccontextmanager
async def open_gateway(
    reception: MemoryReception | None = None,
    *,
    listeners: Sequence[Mapping[str, object]] | None = None,
    drain: float = 5.0,
    **gateway: object,
) -> AsyncIterator[OpenHouse]:
    """A gateway on free ports, closed at the end."""
    house = reception or MemoryReception()
    log, metrics = QuietLog(), Metrics(CollectorRegistry())
    opened = Gateway(gateway_settings(listeners, **gateway), house, PlainClock(), metrics, log)
    await opened.start()
    try:
        yield OpenHouse(opened, house, log, metrics)
    finally:
        await opened.stop(drain)
