from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event

from mailsvc.records.deliveries import DeliveryState
from tests.peers.smtp import Answer, Script, SmtpPeer
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO
from tests.rules.outbox.world import PACE, TRACE, at_work, world
from tests.support.deadline import until

DELIVERED, QUEUED, NEVER = DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.UNDELIVERABLE
SABURO, SHIRO = "saburo@newhome.example", "shiro@newhome.example"


def way(peer: SmtpPeer) -> str:
    return f"smtp://127.0.0.1:{peer.port}?tls=none"


async def test_mail_lands_in_the_maildir_untouched_with_its_trace_in_front(tmp_path: Path) -> None:
    body = b"Subject: \xff\r\n\r\n.a\nbare\rb\x00"
    async with world(tmp_path) as here, at_work(here.outbox()):
        message = await here.accept(body=body)
        await here.until_state(message, DELIVERED)
    assert here.mailbox("hanako") == [f"Return-Path: <{JIRO}>\r\n".encode() + TRACE + body]
    assert here.deliveries(message)[0].last_reply.startswith("2.0.0 in the mailbox as ")


async def test_the_null_sender_and_a_large_body(tmp_path: Path) -> None:
    body = b"Subject: x\r\n\r\n" + b"0123456789abcdef" * 200_000
    async with world(tmp_path) as here, at_work(here.outbox()):
        message = await here.accept(HANAKO, "goro@closing.example", sender="", body=body)
        await here.until_state(message, DELIVERED, DELIVERED)
    assert here.mailbox("goro") == here.mailbox("hanako") == [b"Return-Path: <>\r\n" + TRACE + body]


async def test_recipients_of_one_message_travel_together_and_settle_alone(tmp_path: Path) -> None:
    script: Script = {"RCPT TO:<shiro": Answer("550 5.1.1 nobody"), "RCPT TO:<saburo": [Answer("450 4.2.0 later")]}
    async with SmtpPeer(script) as peer, world(tmp_path, way(peer)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO, SHIRO, SABURO)
        await until(lambda: QUEUED not in here.states(message)[:2], "the first two are settled")
        await here.until_state(message, DELIVERED, NEVER, QUEUED)
        last = here.deliveries(message)[2]
        assert last.last_reply == "450 4.2.0 later"
        assert last.next_at is not None
        assert timedelta(seconds=54) <= last.next_at - here.clock.now() <= timedelta(seconds=60)
        here.clock.advance(timedelta(minutes=1))
        await here.until_state(message, DELIVERED, NEVER, DELIVERED)
    assert [mail.recipients for mail in peer.taken] == [[JIRO], [SABURO]]
    assert [mail.body for mail in peer.taken] == [TRACE + BODY] * 2


async def test_an_undeliverable_message_is_kept_with_its_reason_and_body(tmp_path: Path) -> None:
    async with SmtpPeer({"end": Answer("554 5.7.1 no")}) as peer, world(tmp_path, way(peer)) as here:
        async with at_work(here.outbox()):
            message = await here.accept(JIRO)
            await here.until_state(message, NEVER)
        assert here.deliveries(message)[0].last_reply == "554 5.7.1 no"
        assert here.log.named("undeliverable")
        with here.records.read() as connection:
            assert connection.exec_driver_sql("select count(*) from body_chunks").scalar() == 1
            assert connection.exec_driver_sql("select body from messages").scalar() == "kept"


async def test_waits_grow_with_every_attempt(tmp_path: Path) -> None:
    waits: list[int] = []
    later = {"MAIL": Answer("451 4.3.0 later")}
    async with SmtpPeer(later) as peer, world(tmp_path, way(peer)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO)
        for attempt in range(1, 5):
            await until(partial(here.waits_again, message, attempt), "again")
            next_at = here.deliveries(message)[0].next_at
            assert next_at is not None
            waits.append(round((next_at - here.clock.now()) / timedelta(minutes=1)))
            here.clock.advance(next_at - here.clock.now())
    assert waits == [1, 2, 4, 8]


async def test_no_way_outward_is_a_deferral_that_the_settings_can_mend(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        outbox = here.outbox()
        message = await here.accept(JIRO)
        here.settings = here.settings.model_copy(update={"outbound": None})
        async with at_work(outbox):
            await until(lambda: here.deliveries(message)[0].last_reply, "an attempt")
    assert here.states(message) == [QUEUED]
    assert "outbound" in here.deliveries(message)[0].last_reply


async def test_a_lane_never_has_more_than_its_share(tmp_path: Path) -> None:
    held_back = Event()
    async with SmtpPeer({"end": Answer("250 ok", held=held_back)}) as peer, world(tmp_path, way(peer)) as here:
        most = 0
        async with at_work(here.outbox(pace=replace(PACE, share=3))):
            sent = [await here.accept(JIRO) for _ in range(12)]

            def all_done() -> bool:
                nonlocal most
                most = max(most, len(peer._sessions))
                if most >= 3:
                    held_back.set()
                return all(here.states(message) == [DELIVERED] for message in sent)

            await until(all_done, "all are delivered")
    assert most == 3
    assert len(peer.taken) == 12


async def test_a_lane_that_is_away_rests_and_costs_nothing(tmp_path: Path) -> None:
    async with SmtpPeer() as peer:
        port = peer.port
    async with world(tmp_path, f"smtp://127.0.0.1:{port}?tls=none") as here:
        outbox = here.outbox()
        async with at_work(outbox):
            first = await here.accept(JIRO)
            await until(lambda: outbox.resting, "the lane rests")
            await here.until_state(first, QUEUED)
            later = [await here.accept(JIRO) for _ in range(20)]
            for _ in later:
                outbox.wake(outbox.resting)
            local = await here.accept(HANAKO)
            await here.until_state(local, DELIVERED)
            assert [here.deliveries(message)[0].attempts for message in later] == [0] * 20
            assert "no connection" in here.deliveries(first)[0].last_reply
            here.clock.advance(timedelta(seconds=10))
            await until(lambda: sum(here.deliveries(m)[0].attempts for m in (first, *later)) >= 2, "a probe")
            assert sum(here.deliveries(message)[0].attempts for message in later) == 1
    assert len(here.log.named("a next hop is away, its lane rests")) == 1


async def test_a_lane_comes_back_and_everything_goes(tmp_path: Path) -> None:
    script = {"connect": [Answer("421 4.3.2 busy", close=True)] * 2}
    async with SmtpPeer(script) as peer, world(tmp_path, way(peer)) as here:
        outbox = here.outbox(pace=replace(PACE, share=1))
        sent = [await here.accept(JIRO) for _ in range(6)]
        async with at_work(outbox):
            await until(lambda: outbox.resting, "the lane rests")
            here.clock.advance(timedelta(seconds=10))
            await until(lambda: peer.connections >= 2, "the first probe")
            await until(lambda: not outbox._running, "it has failed")
            here.clock.advance(timedelta(minutes=5))
            await until(lambda: all(here.states(m) == [DELIVERED] for m in sent), "all are delivered")
        assert not outbox.resting
    assert len(peer.taken) == 6
    assert here.log.named("a next hop is back")


async def test_what_is_in_hand_at_the_end_is_given_back(tmp_path: Path) -> None:
    async with SmtpPeer({"MAIL": [Answer("250 ok", delay=30)]}) as peer, world(tmp_path, way(peer)) as here:
        message = await here.accept(JIRO)
        async with at_work(here.outbox(pace=replace(PACE, farewell=0.05))):
            await until(lambda: peer.connections, "the attempt runs")
        assert here.states(message) == [QUEUED]
        async with at_work(here.outbox(owner="two")):
            await here.until_state(message, DELIVERED)
    assert len(peer.taken) == 1
