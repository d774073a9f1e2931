import asyncio
import poplib

import pytest

from tests.peers.pop3 import Pop3Peer, Reply

MAILS = [b"Subject: a\r\n\r\n.\r\n..x\r\n", b"Subject: b\r\n\r\nno end"]


async def test_a_real_client_reads_the_drop() -> None:
    def read(port: int) -> list[bytes]:
        client = poplib.POP3("127.0.0.1", port, timeout=60)
        client.user("hanako")
        client.pass_("geheim")
        assert client.stat() == (2, sum(map(len, MAILS)))
        assert "PIPELINING" in client.capa()
        found = [b"\r\n".join(client.retr(number)[1]) for number in (1, 2)]
        client.quit()
        return found

    async with Pop3Peer(MAILS) as peer:
        found = await asyncio.to_thread(read, peer.port)
    assert found == [b"Subject: a\r\n\r\n.\r\n..x", b"Subject: b\r\n\r\nno end"]
    assert peer.said("PASS") == ["PASS geheim"]


async def test_what_the_script_says_comes_first_and_a_cut_resets() -> None:
    script = {"STAT": [Reply(b"-ERR later\r\n"), Reply(b"+OK 9 9\r\n", cut=5)]}
    async with Pop3Peer(MAILS, script=script) as peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        writer.write(b"STAT\r\nSTAT\r\n")
        assert [await reader.readline() for _ in range(2)] == [b"+OK ready <1.2@pop.example>\r\n", b"-ERR later\r\n"]
        assert await reader.readexactly(5) == b"+OK 9"
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        writer.close()
