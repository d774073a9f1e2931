"""Limits, time, faults and order, spoken with a real socket."""

import asyncio
from contextlib import suppress

import pytest

from filters import replies
from filters.mail import Client, ClientKind
from filters.verdict import RecipientVerdict
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.reception import Mail
from schedules.names import Address
from tests.rules.gateway.discard import DiscardReception
from tests.rules.gateway.house import MemoryBody, MemoryReception, Peer, open_gateway
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
    class Slow(DiscardReception):
        gate = asyncio.Event()

        async def before_write(self) -> None:
            await self.gate.wait()

    class SlowBodies(Slow, MemoryReception):
        body = MemoryReception.body

    house_behind = SlowBodies()
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


async def test_recipients_beyond_the_limit_are_put_off() -> None:
    async with open_gateway(recipients_limit=100) as house, house.client() as peer:
        await peer.open_mail(*(f"many{number}@closing.example" for number in range(100)))
        await peer.say("RCPT TO:<many100@closing.example>", "452 4.5.3")
        await peer.say("RCPT TO:<nonsense>", "501 5.1.3")
        await peer.say("DATA", "354")
        await peer.say("x\r\n.", "250 2.6.0")
        assert len(house.reception.kept[0][0].recipients) == 100


async def test_refused_recipients_do_not_count() -> None:
    async with open_gateway(recipients_limit=100) as house, house.client() as peer:
        await peer.open_mail()
        for number in range(150):
            await peer.say(f"RCPT TO:<nobody{number}@closing.example>", "550 5.1.1")
        await peer.say("RCPT TO:<saburo@closing.example>", "250 2.1.5")


async def test_the_envelope_says_what_was_said() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.say("EHLO me.example", "250")
        await peer.say("MAIL FROM:<a@b.example> SIZE=7 BODY=8BITMIME SMTPUTF8", "250")
        await peer.say("RCPT TO:<HANAKO@closing.example>", "250")
        await peer.say("DATA", "354")
        await peer.say("x\r\n.", "250 2.6.0 Taken as M1")
        envelope, content = house.reception.kept[0]
        assert (envelope.client.kind, envelope.client.ip, envelope.client.helo) == (
            ClientKind.WORLD,
            "127.0.0.1",
            "me.example",
        )
        assert (envelope.mail.id, envelope.mail.protocol, str(envelope.mail.path.address)) == (
            "M1",
            "UTF8SMTP",
            "a@b.example",
        )
        assert (envelope.mail.path.size, envelope.mail.path.eight_bit, envelope.mail.path.smtputf8) == (7, True, True)
        assert [str(taken.asked) for taken in envelope.recipients] == ["HANAKO@closing.example"]
        assert content == b"x\r\n"


@pytest.mark.parametrize(("greeting", "protocol"), [("HELO", "SMTP"), ("EHLO", "ESMTP")])
async def test_the_greeting_names_the_protocol(greeting: str, protocol: str) -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.say(f"{greeting} me.example", "250")
        await peer.say("MAIL FROM:<>", "250")
        await peer.say("RCPT TO:<hanako@closing.example>", "250")
        await peer.say("DATA", "354")
        await peer.say(".", "250 2.6.0")
        envelope = house.reception.kept[0][0]
        assert envelope.mail.protocol == protocol
        assert envelope.mail.path.address is None


@pytest.mark.parametrize("listener", range(3))
async def test_each_listener_knows_its_clients(listener: int) -> None:
    kinds = (ClientKind.WORLD, ClientKind.SUBMISSION, ClientKind.INBOUND)
    async with open_gateway() as house, house.client(listener) as peer:
        await peer.open_mail()
        assert house.reception.asked[0][0].kind is kinds[listener]


async def test_too_many_mistakes_end_the_session() -> None:
    async with open_gateway() as house, house.client() as peer:
        for _ in range(20):
            await peer.say("WHAT", "500 5.5.2")
        await peer.say("WHAT", "500 5.5.2")
        await peer.expect("421 4.7.0")
        assert await peer.reply() == ""


async def test_refused_recipients_are_no_mistakes() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.open_mail()
        for _ in range(60):
            await peer.say("RCPT TO:<nobody@closing.example>", "550 5.1.1")
        await peer.say("NOOP", "250 2.0.0")


async def test_a_command_too_long_is_refused_and_the_session_goes_on() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.say("NOOP " + "x" * 5000, "500 5.5.2")
        await peer.say("NOOP " + "x" * 300_000, "500 5.5.2")
        await peer.say("NOOP " + "x" * 500, "250 2.0.0")


async def test_names_that_are_no_names_are_refused() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.send(b"EHLO a\x00b\r\n")
        await peer.expect("501 5.5.4")
        await peer.send(b"EHLO a\rb\r\n")
        await peer.expect("501 5.5.4")
        await peer.say("EHLO " + "x" * 1000, "250-")
        await peer.say("MAIL FROM:<>", "250")


async def test_sessions_are_limited_at_the_banner() -> None:
    async with open_gateway(sessions_limit=2) as house, house.client() as first, house.client():
        async with house.client(banner="421 4.7.0") as third:
            assert await third.reply() == ""
        await first.say("QUIT", "221")
        assert await first.reply() == ""
        await until(lambda: house.gateway._admission.sessions == 1, "the first has left")
        async with house.client():
            assert house.gateway._admission.sessions == 2


async def test_one_client_is_limited_too() -> None:
    async with open_gateway(sessions_per_client=1) as house, house.client(), house.client(1, banner="421 4.7.0"):
        assert house.gateway._admission.sessions == 1


async def test_new_connections_are_limited_by_the_second() -> None:
    async with open_gateway(connections_per_client_second=3) as house:
        banners = []
        for _ in range(8):
            peer = Peer(*await asyncio.open_connection("127.0.0.1", house.port()))
            banners.append((await peer.reply())[:9])
            await peer.close()
        assert "421 4.7.0" in banners
        assert banners[0].startswith("220 ")


async def test_a_silent_client_is_told_before_it_is_left() -> None:
    async with open_gateway(command_timeout="200 ms") as house, house.client() as peer:
        await peer.expect("421 4.4.2")
        assert await peer.reply() == ""
        assert house.gateway._admission.sessions == 0


async def test_every_command_starts_the_time_anew() -> None:
    async with open_gateway(command_timeout="600 ms") as house, house.client() as peer:
        for _ in range(4):
            await asyncio.sleep(0.25)
            await peer.say("NOOP", "250")


async def test_content_has_its_own_time_from_chunk_to_chunk() -> None:
    async with open_gateway(command_timeout="1 min", data_timeout="500 ms") as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        for _ in range(4):
            await asyncio.sleep(0.25)
            await peer.send(b"x\r\n")
        await peer.expect("421 4.4.2")
        assert house.reception.bodies[0].discarded


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


async def test_a_client_that_reads_nothing_is_not_obeyed_for_ever() -> None:
    async with open_gateway(command_timeout="300 ms") as house, house.client() as peer:
        peer.writer.transport.pause_reading()
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(flood(peer), 8)
        await until(lambda: not house.gateway._open, "the session ends")


async def flood(peer: Peer) -> None:
    while True:
        await peer.send(b"NOOP\r\n" * 10_000)


async def test_a_group_of_commands_is_answered_in_one_piece() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.send(b"NOOP\r\n" * 10)
        assert await peer.reader.readexactly(len(b"250 2.0.0 OK\r\n") * 10) == b"250 2.0.0 OK\r\n" * 10


async def test_sessions_are_counted() -> None:
    async with open_gateway() as house:
        async with house.client():
            assert house.metrics.sessions._value.get() == 1
        await until(lambda: house.metrics.sessions._value.get() == 0, "the session is over")
