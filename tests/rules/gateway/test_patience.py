"""How long a client is borne with: content that drips, and sessions that lead to no mail."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.gateway.limits import SLOWEST, Allowance
from tests.rules.gateway.house import Peer, open_gateway
from tests.support.deadline import movable_loop, settle, until


def test_waiting_spends_the_allowance_and_octets_earn_it_back() -> None:
    allowance = Allowance(180.0)
    allowance.look(100.0, SLOWEST)
    assert allowance.left == 81.0
    allowance.look(100.0, 1_000 * SLOWEST)
    assert allowance.left == 180.0
    allowance.look(350.0, 1_001 * SLOWEST)
    assert allowance.left == 1.0


def test_a_message_begins_with_the_whole_of_it() -> None:
    allowance = Allowance(180.0)
    allowance.look(170.0, 0)
    allowance.begin(170.0, 5)
    assert allowance.left == 180.0
    allowance.look(171.0, 5)
    assert allowance.left == 179.0


@given(st.lists(st.tuples(st.floats(0, 400), st.integers(0, 10**6)), max_size=50))
def test_no_more_is_waited_than_the_whole_and_what_was_earned(steps: list[tuple[float, int]]) -> None:
    allowance, waited, arrived = Allowance(180.0), 0.0, 0
    for seconds, octets in steps:
        waited += min(seconds, allowance.left)  # the session ends where it would be more
        arrived += octets
        allowance.look(waited, arrived)
        assert 0.0 <= allowance.left <= 180.0
    assert waited <= 180.0 + arrived / SLOWEST + 1e-6


async def test_content_that_comes_octet_by_octet_is_ended() -> None:
    async with open_gateway(data_timeout="400 ms") as house, house.client() as peer:
        await peer.open_mail()
        await peer.say("DATA", "354")
        hearing = asyncio.create_task(peer.reply())
        dripped = 0
        with suppress(ConnectionError):
            while not hearing.done() and dripped < 100:
                await peer.send(b"x")
                dripped += 1
                await asyncio.wait({hearing}, timeout=0.05)
        assert (await hearing).startswith("421 4.4.2")
        assert dripped < 30
        await until(lambda: house.reception.bodies[0].discarded, "what came is forgotten")
        assert not house.reception.kept


async def test_a_store_that_is_slow_costs_the_client_nothing() -> None:
    pass_by = movable_loop()
    async with open_gateway(data_timeout="1 min", handler_deadline="10 min") as house, house.client() as peer:
        release = asyncio.Event()
        house.reception.before_write = release.wait  # type: ignore[method-assign, assignment]
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(b"Subject: x\r\n\r\n")
        await until(lambda: house.reception.bodies, "the content")
        await settle()
        pass_by(200)
        await settle()
        release.set()
        await peer.say("x\r\n.", "250 2.6.0")


@pytest.mark.parametrize("command", ["NOOP", "RSET", "VRFY x", "HELP", "EHLO me.example", "HELO me.example"])
async def test_commands_without_mail_end_the_session(command: str) -> None:
    async with open_gateway(refusals_limit=5) as house, house.client() as peer:
        for _ in range(5):
            await peer.say(command, "2")
        await peer.say(command, "421 4.7.0")
        assert await peer.reply() == ""


async def test_refused_recipients_end_the_session_at_last() -> None:
    async with open_gateway(refusals_limit=5) as house, house.client() as peer:
        await peer.open_mail()
        for _ in range(4):  # the greeting was the first
            await peer.say("RCPT TO:<nobody@closing.example>", "550 5.1.1")
        await peer.say("RCPT TO:<hanako@closing.example>", "250 2.1.5")
        await peer.say("RCPT TO:<nobody@closing.example>", "421 4.7.0")
        assert await peer.reply() == ""


async def test_chunks_of_next_to_nothing_end_the_session() -> None:
    async with open_gateway(refusals_limit=5) as house, house.client() as peer:
        await peer.open_mail()
        for _ in range(4):
            await peer.send(b"BDAT 1\r\nx")
            await peer.expect("250 2.0.0")
        await peer.send(b"BDAT 1\r\nx")
        await peer.expect("421 4.7.0")
        assert house.reception.bodies[0].discarded


async def test_a_message_taken_begins_anew() -> None:
    async with open_gateway(refusals_limit=5) as house, house.client() as peer:
        for _ in range(3):
            await peer.open_mail()
            for _ in range(3):
                await peer.say("RCPT TO:<nobody@closing.example>", "550 5.1.1")
            await peer.say("DATA", "354")
            await peer.say("x\r\n.", "250 2.6.0")
        assert len(house.reception.kept) == 3


@pytest.mark.parametrize("listener", [1, 2])
async def test_servers_of_our_own_are_borne_with(listener: int) -> None:
    async with open_gateway(refusals_limit=5) as house, house.client(listener) as peer:
        await peer.open_mail()
        for _ in range(20):
            await peer.say("RCPT TO:<nobody@closing.example>", "550 5.1.1")
        await peer.say("NOOP", "250 2.0.0")


async def test_what_is_only_put_off_does_not_count() -> None:
    async with open_gateway(recipients_limit=100, refusals_limit=2) as house, house.client() as peer:
        await peer.open_mail(*(f"many{number}@closing.example" for number in range(100)))
        for _ in range(10):
            await peer.say("RCPT TO:<saburo@closing.example>", "452 4.5.3")
        await finish(peer)
        assert len(house.reception.kept[0][0].recipients) == 100


async def finish(peer: Peer) -> None:
    await peer.say("DATA", "354")
    await peer.say("x\r\n.", "250 2.6.0")
