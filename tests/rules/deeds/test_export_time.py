"""Exports that run at export-end are given more time once, within bounds, by the deed `export-time`."""

from datetime import timedelta
from pathlib import Path

from mailsvc.deeds.export_time import LATE, LEAD, ExportTime
from mailsvc.deeds.running_exports import ExportJobs, RunningExport
from mailsvc.records import exports, job_acts, jobs
from mailsvc.records.directory import Entry
from mailsvc.records.exports import Export, ExportForm
from mailsvc.records.job import JobKind, NewJob, move_digest
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import edition_of
from migrator.job import Event
from schedules.amendments import Hold, Postpone
from schedules.blocks.scopes import Scope
from schedules.names import Address
from schedules.words import Stage
from tests.rules.deeds.end import DAY, jst
from tests.rules.deeds.gated import Exports, GatedEnd, gated

HANAKO, HOME = Address.parse("hanako@closing.example"), Address.parse("hanako@home.example")
AT = jst(10)
PLAN = """\
plan: closing
zone: Asia/Tokyo
domains: [closing.example]
title: {ja: メール終了, en: the end of mail}
reason: {ja: 終了しました, en: it has ended}
stages: {announce: 2026-01-01, receive-end: 2026-11-10, export-end: 2026-11-10}
"""


def holds(world: GatedEnd) -> list[tuple[str, object, tuple[Stage, ...]]]:
    return [
        (str(one.act.scope.address), one.act.until, tuple(one.act.stages))
        for one in world.edition().amendments
        if isinstance(one.act, Hold)
    ]


async def ring(world: GatedEnd, source: Exports, *, bound: timedelta = 14 * DAY) -> int:
    post = world.here.tell._post
    kind = ExportTime(world.records, post, source, lambda: bound, edition_of, host="mx.example")
    world.here.editions = [world.edition()]
    return len(await world.here.carrier(kind).carry_out_due())


async def test_what_runs_is_given_more_time_and_told_until_when(tmp_path: Path) -> None:
    source = Exports([RunningExport(HANAKO, HOME), RunningExport(Address.parse("a@other.example"), HOME)])
    async with gated(tmp_path, PLAN, exports=source) as world:
        world.clock.set(AT - LEAD - timedelta(seconds=1))
        assert await ring(world, source) == 0
        world.clock.set(AT - LEAD)
        assert await ring(world, source) == 1
        assert holds(world) == [(str(HANAKO), AT + 14 * DAY, (Stage.EXPORT_END,))]
        (letter,) = world.here.letters()
        assert "It now has time until 2026-11-24 00:00 JST" in letter
        assert await ring(world, source) == 0, "once"


async def test_what_is_asked_for_at_the_last_minute_is_given_time_too_and_ended_no_earlier(tmp_path: Path) -> None:
    source = Exports()
    async with gated(tmp_path, PLAN, exports=source) as world:
        kind = ExportTime(world.records, world.here.tell._post, source, lambda: 14 * DAY, edition_of, host="mx.example")

        def is_over() -> bool:
            with world.records.read() as connection:
                return kind.is_over(connection, world.edition(), HANAKO, world.clock.now())

        world.clock.set(AT - LEAD)
        assert await ring(world, source) == 1
        source.now.append(RunningExport(HANAKO, HOME))
        world.clock.set(AT)
        assert await ring(world, source) == 0
        assert not is_over(), "nobody has looked yet whether it needs time"
        world.clock.set(AT + LATE)
        assert not is_over()
        assert await ring(world, source) == 1
        assert holds(world) == [(str(HANAKO), AT + 14 * DAY, (Stage.EXPORT_END,))]
        assert len(world.here.letters()) == 1
        assert not is_over()
        world.clock.set(AT + 14 * DAY)
        assert await ring(world, source) == 0
        assert is_over()


async def test_nobody_gets_time_twice_or_where_none_is_given(tmp_path: Path) -> None:
    source = Exports([RunningExport(HANAKO, HOME)])
    async with gated(tmp_path, PLAN, exports=source) as world:
        world.clock.set(AT - LEAD)
        assert await ring(world, source, bound=timedelta()) == 1
        assert holds(world) == []
        world.amend(Postpone((Stage.EXPORT_END,), by=3 * DAY))
        world.clock.set(AT + 3 * DAY - LEAD)
        assert await ring(world, source) == 1, "another date is another deed"
        assert holds(world) == [(str(HANAKO), AT + 17 * DAY, (Stage.EXPORT_END,))]
        world.amend(Postpone((Stage.EXPORT_END,), by=DAY))
        world.clock.set(AT + 4 * DAY - LEAD)
        assert await ring(world, source) == 1
        assert len(holds(world)) == 1


async def test_after_an_outage_it_is_given_all_the_same(tmp_path: Path) -> None:
    source = Exports([RunningExport(HANAKO, HOME)])
    async with gated(tmp_path, PLAN, exports=source) as world:
        world.clock.set(AT + 2 * DAY)
        assert await ring(world, source) == 1
        assert holds(world) == [(str(HANAKO), AT + 14 * DAY, (Stage.EXPORT_END,))]


async def test_too_late_nothing_is_given(tmp_path: Path) -> None:
    source = Exports([RunningExport(HANAKO, HOME)])
    async with gated(tmp_path, PLAN, exports=source) as world:
        world.clock.set(AT + 20 * DAY)
        await ring(world, source)
        assert holds(world) == []


async def test_the_jobs_of_the_records_are_the_exports_that_run(tmp_path: Path) -> None:
    async with gated(tmp_path, PLAN) as world:
        world.here.publish([Entry(HANAKO, contact="hanako@home.example"), Entry(Address.parse("jiro@closing.example"))])

        def work(connection: Connection) -> None:
            for number, address in enumerate(("hanako@closing.example", "jiro@closing.example", "b@x.other.example")):
                target = f"zip:/x/{number}.zip"
                move = move_digest("m", target)
                new = NewJob(f"{number:026d}", JobKind.EXPORT, "maildir:/m", target, move, "a", address=address)
                jobs.add(connection, new, world.clock.now())
                exports.add(connection, Export(new.id, ExportForm.ZIP, f"/x/{number}.zip"))

        world.records.act(work)

        def running(*domains: str) -> list[tuple[str, str]]:
            with world.records.read() as connection:
                return [(str(one.address), str(one.contact)) for one in ExportJobs().running(connection, domains)]

        jiro = ("jiro@closing.example", "jiro@closing.example")
        assert running("closing.example") == [(str(HANAKO), str(HOME)), jiro]
        assert running("*.other.example") == [("b@x.other.example", "b@x.other.example")]
        assert running("*.x.other.example", "other.example") == []
        world.records.act(
            lambda connection: job_acts.act(connection, Wanted(ids=["0" * 26]), Event.CANCEL, world.clock.now())
        )
        assert running("closing.example") == [jiro]


DATED = (
    PLAN
    + """\
exceptions:
  - {scope: {group: late}, stages: {export-end: 2026-11-20}, reason: {ja: 延期, en: later}}
"""
)


async def test_the_date_of_the_very_address_decides_whoever_set_it(tmp_path: Path) -> None:
    """By an exception and by a hold: at the plan's own date neither gets anything, at its own each gets it once."""
    late, held = Address.parse("late@closing.example"), Address.parse("held@closing.example")
    source = Exports([RunningExport(one, HOME) for one in (HANAKO, late, held)])
    async with gated(tmp_path, DATED, exports=source) as world:
        world.here.publish([Entry(HANAKO), Entry(late, group="late"), Entry(held)])
        world.amend(Hold(Scope(address=held), AT + 15 * DAY, (Stage.EXPORT_END,)))
        asked = holds(world)
        given = []
        for day in range(40):
            world.clock.set(AT + day * DAY - LEAD)
            await ring(world, source)
            world.clock.set(AT + day * DAY + LATE)
            await ring(world, source)
            new = [one for one in holds(world) if one not in asked]
            given += [(day, address, until) for address, until, _ in new]
            asked += new
        assert given == [
            (0, str(HANAKO), AT + 14 * DAY),
            (10, str(late), AT + 24 * DAY),
            (15, str(held), AT + 29 * DAY),
        ]
        assert len(world.here.letters()) == 3

        def is_over(mailbox: Address, days: float) -> bool:
            with world.records.read() as connection:
                kind = ExportTime(world.records, world.here.tell._post, source, lambda: DAY, edition_of, host="mx")
                return kind.is_over(connection, world.edition(), mailbox, AT + days * DAY)

        assert [is_over(one, 23.9) for one in (HANAKO, late, held)] == [True, False, False]
        assert [is_over(one, 29) for one in (HANAKO, late, held)] == [True, True, True]


async def test_after_an_outage_each_has_time_from_its_own_date(tmp_path: Path) -> None:
    late = Address.parse("late@closing.example")
    source = Exports([RunningExport(HANAKO, HOME), RunningExport(late, HOME)])
    async with gated(tmp_path, DATED, exports=source) as world:
        world.here.publish([Entry(HANAKO), Entry(late, group="late")])
        world.clock.set(AT + 12 * DAY)
        assert await ring(world, source) == 1
        until = {address: until for address, until, _ in holds(world)}
        assert until == {str(HANAKO): AT + 14 * DAY, str(late): AT + 24 * DAY}
