import asyncio
import struct

import pytest

from tests.peers.clamd import EICAR, TOO_LARGE, ClamdPeer, Fault, Gone, Half, Say, Slow


def stream(octets: bytes, piece: int = 1000) -> bytes:
    pieces = [octets[at : at + piece] for at in range(0, len(octets), piece)]
    return b"".join(struct.pack("!I", len(one)) + one for one in pieces) + struct.pack("!I", 0)


async def ask(peer: ClamdPeer, octets: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
    writer.write(octets)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_ping_and_version() -> None:
    async with ClamdPeer() as clamd:
        assert await ask(clamd, b"zPING\0") == b"PONG\0"
        assert await ask(clamd, b"nPING\n") == b"PONG\n"
        assert await ask(clamd, b"PING\n") == b"PONG\n"
        assert (await ask(clamd, b"zVERSION\0")).startswith(b"ClamAV 1.")


async def test_clean_and_infected_streams() -> None:
    async with ClamdPeer() as clamd:
        assert await ask(clamd, b"zINSTREAM\0" + stream(b"harmless" * 1000)) == b"stream: OK\0"
        assert await ask(clamd, b"zINSTREAM\0" + stream(b"x" * 990 + EICAR)) == b"stream: Eicar-Test-Signature FOUND\0"
    assert clamd.streams[0] == b"harmless" * 1000


async def test_a_session_numbers_its_answers() -> None:
    async with ClamdPeer() as clamd:
        said = b"zIDSESSION\0zINSTREAM\0" + stream(b"a") + b"zINSTREAM\0" + stream(EICAR) + b"zPING\0zEND\0"
        reader, writer = await asyncio.open_connection("127.0.0.1", clamd.port)
        writer.write(said)
        writer.write_eof()
        assert await reader.read() == b"1: stream: OK\x002: stream: Eicar-Test-Signature FOUND\x003: PONG\0"
        writer.close()


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Say(TOO_LARGE), TOO_LARGE + b"\0"),
        (Say(b"\xff\xfe garbage"), b"\xff\xfe garbage\0"),
        (Half(b"stream: O"), b"stream: O"),
        (Half(b""), b""),
    ],
)
async def test_faults(fault: Fault, answer: bytes) -> None:
    async with ClamdPeer(fault) as clamd:
        assert await ask(clamd, b"zINSTREAM\0" + stream(b"a")) == answer


async def test_slow_answers_are_honest() -> None:
    async with ClamdPeer(Slow(0.1)) as clamd:
        assert await ask(clamd, b"zINSTREAM\0" + stream(EICAR)) == b"stream: Eicar-Test-Signature FOUND\0"


async def test_gone_in_mid_stream() -> None:
    async with ClamdPeer(Gone(after=2000)) as clamd:
        with pytest.raises(ConnectionResetError):
            await ask(clamd, b"zINSTREAM\0" + stream(b"a" * 5000))
    assert clamd.streams == []
