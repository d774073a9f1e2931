"""How a message begins whose first attempt was made, or is still made, before it is written down."""

from datetime import timedelta
from functools import partial

import pytest

from mailsvc.records import deliveries, messages
from mailsvc.records.bodies import CHUNK
from mailsvc.records.deliveries import Claimed, Deferred, Delivered, DeliveryState, Outcome, Undeliverable, Unsure
from mailsvc.records.delivery import LIFETIME, Beginning, Held, begun
from mailsvc.records.messages import Message, NewDelivery
from mailsvc.records.store import Records
from tests.contracts.made import MINUTE, NOW, message, staged_body, to

LATER = NOW + MINUTE


async def attempted(records: Records, *outcomes: Outcome, octets: bytes = b"hello\r\n") -> Message:
    staged = await staged_body(records, octets)
    made = message(staged)
    news = [(to(f"u{number}@x.example"), outcome) for number, outcome in enumerate(outcomes)]
    await messages.accept_attempted(records, made, news, staged)
    return made


def kept(records: Records, made: Message) -> tuple[str, int]:
    """What the message's row says of its body, and how many pieces are there."""
    with records.read() as connection:
        body = connection.exec_driver_sql(f"select body from messages where id = '{made.id}'").scalar_one()
        chunks = connection.exec_driver_sql(f"select count(*) from body_chunks where body_id = '{made.body_id}'")
        return str(body), int(chunks.scalar_one())


async def test_a_message_delivered_at_once_leaves_a_trace_only(committing: Records) -> None:
    made = await attempted(committing, Delivered("250 ok"), Delivered("250 ok"))
    assert kept(committing, made) == ("gone", 0)
    with committing.read() as connection:
        trace = messages.trace(connection, made.id)
        assert deliveries.lanes(connection) == []
    assert trace is not None
    assert trace.settled_at == NOW
    assert not trace.body_kept
    assert [(one.state, one.last_reply, one.attempts) for one in trace.deliveries] == [
        (DeliveryState.DELIVERED, "250 ok", 1)
    ] * 2
    assert committing.act(lambda connection: messages.sweep_traces(connection, LATER, 10)) == 1


async def test_what_was_written_of_a_large_one_is_swept(committing: Records) -> None:
    made = await attempted(committing, Delivered("250 ok"), octets=b"x" * (CHUNK + 10))
    assert kept(committing, made) == ("spent", 1)
    while committing.act(lambda connection: messages.sweep_bodies(connection, 10)):
        pass
    assert kept(committing, made) == ("gone", 0)


async def test_a_body_is_kept_for_a_report_of_success(committing: Records) -> None:
    staged = await staged_body(committing)
    made = message(staged)
    new = NewDelivery("a@x.example", "a@x.example", to("a@x.example").because, "hop", "success")
    await messages.accept_attempted(committing, made, [(new, Delivered("250 ok"))], staged)
    assert kept(committing, made) == ("kept", 1)
    with committing.read() as connection:
        (one,) = deliveries.of_message(connection, made.id)
    assert one.relayed_at == NOW


async def test_mixed_outcomes_keep_the_body_for_those_who_still_wait(committing: Records) -> None:
    made = await attempted(
        committing, Delivered("250 ok"), Deferred(LATER, "450 later"), Unsure(LATER, "lost"), Undeliverable("550 no")
    )
    assert kept(committing, made) == ("kept", 1)
    with committing.read() as connection:
        trace = messages.trace(connection, made.id)
    assert trace is not None
    assert trace.settled_at is None
    assert [one.state for one in trace.deliveries] == [
        DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.UNKNOWN, DeliveryState.UNDELIVERABLE,
    ]  # fmt: skip
    again = committing.act(lambda connection: deliveries.claim(connection, "w", LATER, MINUTE, 10))
    assert [(one.number, one.state, one.attempts) for one in again] == [
        (1, DeliveryState.CLAIMED, 2),
        (2, DeliveryState.UNKNOWN, 2),
    ]
    for one in again:
        assert committing.act(partial(deliveries.settle, delivery=one, outcome=Delivered(), now=LATER))
    assert kept(committing, made)[0] == "kept"


async def test_all_undeliverable_is_settled_and_kept(committing: Records) -> None:
    made = await attempted(committing, Undeliverable("550 no"))
    assert kept(committing, made) == ("kept", 1)
    with committing.read() as connection:
        trace = messages.trace(connection, made.id)
    assert trace is not None
    assert trace.settled_at == NOW


async def test_a_running_attempt_is_adopted_under_the_first_fence(committing: Records) -> None:
    staged = await staged_body(committing)
    made, news = message(staged), [to("a@x.example"), to("b@x.example")]
    await messages.accept(committing, made, news, staged, claimed=Claimed("one", LATER))
    assert committing.act(lambda connection: deliveries.claim(connection, "two", NOW, MINUTE, 10)) == []
    ours = [begun(made.id, number, new, NOW) for number, new in enumerate(news)]
    with committing.read() as connection:
        assert [one.fence for one in deliveries.of_message(connection, made.id)] == [1, 1]
    assert committing.act(lambda connection: deliveries.settle(connection, ours[0], Delivered("250 ok"), NOW))
    (lost,) = committing.act(lambda connection: deliveries.claim(connection, "two", LATER, MINUTE, 10))
    assert (lost.recipient, lost.state, lost.attempts) == ("b@x.example", DeliveryState.UNKNOWN, 2)
    assert not committing.act(lambda connection: deliveries.settle(connection, ours[1], Delivered(), LATER))


async def test_an_unsure_end_is_visible_and_due_again(committing: Records) -> None:
    made = await attempted(committing, Deferred(NOW, "450 later"))
    (taken,) = committing.act(lambda connection: deliveries.claim(connection, "w", NOW, MINUTE, 10))
    assert committing.act(lambda connection: deliveries.settle(connection, taken, Unsure(LATER, "lost"), NOW))
    with committing.read() as connection:
        (one,) = deliveries.of_message(connection, made.id)
        assert (one.state, one.next_at, one.last_reply) == (DeliveryState.UNKNOWN, LATER, "lost")
        assert deliveries.next_due(connection) == LATER
        assert deliveries.due_lanes(connection, LATER - timedelta(seconds=1), 10) == []
        assert deliveries.due_lanes(connection, LATER, 10) == ["maildir"]


@pytest.mark.parametrize(
    ("notify", "passed", "untold"),
    [("", False, False), ("never", False, False), ("success,failure", False, True), ("success", True, False)],
)
async def test_success_that_nobody_else_will_tell_is_marked(
    committing: Records, notify: str, passed: bool, untold: bool
) -> None:
    staged = await staged_body(committing)
    made = message(staged)
    new = NewDelivery("a@x.example", "a@x.example", to("a@x.example").because, "hop", notify, "rfc822;a@x.example")
    await messages.accept(committing, made, [new], staged)
    (taken,) = committing.act(lambda connection: deliveries.claim(connection, "w", NOW, MINUTE, 10))
    assert (taken.notify, taken.orcpt, taken.expires_at) == (notify, "rfc822;a@x.example", NOW + LIFETIME)
    outcome = Delivered("250 ok", dsn_passed=passed)
    assert committing.act(lambda connection: deliveries.settle(connection, taken, outcome, LATER))
    with committing.read() as connection:
        (one,) = deliveries.of_message(connection, made.id)
    assert one.relayed_at == (LATER if untold else None)


async def test_lanes_that_are_due_come_oldest_first(committing: Records) -> None:
    for lane, wait in (("c", 2), ("a", 1), ("b", 3), ("d", 90)):
        staged = await staged_body(committing)
        made = message(staged)
        later = Deferred(NOW + timedelta(seconds=wait), "450")
        await messages.accept_attempted(committing, made, [(to("a@x.example", lane), later)], staged)
    with committing.read() as connection:
        assert deliveries.due_lanes(connection, LATER, 10) == ["a", "c", "b"]
        assert deliveries.due_lanes(connection, LATER, 2) == ["a", "c"]
        assert deliveries.lanes(connection) == ["a", "b", "c", "d"]


async def test_what_is_held_waits_for_a_person(committing: Records) -> None:
    staged = await staged_body(committing, b"hello\r\n")
    made = message(staged)
    beginnings: list[tuple[NewDelivery, Beginning]] = [
        (to("u0@x.example"), Held("unscanned")),
        (to("u1@x.example"), None),
    ]
    await messages.accept_attempted(committing, made, beginnings, staged)
    with committing.read() as connection:
        trace = messages.trace(connection, made.id)
    assert trace is not None
    assert trace.settled_at is None
    assert [one.state for one in trace.deliveries] == [DeliveryState.HELD, DeliveryState.QUEUED]
    claimed = committing.act(lambda connection: deliveries.claim(connection, "w", LATER, MINUTE, 10))
    assert [one.number for one in claimed] == [1]
