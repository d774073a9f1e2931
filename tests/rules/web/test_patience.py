"""Clients that take connections and give nothing for them."""

import asyncio
from contextlib import suppress

from starlette.types import Receive, Scope, Send

from mailsvc.web.patience import Limits
from tests.rules.web.served import ask_on, served
from tests.rules.web.test_server import Slow, app, end
from tests.support.deadline import movable_loop, until


async def gone(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 60) == b""
    except ConnectionError:
        return True


async def test_a_client_that_never_asks_is_cut_off() -> None:
    async with served(app(), Limits(seconds=0.2)) as world:
        reader, writer = await world.connect()
        assert await gone(reader)
        writer.close()


async def test_a_request_that_comes_octet_by_octet_is_cut_off() -> None:
    async with served(app(), Limits(seconds=0.3)) as world:
        reader, writer = await world.connect()
        waiting = asyncio.create_task(gone(reader))
        sent = 0
        while not waiting.done():
            writer.write(b"GET /hello HTTP/1.1\r\nX: " if not sent else b"a")
            sent += 1
            await asyncio.wait({waiting}, timeout=0.05)
        assert await waiting
        assert sent < 60
        writer.close()


async def test_a_body_that_never_comes_keeps_no_place() -> None:
    begun = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome"
    async with served(_read, Limits(seconds=0.3)) as world:
        reader, writer = await world.connect()
        writer.write(begun)
        assert await gone(reader)
        writer.close()
    async with served(_read, Limits(connections=2)) as world:
        waiting = [await world.connect() for _ in range(2)]
        for _, writer in waiting:
            writer.write(begun)
        assert (await world.ask("/hello")).status == 200
        for _, writer in waiting:
            writer.close()


async def _read(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await app()(scope, receive, send)


async def test_a_request_that_takes_long_to_answer_is_not() -> None:
    slow, pass_by = Slow(), movable_loop()
    async with served(app(slow), Limits(seconds=25)) as world:
        asking = asyncio.create_task(world.ask("/slow"))
        await slow.begun.wait()
        pass_by(30)
        done, _ = await asyncio.wait({asking}, timeout=0.3)
        assert not done
        slow.go.set()
        assert (await asking).body == b"done"


async def test_the_time_begins_anew_with_each_answer() -> None:
    pass_by = movable_loop()
    async with served(app(), Limits(seconds=60)) as world:
        reader, writer = await world.connect()
        for _ in range(4):
            assert (await ask_on(reader, writer, "/hello")).status == 200
            pass_by(40)
        assert (await ask_on(reader, writer, "/hello")).status == 200
        pass_by(61)
        assert await gone(reader)
        writer.close()


async def test_whoever_has_waited_longest_makes_room() -> None:
    async with served(app(), Limits(connections=3)) as world:
        idle = [await world.connect() for _ in range(3)]
        assert (await world.ask("/hello")).status == 200
        assert await gone(idle[0][0])
        assert (await ask_on(*idle[2], "/hello")).status == 200
        for _, writer in idle:
            writer.close()


async def test_requests_being_answered_are_never_thrown_out() -> None:
    slow = Slow()
    async with served(app(slow), Limits(connections=1)) as world:
        asking = asyncio.create_task(world.ask("/slow"))
        await asyncio.wait_for(slow.begun.wait(), 60)
        reader, writer = await world.connect()
        assert await gone(reader)
        writer.close()
        slow.go.set()
        assert (await asking).body == b"done"


async def test_many_idle_clients_leave_few_connections() -> None:
    async with served(app(), Limits(connections=5)) as world:
        idle = [await world.connect() for _ in range(40)]
        assert (await world.ask("/hello")).status == 200
        reading = {asyncio.create_task(gone(reader)) for reader, _ in idle}
        await until(lambda: sum(one.done() for one in reading) >= 35, "most are gone")
        await end(world)
        for _, writer in idle:
            writer.close()


async def test_a_client_that_reads_nothing_of_its_answer_is_cut_off() -> None:
    gone_now = asyncio.Event()

    async def endless(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone_now.is_set():
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(0.001):
                    if (await receive())["type"] == "http.disconnect":
                        gone_now.set()

    async with served(endless, Limits(unread=0.2)) as world:
        _, writer = await world.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(gone_now.wait(), 60)
        writer.close()
