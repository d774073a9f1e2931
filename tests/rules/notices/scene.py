"""A quarantine with its notices on real records, and the letters that come of it, read as a mail program reads them."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from filters.verdict import Because
from mailsvc.kit.content_hash import content_sha256
from mailsvc.kit.ids import id_maker
from mailsvc.letters.post import Post
from mailsvc.notices.keeping import Quarantining
from mailsvc.notices.notices import Notices
from mailsvc.notices.quarantined import Quarantined
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter, read_body
from mailsvc.records.cases import INFECTED, Case, Recipient
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from mailsvc.records.tables import messages as message_table
from schedules.clock import MovableClock
from schedules.names import Address, DomainName
from tests.rules.gateway.house import QuietLog

NOW = datetime(2024, 1, 31, 3, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
DAY = timedelta(hours=24)
HANAKO = Address.parse("hanako@closing.example")
JIRO = Address.parse("jiro@closing.example")
OUTSIDE = Address.parse("victim@elsewhere.example")
OURS = DomainName("closing.example")
BODY = b"From: x@b.example\r\nSubject: WINSUBJECT\r\n\r\nBODYWORDS\r\n"


def case(case_id: str, **facts: object) -> Case:
    """Infected mail of the world to hanako, refused in the session."""
    made = Case(
        id=case_id,
        at=NOW,
        client_kind="world",
        client_ip="192.0.2.7",
        helo="mx.b.example",
        mail_from="taro.y@b.example",
        smtputf8=False,
        eight_bit=False,
        sender_local=False,
        accepted=False,
        reply="554 5.7.1 Message refused",
        why=INFECTED,
        threat="Eicar-Signature",
        scanner="clamd 1.4/27000",
        recipients=(Recipient(str(HANAKO), "Hanako+x@closing.example", Because.LIVE),),
        trace=b"Received: from mx.b.example\r\n",
        content_sha256=content_sha256(BODY),
    )
    return replace(made, **facts)  # type: ignore[arg-type]


@dataclass
class Scene:
    """The parts, and what is found in the records afterwards."""

    records: Records
    clock: MovableClock = field(default_factory=lambda: MovableClock(NOW))
    log: QuietLog = field(default_factory=QuietLog)
    woken: list[Collection[str]] = field(default_factory=list)
    random: Random = field(default_factory=lambda: Random(1))

    def __post_init__(self) -> None:
        self.new_id = id_maker(self.clock, self.random)
        self.kind = Quarantined(collect=lambda: DAY, zone=TOKYO, host="mx.closing.example")
        self.notices = self.another()
        self.quarantining = Quarantining(self.records, self.notices, self.kind, lambda: 2, TOKYO)

    def another(self) -> Notices:
        """The notices of one more service on the same records."""
        post = Post(
            self.records,
            sender=Address.parse("goodbye@surviving.example"),
            hostname="mx.closing.example",
            zone=TOKYO,
            new_id=self.new_id,
            lane=lambda address: f"lane of {address.domain}",
        )
        return Notices(
            self.records,
            post,
            [self.kind],
            self.log,
            now=self.clock.now,
            ours=lambda domain: domain == OURS,
            wake_outbox=self.woken.append,
        )

    async def keep(self, made: Case, *tell: Address, octets: bytes = BODY) -> None:
        writer = BodyWriter(self.records, self.new_id, self.clock.now)
        await writer.write(octets)
        await self.quarantining.keep(made, await writer.finish(), tell, self.clock.now())

    def queued(self) -> list[Message]:
        """Every message that goes out, oldest first."""
        with self.records.read() as connection:
            ids = connection.scalars(select(message_table.c.id).order_by(message_table.c.received_at)).all()
            found = [messages.find(connection, one) for one in ids]
        return [one for one in found if one is not None]

    async def letters(self) -> list[EmailMessage]:
        """The letters of `queued`, parsed."""
        octets = [
            b"".join([chunk async for chunk in read_body(self.records, one.body_id)])
            for one in self.queued()
            if one.origin == "letter"
        ]
        return [message_from_bytes(one, policy=default) for one in octets]

    def recipients(self) -> list[str]:
        """Everybody to whom anything goes."""
        with self.records.read() as connection:
            traces = [messages.trace(connection, one.id) for one in self.queued()]
        return [delivery.recipient for trace in traces if trace for delivery in trace.deliveries]


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """A scene on new records in `folder`, with the committer at work."""
    with Records.open(f"sqlite:///{folder / 'records.db'}", create=True) as records:
        async with records.committer.running():
            yield Scene(records)
