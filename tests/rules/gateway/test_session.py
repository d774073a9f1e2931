"""Limits, time, faults and order, spoken with a real socket."""

import asyncio
import socket
from contextlib import AsyncExitStack, suppress

import pytest

from filters.mail import ClientKind
from tests.rules.gateway.house import Peer, PlainClock, open_gateway
from tests.support.deadline import movable_loop, settle, until


async def test_recipients_beyond_the_limit_are_put_off() -> None:
    async with open_gateway(recipients_limit=100) as house, house.client() as peer:
        await peer.open_mail(*(f"many{number}@closing.example" for number in range(100)))
        await peer.say("RCPT TO:<many100@closing.example>", "452 4.5.3")
        await peer.say("RCPT TO:<nonsense>", "501 5.1.3")
        await peer.say("DATA", "354")
        await peer.say("x\r\n.", "250 2.6.0")
        assert len(house.reception.kept[0][0].recipients) == 100


async def test_refused_recipients_do_not_count() -> None:
    async with open_gateway(recipients_limit=100, refusals_limit=200) as house, house.client() as peer:
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
    async with open_gateway(sessions_per_client=1) as house, house.client(), house.client(banner="421 4.7.0"):
        assert house.gateway._admission.sessions == 1


async def test_new_connections_are_limited_by_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainClock, "monotonic", lambda _: 100.0)
    async with open_gateway(connections_per_client_second=3) as house:
        banners = []
        for _ in range(8):
            peer = Peer(*await asyncio.open_connection("127.0.0.1", house.port()))
            banners.append((await peer.reply())[:9])
            await peer.close()
        assert [banner[:3] for banner in banners] == ["220"] * 3 + ["421"] * 5


async def test_mtas_of_ours_are_held_to_the_sessions_of_the_whole_gateway_alone() -> None:
    limited = open_gateway(connections_per_client_second=1, sessions_per_client=1, sessions_limit=5)
    async with limited as house, AsyncExitStack() as open_sessions:
        for of_ours in (1, 2, 1, 2, 1):
            await open_sessions.enter_async_context(house.client(of_ours))
        async with house.client(2, banner="421 4.7.0"):
            assert house.gateway._admission.sessions == 5


async def test_a_silent_client_is_told_before_it_is_left() -> None:
    async with open_gateway(command_timeout="200 ms") as house, house.client() as peer:
        await peer.expect("421 4.4.2")
        assert await peer.reply() == ""
        assert house.gateway._admission.sessions == 0


async def test_every_command_starts_the_time_anew() -> None:
    pass_by = movable_loop()
    async with open_gateway(command_timeout="2 min") as house, house.client() as peer:
        for _ in range(4):
            pass_by(50)
            await peer.say("NOOP", "250")
        pass_by(121)
        await peer.expect("421 4.4.2")


async def test_a_command_that_comes_octet_by_octet_has_no_more_time_than_another() -> None:
    async with open_gateway(command_timeout="400 ms") as house, house.client() as peer:
        hearing = asyncio.create_task(peer.reply())
        dripped = 0
        with suppress(ConnectionError):
            while not hearing.done() and dripped < 100:
                await peer.send(b"N")
                dripped += 1
                await asyncio.wait({hearing}, timeout=0.05)
        assert (await hearing).startswith("421 4.4.2")
        assert dripped < 30


async def test_content_has_its_own_time_from_chunk_to_chunk() -> None:
    pass_by = movable_loop()
    async with open_gateway(command_timeout="1 min", data_timeout="30 s") as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        for _ in range(4):
            pass_by(12)
            await peer.send((b"x" * 998 + b"\r\n") * 30)  # at the rate of a slow client
            await settle()
        pass_by(61)
        await peer.expect("421 4.4.2")
        assert house.reception.bodies[0].discarded


async def test_a_client_that_reads_nothing_is_not_obeyed_for_ever() -> None:
    async with open_gateway(command_timeout="300 ms", refusals_limit=10**9) as house, house.client() as peer:
        transport = peer.writer.transport
        assert isinstance(transport, asyncio.Transport)
        peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        transport.pause_reading()
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(flood(peer), 60)
        await until(lambda: not house.gateway._open, "the session ends")


async def flood(peer: Peer) -> None:
    while True:
        await peer.send(b"EHLO me.example\r\n" * 5_000)


async def test_a_group_of_commands_is_answered_in_one_piece() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.send(b"NOOP\r\n" * 10)
        assert await peer.reader.readexactly(len(b"250 2.0.0 OK\r\n") * 10) == b"250 2.0.0 OK\r\n" * 10


async def test_sessions_are_counted() -> None:
    async with open_gateway() as house:
        async with house.client():
            assert house.metrics.sessions._value.get() == 1
        await until(lambda: house.metrics.sessions._value.get() == 0, "the session is over")


@pytest.mark.parametrize("command", ["RSET", "EHLO me.example", "HELO me.example", "QUIT"])
async def test_what_was_reserved_for_a_message_is_given_back_when_it_does_not_come(command: str) -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.open_mail()
        await peer.say(command, "2")
        await until(lambda: house.reception.released == ["M1"], "it is given back")


async def test_it_is_given_back_when_the_client_goes() -> None:
    async with open_gateway() as house:
        async with house.client() as peer:
            await peer.open_mail()
            await peer.say("DATA", "354")
        await until(lambda: house.reception.released == ["M1"], "it is given back")


async def test_it_is_given_back_when_the_content_is_refused_and_not_when_it_is_taken() -> None:
    async with open_gateway() as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.say("bare\nnewline\r\n.", "550 5.6.11")
        assert house.reception.released == ["M1"]
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.say("x\r\n.", "250 2.6.0")  # from here on it is the house's to give back
        await peer.say("RSET", "250")
        assert house.reception.released == ["M1"]


async def test_content_without_a_header_is_told_from_content_with_one() -> None:
    async with open_gateway() as house, house.client() as peer:
        for content in ("Subject: x\r\n\r\nx", " folded\r\nSubject: x"):
            await peer.open_mail()
            await peer.say("DATA", "354")
            await peer.say(f"{content}\r\n.", "250 2.6.0")
        assert [envelope.headed for envelope, _ in house.reception.kept] == [True, False]
        assert house.reception.kept[1][1] == b" folded\r\nSubject: x\r\n"
