"""A plan that ends closing.example, over real records, with a clock that tests move."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from random import Random
from types import MappingProxyType
from zoneinfo import ZoneInfo

from mailsvc.deeds.carry import Carrier
from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect, Moment, at_stages
from mailsvc.deeds.tell_administrators import TellAdministrators
from mailsvc.kit.ids import id_maker
from mailsvc.letters.post import Post
from mailsvc.records import ledger, messages, staging
from mailsvc.records.bodies import chunk
from mailsvc.records.directory import Entry
from mailsvc.records.ledger import DeedRecord
from mailsvc.records.store import Connection, Records
from schedules.amendments import Amendment, Postpone
from schedules.clock import MovableClock
from schedules.edition import Edition
from schedules.names import Address, DomainName
from schedules.plan import Plan, StageLine
from schedules.text import Text
from schedules.words import Stage, Suspension
from tests.rules.outbox.world import Lines

TOKYO = ZoneInfo("Asia/Tokyo")
ADMIN = Address.parse("postmaster@surviving.example")
CLOSING = "closing.example"
DAY = timedelta(days=1)


def jst(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=TOKYO)


STAGES = {
    Stage.ANNOUNCE: jst(1),
    Stage.SEND_END: jst(10),
    Stage.RECEIVE_END: jst(10),
    Stage.READ_END: jst(20),
    Stage.FORWARD_END: jst(25),
}


def edition(stages: dict[Stage, datetime] | None = None, *domains: str) -> Edition:
    lines = {stage: StageLine(stage, at) for stage, at in (stages or STAGES).items()}
    text = Text("メール終了", "the end of mail")
    plan = Plan("closing", TOKYO, domains or (CLOSING,), MappingProxyType(lines), (), Suspension.KEEP, "", text, text)
    return Edition(plan)


def postponed(before: Edition, stage: Stage, by: timedelta, made_at: datetime) -> Edition:
    return before.amended(Amendment(len(before.amendments) + 1, made_at, "admin", "quake", Postpone((stage,), by=by)))


@dataclass
class Note:
    """A kind of deed that remembers what it did; `before` runs when its effect is being made ready."""

    name: str = "note"
    stages: tuple[Stage, ...] = tuple(Stage)
    offset: timedelta = timedelta()
    irreversible: bool = False
    catch_up: CatchUp = CatchUp.EACH
    done: list[str] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def moments(self, edition: Edition, now: datetime) -> Iterable[Moment]:
        del now
        return at_stages(self.name, edition, self.stages, self.offset)

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        del now
        self.before()

        def effect(connection: Connection) -> str:
            del connection
            self.done.append(" ".join(str(one.stage) for one in (*also, deed)))
            return "noted"

        return effect


class End:
    """The world of one plan."""

    def __init__(self, records: Records, now: datetime) -> None:
        self.records = records
        self.clock = MovableClock(now)
        self.editions = [edition()]
        self.log = Lines()
        self.trusted: datetime | None = None
        post = Post(
            records,
            sender=Address.parse("goodbye@surviving.example"),
            hostname="mx.example",
            zone=TOKYO,
            new_id=id_maker(self.clock, Random(5)),
            lane=lambda address: f"lane of {address.domain}",
        )
        self.tell = TellAdministrators(records, post, (ADMIN,), host="mx.example")

    def carrier(self, *kinds: object, owner: str = "one", records: Records | None = None) -> Carrier:
        return Carrier(
            records or self.records,
            lambda: self.editions,
            kinds or (self.tell,),  # type: ignore[arg-type]
            self.clock,
            self.log,
            owner=owner,
            trusted=lambda: self.trusted,
        )

    def ledger(self) -> dict[str, DeedRecord]:
        with self.records.read() as connection:
            return {record.key.stage: record for record in ledger.listing(connection)}

    def letters(self) -> list[str]:
        """The decoded texts of all letters queued, oldest first."""
        with self.records.read() as connection:
            ids = connection.exec_driver_sql("select id from messages where origin = 'letter' order by id").scalars()
            return [self._text(connection, one) for one in list(ids)]

    def _text(self, connection: Connection, message_id: str) -> str:
        found = messages.find(connection, message_id)
        assert found is not None
        octets = chunk(connection, found.body_id, 0)
        assert octets is not None
        letter = message_from_bytes(octets, policy=default)
        content = str(letter.get_content()).replace("\r\n", "\n")
        return f"{letter['Message-ID']}\n{letter['Subject']}\n\n{content}"

    def publish(self, entries: Sequence[Entry], domain: str = CLOSING) -> None:
        def work(connection: Connection) -> None:
            generation = staging.begin(connection, DomainName(domain), self.clock.now(), "test")
            staging.stage(connection, generation, entries)
            staging.publish(connection, [generation], self.clock.now())

        self.records.act(work)


@asynccontextmanager
async def end(folder: Path, now: datetime, *, url: str | None = None) -> AsyncIterator[End]:
    with Records.open(url or f"sqlite:///{folder / 'records.db'}", create=True) as records:
        async with records.committer.running():
            yield End(records, now)
