"""The queue: listed and counted as asked; held, released, tried again and dropped, and nothing that is in hand."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from mailsvc.records import deliveries, messages, queue, queue_acts
from mailsvc.records.bodies import chunk
from mailsvc.records.deliveries import Deferred, Delivered, Delivery, DeliveryState, Undeliverable
from mailsvc.records.endings import DROPPED
from mailsvc.records.messages import Message
from mailsvc.records.queue import COLUMNS, WAITING, Wanted
from mailsvc.records.queue_acts import Done
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import deliveries as rows
from tests.contracts.made import MINUTE, NOW, accepted, to

TOKYO = timezone(timedelta(hours=9))
DAYS = timedelta(days=5)
EVERYTHING = Wanted()


def claim(records: Records, at: datetime = NOW, limit: int = 100) -> list[Delivery]:
    return records.act(lambda connection: deliveries.claim(connection, "w", at, MINUTE, limit))


def settle(records: Records, delivery: Delivery, outcome: deliveries.Outcome, at: datetime = NOW) -> bool:
    return records.act(lambda connection: deliveries.settle(connection, delivery, outcome, at))


def listed(records: Records, wanted: Wanted = EVERYTHING, limit: int | None = None) -> list[dict[str, object]]:
    with records.read() as connection:
        return [json.loads(text) for text in queue.listing(connection, wanted, limit, NOW.astimezone(TOKYO))]


def totals(records: Records, wanted: Wanted = EVERYTHING) -> dict[str, int]:
    with records.read() as connection:
        return dict(queue.totals(connection, wanted))


def hold(records: Records, wanted: Wanted = EVERYTHING, at: datetime = NOW, limit: int = 100) -> Done:
    return records.act(lambda connection: queue_acts.hold(connection, wanted, None, limit, at))


def release(records: Records, at: datetime = NOW) -> Done:
    return records.act(lambda connection: queue_acts.release(connection, EVERYTHING, None, 100, at, DAYS))


def retry(records: Records, at: datetime = NOW) -> Done:
    return records.act(lambda connection: queue_acts.retry(connection, EVERYTHING, None, 100, at, DAYS))


def drop(records: Records, *, tell_sender: bool = False, wanted: Wanted = EVERYTHING) -> Done:
    return records.act(lambda connection: queue_acts.drop(connection, wanted, None, 100, NOW, tell_sender=tell_sender))


def of(records: Records, message: Message) -> list[Delivery]:
    with records.read() as connection:
        return list(deliveries.of_message(connection, message.id))


def states(records: Records, message: Message) -> list[str]:
    return [one.state.value for one in of(records, message)]


def body_of(records: Records, message: Message) -> tuple[bytes | None, datetime | None]:
    with records.read() as connection:
        found = messages.trace(connection, message.id)
        assert found is not None
        return chunk(connection, message.body_id, 0), found.settled_at


async def undeliverable(records: Records) -> Message:
    sent = await accepted(records)
    (taken,) = claim(records)
    assert settle(records, taken, Undeliverable("550 5.1.1 nobody"))
    return sent


async def test_the_oldest_that_still_has_to_go_out_is_known_by_its_time(committing: Records) -> None:
    def oldest() -> datetime | None:
        with committing.read() as connection:
            return deliveries.oldest(connection)

    assert oldest() is None
    sent = await accepted(committing)
    assert oldest() == sent.received_at
    hold(committing)
    assert oldest() is None


async def test_a_row_says_everything_of_a_delivery(committing: Records) -> None:
    sent = await accepted(committing, to('"a \\"b\\" 日本"@x.example', "lane-1"))
    (taken,) = claim(committing)
    settle(committing, taken, Deferred(NOW + timedelta(minutes=5), 'the "next" hop\tsaid:\\n\x85'))
    (row,) = listed(committing)
    assert tuple(row) == COLUMNS
    expires = row.pop("expires_at")
    assert expires is None or datetime.fromisoformat(str(expires)) > NOW
    assert row == {
        "message": sent.id,
        "recipient": '"a \\"b\\" 日本"@x.example',
        "sender": "a@b.example",
        "size": 7,
        "state": "queued",
        "attempts": 1,
        "next_at": "2026-11-22T18:35:15+09:00",
        "age": 0,
        "last_reply": 'the "next" hop\tsaid:\\n\x85',
        "lane": "lane-1",
        "received_at": "2026-11-22T18:30:15+09:00",
        "delivery": f"{sent.id}-0",
    }


async def test_made_deliveries_are_no_queue_and_the_rest_is_in_order(committing: Records) -> None:
    first, second, third = [await accepted(committing, to("a@x.example"), to("b@x.example")) for _ in range(3)]
    for taken in claim(committing)[:3]:
        settle(committing, taken, Delivered())
    rest = [(row["message"], row["recipient"]) for row in listed(committing)]
    assert rest == [(second.id, "b@x.example"), (third.id, "a@x.example"), (third.id, "b@x.example")]
    assert listed(committing, limit=2) == listed(committing)[:2]
    assert totals(committing) == {"claimed": 3}
    assert first.id not in {row["message"] for row in listed(committing)}


async def test_each_filter_leaves_what_it_says(committing: Records) -> None:
    one = await accepted(committing, to("Hanako@closing.example", "lane-1"), to("jiro@mail.closing.example", "lane-2"))
    two = await accepted(committing, to("100%@x.example", "lane-2"))
    cases = {
        Wanted(ids=(one.id,)): 2,
        Wanted(ids=(f"{one.id}-1", two.id)): 2,
        Wanted(ids=("nobody",)): 0,
        Wanted(lane="lane-2"): 2,
        Wanted(domain="closing.example"): 1,
        Wanted(domain="%.example"): 0,
        Wanted(recipient="hanako@CLOSING.example"): 1,
        Wanted(sender="A@b.example"): 3,
        Wanted(sender=""): 0,
        Wanted(states=("held",)): 0,
        Wanted(states=("queued", "held")): 3,
        Wanted(received_before=NOW): 0,
        Wanted(received_before=NOW + MINUTE): 3,
        Wanted(received_before=NOW + MINUTE, lane="lane-1", sender="a@b.example"): 1,
    }
    assert {wanted: len(listed(committing, wanted)) for wanted in cases} == cases
    assert {wanted: sum(totals(committing, wanted).values()) for wanted in cases} == cases
    with committing.read() as connection:
        assert queue.by_lane(connection, EVERYTHING) == {"lane-1": 1, "lane-2": 2}


async def test_what_is_held_is_not_tried_until_it_is_released(committing: Records) -> None:
    sent = await accepted(committing)
    assert hold(committing).changed == [(sent.id, 0)]
    (row,) = listed(committing)
    assert (row["state"], row["next_at"]) == ("held", None)
    assert claim(committing, NOW + timedelta(days=30)) == []
    assert retry(committing).changed == []
    assert release(committing).changed == [(sent.id, 0)]
    (taken,) = claim(committing)
    assert settle(committing, taken, Delivered())
    assert listed(committing) == []


async def test_what_an_attempt_has_in_hand_is_left_alone(committing: Records) -> None:
    sent = await accepted(committing)
    (taken,) = claim(committing)
    for act in (hold, retry, drop):
        assert act(committing).changed == []
    with committing.read() as connection:
        assert queue_acts.in_hand(connection, EVERYTHING, NOW) == (1, NOW + MINUTE)
    assert settle(committing, taken, Delivered())
    assert states(committing, sent) == ["delivered"]


async def test_an_attempt_whose_lease_ran_out_settles_nothing_that_is_held(committing: Records) -> None:
    sent = await accepted(committing)
    (late,) = claim(committing)
    assert hold(committing, at=NOW + 2 * MINUTE).changed == [(sent.id, 0)]
    assert not settle(committing, late, Delivered(), NOW + 2 * MINUTE)
    assert not committing.act(lambda connection: deliveries.renew(connection, late, NOW + 9 * MINUTE))
    assert states(committing, sent) == ["held"]


async def test_undeliverable_mail_comes_back(committing: Records) -> None:
    sent = await undeliverable(committing)
    assert body_of(committing, sent) == (b"hello\r\n", NOW)
    assert retry(committing).changed == [(sent.id, 0)]
    assert body_of(committing, sent) == (b"hello\r\n", None)
    (taken,) = claim(committing)
    assert (taken.state, taken.attempts) == (DeliveryState.CLAIMED, 2)
    settle(committing, taken, Undeliverable("550 again"))
    assert hold(committing).changed == [(sent.id, 0)]
    assert body_of(committing, sent)[1] is None
    assert release(committing).changed == [(sent.id, 0)]
    (taken,) = claim(committing)
    assert settle(committing, taken, Delivered())


async def test_mail_whose_fate_is_unknown_stays_so_when_tried_again(committing: Records) -> None:
    sent = await accepted(committing)
    claim(committing)
    assert retry(committing, NOW + 2 * MINUTE).changed == [(sent.id, 0)]
    assert states(committing, sent) == ["unknown"]
    (taken,) = claim(committing, NOW + 2 * MINUTE)
    assert taken.state is DeliveryState.UNKNOWN


@pytest.mark.parametrize("act", [release, retry])
async def test_time_that_has_run_out_is_given_anew(
    committing: Records, act: Callable[[Records, datetime], Done]
) -> None:
    sent = await accepted(committing, to("a@x.example"), to("b@x.example"))

    def end(connection: Connection) -> None:
        for number, at in enumerate((NOW, NOW + 3 * DAYS)):
            connection.execute(rows.update().where(rows.c.number == number).values(expires_at=at))

    committing.act(end)
    if act is release:
        hold(committing)
    act(committing, NOW + timedelta(hours=1))
    ends = [row["expires_at"] for row in listed(committing, Wanted(ids=(sent.id,)))]
    assert ends == ["2026-11-27T19:30:15+09:00", "2026-12-07T18:30:15+09:00"]


async def test_only_time_that_has_run_out_is_prolonged(committing: Records) -> None:
    await accepted(committing, to("a@x.example"), to("b@x.example"))
    (row, _) = listed(committing)
    end = datetime.fromisoformat(str(row["expires_at"])).replace(microsecond=NOW.microsecond)

    def prolong(at: datetime) -> int:
        act = committing.act(lambda connection: queue_acts.prolong(connection, EVERYTHING, None, 9, at, DAYS))
        return len(act.changed)

    assert [prolong(end - MINUTE), prolong(end), prolong(end)] == [0, 2, 0]
    assert {one["expires_at"] for one in listed(committing)} == {(end + DAYS).replace(microsecond=0).isoformat()}
    assert {one["state"] for one in listed(committing)} == {"queued"}
    assert len(claim(committing)) == 2


async def test_dropped_mail_is_gone_but_for_its_traces(committing: Records) -> None:
    sent = await accepted(committing)
    assert drop(committing).changed == [(sent.id, 0)]
    assert listed(committing) == []
    (row,) = listed(committing, Wanted(dropped=True))
    assert (row["state"], row["last_reply"]) == ("undeliverable", "554 5.0.0 dropped by an administrator")
    assert report(committing) == [DROPPED]
    assert committing.act(lambda connection: messages.sweep_bodies(connection, 10))
    assert body_of(committing, sent) == (None, NOW)
    for act in (hold, release, retry, drop):
        assert act(committing).changed == []


async def test_a_drop_that_tells_keeps_the_body_for_the_report(committing: Records) -> None:
    sent = await accepted(committing)
    drop(committing, tell_sender=True)
    assert report(committing) == [""]
    assert committing.act(lambda connection: messages.sweep_bodies(connection, 10)) == 0
    assert body_of(committing, sent) == (b"hello\r\n", NOW)


async def test_the_body_stays_as_long_as_one_recipient_waits(committing: Records) -> None:
    sent = await accepted(committing, to("a@x.example"), to("b@x.example"))
    drop(committing, wanted=Wanted(ids=(f"{sent.id}-0",)))
    assert body_of(committing, sent) == (b"hello\r\n", None)
    (taken,) = claim(committing)
    assert settle(committing, taken, Delivered())
    assert committing.act(lambda connection: messages.sweep_bodies(connection, 10))
    assert body_of(committing, sent) == (None, NOW)


async def test_an_act_goes_slice_by_slice(committing: Records) -> None:
    sent = [await accepted(committing, to("a@x.example"), to("b@x.example")) for _ in range(3)]
    first = hold(committing, limit=4)
    assert (len(first.changed), first.last) == (4, (sent[1].id, 1))
    rest = committing.act(lambda connection: queue_acts.hold(connection, EVERYTHING, first.last, 4, NOW))
    assert (rest.changed, rest.last) == ([(sent[2].id, 0), (sent[2].id, 1)], None)
    assert totals(committing) == {"held": 6}
    assert set(WAITING) == {state.value for state in DeliveryState} - {"delivered", "returned"}


def report(records: Records) -> list[str]:
    with records.read() as connection:
        return list(connection.exec_driver_sql("SELECT report FROM deliveries ORDER BY message_id, number").scalars())
