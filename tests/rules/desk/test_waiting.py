"""What the doctor says of mail and deeds that wait for a person."""

from datetime import timedelta

from mailsvc.desk.doctor.finding import Severity
from mailsvc.desk.doctor.waiting import check_waiting
from mailsvc.desk.queue import Asked
from mailsvc.desk.queue_acts import drop, hold
from mailsvc.records import deliveries, held
from mailsvc.records.deliveries import Undeliverable
from tests.rules.desk.test_queue import store
from tests.rules.desk.world import NOW, World


def found(world: World) -> list[tuple[Severity, str]]:
    return [(one.severity, one.what) for one in check_waiting(world.desk)]


def test_mail_on_its_way_is_no_finding(world: World) -> None:
    store(world, "M1", "hanako@closing.example")
    assert found(world) == []


def test_everything_held_is_a_warning_with_its_cause(world: World) -> None:
    world.desk.records.act(lambda conn: held.hold(conn, NOW, "restored from monday.backup"))
    what = "no mail goes out and no deed is done since 2026-11-22T12:00:00+09:00: restored from monday.backup"
    assert found(world) == [(Severity.WARNING, what)]


def test_mail_nobody_could_be_told_of_is_a_warning_after_a_day(world: World) -> None:
    store(world, "M1", "hanako@closing.example")
    records = world.desk.records
    (taken,) = records.act(lambda conn: deliveries.claim(conn, "w", NOW, timedelta(minutes=1), 1))
    records.act(lambda conn: deliveries.settle(conn, taken, Undeliverable("550 no"), NOW))
    assert found(world) == []
    world.clock.advance(timedelta(days=1, seconds=1))
    ((severity, what),) = found(world)
    assert (severity, what[-3:]) == (Severity.WARNING, ": 1")
    drop(world.desk, Asked(("M1",)), "known", bounce=False)
    assert found(world) == []


def test_held_mail_is_a_note(world: World) -> None:
    store(world, "M1", "hanako@closing.example", "jiro@closing.example")
    hold(world.desk, Asked())
    assert found(world) == [(Severity.NOTE, "deliveries that are held: 2")]


def test_mail_that_waits_for_long_is_a_warning_with_its_next_hop(world: World) -> None:
    store(world, "M1", "hanako@closing.example")
    world.clock.advance(timedelta(hours=1, seconds=1))
    ((severity, what),) = found(world)
    assert severity is Severity.WARNING
    assert what.startswith("deliveries that have waited for over an hour for ")
    assert what.endswith(": 1")
    world.desk.records.act(lambda conn: held.hold(conn, NOW, "restored from monday.backup"))
    assert len(found(world)) == 1, "the reason is known"
