"""An outbox over real records, with a clock that tests move and next hops they script."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from prometheus_client import CollectorRegistry

from filters.verdict import Because
from mailsvc.kit.ids import id_maker
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings.model import Settings
from mailsvc.outbox.attempts import Attempts, Means
from mailsvc.outbox.backoff import Backoff
from mailsvc.outbox.outbox import Outbox, Pace
from mailsvc.outbox.routes import Routes
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.deliveries import Delivery, DeliveryState, NewDelivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from schedules.names import Address
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO, QUICK
from tests.support.deadline import TooLate, until

START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
TRACE = b"Received: from a by b; Sun, 22 Nov 2026 09:00:00 +0900\r\n"
PACE = Pace(lease=timedelta(minutes=5), share=3, poll=0.05, gap=0.005, first_rest=10, longest_rest=60, farewell=1)


class HandClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.wall = START
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, by: timedelta) -> None:
        self.wall += by
        self.seconds += by.total_seconds()


@dataclass
class Lines:
    """A log that remembers its events."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def note(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))

    debug = info = warning = error = note

    def bind(self, **_: object) -> "Lines":
        return self

    def named(self, event: str) -> list[dict[str, object]]:
        return [fields for name, fields in self.events if name == event]


def settings(folder: Path, outbound: str, deliver: str = "") -> Settings:
    return Settings.model_validate(
        {
            "service": {"hostname": "lastpost.example", "purpose": "test"},
            "records": {"url": f"sqlite:///{folder / 'records.db'}"},
            "domains": {"closing.example": {"deliver": deliver or f"maildir:{folder}/mail/{{domain}}/{{user}}"}},
            "outbound": {"deliver": outbound},
            "gateway": {"listeners": [{"listen": "127.0.0.1:0"}]},
        }
    )


class World:
    """Records, an outbox that is made by `outbox()`, and short words for tests."""

    def __init__(
        self, folder: Path, records: Records, threads: ThreadPoolExecutor, outbound: str, deliver: str = ""
    ) -> None:
        self.folder = folder
        self.records = records
        self.threads = threads
        self.clock = HandClock()
        self.log = Lines()
        self.metrics = Metrics(CollectorRegistry())
        self.settings = settings(folder, outbound, deliver)
        self.routes = Routes(lambda: self.settings)
        self._new_id = id_maker(self.clock, Random(7))

    def outbox(self, *, pace: Pace = PACE, owner: str = "one", means: Means | None = None) -> Outbox:
        means = means or self.means()
        attempts = Attempts(self.records, means, self.clock, Random(3), self.threads)
        return Outbox(self.records, attempts, self.clock, pace, self.metrics, self.log, owner=owner)

    def means(self) -> Means:
        backoff = Backoff(timedelta(minutes=1), timedelta(hours=1))
        return Means(self.routes, backoff, "lastpost.example", {}, timeouts=QUICK)

    async def accept(
        self, *recipients: str, body: bytes = BODY, sender: str = JIRO, smtputf8: bool = False, eight_bit: bool = False
    ) -> str:
        writer = BodyWriter(self.records, self._new_id, self.clock.now)
        await writer.write(body)
        staged = await writer.finish()
        message = Message(
            self._new_id(), staged.id, staged.size, staged.sha256, self.clock.now(), "world", "192.0.2.1", "a.example",
            sender, smtputf8=smtputf8, eight_bit=eight_bit, trace=TRACE, origin="smtp",
        )  # fmt: skip
        news = [
            NewDelivery(one, one, Because.LIVE, self.routes.lane(Address.parse(one))) for one in recipients or (HANAKO,)
        ]
        await messages.accept(self.records, message, news, staged)
        return message.id

    def deliveries(self, message_id: str) -> Sequence[Delivery]:
        with self.records.read() as connection:
            found = messages.trace(connection, message_id)
        assert found is not None
        return found.deliveries

    def waits_again(self, message_id: str, attempts: int) -> bool:
        """Whether the first delivery of a message is queued again after so many attempts."""
        first = self.deliveries(message_id)[0]
        return first.attempts == attempts and first.state is DeliveryState.QUEUED

    def states(self, message_id: str) -> list[DeliveryState]:
        return [delivery.state for delivery in self.deliveries(message_id)]

    async def until_state(self, message_id: str, *states: DeliveryState) -> None:
        try:
            await until(lambda: self.states(message_id) == list(states), f"{message_id} is {states}")
        except TooLate as error:
            raise TooLate(f"{error}: {self.deliveries(message_id)}, {self.log.events}") from None

    def mailbox(self, user: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / "mail/closing.example" / user / "new").iterdir())]


@asynccontextmanager
async def world(
    folder: Path, outbound: str = "smtp://127.0.0.1:9?tls=none", *, url: str | None = None, deliver: str = ""
) -> AsyncIterator[World]:
    with (
        Records.open(url or f"sqlite:///{folder / 'records.db'}", create=True) as records,
        ThreadPoolExecutor(2) as threads,
    ):
        async with records.committer.running():
            yield World(folder, records, threads, outbound, deliver)


@asynccontextmanager
async def at_work(outbox: Outbox) -> AsyncIterator[Outbox]:
    role = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        role.cancel()
        with suppress(asyncio.CancelledError):
            await role
