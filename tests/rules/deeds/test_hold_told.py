"""Before a hold ends administrators are told, once for each hold and each end of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.deeds.hold_told import HoldTold
from mailsvc.records import ledger
from schedules.agenda import DeedKind, agenda
from schedules.amendments import Act, Amendment, GateAnswer, Hold, Pause, Release, Resume
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address
from schedules.planfile import read_plan
from schedules.stage_dates import let_go_by
from schedules.words import Stage
from tests.rules.deeds.end import ADMIN, CLOSING, DAY, End, edition, end, jst
from tests.rules.deeds.gated import plan

HANAKO = Scope(address=Address.parse(f"hanako@{CLOSING}"))
COOP = Scope(group="coop-3")
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)


def amended(*acts: tuple[datetime, Act]) -> Edition:
    amendments = tuple(Amendment(number, at, "admin", f"why {number}", act) for number, (at, act) in enumerate(acts, 1))
    return Edition(edition().plan, 1, amendments)


class HeldEnd:
    """A world in which letters about holds are the only deeds."""

    def __init__(self, here: End) -> None:
        self.here = here
        self.administrators: tuple[Address, ...] = (ADMIN,)

    async def ring(self, at: datetime) -> list[str]:
        """Ring at `at`; the English parts of the letters that this brought."""
        before = len(self.here.letters())
        self.here.clock.set(at)
        kind = HoldTold(self.here.tell._post, self.administrators, host="mx.example")
        await self.here.carrier(kind).carry_out_due()
        return self.here.letters()[before:]


@asynccontextmanager
async def held(folder: Path, standing: Edition) -> AsyncIterator[HeldEnd]:
    async with end(folder, jst(1)) as here:
        here.editions = [standing]
        yield HeldEnd(here)


async def test_the_release_of_a_hold_is_told_so_long_before_it_and_once(tmp_path: Path) -> None:
    hold = Hold(COOP, jst(28), (Stage.RECEIVE_END, Stage.READ_END), announced=WEEK)
    async with held(tmp_path, amended((jst(1), hold))) as world:
        assert await world.ring(jst(21) - SECOND) == []
        (letter,) = await world.ring(jst(21))
        assert await world.ring(jst(28)) == []
    assert "猶予が終わります: group coop-3 / [closing] a hold ends: group coop-3" in letter
    assert "2026-11-28 00:00 JST  group coop-3" in letter
    assert "then comes: end of receiving (receive-end)\n    then comes: end of reading (read-end)" in letter
    assert "これにより進む段階: 受信の終了 (receive-end)" in letter
    assert "end of sending" not in letter
    assert "理由: why 1" in letter
    assert "To hold longer:  lastpost plan hold closing" in letter


async def test_a_hold_of_the_plan_is_told_as_well_in_its_own_words(tmp_path: Path) -> None:
    written = plan(
        more="""\
holds:
  - scope: {group: coop-3}
    until: 2026-11-28
    legal_order: 東京地方裁判所 令和8年(モ)第1号
    announced: 7 days
    reason: {ja: 差し押さえのため, en: a court has asked for it}
"""
    )
    opened = GateAnswer(Stage.RECEIVE_END, opened=True)
    standing = Edition(read_plan(written, "closing.yaml"), 1, (Amendment(1, jst(1), "admin", "fine", opened),))
    async with held(tmp_path, standing) as world:
        assert await world.ring(jst(20)) == []
        (letter,) = await world.ring(jst(21))
    assert "法的な保全: 東京地方裁判所 令和8年(モ)第1号" in letter
    assert "reason: a court has asked for it" in letter
    assert "理由: 差し押さえのため" in letter
    assert "then comes: end of receiving (receive-end)" in letter


async def test_a_hold_made_longer_is_told_anew_for_its_new_end(tmp_path: Path) -> None:
    first = (jst(1), Hold(COOP, jst(20), announced=WEEK))
    async with held(tmp_path, amended(first)) as world:
        assert len(await world.ring(jst(13))) == 1
        world.here.editions = [amended(first, (jst(14), Hold(COOP, jst(28), announced=WEEK)))]
        assert await world.ring(jst(15)) == []
        (letter,) = await world.ring(jst(21))
    assert "2026-11-28 00:00 JST  group coop-3" in letter


async def test_holds_that_are_due_at_once_share_a_letter(tmp_path: Path) -> None:
    acts = [(jst(1), Hold(HANAKO, jst(20), announced=WEEK)), (jst(1), Hold(COOP, jst(22), announced=WEEK))]
    async with held(tmp_path, amended(*acts)) as world:
        (letter,) = await world.ring(jst(21))
        with world.here.records.read() as connection:
            into = [record.collapsed_into for record in ledger.listing(connection)]
    assert "[closing] 2 holds end" in letter
    assert letter.index("address hanako@closing.example") < letter.index("group coop-3")
    assert sorted(map(bool, into)) == [False, True]


async def test_letting_go_early_is_told_at_once(tmp_path: Path) -> None:
    acts: list[tuple[datetime, Act]] = [
        (jst(1), Hold(COOP, jst(28), announced=WEEK)),
        (jst(15), Release(COOP, jst(16))),
    ]
    async with held(tmp_path, amended(*acts)) as world:
        (letter,) = await world.ring(jst(15))
    assert "2026-11-16 00:00 JST  group coop-3" in letter


async def test_what_another_hold_keeps_longer_is_not_said_to_come(tmp_path: Path) -> None:
    acts = [(jst(1), Hold(COOP, jst(22), announced=WEEK)), (jst(1), Hold(Scope(CLOSING), jst(28), announced=WEEK))]
    async with held(tmp_path, amended(*acts)) as world:
        (letter,) = await world.ring(jst(15))
    assert "Nothing comes then" in letter
    assert "then comes" not in letter


async def test_while_a_plan_rests_no_end_is_known_and_none_is_told(tmp_path: Path) -> None:
    hold, pause = (jst(1), Hold(COOP, jst(20), announced=WEEK)), (jst(2), Pause())
    async with held(tmp_path, amended(hold, pause)) as world:
        assert await world.ring(jst(25)) == []
        world.here.editions = [amended(hold, pause, (jst(25), Resume()))]
        assert await world.ring(jst(26)) == []
        (letter,) = await world.ring(jst(30) + 6 * DAY)
    assert "2026-12-13 00:00 JST  group coop-3" in letter


async def test_with_nobody_to_tell_it_is_done_and_says_so(tmp_path: Path) -> None:
    async with held(tmp_path, amended((jst(1), Hold(COOP, jst(28))))) as world:
        world.administrators = ()
        assert await world.ring(jst(20)) == []
        with world.here.records.read() as connection:
            (record,) = ledger.listing(connection)
    assert "no administrators" in record.evidence


def test_a_hold_that_is_not_to_be_told_is_not() -> None:
    silent = amended((jst(1), Hold(COOP, jst(28), announced=timedelta())))
    assert list(HoldTold.moments(silent, jst(20))) == []


def test_the_stages_that_a_hold_lets_go_are_those_that_were_due_by_then() -> None:
    standing = amended((jst(1), Hold(COOP, jst(20) + SECOND)))
    (one,) = standing.standing.holds
    assert let_go_by(standing, one) == (Stage.SEND_END, Stage.RECEIVE_END, Stage.READ_END)


@given(
    st.lists(st.tuples(st.sampled_from([HANAKO, COOP, Scope(CLOSING)]), st.integers(1, 40), st.integers(0, 20))),
    st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/New_York"]),
)
def test_the_letters_are_those_of_the_agenda(holds: list[tuple[Scope, int, int]], zone: str) -> None:
    acts = [
        (jst(1), Hold(scope, jst(1) + days * DAY, announced=timedelta(days=told, hours=told)))
        for scope, days, told in holds
    ]
    there = amended(*acts)
    standing = Edition(replace(there.plan, zone=ZoneInfo(zone)), 1, there.amendments)
    told = [one.at.timestamp() for one in agenda(standing) if one.kind is DeedKind.HOLD_TOLD]
    assert sorted({at.timestamp() for _, _, at in HoldTold.moments(standing, jst(1))}) == sorted(set(told))


@pytest.mark.parametrize("stages", [(), (Stage.READ_END,), (Stage.PURGE,)])
def test_holds_of_other_stages_are_other_holds(stages: tuple[Stage, ...]) -> None:
    acts = [(jst(1), Hold(COOP, jst(28), (Stage.RECEIVE_END,))), (jst(1), Hold(COOP, jst(28), stages))]
    assert len({key for key, _, _ in HoldTold.moments(amended(*acts), jst(1))}) == 2
