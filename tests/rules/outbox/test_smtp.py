from dataclasses import replace

import pytest

from mailsvc.outbox.hop_trouble import HopAway
from mailsvc.outbox.parcel import Fate
from tests.peers.smtp import EXTENSIONS, Answer, SmtpPeer
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO, content, hand, parcel

OTHER = "other@closing.example"


async def test_a_parcel_is_taken_byte_for_byte() -> None:
    body = b"Subject: x\r\n\r\n.dot\r\n..\r\n\xe3\x81\x82\r\n"
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, parcel(chunks=(body[:15], body[15:16], body[16:])))
        assert answers[HANAKO].fate is Fate.TAKEN
        assert answers[HANAKO].reply.code == 250
    assert [(mail.sender, mail.recipients, mail.body) for mail in peer.taken] == [(JIRO, [HANAKO], body)]
    assert peer.commands[0] == "EHLO lastpost.example"
    assert peer.commands[-1] == "QUIT"


async def test_the_null_sender_and_a_body_without_its_last_line_end() -> None:
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, parcel(sender="", body=b"a: b\r\n\r\nend"))
        assert answers[HANAKO].fate is Fate.TAKEN
    assert peer.commands[1].startswith("MAIL FROM:<>")
    assert peer.taken[0].body == b"a: b\r\n\r\nend\r\n"


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
async def test_recipients_settle_separately(extensions: tuple[str, ...]) -> None:
    script = {"RCPT TO:<other": Answer("550 5.1.1 nobody"), "RCPT TO:<full": Answer("452 4.2.2 full")}
    full = "full@closing.example"
    async with SmtpPeer(script, extensions=extensions) as peer:
        answers = await hand(peer.port, parcel(HANAKO, OTHER, full))
    assert {who: answer.fate for who, answer in answers.items()} == {
        HANAKO: Fate.TAKEN,
        OTHER: Fate.NEVER,
        full: Fate.LATER,
    }
    assert str(answers[OTHER].reply) == "550 5.1.1 nobody"
    assert peer.taken[0].recipients == [HANAKO]


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
async def test_no_content_is_sent_when_nobody_is_left(extensions: tuple[str, ...]) -> None:
    async with SmtpPeer({"RCPT": Answer("550 no")}, extensions=extensions) as peer:
        answers = await hand(peer.port, parcel(HANAKO, OTHER))
    assert {answer.fate for answer in answers.values()} == {Fate.NEVER}
    assert ("DATA" in peer.commands) is bool(extensions)  # in one breath with the rest (RFC 2920 3.1)
    assert "RSET" in peer.commands
    assert [mail.body for mail in peer.mails] == [b""]


async def test_552_to_a_recipient_is_read_as_452() -> None:
    async with SmtpPeer({"RCPT": Answer("552 too many recipients")}) as peer:
        answers = await hand(peer.port, parcel())
    assert answers[HANAKO].fate is Fate.LATER


@pytest.mark.parametrize(("code", "fate"), [(451, Fate.LATER), (550, Fate.NEVER)])
@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
async def test_a_refused_sender_settles_everybody(code: int, fate: Fate, extensions: tuple[str, ...]) -> None:
    async with SmtpPeer({"MAIL": Answer(f"{code} no")}, extensions=extensions) as peer:
        answers = await hand(peer.port, parcel(HANAKO, OTHER))
    assert [(answer.fate, answer.reply.code) for answer in answers.values()] == [(fate, code)] * 2
    assert not peer.taken


async def test_what_the_hop_offers_is_used() -> None:
    sent = replace(parcel(), eight_bit=True, smtputf8=True)
    async with SmtpPeer() as peer:
        await hand(peer.port, sent)
    assert peer.commands[1] == f"MAIL FROM:<{JIRO}> SIZE={len(BODY)} BODY=8BITMIME SMTPUTF8"


async def test_a_lesser_hop_gets_plain_commands() -> None:
    async with SmtpPeer({"EHLO": Answer("502 what")}, extensions=()) as peer:
        answers = await hand(peer.port, replace(parcel(), eight_bit=True, smtputf8=True))
    assert answers[HANAKO].fate is Fate.TAKEN
    assert peer.commands[1:3] == ["HELO lastpost.example", f"MAIL FROM:<{JIRO}>"]


@pytest.mark.parametrize(
    ("sent", "enhanced"),
    [
        (replace(parcel(body=b"a: b\r\n\r\n\xe3\x81\x82\r\n"), eight_bit=True), "5.6.3"),
        (replace(parcel(body=b"a: \xe3\x81\x82\r\n\r\n"), smtputf8=True), "5.6.7"),
        (parcel("花子@closing.example"), "5.6.7"),
        (parcel(sender="花子@closing.example"), "5.6.7"),
    ],
)
async def test_what_a_lesser_hop_cannot_carry_is_never_sent(sent: object, enhanced: str) -> None:
    async with SmtpPeer(extensions=()) as peer:
        answers = await hand(peer.port, sent)  # type: ignore[arg-type]
    assert [(answer.fate, answer.reply.enhanced) for answer in answers.values()] == [(Fate.NEVER, enhanced)]
    assert not peer.mails


async def test_a_message_over_the_hops_size_is_not_begun() -> None:
    async with SmtpPeer(extensions=("SIZE 20",)) as peer:
        answers = await hand(peer.port, parcel())
    assert str(answers[HANAKO].reply).startswith("552 5.3.4")
    assert not peer.mails


async def test_size_without_a_limit() -> None:
    async with SmtpPeer(extensions=("SIZE",)) as peer:
        answers = await hand(peer.port, parcel())
    assert answers[HANAKO].fate is Fate.TAKEN


async def test_a_bare_newline_is_not_sent_and_nothing_is_taken() -> None:
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, parcel(chunks=(b"a: b\r\n\r\n" + b"x" * 100, b"\n.\r\nMAIL FROM:<e@x>\r\n")))
        assert str(answers[HANAKO].reply).startswith("550 5.6.11")
        assert answers[HANAKO].fate is Fate.NEVER
    assert not peer.taken


async def test_normalising_is_the_operators_choice() -> None:
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, parcel(body=b"a: b\r\n\r\nx\ny\r\n"), bare="normalise")
    assert answers[HANAKO].fate is Fate.TAKEN
    assert peer.taken[0].body == b"a: b\r\n\r\nx\r\ny\r\n"


async def test_an_address_that_cannot_be_written_harms_nobody_else() -> None:
    bad = "x@y.example>\r\nRCPT TO:<z@y.example"
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, parcel(bad, HANAKO))
    assert answers[bad].reply.enhanced == "5.1.3"
    assert answers[HANAKO].fate is Fate.TAKEN
    assert peer.taken[0].recipients == [HANAKO]


async def test_a_sender_that_cannot_be_written() -> None:
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, parcel(sender="a@b.example\r\nDATA"))
    assert answers[HANAKO].reply.enhanced == "5.1.7"
    assert not peer.mails


async def test_a_hundred_recipients_in_one_breath() -> None:
    many = [f"user{number}@closing.example" for number in range(100)]
    async with SmtpPeer({"RCPT TO:<user7@": Answer("450 later")}) as peer:
        answers = await hand(peer.port, parcel(*many))
    assert [who for who, answer in answers.items() if answer.fate is Fate.LATER] == ["user7@closing.example"]
    assert len(peer.taken[0].recipients) == 99


async def test_a_large_body_is_streamed() -> None:
    chunk = (b"x" * 78 + b"\r\n") * 1000
    sent = replace(parcel(), content=content(*[chunk] * 4), size=4 * len(chunk))
    async with SmtpPeer(extensions=("SIZE",)) as peer:
        answers = await hand(peer.port, sent)
    assert answers[HANAKO].fate is Fate.TAKEN
    assert peer.taken[0].body == chunk * 4


async def test_a_lost_lease_stops_before_the_final_dot() -> None:
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, replace(parcel(), still_ours=lambda: False))
    assert answers[HANAKO].fate is Fate.LATER
    assert not peer.taken


async def test_an_error_of_the_store_drops_the_connection_before_the_dot() -> None:
    async def broken() -> object:
        yield b"Subject: x\r\n\r\n"
        raise OSError("the disk is gone")

    async with SmtpPeer() as peer:
        with pytest.raises(OSError, match="disk"):
            await hand(peer.port, replace(parcel(), content=broken))  # type: ignore[arg-type]
    assert not peer.taken


async def test_nobody_listens() -> None:
    async with SmtpPeer() as peer:
        port = peer.port
    with pytest.raises(HopAway, match="no connection"):
        await hand(port, parcel())
