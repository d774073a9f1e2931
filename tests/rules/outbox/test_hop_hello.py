"""The first words with a next hop: what it offers is believed as far as it makes sense, a refusal means "away"."""

import asyncio

import pytest

from mailsvc.kit.net import client_tls
from mailsvc.kit.targets import HopTls
from mailsvc.outbox.hop_hello import Hop, HopOffers, greet
from mailsvc.outbox.hop_trouble import HopAway
from tests.peers.smtp import Answer, Script, SmtpPeer
from tests.rules.outbox.parcels import QUICK


async def offers(peer: SmtpPeer, tls: HopTls = HopTls.NONE, *, context: bool = True) -> HopOffers:
    hop = Hop("127.0.0.1", peer.port, tls, client_tls(verify=False) if context else None)
    session = await greet(hop, "lastpost.example", QUICK)
    session.line.drop()
    return session.offers


async def test_what_is_announced_is_known() -> None:
    async with SmtpPeer(extensions=("PIPELINING", "SIZE 1000", "8BITMIME", "SMTPUTF8", "X-ODD a b")) as peer:
        found = await offers(peer)
    assert found == HopOffers(pipelining=True, eight_bit=True, smtputf8=True, starttls=False, size=1000)


async def test_what_is_not_announced_is_not_used() -> None:
    async with SmtpPeer(extensions=()) as peer:
        assert await offers(peer) == HopOffers()


async def test_keywords_are_known_in_any_case() -> None:
    async with SmtpPeer({"EHLO": Answer("250-mx.example\n250-pipelining\n250-Size 77\n250 8BitMime")}) as peer:
        found = await offers(peer)
    assert (found.pipelining, found.size, found.eight_bit) == (True, 77, True)


async def test_the_hops_own_name_is_no_extension() -> None:
    async with SmtpPeer({"EHLO": Answer("250-PIPELINING at your service\n250 HELP")}) as peer:
        assert not (await offers(peer)).pipelining


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("SIZE", 0),
        ("SIZE 0", 0),
        ("SIZE 12345", 12_345),
        ("SIZE lots", 0),
        ("SIZE -5", 0),
        ("SIZE ９", 0),
        ("SIZE " + "9" * 30, 0),
        ("SIZE 100 200", 100),
        ("HELP", None),
    ],
)
async def test_a_size_that_makes_no_sense_is_no_limit(said: str, size: int | None) -> None:
    async with SmtpPeer({"EHLO": Answer(f"250-mx.example\n250 {said}")}) as peer:
        assert (await offers(peer)).size == size


async def test_an_old_server_is_greeted_the_old_way() -> None:
    async with SmtpPeer({"EHLO": Answer("500 what")}) as peer:
        assert await offers(peer) == HopOffers()
    assert peer.commands[:2] == ["EHLO lastpost.example", "HELO lastpost.example"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({"connect": Answer("554 5.3.2 closed")}, "554 greeting: 5.3.2 closed"),
        ({"connect": Answer("421 4.3.2 later")}, "421 greeting: 4.3.2 later"),
        ({"EHLO": Answer("421 4.3.2 later")}, "421 EHLO: 4.3.2 later"),
        ({"EHLO": Answer("500 what"), "HELO": Answer("550 go away")}, "550 HELO: go away"),
        ({"connect": Answer("250 mixed up")}, "250 greeting: mixed up"),
    ],
)
async def test_a_refusal_is_away_with_the_hops_own_words(script: Script, said: str) -> None:
    async with SmtpPeer(script) as peer:
        with pytest.raises(HopAway) as away:
            await offers(peer)
    assert str(away.value) == said
    assert not peer.mails


@pytest.mark.parametrize("answer", [Answer.CUT, Answer(b"hello there\r\n"), Answer(b"", delay=5)])
async def test_silence_garbage_and_a_cut_are_away(answer: Answer) -> None:
    quick = type(QUICK)(connect=1, greeting=0.3, mail=1, rcpt=1, data=1, block=1, end=1, quit=1)
    async with SmtpPeer({"connect": answer}) as peer:
        with pytest.raises(HopAway):
            await greet(Hop("127.0.0.1", peer.port), "lastpost.example", quick)


async def test_tls_that_is_required_and_not_offered_is_away() -> None:
    async with SmtpPeer() as peer:
        with pytest.raises(HopAway, match="TLS is required, but cannot be had"):
            await offers(peer, HopTls.REQUIRED)
    assert peer.commands == ["EHLO lastpost.example"]


async def test_tls_where_it_is_offered_is_gone_without_where_it_is_not() -> None:
    async with SmtpPeer() as peer:
        assert (await offers(peer, HopTls.STARTTLS)).pipelining
    assert "STARTTLS" not in peer.commands


async def test_a_hop_that_takes_starttls_back_is_away() -> None:
    script = {"EHLO": Answer("250-mx.example\n250 STARTTLS"), "STARTTLS": Answer("454 4.7.0 not now")}
    async with SmtpPeer(script) as peer:
        with pytest.raises(HopAway, match=r"454 STARTTLS: 4\.7\.0 not now"):
            await offers(peer, HopTls.STARTTLS)


async def test_without_papers_of_our_own_tls_cannot_be_had() -> None:
    async with SmtpPeer({"EHLO": Answer("250-mx.example\n250 STARTTLS")}) as peer:
        with pytest.raises(HopAway, match="cannot be had"):
            await offers(peer, HopTls.REQUIRED, context=False)


async def test_a_greeting_that_is_given_up_leaves_no_connection() -> None:
    async with SmtpPeer({"connect": Answer("220 late", delay=30)}) as peer:
        task = asyncio.create_task(offers(peer))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not peer.commands
