import asyncio
import imaplib

import pytest

from tests.peers.imap import ImapPeer, Reply, literal

MAIL = b"Subject: hi\r\n\r\nhello\r\n"


async def talk(port: int, *octets: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(octets))
    heard = b""
    try:
        while part := await reader.read(4096):
            heard += part
    except ConnectionResetError:
        heard += b"<reset>"
    writer.close()
    return heard


async def test_a_real_client_reads_a_canned_message() -> None:
    script = {
        "SELECT": Reply([b"* 1 EXISTS"]),
        "UID FETCH": Reply([b"* 1 FETCH (UID 7 BODY[] " + literal(MAIL) + b")"]),
    }
    async with ImapPeer(script) as peer:

        def fetch() -> object:
            with imaplib.IMAP4("127.0.0.1", peer.port, timeout=60) as client:
                client.login("hanako", "pass word")
                client.select()
                return client.uid("FETCH", "7", "(BODY.PEEK[])")[1][0]

        assert await asyncio.to_thread(fetch) == (b"1 (UID 7 BODY[] {%d}" % len(MAIL), MAIL)
    assert peer.said("UID FETCH")[0].text == b"UID FETCH 7 (BODY.PEEK[])"


async def test_appended_literals_are_kept() -> None:
    async with ImapPeer() as peer:

        def append() -> str:
            with imaplib.IMAP4("127.0.0.1", peer.port, timeout=60) as client:
                client.login("u", "p")
                return str(client.append("INBOX", "", "", MAIL)[0])

        assert await asyncio.to_thread(append) == "OK"
    assert peer.said("APPEND")[0].literals == [MAIL]


async def test_a_nonsynchronising_literal_gets_no_continuation() -> None:
    async with ImapPeer() as peer:
        heard = await talk(peer.port, b"a APPEND x {3+}\r\nabc\r\n", b"b LOGOUT\r\n")
    assert b"+ go on" not in heard
    assert heard.endswith(b"b OK done\r\n")
    assert peer.commands[0].literals == [b"abc"]


@pytest.mark.parametrize("cut", [1, 20, 33])
async def test_a_reply_is_cut_at_its_nth_octet(cut: int) -> None:
    whole = Reply([b"* 1 FETCH (BODY[] " + literal(MAIL) + b")"]).octets(b"a")
    script = {"FETCH": Reply([b"* 1 FETCH (BODY[] " + literal(MAIL) + b")"], cut=cut)}
    async with ImapPeer(script, greeting=b"* OK hi") as peer:
        heard = await talk(peer.port, b"a FETCH 1 BODY[]\r\n")
    assert heard == b"* OK hi\r\n" + whole[:cut] + b"<reset>"


async def test_refusals_with_response_codes_and_lost_tags() -> None:
    script = {"APPEND": [Reply(tagged=b"NO [OVERQUOTA] full"), Reply(tagged=None, close=True)]}
    async with ImapPeer(script) as peer:
        heard = await talk(peer.port, b"a APPEND x {1+}\r\nz\r\nb APPEND x {1+}\r\nz\r\n")
    assert heard.endswith(b"a NO [OVERQUOTA] full\r\n")


async def test_greetings_are_scripted() -> None:
    async with ImapPeer(greeting=b"* PREAUTH come in") as peer:
        assert (await talk(peer.port, b"a LOGOUT\r\n")).startswith(b"* PREAUTH come in\r\n* BYE")
