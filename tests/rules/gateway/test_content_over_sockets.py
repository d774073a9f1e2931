"""Content as it comes through a socket: its size, its pace, its octets."""

import asyncio
from contextlib import suppress

from tests.rules.gateway.discard import DiscardReception
from tests.rules.gateway.house import MemoryReception, open_gateway
from tests.support.deadline import until

MEGABYTE = 1_000_000


async def test_the_announced_size_is_judged_at_mail() -> None:
    async with open_gateway(size_limit=65_536) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250")
        await peer.say("MAIL FROM:<a@b.example> SIZE=65537", "552 5.3.4")
        await peer.say("MAIL FROM:<a@b.example> SIZE=65536", "250 2.1.0")


async def test_too_large_a_message_is_swallowed_and_refused_at_its_end() -> None:
    async with open_gateway(size_limit=65_536) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(b"x" * 100_000 + b"\r\n.\r\nNOOP\r\n")
        await peer.expect("552 5.3.4")
        await peer.expect("250 2.0.0")
        assert house.reception.bodies[0].discarded
        assert len(house.reception.bodies[0].octets) <= 65_536
        assert not house.reception.kept


async def test_twice_too_large_ends_the_session() -> None:
    async with open_gateway(size_limit=65_536) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        with suppress(ConnectionError):  # a reset may overtake the 552
            for _ in range(100):
                await peer.send(b"x" * 65_536)
            await peer.expect("552")
        await until(lambda: house.gateway._admission.sessions == 0, "the session ends")
        assert house.reception.bodies[0].discarded


async def test_an_absurd_chunk_is_refused_at_its_announcement() -> None:
    async with open_gateway(size_limit=65_536) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("BDAT 1073741824 LAST", "552 5.3.4")
        assert await peer.reply() == ""


async def test_chunks_together_are_held_to_the_limit() -> None:
    async with open_gateway(size_limit=65_536) as house, house.client() as peer:
        await peer.open_mail()
        await peer.send(b"BDAT 60000\r\n" + b"x" * 60_000)
        await peer.expect("250 2.0.0")
        await peer.send(b"BDAT 60000\r\n" + b"x" * 60_000)
        await peer.expect("552 5.3.4")
        await peer.send(b"BDAT 10 LAST\r\n" + b"x" * 10)
        await peer.expect("503 5.5.1")


async def test_a_large_message_streams_in_bounded_pieces() -> None:
    async with open_gateway(DiscardReception()) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        line = b"x" * 76 + b"\r\n"
        for _ in range(20):
            await peer.send(line * (MEGABYTE // len(line)))
        await peer.send(b".\r\n")
        await peer.expect("250 2.6.0")
        body = house.reception.bodies[0]
        assert body.writes > 20
        assert body.largest < MEGABYTE


async def test_a_slow_store_holds_the_client_back() -> None:
    class Slow(MemoryReception):
        gate = asyncio.Event()

        async def before_write(self) -> None:
            await self.gate.wait()

    house_behind = Slow()
    async with open_gateway(house_behind) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        sending = asyncio.ensure_future(peer.send(b"x" * 30 * MEGABYTE + b"\r\n.\r\n"))
        session = next(iter(house.gateway._open))
        await until(lambda: len(session.wire._buffer) > 100_000, "the buffer fills")
        done, _ = await asyncio.wait({sending}, timeout=0.3)
        assert not done
        assert len(session.wire._buffer) < 2 * MEGABYTE
        house_behind.gate.set()
        await sending
        await peer.expect("250 2.6.0")
        assert len(house.reception.kept[0][1]) == 30 * MEGABYTE + 2


async def test_lines_of_any_length_and_nul_are_kept_exactly() -> None:
    content = b"a" * 200_000 + b"\x00" * 10 + b"\x80\xff\r\n.\r\n" + b"b" * 70_000 + b"\r\n"
    async with open_gateway() as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        await peer.expect("250 2.6.0")
        assert house.reception.kept[0][1] == content


async def test_bare_newlines_are_mended_where_the_settings_say_so() -> None:
    async with open_gateway(bare_newline="normalise") as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(b"a\nb\rc\n.\nd\r\n.\r\n")
        await peer.expect("250 2.6.0")
        assert house.reception.kept[0][1] == b"a\r\nb c\r\n.\r\nd\r\n"
        await peer.say("MAIL FROM:<a@b.example>", "250")
        await peer.say("RCPT TO:<hanako@closing.example>", "250")
        await peer.send(b"BDAT 4 LAST\r\na\nb\n")
        await peer.expect("550 5.6.11")
