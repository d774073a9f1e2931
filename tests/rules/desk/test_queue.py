"""The queue's acts: who did what to which message, and what is refused with what to do about it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from filters.verdict import Because
from mailsvc.desk import queue_acts
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.desk import Desk
from mailsvc.desk.held import release_all, waiting
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.queue import Asked, count_queue, show_message
from mailsvc.desk.queue_acts import Changed, drop, hold, release, retry
from mailsvc.desk.refusals import Refused
from mailsvc.records import deliveries, held, messages
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.messages import Message, NewDelivery
from schedules.names import BadName
from schedules.planfile import read_plan
from schedules.positions import Wrong
from tests.rules.desk.world import NOW, PLAN, World

ALL = Asked()
OCTETS = b"Subject: a\r\n long one\r\nX: \xe6\x97\xa5\r\n\r\nthe secret body\r\n"


def store(world: World, name: str, *recipients: str, octets: bytes = OCTETS) -> str:
    """A message that waits."""

    async def write() -> str:
        writer = BodyWriter(world.desk.records, lambda: f"body-{name}", lambda: NOW)
        await writer.write(octets)
        staged = await writer.finish()
        message = Message(
            name, staged.id, staged.size, staged.sha256, world.clock.now(), "world", "192.0.2.7", "mx.b.example",
            "a@b.example", smtputf8=False, eight_bit=False, trace=b"Received: x\r\n", origin="smtp",
        )  # fmt: skip
        news = [NewDelivery(one, one, Because.LIVE, "maildir") for one in recipients]
        world.desk.records.act(lambda conn: messages.accept_in(conn, message, news, staged))
        return name

    return asyncio.run(write())


def acts(world: World, subject: str | None = None) -> list[tuple[object, object, object]]:
    return [(row["act"], row["subject"], row["reason"]) for row in list_acts(world.desk, subject, 20)]


def test_each_message_that_was_named_has_its_audit_row(world: World) -> None:
    for name in ("M1", "M2", "M3"):
        store(world, name, "hanako@closing.example", "jiro@closing.example")
    assert hold(world.desk, Asked(("M1", "M2-1")), "a  complaint\n") == Changed(3)
    assert count_queue(world.desk, ALL) == {"queued": 3, "held": 3}
    assert acts(world, "M1") == [("queue hold", "M1", "a complaint")]
    (row,) = list_acts(world.desk, "M2", 5)
    assert row["detail"] == {"ids": "M1 M2-1", "deliveries": "1", "first": "M2-1", "last": "M2-1"}
    assert release(world.desk, Asked(("<M1>",))) == Changed(2)
    assert acts(world, "M1")[0] == ("queue release", "M1", "")


def test_many_are_changed_in_slices_with_a_row_each(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_acts, "SLICE", 4)
    monkeypatch.setattr(queue_acts, "_BREATH_SECONDS", 0)
    for number in range(5):
        store(world, f"M{number}", "hanako@closing.example", "jiro@second.example")
    assert hold(world.desk, ALL) == Changed(10)
    assert [row["detail"]["deliveries"] for row in list_acts(world.desk, "queue", 9)] == ["2", "4", "4"]  # type: ignore[index]
    assert release(world.desk, Asked(domain="second.example")) == Changed(5)
    assert release(world.desk, Asked(recipient="Hanako@closing.example", lane="elsewhere")) == Changed(0)
    assert count_queue(world.desk, ALL) == {"queued": 5, "held": 5}


def test_nothing_is_dropped_without_a_reason(world: World) -> None:
    store(world, "M1", "hanako@closing.example")
    with pytest.raises(Refused, match="--reason"):
        drop(world.desk, Asked(("M1",)), " \n", bounce=False)
    assert drop(world.desk, Asked(("M1",)), "spam", bounce=True) == Changed(1)
    assert acts(world) == [("queue drop, sender told", "M1", "spam")]


@pytest.mark.parametrize("act", [hold, release, retry])
def test_what_is_not_there_is_told(world: World, act: Callable[[Desk, Asked], Changed]) -> None:
    with pytest.raises(Refused, match=r"nothing waits under M9, M8.*lastpost queue list"):
        act(world.desk, Asked(("M9", "M8")))
    assert acts(world) == []


def test_what_cannot_be_done_is_told_with_the_remedy(world: World) -> None:
    store(world, "M1", "hanako@closing.example")
    with pytest.raises(Refused, match=r"nothing of it can be released, being 1 queued.*queue retry"):
        release(world.desk, Asked(("M1",)))
    hold(world.desk, Asked(("M1",)))
    with pytest.raises(Refused, match=r"being 1 held.*queue release"):
        retry(world.desk, Asked(("M1",)))
    drop(world.desk, Asked(("M1",)), "spam", bounce=False)
    with pytest.raises(Refused, match="1 undeliverable"):
        drop(world.desk, Asked(("M1",)), "spam", bounce=False)


def test_what_is_being_tried_is_refused_until_it_has_ended(world: World) -> None:
    store(world, "M1", "hanako@closing.example")
    store(world, "M2", "hanako@closing.example")
    records = world.desk.records
    (taken,) = records.act(lambda conn: deliveries.claim(conn, "w", world.clock.now(), timedelta(minutes=1), 1))
    with pytest.raises(Refused, match=r"being tried at this moment, until 2026-11-22T12:01:00\+09:00.*again"):
        hold(world.desk, Asked((taken.message_id,)))
    assert hold(world.desk, ALL) == Changed(1, 1, NOW + timedelta(minutes=1))
    world.clock.advance(timedelta(minutes=2))
    assert hold(world.desk, ALL) == Changed(1)
    assert count_queue(world.desk, ALL) == {"held": 2}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (Asked(domain="not a domain"), BadName),
        (Asked(recipient="nobody"), BadName),
        (Asked(sender="nobody"), BadName),
        (Asked(older="a while"), Wrong),
    ],
)
def test_words_without_sense_are_told(world: World, asked: Asked, error: type[Exception]) -> None:
    with pytest.raises(error):
        count_queue(world.desk, asked)


@pytest.mark.parametrize(
    ("octets", "header"),
    [
        (OCTETS, ("Subject: a long one", "X: 日")),
        (b"no header at all\r\n", ()),
        (b"A: 1\nB: 2\n 3\n\nbody: 4\n", ("A: 1", "B: 2 3")),
        (b"A: 1\r\nthis is the body already\r\nB: 2\r\n", ("A: 1",)),
        (b"\r\nbody: 4\r\n", ()),
        (b"", ()),
    ],
)
def test_a_header_is_shown_and_never_a_body(world: World, octets: bytes, header: tuple[str, ...]) -> None:
    store(world, "M1", "hanako@closing.example", octets=octets)
    shown = show_message(world.desk, "M1")
    assert shown.header == header
    assert "secret" not in str(shown)
    with pytest.raises(Refused, match="no message"):
        show_message(world.desk, "M2")


def test_after_a_restore_a_person_sees_what_would_go_and_lets_it(world: World) -> None:
    with pytest.raises(Refused, match="nothing is held"):
        waiting(world.desk)
    with pytest.raises(Refused, match="nothing is held"):
        release_all(world.desk, "why not")
    store(world, "M1", "hanako@closing.example", "jiro@closing.example")
    world.clock.advance(timedelta(days=2))
    store(world, "M2", "hanako@closing.example")
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    world.desk.records.act(lambda conn: held.hold(conn, NOW, "restored from b"))
    seen = waiting(world.desk)
    assert (seen.why, seen.since.isoformat()) == ("restored from b", "2026-11-22T12:00:00+09:00")
    assert (seen.lanes, seen.ages) == ({"maildir": 3}, {"over 1 day": 2, "up to 1 hour": 1})
    assert seen.deeds == (
        "*.closing.example announce tell-administrators +0",
        "closing.example announce tell-administrators +0",
    )
    with pytest.raises(Refused, match="--reason"):
        release_all(world.desk, "")
    release_all(world.desk, "looked through")
    assert acts(world, "everything") == [("release", "everything", "looked through")]
    with world.desk.records.read() as conn:
        assert held.since(conn) is None
