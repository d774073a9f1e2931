"""A message's life over real records: judged, kept, answered; and what happens where something is away."""

from dataclasses import replace
from pathlib import Path

import pytest

from filters.mail import AddressKind, Content, Forwarding, Left, Standing, Usage
from filters.verdict import Accept, Because, Clean, Defer, Forward, Refuse
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.paths import ReversePath
from mailsvc.records import messages
from mailsvc.records.store import RecordsAway
from mailsvc.standing import FactsAway
from schedules.names import Address
from schedules.words import Rule
from tests.rules.gateway.life_world import (
    HANAKO,
    HOME,
    JIRO,
    MAIL,
    NOW,
    OUTSIDE,
    SUBMISSION,
    TRUSTED,
    WORLD,
    Doubt,
    counted,
    open_world,
    rulings,
)


async def test_a_live_recipient_is_taken_and_counted(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        verdict = await world.life.recipient(WORLD, MAIL, HANAKO)
        assert isinstance(verdict, Accept)
        assert verdict.because is Because.LIVE
        assert counted(world.metrics, 250, Because.LIVE) == 1
        assert world.metrics.registry.get_sample_value("lastpost_decision_seconds_count") == 1


async def test_a_refusal_is_logged_with_its_reason_and_counted(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        verdict = await world.life.recipient(WORLD, MAIL, OUTSIDE)
        assert isinstance(verdict, Refuse)
        assert str(verdict.reply).startswith("550 5.7.1")
        level, event, fields = world.log.lines[-1]
        assert (level, event) == ("info", "refused")
        assert fields == {
            "message": "MSG1",
            "client": "192.0.2.1",
            "kind": "world",
            "sender": "a@world.example",
            "recipient": "x@elsewhere.example",
            "code": 550,
            "because": "relay-denied",
        }
        assert counted(world.metrics, 550, Because.RELAY_DENIED) == 1


async def test_soft_bounce_softens_every_verdict(tmp_path: Path) -> None:
    async with open_world(tmp_path, soft=True, closed=True) as world:
        verdict = await world.life.recipient(WORLD, MAIL, OUTSIDE)
        assert isinstance(verdict, Defer)
        assert str(verdict.reply).startswith("450 4.7.1")
        content = world.life.content(WORLD, MAIL, Content(11, 10))
        assert isinstance(content, Defer)
        assert str(content.reply).startswith("452 4.3.4")
        closed = world.life.host_closed()
        assert closed is not None
        assert closed.code == 421


async def test_submission_may_send_outward_until_its_sender_may_not(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        mail = replace(MAIL, path=ReversePath(HANAKO))
        assert isinstance(await world.life.recipient(SUBMISSION, mail, OUTSIDE), Accept)
        world.standings.known[HANAKO] = replace(world.standings.known[HANAKO], rulings=rulings(send=Rule.STAGE))
        ended = await world.life.recipient(SUBMISSION, mail, OUTSIDE)
        assert isinstance(ended, Refuse)
        assert ended.because is Because.SEND_ENDED
        for sender in (None, OUTSIDE):
            other = replace(MAIL, path=ReversePath(sender))
            assert isinstance(await world.life.recipient(SUBMISSION, other, OUTSIDE), Accept)
        assert isinstance(await world.life.recipient(WORLD, mail, HANAKO), Accept)


@pytest.mark.parametrize(
    ("failure", "reply"),
    [
        (FactsAway("no directory"), "451 4.3.0"),
        (RecordsAway("locked"), "451 4.3.0"),
        (RecordsAway("no room", full=True), "452 4.3.1"),
    ],
)
async def test_facts_that_cannot_be_asked_put_off(tmp_path: Path, failure: Exception, reply: str) -> None:
    async with open_world(tmp_path, soft=True) as world:
        world.standings.failure = failure
        verdict = await world.life.recipient(WORLD, MAIL, HANAKO)
        assert isinstance(verdict, Defer)
        assert verdict.because is Because.FACTS_AWAY
        assert str(verdict.reply).startswith(reply)
        assert world.log.lines[0][0] == "warning"


async def test_what_only_a_clock_jump_changes_is_put_off(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        world.standings.ending.add(HANAKO)
        assert isinstance(await world.life.recipient(WORLD, MAIL, HANAKO), Refuse)
        world.watch.suspect = Doubt(TRUSTED)
        doubtful = await world.life.recipient(WORLD, MAIL, HANAKO)
        assert isinstance(doubtful, Defer)
        assert doubtful.because is Because.CLOCK_JUMP
        assert str(doubtful.reply).startswith("451 4.3.0")
        assert isinstance(await world.life.recipient(WORLD, MAIL, OUTSIDE), Refuse)


async def test_the_mailbox_of_a_sender_is_not_counted(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.life.recipient(SUBMISSION, replace(MAIL, path=ReversePath(HANAKO)), OUTSIDE)
        assert world.standings.counted == [OUTSIDE]


async def test_over_quota_is_permanent_only_when_counted_anew(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        full = Usage(200, 100, TRUSTED, grace_over=True, fresh=False)
        known = world.standings.known[HANAKO]
        world.standings.known[HANAKO] = replace(known, usage=full)
        remembered = await world.life.recipient(WORLD, MAIL, HANAKO)
        assert isinstance(remembered, Defer)
        assert str(remembered.reply).startswith("452 4.2.2")
        world.standings.known[HANAKO] = replace(known, usage=replace(full, fresh=True))
        fresh = await world.life.recipient(WORLD, MAIL, HANAKO)
        assert isinstance(fresh, Refuse)
        assert str(fresh.reply).startswith("550 5.2.2")


async def test_what_has_no_way_onward_is_put_off_at_rcpt(tmp_path: Path) -> None:
    async with open_world(tmp_path, outward=False) as world:
        wish = Forwarding(HOME, confirmed=True, disclose=False, keep=False)
        world.standings.known[JIRO] = Standing(
            JIRO, ours=True, kind=AddressKind.BASE, mailbox=JIRO, rulings=rulings(), forwarding=wish
        )
        verdict = await world.life.recipient(WORLD, MAIL, JIRO)
        assert isinstance(verdict, Defer)
        assert "no-route" in world.log.events()


async def test_who_has_left_is_refused_with_the_judges_words(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        world.standings.known[JIRO] = Standing(
            JIRO, ours=True, kind=AddressKind.BASE, rulings=rulings(), left=Left(HOME, disclose=True)
        )
        verdict = await world.life.recipient(WORLD, MAIL, JIRO)
        assert str(verdict.reply).startswith("551 5.1.6")
        assert "<jiro@newhome.example>" in str(verdict.reply)


async def test_content_is_judged_as_a_whole(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        assert isinstance(world.life.content(WORLD, MAIL, Content(10, 10)), Clean)
        bare = world.life.content(WORLD, MAIL, Content(10, 10, bare_newline=True))
        assert isinstance(bare, Refuse)
        assert counted(world.metrics, 550, Because.BARE_NEWLINE) == 1
        assert world.log.lines[-1][2]["recipient"] == ""


def accepted(address: Address) -> Accept:
    from filters.replies import RECIPIENT_OK

    return Accept(address, Because.LIVE, RECIPIENT_OK)


def forwarded(keep: bool) -> Forward:
    from filters.replies import RECIPIENT_OK

    return Forward(JIRO, HOME, keep, Because.FORWARDED, RECIPIENT_OK)


async def test_250_means_it_is_in_the_records(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        assert await world.take(accepted(HANAKO)) == "250 2.6.0 Taken as MSG1"
        trace = world.trace()
        message = trace.message
        assert (message.size, message.mail_from, message.helo) == (17, "a@world.example", "mx.world.example")
        assert (message.client_kind, message.client_ip, message.received_at) == ("world", "192.0.2.1", NOW)
        assert message.trace.startswith(b"Received: from mx.world.example ([192.0.2.1])\r\n")
        assert b"for <hanako@closing.example>" in message.trace
        assert [(one.recipient, one.because) for one in trace.deliveries] == [("hanako@closing.example", "live")]
        assert trace.deliveries[0].lane.startswith("maildir:")
        assert world.woken == [trace.deliveries[0].lane]
        assert world.metrics.registry.get_sample_value("lastpost_octets_accepted_total") == 17


async def test_the_line_about_a_message_names_everybody_and_no_content(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.take(accepted(HANAKO), forwarded(keep=False), content=b"confidential\r\n")
        _, event, fields = world.log.lines[-1]
        assert event == "accepted"
        assert fields["recipients"] == [
            {"asked": "hanako@closing.example", "because": "live"},
            {"asked": "jiro@closing.example", "because": "forwarded"},
        ]
        assert "confidential" not in repr(world.log.lines)


async def test_a_kept_copy_is_a_delivery_of_its_own(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.take(forwarded(keep=True))
        found = [(one.recipient, one.original, one.because) for one in world.trace().deliveries]
        assert found == [
            ("jiro@newhome.example", "jiro@closing.example", "forwarded"),
            ("jiro@closing.example", "jiro@closing.example", "live"),
        ]


async def test_nobody_gets_it_twice(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        loud = Address.parse("HANAKO@closing.example")
        await world.take(accepted(HANAKO), accepted(loud), forwarded(keep=False), accepted(HOME))
        assert [one.recipient for one in world.trace().deliveries] == ["hanako@closing.example", "jiro@newhome.example"]


async def test_a_large_body_is_kept_byte_by_byte(tmp_path: Path) -> None:
    from mailsvc.records.bodies import read_body

    content = bytes(range(256)) * 10_000
    async with open_world(tmp_path) as world:
        await world.take(accepted(HANAKO), content=content)
        kept = b"".join([piece async for piece in read_body(world.records, world.trace().message.body_id)])
        assert kept == content


@pytest.mark.parametrize(("full", "reply"), [(False, "451 4.3.0"), (True, "452 4.3.1")])
async def test_no_250_where_the_records_are_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool, reply: str
) -> None:
    async def away(*_: object) -> None:
        raise RecordsAway("gone", full=full)

    async with open_world(tmp_path) as world:
        monkeypatch.setattr(messages, "accept_attempted", away)
        with pytest.raises(Unacceptable) as caught:
            await world.take(accepted(HANAKO))
        assert str(caught.value.reply).startswith(reply)
        assert "records-away" in world.log.events()
        assert not world.woken
        with world.records.read() as connection:
            assert messages.find(connection, MAIL.id) is None


async def test_the_postmaster_without_a_domain_is_ours(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        assert str(world.life.postmaster_domain()) == "closing.example"
        assert world.life.host_closed() is None
        assert world.life.new_id() != world.life.new_id()
