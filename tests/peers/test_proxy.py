import asyncio
import smtplib

import pytest

from tests.peers.proxy import Cut, CutProxy
from tests.peers.smtp import SmtpPeer
from tests.support.deadline import until


async def heard_through(proxy: CutProxy, said: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(said)
    heard = b""
    try:
        while part := await reader.read(1000):
            heard += part
    except ConnectionResetError:
        heard += b"<reset>"
    writer.close()
    return heard


async def test_everything_passes_where_nothing_is_cut() -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port) as proxy:

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", proxy.port, timeout=60) as client:
                client.sendmail("a@b.example", ["c@d.example"], "x" * 200_000)

        await asyncio.to_thread(send)
    assert len(peer.taken[0].body) > 200_000
    assert proxy.passed[0].to_server > 200_000


@pytest.mark.parametrize("after", [1, 10, 23])
async def test_the_client_hears_exactly_so_many_octets(after: int) -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, to_client=Cut(after)) as proxy:
        assert await heard_through(proxy) == b"220 peer.example ready\r\n"[:after] + b"<reset>"


async def test_an_orderly_end_instead_of_a_reset() -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, to_client=Cut(3, reset=False)) as proxy:
        assert await heard_through(proxy) == b"220"


async def test_the_server_hears_exactly_so_many_octets() -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, to_server=Cut(12)) as proxy:
        heard = await heard_through(proxy, b"NOOP\r\nNOOP\r\nNOOP\r\n")
    assert peer.commands == ["NOOP", "NOOP"]
    assert heard.endswith(b"<reset>")
    assert proxy.passed[0].to_server == 12


async def test_only_the_first_connections_are_cut() -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, to_client=Cut(3), times=1) as proxy:
        assert await heard_through(proxy) == b"220<reset>"
        assert await heard_through(proxy, b"QUIT\r\n") == b"220 peer.example ready\r\n221 2.0.0 bye\r\n"


async def test_what_is_swallowed_vanishes_while_the_connection_stays() -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, to_server=Cut(6, swallow=True)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"NOOP\r\nQUIT\r\n")
        await until(lambda: peer.commands, "the first command")
        assert (await reader.readline()).startswith(b"220")
        assert (await reader.readline()).startswith(b"250")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), 0.2)
        writer.close()
    assert peer.commands == ["NOOP"]


async def test_pieces_are_delayed() -> None:
    async with SmtpPeer() as peer, CutProxy(peer.port, delay=0.15) as proxy:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await heard_through(proxy, b"QUIT\r\n")
        assert loop.time() - before >= 0.15
