"""Reports to senders, over both databases: one per recipient, never two, whatever is killed or runs beside."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from mailsvc.records import deliveries, held, messages, queue_acts, returns
from mailsvc.records.deliveries import Deferred, DeliveryState
from mailsvc.records.queue import Wanted
from mailsvc.records.returns import Overtaken
from mailsvc.records.store import Records
from tests.rules.returns.world import DELIVERED, REFUSED, World, to

HOUR = timedelta(hours=1)


@pytest.fixture
def world(committing: Records) -> World:
    return World(committing)


async def test_a_failure_is_told_once_and_its_body_released(world: World) -> None:
    message = await world.failed()
    for _ in range(3):
        await world.returner().round()
    dsn, *more = await world.dsns()
    assert not more
    assert (dsn.mail_from, dsn.origin) == ("", "dsn")
    assert await world.reported(dsn) == [("jiro@elsewhere.example", "failed", "5.1.1")]
    (told,) = await world.of(message)
    assert (told.state, told.report) == (DeliveryState.RETURNED, f"returned {dsn.id}")
    (way,) = await world.of(dsn)
    assert (way.recipient, way.notify, way.state) == ("taro@world.example", "never", DeliveryState.QUEUED)
    assert world.lanes == ["mx:"]
    assert world.records.act(lambda one: messages.sweep_bodies(one, 10)) == 1


async def test_mail_that_was_delivered_is_not_spoken_of(world: World) -> None:
    message = await world.taken()
    await world.ends(message, DELIVERED)
    await world.returner().round()
    assert await world.dsns() == []


async def test_one_report_waits_for_the_last_recipient(world: World) -> None:
    message = await world.taken(to("a@x.example"), to("b@x.example"), to("c@x.example"))
    await world.ends(message, REFUSED, DELIVERED)
    await world.returner().round()
    assert await world.dsns() == []
    world.now += timedelta(minutes=10)
    await world.ends(message, REFUSED)
    await world.returner().round()
    (dsn,) = await world.dsns()
    assert [one[0] for one in await world.reported(dsn)] == ["a@x.example", "c@x.example"]


async def test_an_hour_after_the_first_failure_nobody_is_waited_for(world: World) -> None:
    message = await world.taken(to("a@x.example"), to("b@x.example"), to("c@x.example"))
    await world.ends(message, REFUSED)
    world.now += HOUR - timedelta(minutes=10)
    await world.ends(message, REFUSED)
    await world.returner().round()
    assert await world.dsns() == []
    world.now += timedelta(minutes=10)
    await world.returner().round()
    (dsn,) = await world.dsns()
    assert [one[0] for one in await world.reported(dsn)] == ["a@x.example", "b@x.example"]
    await world.ends(message, REFUSED)
    await world.returner().round()
    first, second = await world.dsns()
    assert first.id == dsn.id
    assert [one[0] for one in await world.reported(second)] == ["c@x.example"]
    assert {state for state, _ in await world.states(message)} == {DeliveryState.RETURNED}


async def test_two_processes_at_once_send_one_report(world: World) -> None:
    for _ in range(5):
        await world.failed()
    other = World(world.records)
    with Records.open(str(world.records.where.url.render_as_string(hide_password=False))) as second:
        async with second.committer.running():
            other.records = second
            await asyncio.gather(*(one.returner().round() for one in (world, other, world, other)))
    assert len(await world.dsns()) == 5


async def test_who_comes_second_changes_nothing(world: World) -> None:
    message = await world.failed()
    committer = world.records.committer
    await committer.commit(lambda one: returns.settle(one, message.id, {0: "returned FIRST"}, world.now))
    with pytest.raises(Overtaken):
        await committer.commit(lambda one: returns.settle(one, message.id, {0: "returned SECOND"}, world.now))
    assert [one.report for one in await world.of(message)] == ["returned FIRST"]


async def test_a_report_and_its_mark_are_both_there_or_neither(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await world.failed()

    def killed(*_: object) -> None:
        raise KeyError("killed in mid-transaction")

    with monkeypatch.context() as broken:
        broken.setattr(returns, "end_message", killed)
        await world.returner().round()
    assert await world.dsns() == []
    assert await world.states(message) == [(DeliveryState.UNDELIVERABLE, "")]
    await world.returner().round()
    assert len(await world.dsns()) == 1


async def test_what_nobody_is_told_stays_visible_with_its_reason(world: World) -> None:
    message = await world.failed(mail_from="")
    await world.returner().round()
    assert await world.dsns() == []
    assert await world.states(message) == [(DeliveryState.UNDELIVERABLE, "nobody: the null sender")]
    assert world.records.act(lambda one: messages.sweep_bodies(one, 10)) == 0
    assert world.records.act(lambda one: returns.due(one, world.now + HOUR, HOUR, 10)) == []


async def test_what_a_person_tries_again_is_not_reported(world: World) -> None:
    message = await world.failed()
    wanted = Wanted(states=("undeliverable",))
    assert world.records.act(lambda one: queue_acts.retry(one, wanted, None, 10, world.now, 5 * HOUR)).changed
    with pytest.raises(Overtaken):
        world.records.act(lambda one: returns.settle(one, message.id, {0: "returned X"}, world.now))
    await world.returner().round()
    assert await world.dsns() == []


async def test_nothing_is_reported_while_everything_is_held(world: World) -> None:
    message = await world.failed()
    late = await world.taken(to("late@x.example", notify="delay"))
    world.records.act(lambda one: held.hold(one, world.now, "restored"))
    world.now += timedelta(hours=5)
    await world.returner().round()
    assert await world.dsns() == []
    for work in (
        lambda one: returns.settle(one, message.id, {0: "returned X"}, world.now),
        lambda one: returns.tell_delay(one, late.id, [0], world.now),
    ):
        with pytest.raises(Overtaken, match="held"):
            world.records.act(work)
    world.records.act(held.release)
    await world.returner().round()
    assert len(await world.dsns()) == 2


async def test_a_delay_is_told_once_and_a_failure_after_it_once(world: World) -> None:
    message = await world.taken(to("a@x.example", notify="failure,delay"), to("b@x.example"), client_kind="submission")
    await world.ends(message, Deferred(world.now, "451 4.4.1 no answer"), DELIVERED)
    world.now += timedelta(hours=3, minutes=59)
    await world.returner().round()
    assert await world.dsns() == []
    world.now += timedelta(minutes=1)
    for _ in range(2):
        await world.returner().round()
    (delay,) = await world.dsns()
    assert await world.reported(delay) == [("a@x.example", "delayed", "4.4.1")]
    world.now += timedelta(hours=1)
    await world.ends(message, REFUSED)
    await world.returner().round()
    _, failure = await world.dsns()
    assert await world.reported(failure) == [("a@x.example", "failed", "5.1.1")]


async def test_success_is_told_where_it_was_asked_for(world: World) -> None:
    asked = to("a@x.example", notify="success", lane="maildir:/mail/{local}")
    relayed = to("b@x.example", notify="success,failure")
    passed = to("c@x.example", notify="success")
    message = await world.taken(asked, relayed, passed, to("d@x.example"), client_kind="inbound")
    await world.ends(message, DELIVERED, DELIVERED, replace(DELIVERED, dsn_passed=True), DELIVERED)
    assert world.records.act(lambda one: messages.sweep_bodies(one, 10)) == 0  # its header is still to go back
    for _ in range(2):
        await world.returner().round()
    (dsn,) = await world.dsns()
    assert await world.reported(dsn) == [("a@x.example", "delivered", "2.0.0"), ("b@x.example", "relayed", "2.0.0")]
    assert [state for state, _ in await world.states(message)] == [DeliveryState.DELIVERED] * 4
    assert world.records.act(lambda one: messages.sweep_bodies(one, 10)) == 1


async def test_next_hop_faults_lead_to_another_try_or_to_one_report(world: World) -> None:
    """Promise `nexthop-faults`: retry or one bounce, never both."""
    answers: dict[str, deliveries.Outcome] = {
        "4xx": Deferred(world.now + timedelta(minutes=1), "450 4.2.0 later"),
        "421": Deferred(world.now + timedelta(minutes=1), "421 4.3.2 closing"),
        "closed": deliveries.Unsure(world.now + timedelta(minutes=1), "closed before its last reply"),
        "5xx": REFUSED,
    }
    for fault, outcome in answers.items():
        message = await world.taken(to(f"{fault}@x.example"))
        before = len(await world.dsns())
        await world.ends(message, outcome)
        await world.returner().round()
        (one,) = await world.of(message)
        tried_again = one.next_at is not None
        reports = len(await world.dsns()) - before
        assert tried_again + reports == 1, fault
        assert tried_again == (fault != "5xx")


async def test_the_look_for_what_is_due_reads_no_mail_that_was_told(world: World) -> None:
    """However many nobody is told of wait in the store."""
    if world.records.where.path is None:
        return  # PostgreSQL reads a small table as it likes
    statements: list[str] = []
    engine = world.records._writes
    event.listen(engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    world.records.act(lambda one: returns.due(one, world.now, HOUR, 10))
    world.records.act(lambda one: returns.delayed(one, world.now, 10))
    plans = world.records.act(
        lambda one: [
            str(one.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", (1,) * said.count("?")).all())
            for said in list(statements)
            if "FROM deliveries" in said
        ]
    )
    assert ["ix_deliveries_untold" in plans[0], "ix_deliveries_undelayed" in plans[1]] == [True, True]
