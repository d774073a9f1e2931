import asyncio
from datetime import timedelta

import pytest

from mailsvc.records import deliveries, messages
from mailsvc.records.deliveries import Deferred, Delivered, Delivery, DeliveryState, Undeliverable
from mailsvc.records.errors import Conflict
from mailsvc.records.store import Connection, Records
from tests.contracts.made import MINUTE, NOW, accepted, message, staged_body, to


def claim(records: Records, owner: str = "w1", at: timedelta = timedelta(0), limit: int = 100) -> list[Delivery]:
    return records.act(lambda connection: deliveries.claim(connection, owner, NOW + at, MINUTE, limit))


def settle(records: Records, delivery: Delivery, outcome: deliveries.Outcome) -> bool:
    return records.act(lambda connection: deliveries.settle(connection, delivery, outcome, NOW + MINUTE))


def states(records: Records, message_id: str) -> list[str]:
    with records.read() as connection:
        return [delivery.state.value for delivery in deliveries.of_message(connection, message_id)]


async def test_an_accepted_message_is_found_with_its_deliveries(committing: Records) -> None:
    sent = await accepted(committing, to("a@x.example", "lane-1"), to("b@y.example", "lane-2"))
    with committing.read() as connection:
        assert messages.find(connection, sent.id) == sent
        trace = messages.trace(connection, sent.id)
        assert messages.find(connection, "nobody") is None
        assert messages.trace(connection, "nobody") is None
    assert trace is not None
    assert [(one.recipient, one.original, one.lane) for one in trace.deliveries] == [
        ("a@x.example", "A@X.EXAMPLE", "lane-1"),
        ("b@y.example", "B@Y.EXAMPLE", "lane-2"),
    ]
    assert [one.id for one in trace.deliveries] == [f"{sent.id}-0", f"{sent.id}-1"]
    assert trace.body_kept
    assert trace.settled_at is None


async def test_the_same_message_twice_is_a_conflict(committing: Records) -> None:
    staged = await staged_body(committing)
    made = message(staged)
    await messages.accept(committing, made, [to("a@b.example")], staged)
    with pytest.raises(Conflict):
        await messages.accept(committing, made, [to("a@b.example")], staged)
    assert states(committing, made.id) == ["queued"]


async def test_a_letter_is_accepted_inside_another_transaction_or_not_at_all(committing: Records) -> None:
    staged = await staged_body(committing)
    letter = message(staged, origin="letter", mail_from="")

    def fail(connection: Connection) -> None:
        messages.accept_in(connection, letter, [to("a@b.example")], staged)
        raise ValueError("the deed failed")

    with pytest.raises(ValueError, match="the deed failed"):
        committing.act(fail)
    with committing.read() as connection:
        assert messages.find(connection, letter.id) is None
    committing.act(lambda connection: messages.accept_in(connection, letter, [to("a@b.example")], staged))
    with committing.read() as connection:
        assert messages.find(connection, letter.id) == letter


async def test_a_claim_takes_what_is_due_once(committing: Records) -> None:
    await accepted(committing, to("a@x.example"), to("b@x.example"))
    first, second = claim(committing, "w1", limit=1), claim(committing, "w2", limit=5)
    assert [one.recipient for one in (*first, *second)] == ["a@x.example", "b@x.example"]
    assert {one.state for one in (*first, *second)} == {DeliveryState.CLAIMED}
    assert (first[0].attempts, first[0].fence) == (1, 1)
    assert claim(committing) == []


async def test_nothing_is_due_before_its_time(committing: Records) -> None:
    await accepted(committing)
    assert claim(committing, at=-timedelta(microseconds=1)) == []
    assert len(claim(committing)) == 1


async def test_a_lane_that_rests_is_left_alone(committing: Records) -> None:
    await accepted(committing, to("a@x.example", "one"), to("b@x.example", "two"), to("c@x.example", "three"))
    taken = committing.act(
        lambda connection: deliveries.claim(connection, "w", NOW, MINUTE, 10, skip_lanes={"one", "three"})
    )
    assert [one.lane for one in taken] == ["two"]
    with committing.read() as connection:
        assert deliveries.lanes(connection) == ["one", "three", "two"]


async def test_deferred_comes_back_at_its_time_and_keeps_the_reply(committing: Records) -> None:
    await accepted(committing)
    (taken,) = claim(committing)
    later = NOW + timedelta(minutes=10)
    assert settle(committing, taken, Deferred(later, "451 4.3.0 busy"))
    with committing.read() as connection:
        assert deliveries.next_due(connection) == later
    assert claim(committing, at=timedelta(minutes=9)) == []
    (again,) = claim(committing, at=timedelta(minutes=10))
    assert (again.attempts, again.last_reply, again.state) == (2, "451 4.3.0 busy", DeliveryState.CLAIMED)


async def test_after_the_lease_another_takes_over_and_the_first_is_told(committing: Records) -> None:
    await accepted(committing)
    (slow,) = claim(committing, "slow")
    assert claim(committing, "quick", at=timedelta(seconds=59)) == []
    (quick,) = claim(committing, "quick", at=timedelta(seconds=60))
    assert (quick.state, quick.fence) == (DeliveryState.UNKNOWN, 2)
    assert not settle(committing, slow, Undeliverable("550 too late"))
    assert settle(committing, quick, Delivered("250 ok"))
    assert not settle(committing, quick, Delivered("250 twice"))
    assert states(committing, quick.message_id) == ["delivered"]


async def test_a_lease_can_be_prolonged_while_it_is_ours(committing: Records) -> None:
    await accepted(committing)
    (taken,) = claim(committing)
    assert committing.act(lambda connection: deliveries.renew(connection, taken, NOW + 5 * MINUTE))
    assert claim(committing, "w2", at=timedelta(minutes=4)) == []
    assert len(claim(committing, "w2", at=timedelta(minutes=5))) == 1
    assert not committing.act(lambda connection: deliveries.renew(connection, taken, NOW + 9 * MINUTE))


async def test_a_start_that_is_alone_takes_up_what_a_killed_service_had_in_hand(committing: Records) -> None:
    await accepted(committing)
    (held,) = claim(committing, "killed")
    soon = timedelta(seconds=1)
    assert claim(committing, "new", soon) == []
    assert committing.act(lambda connection: deliveries.end_leases(connection, NOW + soon)) == 1
    (again,) = claim(committing, "new", soon)
    assert (again.state, again.attempts) == (DeliveryState.UNKNOWN, 2)
    assert not settle(committing, held, Delivered("250 too late"))


async def test_a_start_with_a_clock_that_is_ahead_makes_no_lease_longer(committing: Records) -> None:
    await accepted(committing)
    assert len(claim(committing, "killed")) == 1
    ahead = NOW + timedelta(days=1)
    assert committing.act(lambda connection: deliveries.end_leases(connection, ahead)) == 0
    assert len(claim(committing, "new", timedelta(hours=1))) == 1


async def test_an_undeliverable_recipient_keeps_the_body(committing: Records) -> None:
    sent = await accepted(committing, to("a@x.example"), to("b@x.example"))
    good, bad = claim(committing)
    assert settle(committing, good, Delivered())
    assert settle(committing, bad, Undeliverable("550 5.1.1 who?"))
    assert states(committing, sent.id) == ["delivered", "undeliverable"]
    assert committing.act(lambda connection: messages.sweep_bodies(connection, 10)) == 0
    with committing.read() as connection:
        trace = messages.trace(connection, sent.id)
        stuck = deliveries.in_state(connection, DeliveryState.UNDELIVERABLE)
    assert trace is not None
    assert trace.settled_at == NOW + MINUTE
    assert [(one.recipient, one.last_reply) for one in stuck] == [("b@x.example", "550 5.1.1 who?")]


async def test_traces_are_forgotten_after_retention_only(committing: Records) -> None:
    sent, open_ = await accepted(committing), await accepted(committing, to("a@x.example", "resting"))
    (taken,) = committing.act(
        lambda connection: deliveries.claim(connection, "w", NOW, MINUTE, 9, skip_lanes=["resting"])
    )
    settle(committing, taken, Delivered())
    committing.act(lambda connection: messages.sweep_bodies(connection, 10))
    assert committing.act(lambda connection: messages.sweep_traces(connection, NOW, 10)) == 0
    assert committing.act(lambda connection: messages.sweep_traces(connection, NOW + 2 * MINUTE, 10)) == 1
    with committing.read() as connection:
        assert messages.find(connection, sent.id) is None
        assert messages.find(connection, open_.id) == open_


async def test_counts_by_state(committing: Records) -> None:
    await accepted(committing, *(to(f"u{n}@x.example") for n in range(5)))
    taken = claim(committing, limit=3)
    settle(committing, taken[0], Delivered())
    settle(committing, taken[1], Undeliverable("550"))
    with committing.read() as connection:
        open_, every = deliveries.counts(connection), deliveries.counts(connection, delivered=True)
    assert set(open_) == set(DeliveryState)
    assert [open_[s] for s in (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.UNDELIVERABLE)] == [2, 1, 1]
    assert (open_[DeliveryState.DELIVERED], every[DeliveryState.DELIVERED]) == (0, 1)


async def test_with_nothing_to_do_nothing_is_due(committing: Records) -> None:
    with committing.read() as connection:
        assert deliveries.next_due(connection) is None
        assert deliveries.lanes(connection) == []


async def test_many_claimers_at_once_take_each_delivery_once(records: Records) -> None:
    async with records.committer.running():
        await accepted(records, *(to(f"u{n}@x.example", f"lane-{n % 3}") for n in range(120)))
    workers = [asyncio.to_thread(_take_all, records, f"w{n}") for n in range(4)]
    taken = [one for many in await asyncio.gather(*workers) for one in many]
    assert len(taken) == 120
    assert len({one.id for one in taken}) == 120


def _take_all(records: Records, owner: str) -> list[Delivery]:
    taken: list[Delivery] = []
    for _ in range(60):
        taken += claim(records, owner, limit=7)
    return taken


async def test_the_last_two_settlements_at_once_still_free_the_body(records: Records) -> None:
    async with records.committer.running():
        for _ in range(10):
            await accepted(records, to("a@x.example"), to("b@x.example"))
    work = [asyncio.to_thread(settle, records, one, Delivered()) for one in claim(records)]
    assert await asyncio.gather(*work) == [True] * 20
    assert records.act(lambda connection: messages.sweep_bodies(connection, 100)) == 10


async def test_a_lane_full_of_mail_does_not_starve_the_others(committing: Records) -> None:
    await accepted(committing, *(to(f"u{n}@x.example", "crowded") for n in range(50)))
    await accepted(committing, to("a@y.example", "quiet"), to("b@z.example", "rare"))
    taken = claim(committing, limit=10)
    assert [sum(one.lane == lane for one in taken) for lane in ("crowded", "quiet", "rare")] == [8, 1, 1]
    with committing.read() as connection:
        assert deliveries.next_due(connection, skip_lanes=["crowded"]) == NOW + MINUTE
