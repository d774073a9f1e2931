"""What a client hears when the house behind the gateway is slow, broken, full or closed."""

import asyncio

from filters import replies
from filters.mail import Client
from filters.verdict import RecipientVerdict
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.reception import Mail
from schedules.names import Address
from tests.rules.gateway.house import MemoryBody, MemoryReception, open_gateway
from tests.support.deadline import until


async def test_a_house_that_takes_too_long_is_451_and_the_session_goes_on() -> None:
    class Stuck(MemoryReception):
        async def recipient(self, _client: Client, _mail: Mail, _asked: Address) -> RecipientVerdict:
            await asyncio.sleep(60)
            raise AssertionError

    async with open_gateway(Stuck(), handler_deadline="100 ms") as house, house.client() as peer:
        await peer.say("EHLO me.example", "250")
        await peer.say("MAIL FROM:<>", "250")
        await peer.say("RCPT TO:<hanako@closing.example>", "451 4.3.0")
        await peer.say("NOOP", "250")
        assert "handler-deadline" in house.log.events()


async def test_a_commit_goes_on_after_the_deadline() -> None:
    class SlowCommit(MemoryReception):
        gate = asyncio.Event()

        async def before_commit(self) -> None:
            await self.gate.wait()

    behind = SlowCommit()
    async with open_gateway(behind, handler_deadline="100 ms") as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.say("x\r\n.", "451 4.3.0")
        assert not behind.kept
        behind.gate.set()
        await until(lambda: behind.kept, "the commit lands")
        assert not house.reception.bodies[0].discarded


async def test_a_commit_goes_on_when_the_client_has_gone() -> None:
    class SlowCommit(MemoryReception):
        began, gate = asyncio.Event(), asyncio.Event()

        async def before_commit(self) -> None:
            self.began.set()
            await self.gate.wait()

    behind = SlowCommit()
    async with open_gateway(behind) as house:
        async with house.client() as peer:
            await peer.open_mail()
            await peer.say("DATA", "354")
            await peer.send(b"x\r\n.\r\n")
            await behind.began.wait()
            peer.writer.transport.abort()
        behind.gate.set()
        await until(lambda: behind.kept, "the commit lands")
        await until(lambda: not house.gateway._open, "the session ends")


class Broken(MemoryReception):
    """Every question fails in a way nobody thought of."""

    async def recipient(self, _client: Client, _mail: Mail, _asked: Address) -> RecipientVerdict:
        raise ZeroDivisionError("secret inside")


async def test_what_goes_wrong_inside_is_451_without_a_word_of_it() -> None:
    async with open_gateway(Broken()) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250")
        await peer.say("MAIL FROM:<>", "250")
        answer = await peer.say("RCPT TO:<hanako@closing.example>", "451 4.3.0")
        assert "Zero" not in answer
        assert "secret" not in answer
        assert isinstance(house.log.lines[-1][2]["exc_info"], ZeroDivisionError)


async def test_a_store_that_fails_in_the_middle_is_answered_at_the_end() -> None:
    class Full(MemoryReception):
        async def before_write(self) -> None:
            raise Unacceptable(replies.STORE_FULL)

    async with open_gateway(Full()) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(b"x\r\n" * 100_000 + b".\r\n")
        await peer.expect("452 4.3.1")
        await peer.say("NOOP", "250")
        assert house.reception.bodies[0].discarded


async def test_a_store_that_cannot_be_opened_is_answered_instead_of_354() -> None:
    class Closed(MemoryReception):
        async def body(self, _mail: Mail) -> MemoryBody:
            raise Unacceptable(replies.FACTS_AWAY)

    async with open_gateway(Closed()) as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "451 4.3.0")
        await peer.send(b"BDAT 4 LAST\r\nx\r\n\r\n")
        await peer.expect("451 4.3.0")


async def test_a_closed_host_says_521_and_obeys_nothing_but_quit() -> None:
    behind = MemoryReception()
    behind.closed = replies.HOST_CLOSED
    async with open_gateway(behind) as house, house.client(banner="521 5.3.2") as peer:
        await peer.say("EHLO me.example", "503 5.5.1")
        await peer.say("QUIT", "221")


async def test_a_listener_that_does_not_serve_a_client_says_554() -> None:
    strangers = [{"listen": "127.0.0.1:0", "submission": {"networks": ["10.0.0.0/8"]}, "everyone_else": False}]
    async with open_gateway(listeners=strangers) as house, house.client(banner="554 5.7.1") as peer:
        await peer.say("MAIL FROM:<>", "503 5.5.1")
        await peer.say("QUIT", "221")
