"""Deeds on SQLite and on PostgreSQL: claimed by one, done once, marked with their effect or not at all."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from filters.mail import Left
from mailsvc.deeds.carry import LEASE
from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect
from mailsvc.records import ledger, marks
from mailsvc.records.directory import Entry
from mailsvc.records.ledger import DeedKey
from mailsvc.records.store import Connection, Records
from schedules.names import Address
from schedules.words import Stage
from tests.contracts.conftest import BOTH, _database
from tests.real.postgresql import postgresql
from tests.rules.deeds.end import CLOSING, DAY, Note, edition, end, jst
from tests.support.run_folder import RunFolder

ANNOUNCE = DeedKey(CLOSING, "announce", "note")


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path, run_folder: RunFolder) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'records.db'}"
        return
    with _database(postgresql(run_folder)) as made:
        yield made


async def test_a_deed_is_done_once_over_restarts(tmp_path: Path, url: str) -> None:
    note = Note()
    for day in (1, 1, 2, 10):
        async with end(tmp_path, jst(day), url=url) as here:
            await here.carrier(note).carry_out_due()
    assert note.done == ["announce", "send-end", "receive-end"]


async def test_schedulers_on_connections_of_their_own_share_the_work(tmp_path: Path, url: str) -> None:
    notes = [Note() for _ in range(3)]
    async with end(tmp_path, jst(26), url=url) as here:
        with Records.open(url) as second, Records.open(url) as third:
            async with second.committer.running(), third.committer.running():
                await asyncio.gather(
                    *(
                        here.carrier(note, owner=f"w{number}", records=records).carry_out_due()
                        for number, (note, records) in enumerate(zip(notes, (here.records, second, third), strict=True))
                    )
                )
        assert {record.done_at for record in here.ledger().values()} == {jst(26)}
    done = sorted(stage for note in notes for stage in note.done)
    assert done == ["announce", "forward-end", "read-end", "receive-end", "send-end"]


class Writing(Note):
    """Writes a mark in the deed's transaction, and fails as often as it is told to."""

    failures = 1

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        effect = await super().prepare(deed, also, now)

        def write(connection: Connection) -> str:
            marks.put(connection, f"effect of {deed.key.stage}", "done")
            if self.failures:
                self.failures -= 1
                raise RuntimeError("the pen broke")
            return effect(connection)

        return write


async def test_effect_and_mark_are_one_transaction(tmp_path: Path, url: str) -> None:
    writing = Writing(stages=(Stage.ANNOUNCE,))

    def written(connection: Connection) -> str | None:
        return marks.get(connection, "effect of announce")

    async with end(tmp_path, jst(1), url=url) as here:
        assert await here.carrier(writing).carry_out_due() == []
        with here.records.read() as connection:
            assert written(connection) is None
            assert not ledger.done_keys(connection)
        here.clock.advance(LEASE)
        assert await here.carrier(writing).carry_out_due() == [ANNOUNCE]
        with here.records.read() as connection:
            assert written(connection) == "done"
            assert ledger.done_keys(connection) == {ANNOUNCE}


async def test_who_lost_the_lease_marks_nothing(tmp_path: Path, url: str) -> None:
    async with end(tmp_path, jst(1), url=url) as here:
        slow, other = here.carrier(Note(), owner="slow"), here.carrier(Note(), owner="other")
        lost = await slow._claim(ANNOUNCE)
        assert lost is not None
        assert await other._claim(ANNOUNCE) is None
        here.clock.advance(LEASE)
        assert await other.carry_out_due() == [ANNOUNCE]
        now = here.clock.now()
        assert not here.records.act(lambda c: ledger.done(c, ANNOUNCE, lost.fence, "too late", now))
        assert here.ledger()["announce"].evidence == "noted"


async def test_overdue_notices_collapse_into_the_newest(tmp_path: Path, url: str) -> None:
    newest = Note(catch_up=CatchUp.NEWEST)
    async with end(tmp_path, jst(21), url=url) as here:
        assert len(await here.carrier(newest).carry_out_due()) == 1
        assert await here.carrier(newest).carry_out_due() == []
        into = {stage: record.collapsed_into for stage, record in here.ledger().items()}
    assert newest.done == ["announce send-end receive-end read-end"]
    assert into["read-end"] == ""
    assert {into[stage] for stage in ("announce", "send-end", "receive-end")} == {
        str(DeedKey(CLOSING, "read-end", "note"))
    }


async def test_a_stage_that_was_postponed_after_its_deed_is_not_told_twice(tmp_path: Path, url: str) -> None:
    note = Note(stages=(Stage.READ_END,))
    async with end(tmp_path, jst(20), url=url) as here:
        await here.carrier(note).carry_out_due()
        here.editions = [edition({Stage.READ_END: jst(28)})]
        here.clock.advance(10 * DAY)
        assert await here.carrier(note).carry_out_due() == []
    assert note.done == ["read-end"]


async def test_the_letter_to_administrators_counts_the_same(tmp_path: Path, url: str) -> None:
    async with end(tmp_path, jst(1) - timedelta(hours=1), url=url) as here:
        people = [Entry(Address.parse(f"u{number}@{CLOSING}")) for number in range(7)]
        gone = [Entry(Address.parse(f"gone{number}@{CLOSING}"), left=Left(None, disclose=False)) for number in range(2)]
        here.publish([*people, *gone])
        here.clock.advance(timedelta(hours=1))
        assert len(await here.carrier().carry_out_due()) == 1
        (letter,) = here.letters()
        assert await here.carrier().carry_out_due() == []
        assert here.letters() == [letter]
    assert "announcement of the end" in letter
    assert "closing.example  base: 7 in use, 0 suspended, 2 left" in letter
    assert "9 in all, 0 of them forwarding" in letter
