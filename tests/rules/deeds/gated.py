"""A plan with gates in the records, asked by carriers whose clock a test moves.

`PLAN` asks the gates of receive-end from two days before it; `gated(...)` gives the world, `put` and `amend` change
the plan as administrators do.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from mailsvc.deeds.carry import Carrier
from mailsvc.deeds.gate_counts import Sources
from mailsvc.deeds.gates import Gates
from mailsvc.deeds.running_exports import NotCounted, RunningExport, RunningExports
from mailsvc.records import editions, ledger
from mailsvc.records.store import Connection, Records
from mailsvc.standing.almanac import edition_of
from schedules.amendments import Act, Amendment, GateAnswer
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Stage
from tests.rules.deeds.end import ADMIN, End, end, jst

FEW = "{kind: addresses, at_most: 2}"
ASKED, STAGE = jst(8), jst(10)  # when the gates are first asked, and the date of their stage
NOON = timedelta(hours=12)


def plan(gates: str = FEW, *, unanswered: str = "wait", more: str = "") -> str:
    """A plan whose receive-end on 10 November 2026 has `gates`, a flow; `more` are further stages, as lines."""
    return f"""\
plan: closing
zone: Asia/Tokyo
domains: [closing.example]
title: {{ja: メール終了, en: the end of mail}}
reason: {{ja: 終了しました, en: it has ended}}
stages:
  announce: 2026-01-01
  receive-end: {{at: 2026-11-10, gates: [{gates}], unanswered: {unanswered}, asked: 2 days}}
{more}"""


@dataclass
class Exports:
    """A source that knows exactly these exports."""

    now: list[RunningExport] = field(default_factory=list)

    def running(self, connection: Connection, domains: Collection[str]) -> tuple[RunningExport, ...]:
        del connection
        return tuple(one for one in self.now if one.address.domain.ascii in domains)


class GatedEnd:
    """The world of one plan with gates."""

    def __init__(self, here: End, exports: RunningExports) -> None:
        self.here = here
        self.clock = here.clock
        self.records = here.records
        self.sources = Sources(lambda: timedelta(days=90), exports)
        self.administrators: tuple[Address, ...] = (ADMIN,)

    def put(self, text: str) -> None:
        def work(connection: Connection) -> None:
            number, _ = editions.next_numbers(connection, "closing")
            editions.save_plan(
                connection,
                text,
                file="closing.yaml",
                name="closing",
                number=number,
                at=self.clock.now(),
                by="admin",
                reason="the board",
            )

        self.records.act(work)

    def amend(self, act: Act) -> None:
        def work(connection: Connection) -> None:
            _, number = editions.next_numbers(connection, "closing")
            now = self.clock.now()
            text = Amendment(number, now, "admin", "asked for", act).to_json()
            editions.add_amendment(connection, "closing", text, number=number, at=now, by="admin", reason="asked for")

        self.records.act(work)

    def edition(self) -> Edition:
        with self.records.read() as connection:
            (stored,) = editions.load(connection)
        return edition_of(stored)

    def gates(self, records: Records | None = None) -> Gates:
        post, host = self.here.tell._post, "mx.example"
        return Gates(records or self.records, post, self.sources, self.administrators, edition_of, host=host)

    def carrier(self, *, owner: str = "one", records: Records | None = None) -> Carrier:
        return Carrier(
            records or self.records,
            lambda: [self.edition()],
            (self.gates(records),),
            self.clock,
            self.here.log,
            owner=owner,
            trusted=lambda: self.here.trusted,
        )

    async def ring(self, at: datetime) -> int:
        """Move the clock there and ring; how many deeds that did."""
        self.clock.set(at)
        return len(await self.carrier().carry_out_due())

    def answers(self) -> list[tuple[bool, str]]:
        """The answers that stand in the records, each with who gave it."""
        made = self.edition().amendments
        return [(one.act.opened, one.by) for one in made if isinstance(one.act, GateAnswer)]

    def ended(self, stage: Stage = Stage.RECEIVE_END) -> bool:
        """Whether the stage has come by the clock."""
        at = self.edition().stage_instant(stage)
        return at is not None and at <= self.clock.now()

    def evidence(self) -> dict[str, str]:
        """What the ledger keeps of each round, by its day."""
        with self.records.read() as connection:
            return {one.key.scope: one.evidence for one in ledger.listing(connection) if one.done_at}


@asynccontextmanager
async def gated(
    folder: Path, text: str | None = None, *, exports: RunningExports | None = None, url: str | None = None
) -> AsyncIterator[GatedEnd]:
    """The world, a week before its gates are asked."""
    async with end(folder, jst(1), url=url) as here:
        world = GatedEnd(here, exports or NotCounted())
        world.put(text or plan())
        yield world
