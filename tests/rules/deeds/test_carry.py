"""Deeds are done once: `late-scheduler`, two schedulers, overrun, a kill between claim and done, a clock in doubt."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailsvc.deeds.carry import LEASE
from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect
from mailsvc.records import held, ledger
from mailsvc.records.ledger import DeedKey
from mailsvc.records.store import Connection, Records
from schedules.words import Stage
from tests.rules.deeds.end import CLOSING, DAY, End, Note, edition, end, jst, postponed

ANNOUNCE = DeedKey(CLOSING, "announce", "note")


async def test_a_deed_is_done_when_due_and_never_again(tmp_path: Path) -> None:
    note = Note()
    async with end(tmp_path, jst(1) - timedelta(seconds=1)) as here:
        carrier = here.carrier(note)
        assert await carrier.carry_out_due() == []
        here.clock.advance(timedelta(seconds=1))
        assert await carrier.carry_out_due() == [ANNOUNCE]
        assert await carrier.carry_out_due() == []
        record = here.ledger()["announce"]
        assert (record.done_at, record.evidence) == (jst(1), "noted")
    assert note.done == ["announce"]


async def test_late_scheduler_each_kind_catches_up_by_its_rule(tmp_path: Path) -> None:
    each, newest = Note("each"), Note("newest", catch_up=CatchUp.NEWEST)
    async with end(tmp_path, jst(21)) as here:
        await here.carrier(each, newest).carry_out_due()
        assert each.done == ["announce", "send-end", "receive-end", "read-end"]
        assert newest.done == ["announce send-end receive-end read-end"]
        with here.records.read() as connection:
            into = {r.key.stage: r.collapsed_into for r in ledger.listing(connection) if r.key.kind == "newest"}
        newest_key = str(DeedKey(CLOSING, "read-end", "newest"))
        assert into == {
            "announce": newest_key, "send-end": newest_key, "receive-end": newest_key, "read-end": "",
        }  # fmt: skip
        await here.carrier(each, newest, owner="two").carry_out_due()
    assert len(newest.done) == 1
    assert len(each.done) == 4


async def test_a_postponed_stage_is_not_done_twice(tmp_path: Path) -> None:
    note = Note(stages=(Stage.READ_END,))
    async with end(tmp_path, jst(20)) as here:
        await here.carrier(note).carry_out_due()
        here.editions = [edition({Stage.READ_END: jst(28)})]
        here.clock.advance(8 * DAY)
        await here.carrier(note).carry_out_due()
    assert note.done == ["read-end"]


async def test_a_stage_postponed_before_it_came_is_done_at_its_new_time(tmp_path: Path) -> None:
    note = Note(stages=(Stage.READ_END,))
    async with end(tmp_path, jst(19)) as here:
        here.editions = [postponed(edition(), Stage.READ_END, 2 * DAY, jst(19))]
        here.clock.advance(DAY)
        await here.carrier(note).carry_out_due()
        assert note.done == []
        here.clock.advance(2 * DAY)
        await here.carrier(note).carry_out_due()
    assert note.done == ["read-end"]


class Slow(Note):
    """Waits inside of its preparation until it is let go."""

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        self.begun.set()
        await self.go.wait()
        return await super().prepare(deed, also, now)

    def arm(self) -> "Slow":
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        return self


async def test_two_schedulers_the_second_claim_is_refused(tmp_path: Path) -> None:
    slow, other = Slow().arm(), Note()
    async with end(tmp_path, jst(1)) as here:
        first = asyncio.create_task(here.carrier(slow).carry_out_due())
        await slow.begun.wait()
        assert await here.carrier(other, owner="two").carry_out_due() == []
        slow.go.set()
        assert await first == [ANNOUNCE]
        assert await here.carrier(other, owner="two").carry_out_due() == []
    assert slow.done == ["announce"]
    assert other.done == []


async def test_two_processes_ring_together_and_one_does_it(tmp_path: Path) -> None:
    notes = [Note(), Note()]
    async with end(tmp_path, jst(21)) as here:
        with Records.open(f"sqlite:///{tmp_path / 'records.db'}") as second:
            async with second.committer.running():
                await asyncio.gather(
                    here.carrier(notes[0], owner="one").carry_out_due(),
                    here.carrier(notes[1], owner="two", records=second).carry_out_due(),
                )
    assert sorted(notes[0].done + notes[1].done) == ["announce", "read-end", "receive-end", "send-end"]


async def test_an_overrun_that_lost_its_lease_changes_nothing(tmp_path: Path) -> None:
    slow, other = Slow().arm(), Note()
    async with end(tmp_path, jst(1)) as here:
        first = asyncio.create_task(here.carrier(slow).carry_out_due())
        await slow.begun.wait()
        here.clock.advance(LEASE)
        assert await here.carrier(other, owner="two").carry_out_due() == [ANNOUNCE]
        slow.go.set()
        assert await first == []
        assert here.ledger()["announce"].owner == "two"
        assert here.log.named("a deed was taken over by another worker")
    assert other.done == ["announce"]


async def test_a_lease_that_runs_is_kept_while_work_runs(tmp_path: Path) -> None:
    async with end(tmp_path, jst(1)) as here:
        carrier = here.carrier(Note())
        lease = await carrier._claim(ANNOUNCE)
        assert lease is not None
        here.clock.advance(LEASE / 2)
        assert await carrier._renew(ANNOUNCE, lease)
        here.clock.advance(LEASE / 2)
        assert await here.carrier(Note(), owner="two")._claim(ANNOUNCE) is None
        here.clock.advance(LEASE)
        assert await here.carrier(Note(), owner="two")._claim(ANNOUNCE) is not None
        assert not await carrier._renew(ANNOUNCE, lease)


async def test_killed_between_claim_and_done_it_is_done_once_after_the_lease(tmp_path: Path) -> None:
    slow, other = Slow().arm(), Note()
    async with end(tmp_path, jst(1)) as here:
        killed = asyncio.create_task(here.carrier(slow).carry_out_due())
        await slow.begun.wait()
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
        again = here.carrier(other, owner="two")
        assert await again.carry_out_due() == []
        here.clock.advance(LEASE)
        assert await again.carry_out_due() == [ANNOUNCE]
        assert await again.carry_out_due() == []
    assert slow.done == []
    assert other.done == ["announce"]


class Broken(Note):
    """Its effect fails after it has written something."""

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        effect = await super().prepare(deed, also, now)

        def fail(connection: Connection) -> str:
            ledger.collapse(connection, [DeedKey("trace.example", "announce", "note")], deed.key, now)
            effect(connection)
            raise RuntimeError("the pen broke")

        return fail


async def test_a_deed_that_fails_leaves_nothing_and_does_not_keep_the_others(tmp_path: Path) -> None:
    broken, note = Broken("broken"), Note()
    async with end(tmp_path, jst(1)) as here:
        assert await here.carrier(broken, note).carry_out_due() == [ANNOUNCE]
        with here.records.read() as connection:
            assert ledger.done_keys(connection) == {ANNOUNCE}
        assert here.log.named("a deed failed and will be tried again")
        await here.carrier(broken, note).carry_out_due()
    assert broken.done == ["announce", "announce"]
    assert note.done == ["announce"]


class Unready(Note):
    """Cannot be made ready the first time."""

    failed = False

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        if not self.failed:
            self.failed = True
            raise OSError("a template could not be opened")
        return await super().prepare(deed, also, now)


async def test_a_deed_that_failed_is_done_by_the_next_ring_of_any_worker(tmp_path: Path) -> None:
    unready = Unready()
    async with end(tmp_path, jst(1)) as here:
        assert await here.carrier(unready).carry_out_due() == []
        assert await here.carrier(unready, owner="two").carry_out_due() == [ANNOUNCE]


def doubt(here: End, jump: timedelta) -> None:
    here.trusted = here.clock.now()
    here.clock.set(here.clock.now() + jump)


async def test_while_the_clock_is_in_doubt_only_what_was_due_without_the_jump_is_done(tmp_path: Path) -> None:
    note, purge = Note("note"), Note("purge", irreversible=True)
    async with end(tmp_path, jst(5)) as here:
        doubt(here, 20 * DAY)
        await here.carrier(note, purge).carry_out_due()
        assert note.done == ["announce"]
        assert purge.done == []
        assert here.log.named("deeds wait until the clock is trusted again")
        here.trusted = None
        await here.carrier(note, purge).carry_out_due()
    assert note.done == ["announce", "send-end", "receive-end", "read-end", "forward-end"]
    assert purge.done == note.done


async def test_a_clock_that_went_back_repeats_nothing(tmp_path: Path) -> None:
    note = Note()
    async with end(tmp_path, jst(10)) as here:
        await here.carrier(note).carry_out_due()
        doubt(here, -9 * DAY)
        await here.carrier(note).carry_out_due()
        here.trusted = None
        await here.carrier(note).carry_out_due()
    assert note.done == ["announce", "send-end", "receive-end"]


async def test_while_everything_is_held_no_deed_is_done(tmp_path: Path) -> None:
    note = Note()
    async with end(tmp_path, jst(1)) as here:
        here.records.act(lambda connection: held.hold(connection, jst(1), "restored from monday.backup"))
        assert await here.carrier(note).carry_out_due() == []
        assert here.ledger() == {}
        assert here.log.named("deeds are held until `lastpost release`")
        here.records.act(held.release)
        assert await here.carrier(note).carry_out_due() == [ANNOUNCE]
    assert note.done == ["announce"]
