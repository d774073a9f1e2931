import asyncio
import smtplib

import pytest

from tests.peers.smtp import Answer, SmtpPeer


async def send(
    peer: SmtpPeer, *recipients: str, body: str = "Subject: hi\n\nhello\n.dot\n"
) -> dict[str, tuple[int, bytes]]:
    def now() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", peer.port, timeout=60) as client:
            return client.sendmail("a@from.example", recipients or ["b@to.example"], body)

    return await asyncio.to_thread(now)


async def test_mail_is_taken_and_recorded_without_dot_stuffing() -> None:
    async with SmtpPeer() as peer:
        assert await send(peer) == {}
    assert peer.taken[0].sender == "a@from.example"
    assert peer.taken[0].recipients == ["b@to.example"]
    assert peer.taken[0].body == b"Subject: hi\r\n\r\nhello\r\n.dot\r\n"
    assert peer.commands[-1].upper() == "QUIT"


async def test_one_recipient_is_refused_by_its_own_line() -> None:
    async with SmtpPeer({"RCPT TO:<full@": Answer("452 4.2.2 full")}) as peer:
        assert await send(peer, "full@to.example", "b@to.example") == {"full@to.example": (452, b"4.2.2 full")}
    assert peer.taken[0].recipients == ["b@to.example"]


async def test_a_list_of_answers_is_used_up_then_the_default_holds() -> None:
    async with SmtpPeer({"MAIL": [Answer("451 4.3.0 later")]}) as peer:
        with pytest.raises(smtplib.SMTPSenderRefused):
            await send(peer)
        assert await send(peer) == {}


@pytest.mark.parametrize("place", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "end"])
async def test_the_connection_is_cut_at_any_command(place: str) -> None:
    async with SmtpPeer({place: [Answer.CUT, Answer.CUT]}) as peer:
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError, smtplib.SMTPConnectError)):
            await send(peer)
    assert peer.taken == []


async def test_a_421_closes() -> None:
    async with SmtpPeer({"MAIL": Answer("421 4.3.2 closing", close=True)}) as peer:
        with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPServerDisconnected)):
            await send(peer)


async def test_garbage_goes_out_as_it_is() -> None:
    async with SmtpPeer({"connect": Answer(b"\xff\x00garbage\r\n", close=True)}) as peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        assert await reader.read() == b"\xff\x00garbage\r\n"
        writer.close()


async def test_a_delay_is_kept() -> None:
    async with SmtpPeer({"connect": Answer("220 slow", delay=0.2)}) as peer:
        loop = asyncio.get_running_loop()
        before = loop.time()
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        assert await reader.readline() == b"220 slow\r\n"
        assert loop.time() - before >= 0.19
        writer.close()


async def dialog(port: int, *lines: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(line + b"\r\n" for line in lines))
    answers = (await reader.read()).splitlines()
    writer.close()
    return answers


async def test_chunks_are_put_together() -> None:
    async with SmtpPeer() as peer:
        await dialog(
            peer.port, b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<b@c>", b"BDAT 5\r\nhelloBDAT 6 LAST\r\n again" + b"QUIT"
        )
    assert peer.taken[0].body == b"hello again"
    assert peer.taken[0].sender == ""


async def test_lmtp_answers_for_each_recipient() -> None:
    script = {"end": [Answer("250 2.0.0 ok"), Answer("552 5.2.2 full")]}
    async with SmtpPeer(script, lmtp=True) as peer:
        lines = [b"LHLO x", b"MAIL FROM:<>", b"RCPT TO:<b@c>", b"RCPT TO:<d@c>", b"DATA", b"hello", b".", b"QUIT"]
        answers = await dialog(peer.port, *lines)
    assert answers[-3:-1] == [b"250 2.0.0 ok", b"552 5.2.2 full"]


class BrokenPeer(SmtpPeer):
    def answer(self, key: str, default: str) -> Answer:
        raise ZeroDivisionError(key + default)


async def talk_to_a_broken_peer() -> None:
    async with BrokenPeer() as peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        assert await reader.read() == b""
        writer.close()


async def test_an_error_in_the_script_is_raised_where_the_block_ends() -> None:
    with pytest.raises(ZeroDivisionError, match="connect"):
        await talk_to_a_broken_peer()
