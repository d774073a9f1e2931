"""A returner over real records: messages of all kinds, a clock that tests move, authentication as they say."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import select

from filters.auth.judge import Authentication, Claim, Passed
from filters.verdict import Because
from mailsvc.letters.dsn_fields import Action
from mailsvc.records import deliveries, messages
from mailsvc.records.bodies import BodyWriter, read_body
from mailsvc.records.deliveries import Deferred, Delivered, DeliveryState, NewDelivery, Outcome, Undeliverable
from mailsvc.records.delivery import Delivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import messages as table
from mailsvc.returns.addressee import Addressees
from mailsvc.returns.dsns import Dsns
from mailsvc.returns.returner import Pace, Returner
from schedules.names import Address
from tests.rules.outbox.world import Lines

NOW = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)
SENDER = Address.parse("taro@world.example")
HEADER = b"Message-ID: <one@world.example>\r\nFrom: taro@world.example\r\nSubject: hello\r\n"
REFUSED = Undeliverable("550 5.1.1 No such user <secret@newhome.example>")
_numbers = count(1)


def to(text: str, **facts: object) -> NewDelivery:
    """A recipient outside, asked as such."""
    made = NewDelivery(text, text, Because.OUTWARD, "mx:")
    return replace(made, **facts)  # type: ignore[arg-type]


@dataclass
class World:
    """Everything a returner is made of."""

    records: Records
    now: datetime = NOW
    verdict: Authentication = field(default_factory=lambda: Passed("as the test says"))
    claims: list[Claim] = field(default_factory=list)
    lanes: list[str] = field(default_factory=list)
    log: Lines = field(default_factory=Lines)
    no_way: bool = False

    def returner(self, pace: Pace | None = None) -> Returner:
        """A process of its own on the same records."""
        postmaster = Address.parse("postmaster@mx.provider.example")
        dsns = Dsns(self.records, postmaster, "mx.provider.example", ZoneInfo("Asia/Tokyo"), self.new_id)
        return Returner(
            self.records,
            Addressees(self.records, self._authenticate, self),
            dsns,
            now=lambda: self.now,
            pace=pace or Pace(look=0.01),
            sent=self._sent,
            log=self.log,
        )

    def new_id(self) -> str:
        return f"{next(_numbers):026d}"

    async def to(self, sender: Address) -> Sequence[NewDelivery]:
        if self.no_way:
            return ()
        return (NewDelivery(str(sender), str(sender), Because.OUTWARD, "mx:"),)

    async def _authenticate(self, claim: Claim, octets: bytes, *, complete: bool) -> Authentication:
        assert octets
        assert complete
        self.claims.append(claim)
        return self.verdict

    def _sent(self, lanes: Collection[str]) -> None:
        self.lanes += lanes

    # ── mail ────────────────────────────────────────────────────────────────────────────────────────────
    async def taken(self, *news: NewDelivery, header: bytes = HEADER, **facts: object) -> Message:
        """A message that was accepted."""
        writer = BodyWriter(self.records, self.new_id, lambda: self.now)
        await writer.write(header + b"\r\nsecret body\r\n")
        staged = await writer.finish()
        made = Message(
            id=self.new_id(),
            body_id=staged.id,
            size=staged.size,
            sha256=staged.sha256,
            received_at=self.now,
            client_kind="world",
            client_ip="192.0.2.7",
            helo="mx.world.example",
            mail_from=str(SENDER),
            smtputf8=False,
            eight_bit=False,
            trace=b"",
            origin="smtp",
        )
        made = replace(made, **facts)  # type: ignore[arg-type]
        await messages.accept(self.records, made, news or (to("jiro@elsewhere.example"),), staged)
        return made

    async def ends(self, message: Message, *outcomes: Outcome) -> None:
        """The first deliveries of a message, settled so."""

        def settle(connection: Connection) -> None:
            claimed = deliveries.claim(connection, "outbox", self.now, LEASE, 1000)
            mine = sorted((one for one in claimed if one.message_id == message.id), key=lambda one: one.number)
            for one, outcome in zip(mine, outcomes, strict=False):
                assert deliveries.settle(connection, one, outcome, self.now)
            for one in mine[len(outcomes) :]:
                assert deliveries.settle(connection, one, Deferred(self.now + LEASE, "451 4.3.0 later"), self.now)

        await self.records.committer.commit(settle)

    async def failed(self, *news: NewDelivery, header: bytes = HEADER, **facts: object) -> Message:
        """A message none of whose recipients could be reached."""
        made = await self.taken(*news, header=header, **facts)
        await self.ends(made, *[REFUSED] * max(1, len(news)))
        return made

    # ── what came of it ─────────────────────────────────────────────────────────────────────────────────
    async def of(self, message: Message) -> Sequence[Delivery]:
        return await self.records.ask(lambda connection: deliveries.of_message(connection, message.id))

    async def states(self, message: Message) -> list[tuple[DeliveryState, str]]:
        """State and report of each delivery, the DSN's id left out."""
        return [
            (one.state, one.report.partition(" ")[0] if "nobody" not in one.report else one.report)
            for one in await self.of(message)
        ]

    async def dsns(self) -> list[Message]:
        """Every report in the records, oldest first."""

        def found(connection: Connection) -> list[Message]:
            ids = connection.scalars(select(table.c.id).where(table.c.origin == "dsn").order_by(table.c.id)).all()
            return [one for one in (messages.find(connection, name) for name in ids) if one is not None]

        return await self.records.ask(found)

    async def text(self, message: Message) -> bytes:
        return b"".join([chunk async for chunk in read_body(self.records, message.body_id)])

    async def reported(self, dsn: Message) -> list[tuple[str, Action, str]]:
        """Final recipient, action and status of each recipient that a report names."""
        parsed = message_from_bytes(await self.text(dsn), policy=SMTP)
        assert isinstance(parsed, EmailMessage)
        groups = list(parsed.iter_parts())[1].get_payload()
        assert isinstance(groups, list)
        return [
            (str(one["Final-Recipient"]).partition("; ")[2], Action(str(one["Action"])), str(one["Status"]))
            for one in groups[1:]
            if isinstance(one, EmailMessage)
        ]


DELIVERED = Delivered("250 2.0.0 OK")
