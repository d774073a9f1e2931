"""Gates are deeds: asked in time, each day until they open; what they answer is one amendment, and that decides."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.deeds.gates import ROUNDS, Gates
from mailsvc.records import audit
from mailsvc.records.store import Connection, Records
from schedules.amendments import GateAnswer, Pause, Postpone, Resume
from schedules.words import Stage
from tests.rules.deeds.end import CLOSING, DAY, jst
from tests.rules.deeds.gated import ASKED, FEW, NOON, STAGE, GatedEnd, gated, plan
from tests.rules.deeds.test_tell_administrators import entry

SECOND = timedelta(seconds=1)
UNKNOWN = [
    "{kind: told, at_least: 95 %}",
    "{kind: exports, extend_at_most: 14 days}",
    "{kind: mail, at_most: 50, over: 7 days}",
    FEW,
]


def publish(world: GatedEnd, addresses: int) -> None:
    world.here.publish([entry(f"u{number}") for number in range(addresses)], CLOSING)


async def rounds(world: GatedEnd, first: int, last: int) -> list[int]:
    return [await world.ring(jst(day) + NOON) for day in range(first, last + 1)]


# -- when they are asked ---------------------------------------------------------------------------------
async def test_gates_are_first_asked_so_long_before_their_stage(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        assert await world.ring(ASKED - SECOND) == 0
        assert await world.ring(ASKED) == 1
        assert await world.ring(ASKED + DAY - SECOND) == 0
        assert await world.ring(ASKED + DAY) == 1
        assert list(world.evidence()) == ["2026-11-08", "2026-11-09"]


async def test_the_alarm_knows_the_next_round(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        edition = world.edition()
        assert [at for _, _, at in Gates.moments(edition, jst(1))] == [ASKED]
        for day in (8, 9, 10, 40):
            now = ASKED + (day - 8) * DAY + NOON
            assert [at for _, _, at in Gates.moments(edition, now)] == [now - NOON, now + NOON]


async def test_days_are_those_of_the_plan_s_zone_whatever_its_clocks_do(tmp_path: Path) -> None:
    async with gated(tmp_path, plan().replace("Asia/Tokyo", "America/New_York")) as world:
        edition = world.edition()
        for day in range(-30, 400):
            now = ASKED + day * DAY + NOON
            moments = sorted(Gates.moments(edition, now), key=lambda one: one[2])
            local = [at.astimezone(edition.plan.zone) for _, _, at in moments]
            assert {(at.hour, at.minute) for at in local} == {(0, 0)}
            assert [key.scope for key, _, _ in moments] == [at.date().isoformat() for at in local]
            assert moments[-1][2] > now
            assert len(moments) == 1 or moments[0][2] <= now < moments[1][2]


async def test_a_plan_without_gates_asks_nothing(tmp_path: Path) -> None:
    async with gated(tmp_path, plan().replace(f", gates: [{FEW}], unanswered: wait, asked: 2 days", "")) as world:
        assert await world.ring(jst(20)) == 0


# -- what they answer ------------------------------------------------------------------------------------
async def test_a_stage_whose_gates_do_not_open_does_not_come(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 3)
        assert await rounds(world, 8, 13) == [1] * 6
        assert world.answers() == [(False, ROUNDS)], "asked six times, answered once"
        assert not world.ended()
        publish(world, 2)
        await rounds(world, 14, 14)
        assert world.answers() == [(False, ROUNDS), (True, ROUNDS)]
        assert world.edition().stage_instant(Stage.RECEIVE_END) == jst(14) + NOON, "it comes when they opened"
        assert await rounds(world, 15, 17) == [0] * 3, "what is open is not asked again"


async def test_gates_that_open_in_time_leave_the_stage_where_it_is(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 2)
        assert await rounds(world, 8, 12) == [1, 0, 0, 0, 0]
        assert world.edition().stage_instant(Stage.RECEIVE_END) == STAGE
        assert world.here.letters() == [], "nobody needs to do anything"


@pytest.mark.parametrize("gate", UNKNOWN)
async def test_what_is_not_known_never_opens_a_gate(tmp_path: Path, gate: str) -> None:
    async with gated(tmp_path, plan(gate)) as world:
        await rounds(world, 8, 11)
        assert world.answers() == [(False, ROUNDS)]
        assert "not known yet" in world.evidence()["2026-11-08"]
        assert not world.ended()


async def test_every_gate_must_hold(tmp_path: Path) -> None:
    async with gated(tmp_path, plan(f"{FEW}, {{kind: told, at_least: 95 %}}")) as world:
        publish(world, 1)
        await rounds(world, 8, 8)
        (answer,) = world.edition().amendments
        assert isinstance(answer.act, GateAnswer)
        assert answer.act.findings == (
            "1 addresses are left (wanted: 2 at most)",
            "how many subscribers have been told is not known yet (wanted: 95 % at least)",
        )


async def test_an_answer_leaves_its_audit_row(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 1)
        await rounds(world, 8, 9)
        with world.records.read() as connection:
            (row,) = audit.listing(connection, subject="closing")
    assert (row.actor, row.act, row.reason) == (ROUNDS, "plan amend", "asked in the round of 2026-11-08")
    assert row.detail["what"] == "gate of receive-end opened: 1 addresses are left (wanted: 2 at most)"


# -- a person's word, and other changes of the plan --------------------------------------------------------
async def test_a_person_s_word_stands_whatever_the_rounds_would_find(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 1)
        world.amend(GateAnswer(Stage.RECEIVE_END, opened=False, overridden=True))
        assert await rounds(world, 8, 12) == [0] * 5
        assert not world.ended()
        publish(world, 3)
        world.amend(GateAnswer(Stage.RECEIVE_END, opened=True, overridden=True))
        assert await rounds(world, 13, 14) == [0, 0]
        assert world.ended()


async def test_a_postponement_makes_an_answer_void(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 1)
        await rounds(world, 8, 8)
        world.amend(Postpone((Stage.RECEIVE_END,), by=10 * DAY))
        assert await rounds(world, 9, 17) == [0] * 9
        publish(world, 3)
        assert await rounds(world, 18, 20) == [1] * 3
        assert world.answers() == [(True, ROUNDS), (False, ROUNDS)]
        assert not world.ended()


async def test_a_paused_plan_asks_nothing_until_it_goes_on(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 1)
        world.clock.set(jst(7))
        world.amend(Pause())
        assert await rounds(world, 8, 12) == [0] * 5
        world.amend(Resume())
        assert world.answers() == []
        done = await rounds(world, 13, 17)
        assert sum(done) == 1
        assert world.answers() == [(True, ROUNDS)]


async def test_a_plan_changed_while_its_gates_are_asked_is_asked_again(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 1)
        late = [Postpone((Stage.RECEIVE_END,), by=timedelta(hours=1))]

        def told(connection: Connection, domains: Collection[str]) -> float:
            del connection, domains
            while late:
                world.amend(late.pop())
            return 100.0

        world.put(plan("{kind: told, at_least: 95 %}"))
        world.sources = replace(world.sources, told=told)
        assert await world.ring(ASKED) == 0
        (overtaken,) = world.here.log.named("a deed was overtaken and is tried again")
        assert "has been changed while its gates were asked" in str(overtaken)
        assert world.here.log.named("a deed failed and will be tried again") == []
        assert world.answers() == []
        assert world.here.letters() == []
        assert await world.ring(ASKED + timedelta(hours=1)) == 1
        assert world.answers() == [(True, ROUNDS)]


# -- two nodes, an outage, a clock in doubt ----------------------------------------------------------------
async def test_two_nodes_make_one_answer(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 3)
        world.clock.set(ASKED + NOON)
        with Records.open(f"sqlite:///{tmp_path / 'records.db'}") as second:
            async with second.committer.running():
                await asyncio.gather(
                    world.carrier(owner="one").carry_out_due(),
                    world.carrier(owner="two", records=second).carry_out_due(),
                )
        assert world.answers() == [(False, ROUNDS)]
        assert len(world.here.letters()) == 1


async def test_late_scheduler_down_over_gate_and_stage_what_waits_has_waited(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 1)
        world.clock.set(jst(25))
        assert not world.ended()
        assert await world.ring(jst(25) + NOON) == 1, "of all the rounds missed the newest alone"
        assert list(world.evidence()) == ["2026-11-25"]
        assert world.ended()
        assert world.edition().stage_instant(Stage.RECEIVE_END) == jst(25) + NOON


async def test_late_scheduler_down_over_gate_and_stage_what_proceeds_has_come(tmp_path: Path) -> None:
    async with gated(tmp_path, plan(unanswered="proceed")) as world:
        publish(world, 3)
        world.clock.set(STAGE)
        assert world.ended()
        assert await world.ring(jst(25)) == 0, "there is nothing left to answer"
        assert world.answers() == []


async def test_a_stage_that_proceeds_waits_where_its_gates_have_said_no(tmp_path: Path) -> None:
    async with gated(tmp_path, plan(unanswered="proceed")) as world:
        publish(world, 3)
        await rounds(world, 8, 11)
        assert not world.ended()
        publish(world, 2)
        await rounds(world, 12, 12)
        assert world.ended()


async def test_purge_waits_for_its_gates_where_another_stage_proceeds(tmp_path: Path) -> None:
    more = f"  purge: {{at: 2026-11-15, gates: [{FEW}], asked: 1 day}}\n"
    async with gated(tmp_path, plan(unanswered="proceed", more=more)) as world:
        world.clock.set(jst(25))
        assert world.ended()
        assert not world.ended(Stage.PURGE)


async def test_gates_stand_still_while_the_clock_is_in_doubt(tmp_path: Path) -> None:
    more = f"  purge: {{at: 2026-11-15, gates: [{FEW}], asked: 1 day}}\n"
    async with gated(tmp_path, plan(more=more)) as world:
        publish(world, 1)
        world.here.trusted = jst(30)
        assert await world.ring(jst(30)) == 0
        assert world.answers() == []
        world.here.trusted = None
        assert await world.ring(jst(30)) == 2
        assert world.answers() == [(True, ROUNDS)] * 2


# -- who is told -------------------------------------------------------------------------------------------
async def test_administrators_are_told_what_keeps_a_gate_closed(tmp_path: Path) -> None:
    async with gated(tmp_path, plan(f"{FEW}, {{kind: told, at_least: 95 %}}")) as world:
        publish(world, 1)
        await rounds(world, 8, 8)
        (letter,) = world.here.letters()
    assert (
        "[closing] 確認事項が満たされていません: 受信の終了 / [closing] gates have not opened: end of receiving"
        in letter
    )
    assert "終了のお知らせが届いた契約者の割合はまだ不明です (必要: 95 % 以上)" in letter
    english = letter[letter.index("To the administrators") :]
    assert english.index("how many subscribers have been told is not known yet") < english.index("These hold:")
    assert english.index("These hold:") < english.index("1 addresses are left")
    assert "planned for 2026-11-10 00:00 JST" in english
    assert "lastpost plan gate closing --stage receive-end --open --reason TEXT" in english


async def test_they_are_told_at_first_and_then_each_week(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        publish(world, 3)
        told = []
        for day in range(8, 24):
            before = len(world.here.letters())
            await rounds(world, day, day)
            if len(world.here.letters()) > before:
                told.append(day)
    assert told == [8, 15, 22]


async def test_without_administrators_the_answer_is_written_all_the_same(tmp_path: Path) -> None:
    async with gated(tmp_path) as world:
        world.administrators = ()
        publish(world, 3)
        await rounds(world, 8, 8)
        assert world.answers() == [(False, ROUNDS)]
        assert world.here.letters() == []
