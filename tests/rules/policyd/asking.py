"""A policy service on loopback over verdicts that a test sets, and how an MTA asks it.

async with serving(verdicts) as asked:
    await asked.policy(recipient="hanako@closing.example")     # "DUNNO" or "550 5.1.1 …"
    await asked.lookup("relocated", "shiro@closing.example")   # "OK shiro@elsewhere.example"
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from filters import replies
from filters.mail import Client
from filters.verdict import Accept, Because, RecipientVerdict
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings import Settings
from mailsvc.outbox.routes import Routes
from mailsvc.policyd.policyd import Policyd
from mailsvc.policyd.socketmap import Ways
from schedules.names import Address
from tests.rules.gateway.house import QuietLog

RCPT = {
    "request": "smtpd_access_policy",
    "protocol_state": "RCPT",
    "protocol_name": "ESMTP",
    "client_address": "192.0.2.7",
    "helo_name": "mx.world.example",
    "sender": "a@world.example",
    "recipient": "hanako@closing.example",
    "recipient_count": "0",
    "queue_id": "",
    "instance": "123.456.7",
    "size": "12345",
    "etrn_domain": "",
    "stress": "",
    "sasl_username": "",
    "ccert_subject": "CN = a, O = b=c",
}


def question(**told: str) -> bytes:
    """A question as Postfix writes it; `protocol_state="DATA"` and the like replace what it usually says."""
    return b"".join(f"{name}={value}\n".encode() for name, value in {**RCPT, **told}.items()) + b"\n"


@dataclass
class FakeVerdicts:
    """Accepts everybody but whom a test names; keeps what it was asked."""

    known: dict[str, RecipientVerdict] = field(default_factory=dict)
    asked: list[tuple[Client, Address | None, Address, int, str]] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event | None = None

    async def recipient(
        self, client: Client, sender: Address | None, asked: Address, *, size: int = 0, transaction: str = ""
    ) -> RecipientVerdict:
        self.asked.append((client, sender, asked, size, transaction))
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.known.get(str(asked), Accept(asked, Because.LIVE, replies.RECIPIENT_OK))


@dataclass
class Asked:
    """A running policy service."""

    service: Policyd
    policy_port: int
    map_port: int
    log: QuietLog
    metrics: Metrics

    async def policy(self, **told: str) -> str:
        """The action for one question."""
        (answer,) = await self.actions(question(**told))
        return answer

    async def actions(self, octets: bytes) -> list[str]:
        """All actions said to these octets until the service closes the connection."""
        heard = await self.say(self.policy_port, octets)
        answers = heard.decode("ascii").split("\n\n")
        assert answers.pop() == ""
        assert all(one.startswith("action=") for one in answers)
        return [one.removeprefix("action=") for one in answers]

    async def lookup(self, name: str, key: str) -> str:
        """The answer to one look-up."""
        asked = f"{name} {key}".encode()
        heard = await self.say(self.map_port, b"%d:%s," % (len(asked), asked))
        length, _, rest = heard.partition(b":")
        assert rest[int(length) :] == b","
        return rest[:-1].decode("ascii")

    async def say(self, port: int, octets: bytes) -> bytes:
        """What is answered to these octets until the service closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(octets)
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), 60)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


def settings_with(more: Mapping[str, object] | None = None) -> Settings:
    return Settings.model_validate(
        {
            "service": {"purpose": "test", "hostname": "mx.closing.example"},
            "records": {"url": "sqlite:///records.db"},
            "domains": {
                "closing.example": {"deliver": "smtp://store.provider.example:2600?tls=none"},
                "*.closing.example": {"deliver": "maildir:/srv/mail/{domain}/{user}"},
            },
            "gateway": {"listeners": [{"listen": "127.0.0.1:0"}], "size_limit": "1 MB", "recipients_limit": 100},
            "policy": {"listen": "127.0.0.1:0", "socketmap": "127.0.0.1:0"},
            **(more or {}),
        }
    )


@asynccontextmanager
async def serving(
    verdicts: FakeVerdicts, settings: Settings | None = None, ways: Ways | None = None
) -> AsyncIterator[Asked]:
    known = settings or settings_with()
    log, metrics = QuietLog(), Metrics(CollectorRegistry())
    service = Policyd(lambda: known, verdicts, ways or Routes(lambda: known), metrics, log)
    policy, socketmap = await service.start()
    assert policy is not None
    assert socketmap is not None
    async with service_stopped(service):
        yield Asked(service, policy.port, socketmap.port, log, metrics)


@asynccontextmanager
async def service_stopped(service: Policyd) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await service.stop()
