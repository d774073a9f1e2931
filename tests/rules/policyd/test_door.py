import asyncio

import pytest
from prometheus_client import CollectorRegistry

from filters import replies
from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.net import CannotListen
from mailsvc.outbox.routes import Routes
from mailsvc.policyd.door import Door, Limits
from mailsvc.policyd.policyd import Policyd
from tests.rules.gateway.house import QuietLog
from tests.rules.policyd.asking import FakeVerdicts, question, serving, settings_with
from tests.support.deadline import until

WHERE = Endpoint("127.0.0.1", 0)


class Echo:
    """Says each line again, once it may."""

    ask_again = b"again\n"

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.heard: list[bytes] = []

    async def hear(self, reader: asyncio.StreamReader) -> bytes | None:
        return await reader.readline() or None

    async def answer(self, heard: bytes) -> bytes:
        self.heard.append(heard)
        await self.may.wait()
        return heard


async def test_too_many_at_once_are_turned_away_and_the_others_served() -> None:
    echo, log = Echo(), QuietLog()
    echo.may.set()
    door = Door("echo", echo, Limits(connections=2), lambda _: True, log)
    port = (await door.open(WHERE)).port
    talks = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for reader, writer in talks:
        writer.write(b"a\n")
        assert await reader.readline() == b"a\n"
    reader, third = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    assert log.events()[-1] == "echo-full"
    talks.pop()[1].close()
    await until(lambda: len(door._asking) == 1, "room")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"b\n")
    assert await reader.readline() == b"b\n"
    for each in (third, writer, talks[0][1]):
        each.close()
    await door.close(1)


async def test_whoever_has_asked_is_answered_before_the_door_closes() -> None:
    echo = Echo()
    door = Door("echo", echo, Limits(connections=9), lambda _: True, QuietLog())
    port = (await door.open(WHERE)).port
    asking, idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    asking[1].write(b"a\n")
    await until(lambda: echo.heard, "the question")
    closing = asyncio.create_task(door.close(10))
    assert await idle[0].read() == b""
    assert not closing.done()
    echo.may.set()
    assert await asking[0].read() == b"a\n"
    await closing
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    for _, writer in (asking, idle):
        writer.close()


async def test_a_door_that_must_close_does_not_wait_for_ever() -> None:
    echo = Echo()
    door = Door("echo", echo, Limits(connections=9), lambda _: True, QuietLog())
    reader, writer = await asyncio.open_connection("127.0.0.1", (await door.open(WHERE)).port)
    writer.write(b"a\n")
    await until(lambda: echo.heard, "the question")
    await door.close(0.05)
    assert await reader.read() == b""
    writer.close()


async def test_an_answer_that_takes_too_long_is_ask_again() -> None:
    echo, log = Echo(), QuietLog()
    door = Door("echo", echo, Limits(connections=9, answer=0.05), lambda _: True, log)
    reader, writer = await asyncio.open_connection("127.0.0.1", (await door.open(WHERE)).port)
    writer.write(b"a\n")
    assert await reader.readline() == b"again\n"
    assert log.events()[-1] == "echo-late"
    writer.close()
    await door.close(1)


async def test_who_says_nothing_for_long_is_let_go() -> None:
    door = Door("echo", Echo(), Limits(connections=9, idle=0.05), lambda _: True, QuietLog())
    reader, writer = await asyncio.open_connection("127.0.0.1", (await door.open(WHERE)).port)
    assert await reader.read() == b""
    writer.close()
    await door.close(1)


async def test_strangers_are_cut_off() -> None:
    log = QuietLog()
    door = Door("echo", Echo(), Limits(connections=9), lambda ip: ip != "127.0.0.1", log)
    reader, writer = await asyncio.open_connection("127.0.0.1", (await door.open(WHERE)).port)
    assert await reader.read() == b""
    assert log.events()[-1] == "echo-stranger"
    writer.close()
    await door.close(1)


@pytest.mark.parametrize(
    ("ip", "may"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.9", True), ("192.0.3.1", False), ("fe80::1%eth0", False)],
)
def test_this_machine_and_named_networks_may_ask(ip: str, may: bool) -> None:
    settings = settings_with({"policy": {"listen": "127.0.0.1:0", "networks": ["192.0.2.0/24"]}})
    service = Policyd(
        lambda: settings, FakeVerdicts(), Routes(lambda: settings), Metrics(CollectorRegistry()), QuietLog()
    )
    assert service._may_ask(ip) is may


async def test_a_port_that_is_taken_opens_neither_door() -> None:
    async with serving(FakeVerdicts()) as asked:
        taken = {"listen": "127.0.0.1:0", "socketmap": f"127.0.0.1:{asked.map_port}"}
        with pytest.raises(CannotListen):
            async with serving(FakeVerdicts(), settings_with({"policy": taken})):
                pass


async def test_what_the_settings_do_not_name_is_not_served() -> None:
    settings = settings_with({"policy": {}})
    async with Policyd(
        lambda: settings, FakeVerdicts(), Routes(lambda: settings), Metrics(CollectorRegistry()), QuietLog()
    ) as service:
        assert service._doors == []


async def test_the_service_answers_what_it_was_asked_before_it_stops() -> None:
    verdicts = FakeVerdicts(gate=asyncio.Event())
    async with serving(verdicts) as asked:
        answer = asyncio.create_task(asked.policy())
        await until(lambda: verdicts.asked, "the question")
        stopping = asyncio.create_task(asked.service.stop())
        await asyncio.sleep(0)
        assert verdicts.gate is not None
        verdicts.gate.set()
        assert await answer == "DUNNO"
        await stopping


async def test_a_slow_judge_becomes_ask_again() -> None:
    gateway = {"listeners": [{"listen": "127.0.0.1:0"}], "handler_deadline": "1 s"}
    async with serving(
        FakeVerdicts(gate=asyncio.Event()), settings_with({"gateway": gateway, "outbox": {"handoff_budget": "0"}})
    ) as asked:
        assert await asked.say(asked.policy_port, question()) == f"action={replies.INTERNAL_ERROR}\n\n".encode()
