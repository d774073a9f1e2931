"""How a gateway ends."""

import asyncio

import pytest

from mailsvc.kit.net import CannotListen
from tests.rules.gateway.house import MemoryReception, Peer, open_gateway
from tests.support.deadline import until


async def test_idle_sessions_hear_421_and_nobody_new_comes_in() -> None:
    async with open_gateway() as house, house.client() as idle, house.client() as busy:
        await busy.open_mail()
        await house.gateway.stop()
        await idle.expect("421 4.3.2")
        await busy.expect("421 4.3.2")
        assert await idle.reply() == ""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", house.port())


async def test_a_message_being_received_is_finished_first() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(b"half")
        await until(lambda: house.reception.bodies, "the body begins")
        stopping = asyncio.ensure_future(house.gateway.stop(10))
        await asyncio.sleep(0.05)
        assert not stopping.done()
        await peer.send(b"\r\n.\r\n")
        await peer.expect("250 2.6.0")
        await peer.expect("421 4.3.2")
        await stopping
        assert house.reception.kept[0][1] == b"half\r\n"


async def test_what_takes_longer_than_the_drain_is_cut_with_421() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(b"half")
        await house.gateway.stop(0.05)
        await peer.expect("421 4.3.2")
        assert not house.reception.kept
        assert house.reception.bodies[0].discarded
        assert "sessions-cut" in house.log.events()


async def test_a_commit_that_has_begun_lands_before_stop_returns() -> None:
    class SlowCommit(MemoryReception):
        began, gate = asyncio.Event(), asyncio.Event()

        async def before_commit(self) -> None:
            self.began.set()
            await self.gate.wait()

    behind = SlowCommit()
    async with open_gateway(behind) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(b"x\r\n.\r\n")
        await behind.began.wait()
        stopping = asyncio.ensure_future(house.gateway.stop(0.05))
        await until(lambda: not house.gateway._open, "the session is cut")
        assert not stopping.done()
        behind.gate.set()
        await stopping
        assert len(behind.kept) == 1


async def test_stop_twice_is_harmless() -> None:
    async with open_gateway() as house:
        await house.gateway.stop()
        await house.gateway.stop()
        assert not house.gateway._open


async def test_a_port_that_is_taken_says_so_and_leaves_nothing_open() -> None:
    async with open_gateway() as first:
        taken = first.port()
        listeners = [{"listen": "127.0.0.1:0"}, {"listen": f"127.0.0.1:{taken}"}]
        with pytest.raises(CannotListen, match=str(taken)):
            async with open_gateway(listeners=listeners):
                pass


async def test_a_half_closed_client_hears_every_reply() -> None:
    async with open_gateway() as house:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", house.port()))
        await peer.send(b"EHLO me.example\r\nMAIL FROM:<>\r\nRCPT TO:<hanako@closing.example>\r\nDATA\r\nx\r\n.\r\n")
        peer.writer.write_eof()
        for start in ("220", "250-", "250 2.1.0", "250 2.1.5", "354", "250 2.6.0"):
            await peer.expect(start)
        assert await peer.reply() == ""
        await peer.close()
        assert len(house.reception.kept) == 1


async def test_a_client_that_vanishes_in_the_middle_leaves_nothing() -> None:
    async with open_gateway() as house:
        async with house.client() as peer:
            await peer.open_mail()
            await peer.say("DATA", "354")
            await peer.send(b"x\r\n.\r")
            peer.writer.transport.abort()
        await until(lambda: not house.gateway._open, "the session ends")
        assert not house.reception.kept
        assert house.reception.bodies[0].discarded
        assert not [event for level, event, _ in house.log.lines if level == "error"]
