"""A message's life over real records, with standings and a watch that tests set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry

from filters.mail import AddressKind, Client, ClientKind, Standing
from filters.verdict import Accept, Because, Forward
from mailsvc.gateway.life import Life
from mailsvc.gateway.paths import ReversePath
from mailsvc.gateway.reception import Envelope, Mail, Taken
from mailsvc.kit.metrics import Metrics
from mailsvc.outbox.routes import Routes
from mailsvc.records import messages
from mailsvc.records.store import Records
from mailsvc.standing import Standings, Verdicts, Watch
from schedules.names import Address
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Capability, Rule, Ruling, Rulings
from tests.rules.gateway.house import PlainClock, QuietLog, gateway_settings
from tests.rules.gateway.life_parts import NoNextHop, parts

NOW = datetime(2024, 2, 1, tzinfo=UTC)


TRUSTED = NOW - timedelta(days=30)


WORLD = Client(ClientKind.WORLD, "192.0.2.1", 4711, "mx.world.example")


SUBMISSION = replace(WORLD, kind=ClientKind.SUBMISSION)


HANAKO, JIRO, OUTSIDE = (
    Address.parse(text) for text in ("hanako@closing.example", "jiro@closing.example", "x@elsewhere.example")
)


HOME = Address.parse("jiro@newhome.example")


MAIL = Mail("MSG1", ReversePath(Address.parse("a@world.example"), 0), "ESMTP")


def rulings(**denied: Rule) -> Rulings:
    """Everything allowed but what is named."""
    place, reason = Position("plan.yaml", 1, 1), Text("終了", "The service has ended")
    return Rulings(
        {
            one: Ruling(one, one.value not in denied, denied.get(one.value, Rule.OPEN), reason, place, since=NOW)
            for one in Capability
        },
        None,
        None,
    )


class FakeStandings:
    """Standings by address, the end coming between TRUSTED and NOW for whoever is in `ending`."""

    def __init__(self) -> None:
        self.known = {HANAKO: Standing(HANAKO, ours=True, kind=AddressKind.BASE, mailbox=HANAKO, rulings=rulings())}
        self.ending: set[Address] = set()
        self.failure: Exception | None = None
        self.counted: list[Address] = []
        self.claims: list[object] = []

    async def of(self, address: Address, now: datetime, *, usage: bool = True, claim: object = None) -> Standing:
        self.counted += [address] if usage else []
        self.claims += [claim] if claim else []
        if self.failure:
            raise self.failure
        if address in self.ending and now >= NOW:
            return replace(self.known[address], rulings=rulings(receive=Rule.STAGE))
        ours = address.domain == HANAKO.domain
        return self.known.get(address, Standing(address, ours=ours, kind=None))


@dataclass
class Doubt:
    trusted_now: datetime


class FakeWatch:
    suspect: Doubt | None = None

    def now(self) -> datetime:
        return NOW

    def moment(self) -> tuple[datetime, Doubt | None]:
        return NOW, self.suspect


@dataclass
class World:
    """A life and what it is made of."""

    life: Life
    records: Records
    standings: FakeStandings
    watch: FakeWatch
    log: QuietLog
    metrics: Metrics
    woken: list[str] = field(default_factory=list)

    async def take(self, *recipients: Accept | Forward, content: bytes = b"Subject: x\r\n\r\nx\r\n") -> str:
        body = await self.life.body(MAIL)
        await body.write(content)
        taken = tuple(Taken(verdict.mailbox, verdict) for verdict in recipients)
        return str(await body.finish(Envelope(WORLD, MAIL, taken)))

    def trace(self) -> messages.Trace:
        with self.records.read() as connection:
            found = messages.trace(connection, MAIL.id)
        assert found is not None
        return found


@asynccontextmanager
async def open_world(
    folder: Path, *, soft: bool = False, closed: bool = False, outward: bool = True
) -> AsyncIterator[World]:
    plain = gateway_settings()
    gateway = plain.gateway.model_copy(update={"closed": closed})
    changed: dict[str, object] = {"soft_bounce": soft, "gateway": gateway} | ({} if outward else {"outbound": None})
    settings = plain.model_copy(update=changed)
    standings, watch, log, clock = FakeStandings(), FakeWatch(), QuietLog(), PlainClock()
    metrics, outbox = Metrics(CollectorRegistry()), NoNextHop()
    with Records.open(f"sqlite:///{folder}/records.db", create=True) as records:
        async with records.committer.running():
            seen = cast("Watch", watch)
            verdicts = Verdicts(cast("Standings", standings), seen, Routes(lambda: settings), log)
            made = parts(records, lambda: settings, verdicts, seen, clock, metrics, log, outbox)
            yield World(Life(made), records, standings, watch, log, metrics, outbox.woken)


def counted(metrics: Metrics, code: int, because: Because) -> float:
    return metrics.registry.get_sample_value("lastpost_replies_total", {"code": str(code), "because": because}) or 0.0
