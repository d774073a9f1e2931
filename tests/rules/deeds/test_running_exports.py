"""Exports that run when a gate is asked: given more time within bounds, and their subscribers are told until when."""

from datetime import timedelta
from pathlib import Path

from mailsvc.deeds.running_exports import RunningExport
from schedules.amendments import Hold
from schedules.names import Address
from schedules.words import Capability, Stage
from tests.rules.deeds.end import DAY, jst
from tests.rules.deeds.gated import ASKED, NOON, STAGE, Exports, GatedEnd, gated, plan

HANAKO, JIRO = (Address.parse(f"{name}@closing.example") for name in ("hanako", "jiro"))
HOME = Address.parse("hanako@home.example")
BOUND = STAGE + 14 * DAY
PLAN = plan("{kind: exports, extend_at_most: 14 days}", more="  export-end: 2026-11-10\n")


def holds(world: GatedEnd) -> list[Hold]:
    return [one.act for one in world.edition().amendments if isinstance(one.act, Hold)]


async def test_an_export_that_runs_is_given_more_time_and_its_stage_comes_for_the_others(tmp_path: Path) -> None:
    exports = Exports([RunningExport(HANAKO, HOME)])
    async with gated(tmp_path, PLAN, exports=exports) as world:
        assert await world.ring(ASKED) == 1
        (hold,) = holds(world)
        assert hold.scope.address == HANAKO
        assert (hold.until, set(hold.stages)) == (BOUND, {Stage.EXPORT_END, Stage.RECEIVE_END})
        assert [opened for opened, _ in world.answers()] == [True]
        assert "1 exports run and were given more time (14d at most)" in world.evidence()["2026-11-08"]
        edition = world.edition()
        may = [
            [edition.at(edition.profile(who), at)[Capability.EXPORT].allowed for at in (STAGE, BOUND)]
            for who in (HANAKO, JIRO)
        ]
        assert may == [[True, False], [False, False]]


async def test_its_subscriber_is_told_until_when(tmp_path: Path) -> None:
    async with gated(tmp_path, PLAN, exports=Exports([RunningExport(HANAKO, HOME)])) as world:
        await world.ring(ASKED)
        (letter,) = world.here.letters()
        with world.records.read() as connection:
            to = connection.exec_driver_sql("select recipient from deliveries").scalars().all()
    assert to == ["hanako@home.example"]
    assert "コピーの作成がまだ終わっていないため、期限を 2026-11-24 00:00 JST まで" in letter
    assert "It now has time until 2026-11-24 00:00 JST" in letter


async def test_it_is_given_time_as_long_as_it_needs_and_never_past_the_bound(tmp_path: Path) -> None:
    ready = [STAGE - timedelta(hours=1), STAGE + DAY, BOUND + DAY]
    exports = Exports(
        [RunningExport(Address.parse(f"u{number}@closing.example"), HOME, at) for number, at in enumerate(ready)]
    )
    async with gated(tmp_path, PLAN, exports=exports) as world:
        await world.ring(ASKED)
        assert [(str(one.scope.address), one.until) for one in holds(world)] == [
            ("u1@closing.example", STAGE + DAY),
            ("u2@closing.example", BOUND),
        ]


async def test_nobody_is_given_time_twice_while_another_gate_keeps_asking(tmp_path: Path) -> None:
    text = PLAN.replace("gates: [", "gates: [{kind: told, at_least: 95 %}, ")
    exports = Exports([RunningExport(HANAKO, HOME)])
    async with gated(tmp_path, text, exports=exports) as world:
        for day in range(8, 12):
            await world.ring(jst(day) + NOON)
        assert len(holds(world)) == 1
        exports.now.append(RunningExport(JIRO, HOME))
        await world.ring(jst(12) + NOON)
        assert [one.scope.address for one in holds(world)] == [HANAKO, JIRO]
        assert len(world.here.letters()) == 3, "one to administrators, one to each of them"
        for day in range(25, 28):
            await world.ring(jst(day) + NOON)
        assert len(holds(world)) == 2, "all the time there is has been given"
        assert not world.ended()


async def test_without_exports_nothing_is_extended(tmp_path: Path) -> None:
    async with gated(tmp_path, PLAN, exports=Exports()) as world:
        await world.ring(ASKED)
        assert holds(world) == []
        assert [opened for opened, _ in world.answers()] == [True]
        assert "no export runs" in world.evidence()["2026-11-08"]


async def test_an_export_of_another_plan_s_domain_is_none_of_its_business(tmp_path: Path) -> None:
    other = RunningExport(Address.parse("a@other.example"), HOME)
    async with gated(tmp_path, PLAN, exports=Exports([other])) as world:
        await world.ring(ASKED)
        assert holds(world) == []
