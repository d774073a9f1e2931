"""SMTP's extensions end to end on a whole house: what a client may send, and what the next hop gets of it."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.peers.smtp import SmtpPeer, TakenMail
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.support.deadline import until

HANAKO = "hanako@closing.example"
LIMITS = Words(gateway="  size_limit: 1 MB\n  recipients_limit: 100\n")
UTF8 = "Subject: こんにちは\r\n\r\nさようなら\r\n".encode()
LATIN = b"Subject: caf\xe9\r\n\r\n\xa1adi\xf3s!\r\n.\r\n..\r\n"


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LastpostHouse]:
    with house(tmp_path_factory.mktemp("wire") / "us", words=LIMITS) as running:
        yield running


def body(arrived: bytes) -> bytes:
    """What the client sent: the header fields of the way are in front of it."""
    return arrived[arrived.index(b"Subject: ") :]


def say(client: smtplib.SMTP, *lines: str) -> list[str]:
    """The replies to these commands, one by one, as `250 2.1.5`."""
    replies = []
    for line in lines:
        code, words = client.docmd(line)
        replies.append(f"{code} {words.decode()[:5]}")
    return replies


def send(port: int, octets: bytes, *options: str, sender: str = FRIEND, to: str = HANAKO) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail(sender, [to], octets, mail_options=options)


def by_chunks(port: int, octets: bytes, size: int) -> str:
    """Send it by BDAT, everything in one go (RFC 3030 4.2); the last reply."""
    chunks = [octets[at : at + size] for at in range(0, len(octets), size)]
    said = f"EHLO client.example\r\nMAIL FROM:<{FRIEND}> BODY=8BITMIME\r\nRCPT TO:<{HANAKO}>\r\n".encode()
    said += b"".join(b"BDAT %d\r\n%s" % (len(chunk), chunk) for chunk in chunks) + b"BDAT 0 LAST\r\nQUIT\r\n"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as client:
        client.sendall(said)
        heard = client.makefile("rb").read().decode().splitlines()
    return heard[-2]


def test_what_is_offered(us: LastpostHouse) -> None:
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        offered = dict(client.esmtp_features)
    assert set(offered) == {"pipelining", "size", "8bitmime", "smtputf8", "enhancedstatuscodes", "chunking"}
    assert offered["size"] == "1000000"


def test_smtputf8_reaches_the_mailbox(us: LastpostHouse) -> None:
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        client.command_encoding = "utf-8"
        replies = say(client, "MAIL FROM:<花子@例え.example> SMTPUTF8 BODY=8BITMIME", f"RCPT TO:<{HANAKO}>")
        assert replies == ["250 2.1.0", "250 2.1.5"]
        client.data(UTF8)
    arrived = us.arrives("closing.example", "hanako", "さようなら".encode())
    assert body(arrived) == UTF8
    # The domain may stand in its ASCII form, the local part only as it came (RFC 6531 3.3).
    assert arrived.startswith("Return-Path: <花子@xn--r8jz45g.example>".encode())
    assert b"UTF8SMTP" in arrived, "RFC 6531 4.3"


def test_eight_bits_and_dots_reach_the_mailbox_untouched(us: LastpostHouse) -> None:
    send(us.world, LATIN, "BODY=8BITMIME")
    assert body(us.arrives("closing.example", "hanako", b"caf\xe9")) == LATIN


def test_undeclared_eight_bits_are_taken_as_they_are(us: LastpostHouse) -> None:
    octets = LATIN.replace(b"caf", b"th")
    send(us.world, octets)
    assert body(us.arrives("closing.example", "hanako", b"th\xe9")) == octets


@pytest.mark.parametrize("size", [7, 64, 65_536, 300_000], ids=str)
def test_chunks_reach_the_mailbox_octet_by_octet(us: LastpostHouse, size: int) -> None:
    lines = 20 if size < 100 else 10_000
    octets = f"Subject: chunks of {size}\r\n\r\n".encode() + b".x\xff\x00 no end of line\r\n" * lines + b"no newline"
    assert by_chunks(us.world, octets, size).startswith("250 2.6.0")
    assert body(us.arrives("closing.example", "hanako", f"chunks of {size}\r".encode())) == octets


def test_too_large_is_refused_at_the_announcement_and_after(us: LastpostHouse) -> None:
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        assert say(client, f"MAIL FROM:<{FRIEND}> SIZE=1000001") == ["552 5.3.4"]
        assert say(client, f"MAIL FROM:<{FRIEND}> SIZE=1000000", f"RCPT TO:<{HANAKO}>") == ["250 2.1.0", "250 2.1.5"]
        code, words = client.data(b"Subject: too large\r\n\r\n" + b"x" * 70 + b"\r\n" + b"y" * 1_000_000)
        assert (code, words[:5]) == (552, b"5.3.4")
        assert say(client, "NOOP") == ["250 2.0.0"]
    assert not any(b"too large" in one for one in us.mail("closing.example", "hanako"))


def test_too_many_recipients_are_asked_to_come_again(us: LastpostHouse) -> None:
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        commands = [f"RCPT TO:<hanako+{number}@closing.example>" for number in range(102)]
        replies = say(client, f"MAIL FROM:<{FRIEND}>", *commands)[1:]
        assert replies == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 2
        code, _ = client.data(b"Subject: to a hundred\r\n\r\nx\r\n")
        assert code == 250
    us.arrives("closing.example", "hanako", b"to a hundred")


@asynccontextmanager
async def before(peer: SmtpPeer, folder: Path) -> AsyncIterator[LastpostHouse]:
    """A house whose next hop is this peer, which goes on answering meanwhile."""
    opened = house(folder / "us", deliver=f"smtp://127.0.0.1:{peer.port}?tls=none")
    us = await asyncio.to_thread(opened.__enter__)
    try:
        yield us
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


async def taken(peer: SmtpPeer) -> TakenMail:
    await until(lambda: peer.taken, "the next hop has it")
    return peer.taken[0]


@pytest.mark.parametrize("sends", ["data", "chunks"])
async def test_the_next_hop_gets_the_octets(tmp_path: Path, sends: str) -> None:
    async with SmtpPeer() as peer, before(peer, tmp_path) as us:
        if sends == "data":
            await asyncio.to_thread(send, us.world, LATIN, "BODY=8BITMIME")
        else:
            assert (await asyncio.to_thread(by_chunks, us.world, LATIN, 5)).startswith("250 2.6.0")
        mail = await taken(peer)
        assert body(mail.body) == LATIN
        assert any("BODY=8BITMIME" in command.upper() for command in peer.commands)


@pytest.mark.parametrize(
    ("lacking", "octets", "options", "code"),
    [("8BITMIME", LATIN, ("BODY=8BITMIME",), "5.6.3"), ("SMTPUTF8", UTF8, ("SMTPUTF8", "BODY=8BITMIME"), "5.6.7")],
)
async def test_what_a_lesser_next_hop_cannot_take_is_refused_in_the_session(
    tmp_path: Path, lacking: str, octets: bytes, options: tuple[str, ...], code: str
) -> None:
    extensions = [one for one in ("PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8") if one != lacking]
    async with SmtpPeer(extensions=extensions) as peer, before(peer, tmp_path) as us:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await asyncio.to_thread(send, us.world, octets, *options)
        assert refused.value.smtp_code == 554
        assert code in str(refused.value.smtp_error)
        assert not peer.taken
