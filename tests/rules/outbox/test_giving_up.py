"""How long it is tried, in what state it waits, and how mail leaves: whose sender, and what stands in front."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.outbox.outgoing import Outgoing
from mailsvc.records.deliveries import Delivery, DeliveryState
from mailsvc.records.delivery import LIFETIME
from mailsvc.records.messages import Message
from tests.peers.smtp import Answer, Script, SmtpPeer
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO
from tests.rules.outbox.world import TRACE, World, at_work, world
from tests.support.deadline import until

GORO = "goro@closing.example"
DELIVERED, QUEUED, UNKNOWN = DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.UNKNOWN
NEVER = DeliveryState.UNDELIVERABLE


def way(peer: SmtpPeer) -> str:
    return f"smtp://127.0.0.1:{peer.port}?tls=none"


async def attempted(here: World, message: str, attempts: int) -> Delivery:
    """The delivery once so many attempts at it have ended."""

    def ended() -> bool:
        one = here.deliveries(message)[0]
        settled = one.next_at is None or one.next_at > here.clock.now()  # UNKNOWN is its state in hand, too
        return one.attempts == attempts and one.state is not DeliveryState.CLAIMED and settled

    await until(ended, f"attempt {attempts}")
    return here.deliveries(message)[0]


@pytest.mark.parametrize(("answer", "state"), [(Answer("451 4.3.0 busy"), QUEUED), (Answer.CUT, UNKNOWN)])
async def test_after_five_days_it_is_undeliverable_with_the_last_reply(
    tmp_path: Path, answer: Answer, state: DeliveryState
) -> None:
    async with SmtpPeer({"end": answer}) as peer, world(tmp_path, way(peer)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO)
        first = await attempted(here, message, 1)
        assert first.state is state
        here.clock.advance(LIFETIME - timedelta(minutes=10))
        second = await attempted(here, message, 2)
        assert second.state is state
        here.clock.advance(timedelta(minutes=9))
        third = await attempted(here, message, 3)
        assert third.next_at == third.expires_at  # one last attempt when the time is over
        here.clock.advance(timedelta(minutes=1))
        await here.until_state(message, NEVER)
        last = here.deliveries(message)[0].last_reply
    assert last.startswith("4.4.7 not delivered in all the time there was; last: ")
    assert ("451 4.3.0 busy" in last) is (state is QUEUED)
    assert ("perhaps taken already" in last) is (state is UNKNOWN)


async def test_waits_in_doubt_grow_too(tmp_path: Path) -> None:
    async with SmtpPeer({"end": Answer.CUT}) as peer, world(tmp_path, way(peer)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO)
        waits = []
        for attempt in range(1, 4):
            one = await attempted(here, message, attempt)
            assert one.state is UNKNOWN
            assert one.next_at is not None
            waits.append(round((one.next_at - here.clock.now()) / timedelta(minutes=1)))
            here.clock.advance(one.next_at - here.clock.now())
    assert waits == [1, 2, 4]


async def test_what_expires_behind_a_hop_that_is_away_is_given_up_without_an_attempt(tmp_path: Path) -> None:
    async with SmtpPeer() as peer:
        gone = way(peer)
    async with world(tmp_path, gone) as here:
        outbox = here.outbox()
        async with at_work(outbox):
            sent = [await here.accept(JIRO) for _ in range(150)]
            await until(lambda: outbox.resting, "the lane rests")
            here.clock.wall += LIFETIME  # time goes by, and the pause of the lane does not end
            fresh = await here.accept(JIRO)
            await until(lambda: not outbox._running, "nothing is in hand")
            await outbox.expire()
            assert {tuple(here.states(message)) for message in sent} == {(NEVER,)}
            assert here.states(fresh) == [QUEUED]
        replies = {here.deliveries(message)[0].last_reply for message in sent}
    assert all(reply.startswith("4.4.7 ") and "no connection" in reply for reply in replies)


def each_its_own(message: Message, delivery: Delivery) -> Outgoing:
    if delivery.recipient == GORO:
        return Outgoing(message.mail_from)
    return Outgoing("srs0=x@lastpost.example", f"Delivered-To: {delivery.recipient}\r\n".encode())


async def test_recipients_travel_together_only_where_they_leave_alike(tmp_path: Path) -> None:
    async with (
        SmtpPeer() as peer,
        world(tmp_path, way(peer)) as here,
        at_work(here.outbox(means=replace(here.means(), outgoing=each_its_own))),
    ):
        message = await here.accept("a@x.example", "b@x.example")
        await here.until_state(message, DELIVERED, DELIVERED)
    assert sorted((mail.sender, mail.recipients, mail.body) for mail in peer.taken) == [
        ("srs0=x@lastpost.example", [who], f"Delivered-To: {who}\r\n".encode() + TRACE + BODY)
        for who in ("a@x.example", "b@x.example")
    ]
    sizes = [command.partition("SIZE=")[2] for command in peer.commands if command.startswith("MAIL")]
    assert sizes == [str(len(mail.body)) for mail in peer.taken]


async def test_a_maildir_shows_how_it_left(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        async with at_work(here.outbox(means=replace(here.means(), outgoing=each_its_own))):
            message = await here.accept(HANAKO, GORO)
            await here.until_state(message, DELIVERED, DELIVERED)
        rewritten = b"Return-Path: <srs0=x@lastpost.example>\r\nDelivered-To: " + HANAKO.encode() + b"\r\n"
        assert here.mailbox("hanako") == [rewritten + TRACE + BODY]
        assert here.mailbox("goro") == [f"Return-Path: <{JIRO}>\r\n".encode() + TRACE + BODY]


async def test_settings_that_change_move_what_waits(tmp_path: Path) -> None:
    refusing: Script = {"MAIL": Answer("451 4.3.0 moving")}
    async with SmtpPeer(refusing) as old, SmtpPeer() as new, world(tmp_path, way(old)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO)
        await attempted(here, message, 1)
        outbound = here.settings.model_validate(
            {**here.settings.model_dump(mode="json"), "outbound": {"deliver": way(new)}}
        ).outbound
        here.settings = here.settings.model_copy(update={"outbound": outbound})
        here.clock.advance(timedelta(minutes=1))
        await here.until_state(message, DELIVERED)
    assert len(new.taken) == 1
