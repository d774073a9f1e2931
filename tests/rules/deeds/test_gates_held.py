"""Gates of what nothing takes back: an answer from before a hold, or from another day, lets nothing be destroyed."""

from datetime import timedelta
from pathlib import Path

from mailsvc.deeds.gates import ROUNDS
from mailsvc.records import marks
from mailsvc.records.store import Connection
from schedules.amendments import GateAnswer, Hold
from schedules.blocks.scopes import Scope
from schedules.words import Stage
from tests.rules.deeds.end import jst
from tests.rules.deeds.gated import NOON, GatedEnd, gated

WEEK = timedelta(days=7)
PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example]
title: {ja: メール終了, en: the end of mail}
reason: {ja: 終了しました, en: it has ended}
stages:
  announce: 2026-01-01
  receive-end: 2026-10-01
  purge: {at: 2026-11-10, gates: [{kind: backup, within: 7 days}], asked: 2 days}
"""


def verified(world: GatedEnd, day: int) -> None:
    """A backup made and found whole on a day of November."""

    def work(connection: Connection) -> None:
        marks.backup_made(connection, jst(day))
        assert marks.backup_verified(connection, jst(day), jst(day) + NOON)

    world.records.act(work)


async def test_purge_held_on_after_its_date_comes_with_a_fresh_backup_alone(tmp_path: Path) -> None:
    async with gated(tmp_path, PLAN) as world:
        verified(world, 7)
        world.clock.set(jst(7))
        world.amend(Hold(Scope(group="coop-3"), jst(28)))
        assert [await world.ring(jst(day) + NOON) for day in range(8, 14)] == [1, 0, 1, 1, 1, 1], "not again before"
        assert world.answers() == [(True, ROUNDS)]
        for day in range(14, 28):
            await world.ring(jst(day) + NOON)
        assert world.answers() == [(True, ROUNDS), (False, ROUNDS)], "the backup was a week old by then"
        await world.ring(jst(28) + NOON)
        assert not world.ended(Stage.PURGE)
        verified(world, 28)
        await world.ring(jst(29) + NOON)
        assert world.ended(Stage.PURGE)
        assert world.edition().stage_instant(Stage.PURGE) == jst(29) + NOON
        assert await world.ring(jst(30) + NOON) == 0, "what has come is asked nothing"


async def test_a_person_s_word_stands_however_long_purge_is_held(tmp_path: Path) -> None:
    async with gated(tmp_path, PLAN) as world:
        world.clock.set(jst(7))
        world.amend(Hold(Scope(group="coop-3"), jst(28)))
        world.amend(GateAnswer(Stage.PURGE, opened=True, overridden=True))
        assert [await world.ring(jst(day) + NOON) for day in (8, 12, 27, 28)] == [0] * 4
        assert world.ended(Stage.PURGE)


async def test_a_backup_made_after_now_or_long_ago_opens_nothing(tmp_path: Path) -> None:
    async with gated(tmp_path, PLAN) as world:
        verified(world, 20)
        await world.ring(jst(8) + NOON)
        assert world.answers() == [(False, ROUNDS)], "by a clock that had jumped"
        verified(world, 1)
        await world.ring(jst(9) + NOON)
        assert world.answers() == [(False, ROUNDS)]
