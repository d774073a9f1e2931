"""`nexthop-faults`, as the SMTP client meets them: every fault is a retry or one settlement, never both."""

import asyncio
import ssl
from dataclasses import replace

import pytest
import trustme

from mailsvc.kit.targets import HopTls
from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.hop_trouble import HopAway
from mailsvc.outbox.parcel import Fate
from mailsvc.outbox.smtp import Timeouts
from tests.peers.proxy import Cut, CutProxy
from tests.peers.smtp import EXTENSIONS, Answer, SmtpPeer
from tests.peers.tcp import TcpPeer
from tests.rules.outbox.parcels import HANAKO, QUICK, hand, parcel

OTHER = "other@closing.example"
HASTY = Timeouts(connect=1, greeting=0.3, mail=0.3, rcpt=0.3, data=0.3, block=0.3, end=0.3, quit=0.1)
BEFORE_THE_DOT = ("MAIL", "RCPT", "DATA")
LATE = Answer("250 late", delay=600)


def patience(verb: str, answer: Answer) -> Timeouts:
    """Little for this answer where it is late, and enough for all others."""
    return replace(QUICK, **{verb.lower(): 0.3}) if answer is LATE else QUICK


@pytest.mark.parametrize("verb", BEFORE_THE_DOT)
@pytest.mark.parametrize(
    "answer",
    [
        Answer("421 4.3.2 closing", close=True),
        Answer.CUT,
        Answer(b"gar\x00bage\r\n"),
        Answer(b"250-half a reply\r\n", close=True),
        Answer(b"250-never\r\n251 agreed\r\n"),
        Answer(b"250 " + b"x" * 70_000 + b"\r\n"),
        LATE,
    ],
)
async def test_whatever_breaks_before_the_final_dot_is_tried_again(verb: str, answer: Answer) -> None:
    async with SmtpPeer({verb: answer}) as peer:
        answers = await hand(peer.port, parcel(), timeouts=patience(verb, answer))
        assert [found.fate for found in answers.values()] == [Fate.LATER]
        assert not peer.taken


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (Answer("451 4.3.0 later"), Fate.LATER),
        (Answer("554 5.6.0 never"), Fate.NEVER),
        (Answer("421 4.3.2 closing", close=True), Fate.LATER),
        (Answer.CUT, Fate.UNKNOWN),
        (Answer(b"", close=True), Fate.UNKNOWN),
        (Answer(b"25", close=True), Fate.UNKNOWN),
        (Answer(b"250-half\r\n", close=True), Fate.UNKNOWN),
        (Answer(b"\xff\xfe\r\n"), Fate.UNKNOWN),
        (Answer("354 go on"), Fate.UNKNOWN),
        (Answer(b"250 " + b"x" * 70_000 + b"\r\n"), Fate.UNKNOWN),
        (Answer(b"250 " + b"x" * 9_000 + b"\r\n"), Fate.TAKEN),
        (LATE, Fate.UNKNOWN),
    ],
)
async def test_the_reply_to_the_final_dot(answer: Answer, fate: Fate) -> None:
    async with SmtpPeer({"end": answer}) as peer:
        answers = await hand(peer.port, parcel(HANAKO, OTHER), timeouts=patience("end", answer))
    assert [found.fate for found in answers.values()] == [fate, fate]
    assert all(len(str(found.reply)) < 600 for found in answers.values())
    assert all(str(found.reply) for found in answers.values())


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
async def test_421_in_the_middle_keeps_what_was_settled_before(extensions: tuple[str, ...]) -> None:
    script = {"RCPT TO:<hanako": Answer("550 5.1.1 nobody"), "RCPT TO:<other": Answer("421 4.3.2 closing", close=True)}
    async with SmtpPeer(script, extensions=extensions) as peer:
        answers = await hand(peer.port, parcel(HANAKO, OTHER, "third@closing.example"))
    assert [found.fate for found in answers.values()] == [Fate.NEVER, Fate.LATER, Fate.LATER]
    assert not peer.taken


@pytest.mark.parametrize(
    "answer",
    [Answer("554 no"), Answer("421 busy", close=True), Answer(b"SSH-2.0-x\r\n"), Answer.CUT, Answer("220 x", 1)],
)
async def test_a_hop_that_does_not_greet_is_away(answer: Answer) -> None:
    async with SmtpPeer({"connect": answer}) as peer:
        with pytest.raises(HopAway) as trouble:
            await hand(peer.port, parcel(), timeouts=HASTY)
    assert str(trouble.value)


@pytest.mark.parametrize("octets", range(0, 420, 7))
async def test_cut_at_any_octet_of_the_hops_speech(octets: int) -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, to_client=Cut(after=octets)) as proxy:
        try:
            fates = {answer.fate for answer in (await hand(proxy.port, parcel())).values()}
        except HopAway:
            fates = {Fate.LATER}
        assert len(fates) == 1
        if fates == {Fate.LATER}:
            assert not peer.taken
        if fates == {Fate.TAKEN}:
            assert peer.taken


@pytest.mark.parametrize("octets", range(0, 260, 7))
async def test_cut_at_any_octet_of_our_speech(octets: int) -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, to_server=Cut(after=octets)) as proxy:
        try:
            fates = {answer.fate for answer in (await hand(proxy.port, parcel())).values()}
        except HopAway:
            fates = {Fate.LATER}
        assert len(fates) == 1
        assert bool(peer.taken) == (fates == {Fate.TAKEN}) or fates == {Fate.UNKNOWN}


async def test_a_hop_that_takes_no_data_is_left() -> None:
    chunk = b"x" * 998 + b"\r\n"
    async with SmtpPeer() as peer, CutProxy(peer.port, to_server=Cut(after=150, swallow=True)) as proxy:
        answers = await hand(proxy.port, parcel(body=chunk * 10), timeouts=replace(QUICK, block=0.3, end=0.3))
    assert {found.fate for found in answers.values()} <= {Fate.LATER, Fate.UNKNOWN}
    assert not peer.taken


async def test_a_reply_before_its_turn_is_not_taken_for_the_last_one() -> None:
    async with SmtpPeer({"DATA": Answer(b"354 go on\r\n250 2.0.0 taken\r\n")}) as peer:
        answers = await hand(peer.port, parcel())
        assert answers[HANAKO].fate is Fate.LATER
    assert not peer.taken


class Flood(TcpPeer):
    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.write(b"220 hi\r\n" + b"250-x\r\n" * 400_000)
        await writer.drain()


async def test_a_flood_of_replies_ends_the_session() -> None:
    async with Flood() as peer:
        with pytest.raises(HopAway):
            await hand(peer.port, parcel(), timeouts=HASTY)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_hop(authority: trustme.CA, tls: HopTls) -> Hop:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return Hop("127.0.0.1", 0, tls, context)


@pytest.mark.parametrize("tls", [HopTls.STARTTLS, HopTls.REQUIRED])
async def test_mail_goes_over_tls(authority: trustme.CA, tls: HopTls) -> None:
    async with SmtpPeer(starttls=server_context(authority, "127.0.0.1")) as peer:
        answers = await hand(peer.port, parcel(), hop=client_hop(authority, tls))
    assert answers[HANAKO].fate is Fate.TAKEN
    assert peer.commands[:3] == ["EHLO lastpost.example", "STARTTLS", "EHLO lastpost.example"]


async def test_a_wrong_certificate_gets_no_mail(authority: trustme.CA) -> None:
    async with SmtpPeer(starttls=server_context(authority, "other.example")) as peer:
        with pytest.raises(HopAway, match="TLS"):
            await hand(peer.port, parcel(), hop=client_hop(authority, HopTls.REQUIRED))
    assert not peer.mails


async def test_required_tls_is_not_done_without(authority: trustme.CA) -> None:
    async with SmtpPeer() as peer:
        with pytest.raises(HopAway, match="TLS is required"):
            await hand(peer.port, parcel(), hop=client_hop(authority, HopTls.REQUIRED))
        opportunist = await hand(peer.port, parcel(), hop=client_hop(authority, HopTls.STARTTLS))
    assert opportunist[HANAKO].fate is Fate.TAKEN


async def test_words_injected_behind_starttls_end_the_session(authority: trustme.CA) -> None:
    script = {"STARTTLS": Answer(b"220 go on\r\n250-evil\r\n")}
    async with SmtpPeer(script, starttls=server_context(authority, "127.0.0.1")) as peer:
        with pytest.raises(HopAway, match="clear"):
            await hand(peer.port, parcel(), hop=client_hop(authority, HopTls.REQUIRED))
    assert not peer.mails
