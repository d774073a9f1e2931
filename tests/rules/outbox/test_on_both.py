"""The outbox on SQLite and on PostgreSQL: the same mail delivered once, by one process or by several."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.records import deliveries
from mailsvc.records.deliveries import DeliveryState
from tests.contracts.conftest import BOTH, _database
from tests.peers.smtp import Answer, Script, SmtpPeer
from tests.real.postgresql import postgresql
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO
from tests.rules.outbox.test_outbox import way
from tests.rules.outbox.world import TRACE, at_work, world
from tests.support.deadline import until
from tests.support.run_folder import RunFolder

CLAIMED, DELIVERED, QUEUED = DeliveryState.CLAIMED, DeliveryState.DELIVERED, DeliveryState.QUEUED
NEVER = DeliveryState.UNDELIVERABLE
LATER = timedelta(minutes=1)


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path, run_folder: RunFolder) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'records.db'}"
        return
    with _database(postgresql(run_folder)) as made:
        yield made


async def test_a_large_message_lands_untouched(tmp_path: Path, url: str) -> None:
    body = b"Subject: \xff\x00\r\n\r\n" + bytes(range(256)) * 12_000
    async with world(tmp_path, url=url) as here, at_work(here.outbox()):
        message = await here.accept(body=body)
        await here.until_state(message, DELIVERED)
    assert here.mailbox("hanako") == [f"Return-Path: <{JIRO}>\r\n".encode() + TRACE + body]


async def test_each_recipient_is_settled_by_its_own_reply(tmp_path: Path, url: str) -> None:
    script: Script = {"RCPT TO:<a@": Answer("550 5.1.1 nobody"), "RCPT TO:<b@": [Answer("450 4.2.0 later")]}
    async with SmtpPeer(script) as peer, world(tmp_path, way(peer), url=url) as here, at_work(here.outbox()):
        message = await here.accept("a@x.example", "b@x.example", "c@x.example", HANAKO)
        await here.until_state(message, NEVER, QUEUED, DELIVERED, DELIVERED)
        refused, put_off, taken, _ = here.deliveries(message)
        assert (refused.last_reply, put_off.last_reply) == ("550 5.1.1 nobody", "450 4.2.0 later")
        assert [one.attempts for one in (refused, put_off, taken)] == [1, 1, 1]
        here.clock.advance(LATER)
        await here.until_state(message, NEVER, DELIVERED, DELIVERED, DELIVERED)
    assert [mail.recipients for mail in peer.taken] == [["c@x.example"], ["b@x.example"]]


async def test_two_outboxes_on_one_database_deliver_each_message_once(tmp_path: Path, url: str) -> None:
    async with SmtpPeer() as peer, world(tmp_path, way(peer), url=url) as here:
        async with at_work(here.outbox(owner="one")), at_work(here.outbox(owner="two")):
            taken = [await here.accept(HANAKO, f"u{number}@x.example") for number in range(12)]
            for message in taken:
                await here.until_state(message, DELIVERED, DELIVERED)
        assert {one.attempts for message in taken for one in here.deliveries(message)} == {1}
    assert sorted(mail.recipients[0] for mail in peer.taken) == sorted(f"u{number}@x.example" for number in range(12))
    assert len(here.mailbox("hanako")) == 12


async def test_what_a_killed_process_had_in_hand_waits_for_its_lease(tmp_path: Path, url: str) -> None:
    async with world(tmp_path, url=url) as here:
        message = await here.accept()
        lease = timedelta(minutes=5)
        now = here.clock.now()
        (held,) = here.records.act(lambda c: deliveries.claim(c, "killed", now, lease, 5, ()))
        async with at_work(here.outbox(owner="next")):
            await asyncio.sleep(0.2)
            assert here.states(message) == [CLAIMED]
            here.clock.advance(lease)
            await here.until_state(message, DELIVERED)
        late = deliveries.Undeliverable("550 5.0.0 the killed one comes back")
        assert not here.records.act(lambda c: deliveries.settle(c, held, late, here.clock.now()))
        assert here.states(message) == [DELIVERED]
    assert len(here.mailbox("hanako")) == 1


async def test_a_hop_that_is_away_is_asked_again_and_gets_everything(tmp_path: Path, url: str) -> None:
    script: Script = {"connect": [Answer("421 4.3.2 closed")]}
    async with (
        SmtpPeer(script) as peer,
        world(tmp_path, way(peer), url=url) as here,
        at_work(here.outbox()),
    ):
        taken = [await here.accept(f"u{number}@x.example") for number in range(3)]

        def delivered() -> bool:
            here.clock.advance(timedelta(seconds=20))
            return all(here.states(message) == [DELIVERED] for message in taken)

        await until(delivered, "everything is delivered")
    assert sorted(mail.recipients[0] for mail in peer.taken) == [f"u{number}@x.example" for number in range(3)]


async def test_mail_that_waits_is_counted(tmp_path: Path, url: str) -> None:
    async with world(tmp_path, url=url) as here:
        await here.accept(HANAKO, JIRO)
        with here.records.read() as connection:
            counted = deliveries.counts(connection)
            due = deliveries.next_due(connection)
        assert sum(counted.values()) == 2
        assert due is not None
        assert due <= here.clock.now()


async def test_the_body_of_what_could_not_be_delivered_is_kept(tmp_path: Path, url: str) -> None:
    async with SmtpPeer({"end": Answer("554 5.7.1 no")}) as peer, world(tmp_path, way(peer), url=url) as here:
        async with at_work(here.outbox()):
            message = await here.accept(JIRO)
            await here.until_state(message, NEVER)
        with here.records.read() as connection:
            assert connection.exec_driver_sql("select count(*) from body_chunks").scalar_one() == 1
    assert [mail.body for mail in peer.mails] == [TRACE + BODY]
