"""The first attempt inside a session: answered within its time, or adopted, never made twice (`handoff`)."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from filters.verdict import Because
from mailsvc.outbox.first_try import FirstTry
from mailsvc.outbox.outbox import Outbox
from mailsvc.outbox.outgoing import Outgoing
from mailsvc.outbox.parcel import Answer as Settled
from mailsvc.outbox.parcel import Fate
from mailsvc.records import deliveries, held, messages
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.deliveries import DeliveryState, NewDelivery
from mailsvc.records.messages import Message
from schedules.names import Address
from tests.peers.smtp import Answer, Script, SmtpPeer
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO
from tests.rules.outbox.world import PACE, TRACE, World, at_work, world
from tests.support.deadline import until

GORO = "goro@closing.example"
DELIVERED, QUEUED, UNKNOWN = DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.UNKNOWN
SLOW: Script = {"end": [Answer("250 2.0.0 taken", delay=0.3)]}


class Coming:
    """A message whose client still waits."""

    def __init__(self, here: World, message: Message, staged: StagedBody, news: list[NewDelivery]) -> None:
        self.here, self.message, self.staged, self.news = here, message, staged, news

    def begin(self, outbox: Outbox) -> FirstTry | None:
        async def content() -> AsyncGenerator[bytes, None]:
            yield BODY

        return outbox.first_try(self.message, self.news, content)

    async def keep(self, outbox: Outbox, first: FirstTry) -> None:
        """What the gateway does when the time is over."""
        await messages.accept(self.here.records, self.message, self.news, self.staged, claimed=outbox.claimed())
        outbox.adopt(first, first.deliveries)


async def coming(here: World, *recipients: str, sender: str = JIRO) -> Coming:
    writer = BodyWriter(here.records, here._new_id, here.clock.now)
    await writer.write(BODY)
    staged = await writer.finish()
    message = Message(
        here._new_id(), staged.id, staged.size, staged.sha256, here.clock.now(), "world", "192.0.2.1", "a.example",
        sender, smtputf8=False, eight_bit=False, trace=TRACE, origin="smtp",
    )  # fmt: skip
    news = [
        NewDelivery(one, one, Because.LIVE, here.routes.lane(Address.parse(one))) for one in recipients or (HANAKO,)
    ]
    return Coming(here, message, staged, news)


async def ready(outbox: Outbox) -> None:
    await until(lambda: not outbox._claiming.all_held, "the first round")


def hop(peer: SmtpPeer) -> str:
    return f"smtp://127.0.0.1:{peer.port}?tls=none"


async def test_what_the_hop_took_leaves_only_a_trace(tmp_path: Path) -> None:
    async with SmtpPeer() as peer, world(tmp_path, deliver=hop(peer)) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        mail = await coming(here)
        first = mail.begin(outbox)
        assert first is not None
        answers = await first.within(60)
        assert answers is not None
        assert {who: answer.fate for who, answer in answers.items()} == {HANAKO: Fate.TAKEN}
        await messages.accept_attempted(here.records, mail.message, first.attempted(answers), mail.staged)
        assert here.states(mail.message.id) == [DELIVERED]
        assert not outbox._lanes.known()
    assert [one.body for one in peer.taken] == [TRACE + BODY]


async def test_mixed_answers_are_written_for_each(tmp_path: Path) -> None:
    script: Script = {"RCPT TO:<goro": [Answer("450 4.2.0 later")]}
    async with SmtpPeer(script) as peer, world(tmp_path, deliver=hop(peer)) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        mail = await coming(here, HANAKO, GORO)
        first = mail.begin(outbox)
        assert first is not None
        answers = await first.within(60)
        assert answers is not None
        await messages.accept_attempted(here.records, mail.message, first.attempted(answers), mail.staged)
        assert here.states(mail.message.id) == [DELIVERED, QUEUED]
        here.clock.advance(timedelta(minutes=1))
        await here.until_state(mail.message.id, DELIVERED, DELIVERED)
    assert [one.recipients for one in peer.taken] == [[HANAKO], [GORO]]


async def test_what_still_runs_is_adopted_and_settled_once(tmp_path: Path) -> None:
    async with SmtpPeer(SLOW) as peer, world(tmp_path, deliver=hop(peer)) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        mail = await coming(here)
        first = mail.begin(outbox)
        assert first is not None
        assert await first.within(0.05) is None
        await mail.keep(outbox, first)
        assert here.states(mail.message.id) == [DeliveryState.CLAIMED]
        await here.until_state(mail.message.id, DELIVERED)
        assert here.deliveries(mail.message.id)[0].fence == 1
    assert len(peer.taken) == peer.connections == 1


async def test_what_ended_between_the_time_and_the_adoption_is_settled_too(tmp_path: Path) -> None:
    async with SmtpPeer(SLOW) as peer, world(tmp_path, deliver=hop(peer)) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        mail = await coming(here)
        first = mail.begin(outbox)
        assert first is not None
        assert await first.within(0.05) is None
        await until(first.task.done, "it has ended")
        await mail.keep(outbox, first)
        await here.until_state(mail.message.id, DELIVERED)
    assert len(peer.taken) == 1


async def test_a_process_that_dies_after_adopting_leaves_doubt_and_a_lease(tmp_path: Path) -> None:
    async with SmtpPeer(SLOW) as peer, world(tmp_path, deliver=hop(peer)) as here:
        async with at_work(here.outbox()) as outbox:
            await ready(outbox)
            mail = await coming(here)
            first = mail.begin(outbox)
            assert first is not None
            assert await first.within(0.05) is None
            await messages.accept(here.records, mail.message, mail.news, mail.staged, claimed=outbox.claimed())
        assert len(peer.taken) == 1
        async with at_work(here.outbox(owner="two")):
            here.clock.advance(PACE.lease)
            await here.until_state(mail.message.id, DELIVERED)
        assert here.deliveries(mail.message.id)[0].attempts == 2
    assert [one.body for one in peer.taken] == [TRACE + BODY] * 2


async def test_an_end_in_mid_attempt_is_doubt_where_the_dot_was_sent(tmp_path: Path) -> None:
    hanging: Script = {"end": [Answer("250 2.0.0 taken", delay=30)]}
    async with SmtpPeer(hanging) as peer, world(tmp_path, deliver=hop(peer)) as here:
        async with at_work(here.outbox(pace=replace(PACE, farewell=0.1))) as outbox:
            await ready(outbox)
            mail = await coming(here)
            first = mail.begin(outbox)
            assert first is not None
            assert await first.within(0.2) is None
            await mail.keep(outbox, first)
        assert here.states(mail.message.id) == [UNKNOWN]
        assert here.deliveries(mail.message.id)[0].last_reply.startswith("perhaps taken already")


async def test_an_abandoned_attempt_stops_before_the_final_dot(tmp_path: Path) -> None:
    held_back = Event()
    slow: Script = {"DATA": [Answer("354 go on", held=held_back)]}
    async with SmtpPeer(slow) as peer, world(tmp_path, deliver=hop(peer)) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        first = (await coming(here)).begin(outbox)
        assert first is not None
        assert await first.within(0.05) is None
        first.abandon()
        held_back.set()
        answers = await first.within(60)
        assert answers is not None
        assert answers[HANAKO].fate is Fate.LATER
    assert not peer.taken


async def test_a_hop_that_is_away_puts_off_and_rests_its_lane(tmp_path: Path) -> None:
    async with SmtpPeer() as peer:
        way = hop(peer)
    async with world(tmp_path, deliver=way) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        mail = await coming(here)
        first = mail.begin(outbox)
        assert first is not None
        answers: dict[str, Settled] = dict(await first.within(60) or {})
        assert answers[HANAKO].fate is Fate.LATER
        assert outbox.resting
        assert (await coming(here)).begin(outbox) is None
        await messages.accept_attempted(here.records, mail.message, first.attempted(answers), mail.staged)
        assert here.states(mail.message.id) == [QUEUED]


@pytest.mark.parametrize(
    ("deliver", "recipients"),
    [
        ("", [HANAKO]),  # into a Maildir
        ("smtp://127.0.0.1:9?tls=none", [JIRO]),  # outward
        ("smtp://127.0.0.1:9?tls=none", [HANAKO, JIRO]),
        ("smtp://127.0.0.1:9?tls=none", [f"u{number}@closing.example" for number in range(101)]),
    ],
)
async def test_some_mail_is_committed_first(tmp_path: Path, deliver: str, recipients: list[str]) -> None:
    async with world(tmp_path, deliver=deliver) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        assert (await coming(here, *recipients)).begin(outbox) is None


async def test_recipients_under_different_senders_are_committed_first(tmp_path: Path) -> None:
    async with SmtpPeer() as peer, world(tmp_path, deliver=hop(peer)) as here:
        means = replace(here.means(), outgoing=lambda _, delivery: Outgoing(delivery.recipient))
        async with at_work(here.outbox(means=means)) as outbox:
            await ready(outbox)
            assert (await coming(here, HANAKO, GORO)).begin(outbox) is None
            first = (await coming(here, HANAKO)).begin(outbox)
            assert first is not None
            assert await first.within(60)
    assert [one.sender for one in peer.taken] == [HANAKO]


async def test_nothing_is_tried_while_everything_is_held(tmp_path: Path) -> None:
    async with SmtpPeer() as peer, world(tmp_path, deliver=hop(peer)) as here:
        here.records.act(lambda connection: held.hold(connection, here.clock.now(), "restored"))
        async with at_work(here.outbox()) as outbox:
            message = await here.accept(HANAKO)
            await asyncio.sleep(5 * PACE.poll)
            assert (await coming(here)).begin(outbox) is None
            assert here.deliveries(message)[0].attempts == 0
            await here.records.committer.commit(held.release)
            await here.until_state(message, DELIVERED)
            assert (await coming(here)).begin(outbox) is not None


async def test_first_attempts_share_the_lane_and_wait_for_its_slots(tmp_path: Path) -> None:
    held_back = Event()
    async with SmtpPeer({"end": Answer("250 ok", held=held_back)}) as peer, world(tmp_path, deliver=hop(peer)) as here:
        async with at_work(here.outbox(pace=replace(PACE, share=2))) as outbox:
            await ready(outbox)
            tries = [(await coming(here)).begin(outbox) for _ in range(10)]
            held_back.set()
            begun = [one for one in tries if one is not None]
            assert len(begun) == 8
            assert all([await one.within(60) for one in begun])
        assert peer.connections == 2
    assert len(peer.taken) == 8


async def test_a_lease_that_was_lost_meanwhile_settles_nothing(tmp_path: Path) -> None:
    held_back = Event()
    script: Script = {"end": Answer("250 2.0.0 taken", held=held_back)}
    async with SmtpPeer(script) as peer, world(tmp_path, deliver=hop(peer)) as here, at_work(here.outbox()) as outbox:
        await ready(outbox)
        mail = await coming(here)
        first = mail.begin(outbox)
        assert first is not None
        assert await first.within(0.05) is None
        await mail.keep(outbox, first)
        late = here.clock.now() + PACE.lease
        commit = here.records.committer.commit
        assert await commit(lambda connection: deliveries.claim(connection, "two", late, PACE.lease, 1))
        held_back.set()
        await until(lambda: here.log.named("stale"), "its end is told")
        assert here.states(mail.message.id) == [UNKNOWN]
