"""An app is served inside the loop, and ends when the program wants it to."""

import asyncio
import signal

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailsvc.kit.net import CannotListen, listen
from mailsvc.web.server import serve
from tests.rules.web.served import Served, ask_on, served
from tests.support.deadline import until


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def broken(_request: Request) -> Response:
    raise RuntimeError("geheim")


class Slow:
    """A request that lasts until the test lets it go."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, _request: Request) -> Response:
        self.begun.set()
        await self.go.wait()
        return PlainTextResponse("done")


def app(slow: Slow | None = None) -> Starlette:
    routes = [Route("/hello", hello), Route("/broken", broken)]
    if slow is not None:
        routes.append(Route("/slow", slow.__call__))
    return Starlette(routes=routes)


async def end(world: Served) -> None:
    world.serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(world.serving, 60)


async def test_it_answers_on_the_socket_it_was_given() -> None:
    async with served(app()) as world:
        answer = await world.ask("/hello")
        assert (answer.status, answer.body) == (200, b"hello")


async def test_it_does_not_name_its_software() -> None:
    async with served(app()) as world:
        assert "server" not in (await world.ask("/hello")).headers


async def test_an_error_in_the_app_shows_nothing_of_its_cause() -> None:
    async with served(app()) as world:
        answer = await world.ask("/broken")
        assert answer.status == 500
        assert b"geheim" not in answer.body
        assert (await world.ask("/hello")).status == 200


async def test_several_requests_go_over_one_connection() -> None:
    async with served(app()) as world:
        reader, writer = await world.connect()
        for _ in range(3):
            assert (await ask_on(reader, writer, "/hello")).status == 200
        writer.close()


async def test_it_ends_with_an_idle_keep_alive_connection_open() -> None:
    async with served(app()) as world:
        reader, writer = await world.connect()
        assert (await ask_on(reader, writer, "/hello")).status == 200
        await end(world)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()


async def test_it_ends_with_a_connection_open_that_never_asked() -> None:
    async with served(app()) as world:
        reader, writer = await world.connect()
        writer.write(b"GET /hello HT")
        await writer.drain()
        await end(world)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()


async def test_a_running_request_is_finished_before_the_end() -> None:
    slow = Slow()
    async with served(app(slow)) as world:
        asking = asyncio.create_task(world.ask("/slow"))
        await asyncio.wait_for(slow.begun.wait(), 60)
        world.serving.cancel()
        slow.go.set()
        assert (await asking).body == b"done"
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(world.serving, 60)


async def test_a_request_that_does_not_finish_does_not_hold_up_the_end() -> None:
    slow = Slow()
    async with served(app(slow)) as world:
        _, writer = await world.connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(slow.begun.wait(), 60)
        await end(world)
        writer.close()


async def test_the_port_is_free_again_after_the_end() -> None:
    async with served(app()) as world:
        await end(world)
        again = listen("127.0.0.1", world.port)
        again.close()


async def test_a_second_cancellation_does_not_leave_the_server_running() -> None:
    async with served(app()) as world:
        world.serving.cancel()
        await asyncio.sleep(0)
        world.serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(world.serving, 60)

        async def is_free() -> bool:
            try:
                listen("127.0.0.1", world.port).close()
            except CannotListen:
                return False
            return True

        await until(is_free, "the port to be free")


async def test_signal_handlers_stay_those_of_the_program() -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    async with served(app()) as world:
        await world.ask("/hello")
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


async def test_up_is_said_only_when_connections_are_taken() -> None:
    listening = listen("127.0.0.1", 0)
    said: list[bool] = []
    task = asyncio.create_task(serve(app(), listening, up=lambda: said.append(True)))
    assert said == []
    await until(lambda: said, "the server to be up")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert listening.fileno() == -1


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x02\x00", b"EHLO example\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"],
)
async def test_what_is_no_http_is_refused_and_harms_nobody(request_bytes: bytes) -> None:
    async with served(app()) as world:
        reader, writer = await world.connect()
        writer.write(request_bytes)
        writer.write_eof()
        refused = await asyncio.wait_for(reader.read(), 60)
        assert not refused or refused.startswith(b"HTTP/1.1 400")
        writer.close()
        assert (await world.ask("/hello")).status == 200
