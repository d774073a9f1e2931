"""LMTP (RFC 2033): LHLO, and after the final dot one reply for each recipient that was taken."""

from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.hop_trouble import HopAway
from mailsvc.outbox.parcel import Answer as Settled
from mailsvc.outbox.parcel import Fate
from mailsvc.records.deliveries import DeliveryState
from tests.peers.smtp import EXTENSIONS, Answer, Script, SmtpPeer
from tests.rules.outbox.parcels import HANAKO, hand, parcel
from tests.rules.outbox.world import at_work, world
from tests.support.deadline import until

GORO, SABURO = "goro@closing.example", "saburo@closing.example"
PAUSE = timedelta(minutes=1)
ALL = (HANAKO, GORO, SABURO)
OK, FULL = Answer("250 2.0.0 saved"), Answer("452 4.2.2 full")
DELIVERED, QUEUED, UNKNOWN = DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.UNKNOWN
NEVER = DeliveryState.UNDELIVERABLE


async def by_lmtp(peer: SmtpPeer, *recipients: str) -> dict[str, Settled]:
    return await hand(peer.port, parcel(*recipients), hop=Hop("127.0.0.1", 0, lmtp=True))


async def test_each_recipient_has_a_reply_of_its_own() -> None:
    script: Script = {"end": [OK, FULL, Answer("552 5.2.2 over quota")]}
    async with SmtpPeer(script, lmtp=True) as peer:
        answers = await by_lmtp(peer, *ALL)
    assert [answer.fate for answer in answers.values()] == [Fate.TAKEN, Fate.LATER, Fate.NEVER]
    assert peer.commands[0] == "LHLO lastpost.example"


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
async def test_only_those_that_were_taken_are_answered(extensions: tuple[str, ...]) -> None:
    script: Script = {"RCPT TO:<goro": Answer("550 5.1.1 nobody"), "end": [OK, FULL]}
    async with SmtpPeer(script, lmtp=True, extensions=extensions) as peer:
        answers = await by_lmtp(peer, *ALL)
    assert {who: answer.fate for who, answer in answers.items()} == {
        HANAKO: Fate.TAKEN,
        GORO: Fate.NEVER,
        SABURO: Fate.LATER,
    }


@pytest.mark.parametrize("cut", [Answer.CUT, Answer(b"25", close=True), Answer(b"rubbish\r\n"), Answer("354 more?")])
async def test_what_is_lost_after_the_dot_is_unknown_only_for_those_not_answered(cut: Answer) -> None:
    async with SmtpPeer({"end": [OK, cut]}, lmtp=True) as peer:
        answers = await by_lmtp(peer, *ALL)
    assert [answer.fate for answer in answers.values()] == [Fate.TAKEN, Fate.UNKNOWN, Fate.UNKNOWN]


async def test_lhlo_has_no_older_form() -> None:
    async with SmtpPeer({"LHLO": Answer("500 what")}, lmtp=True) as peer:
        with pytest.raises(HopAway, match="500 LHLO: what"):
            await by_lmtp(peer)
    assert peer.commands == ["LHLO lastpost.example"]


async def test_a_socket_where_nobody_listens_is_away(tmp_path: Path) -> None:
    with pytest.raises(HopAway, match=r"no connection to .*nobody"):
        await hand(0, parcel(), hop=Hop("localhost", 0, lmtp=True, socket=str(tmp_path / "nobody")))


async def test_the_stores_answer_wins_for_each_recipient(tmp_path: Path) -> None:
    script: Script = {"end": [OK, FULL, Answer("552 5.2.2 over quota"), OK]}
    async with (
        SmtpPeer(script, lmtp=True) as peer,
        world(tmp_path, deliver=f"lmtp://127.0.0.1:{peer.port}") as here,
        at_work(here.outbox()),
    ):
        message = await here.accept(*ALL)
        await here.until_state(message, DELIVERED, QUEUED, NEVER)
        replies = [one.last_reply for one in here.deliveries(message)]
        assert replies == ["250 2.0.0 saved", "452 4.2.2 full", "552 5.2.2 over quota"]
        here.clock.advance(PAUSE)
        await here.until_state(message, DELIVERED, DELIVERED, NEVER)
    assert [mail.recipients for mail in peer.mails] == [list(ALL), [GORO]]


async def test_only_who_was_not_answered_is_tried_again(tmp_path: Path) -> None:
    script: Script = {"end": [OK, Answer.CUT]}
    async with (
        SmtpPeer(script, lmtp=True) as peer,
        world(tmp_path, deliver=f"lmtp://127.0.0.1:{peer.port}") as here,
        at_work(here.outbox()),
    ):
        message = await here.accept(HANAKO, GORO)
        await here.until_state(message, DELIVERED, UNKNOWN)
        here.clock.advance(PAUSE)
        await until(lambda: here.states(message) == [DELIVERED, DELIVERED], "it is asked once more")
    assert [mail.recipients for mail in peer.mails] == [[HANAKO, GORO], [GORO]]
