"""Lines and chunks from one stream."""

import asyncio

import pytest

from mailsvc.gateway.outcomes import EndOfInput, LineTooLong
from mailsvc.gateway.wire import CHUNK, Wire


class Tap(asyncio.Transport):
    """A transport that can be told to rest."""

    def __init__(self) -> None:
        super().__init__()
        self.paused = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


@pytest.fixture
async def wire() -> Wire:
    return Wire(asyncio.get_running_loop())


async def test_lines_end_with_crlf_or_lf_and_keep_other_cr(wire: Wire) -> None:
    wire.feed_data(b"one\r\ntwo\nth\rree\r\n\r\n")
    assert [await wire.line() for _ in range(4)] == [b"one", b"two", b"th\rree", b""]


async def test_a_line_may_come_octet_by_octet(wire: Wire) -> None:
    reading = asyncio.ensure_future(wire.line())
    for octet in b"NOOP\r\n":
        await asyncio.sleep(0)
        wire.feed_data(bytes([octet]))
    assert await reading == b"NOOP"


async def test_a_line_too_long_is_read_to_its_end(wire: Wire) -> None:
    wire.feed_data(b"x" * 21 + b"\r\nnext\r\n")
    with pytest.raises(LineTooLong):
        await wire.line(20)
    assert await wire.line(20) == b"next"


async def test_an_endless_line_is_not_held(wire: Wire) -> None:
    reading = asyncio.ensure_future(wire.line(20))
    for _ in range(50):
        wire.feed_data(b"x" * 30)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not wire.pending
    wire.feed_data(b"\nnext\n")
    with pytest.raises(LineTooLong):
        await reading
    assert await wire.line(20) == b"next"


async def test_chunks_come_whole_and_exactly(wire: Wire) -> None:
    wire.feed_data(b"abcdef")
    assert await wire.upto(2) == b"ab"
    assert await wire.upto(0) == b""
    assert await wire.more() == b"cdef"
    assert not wire.pending


async def test_what_is_unread_comes_first(wire: Wire) -> None:
    wire.feed_data(b"QUIT\r\n")
    wire.unread(b"NOOP\r\n")
    wire.unread(b"")
    assert await wire.line() == b"NOOP"
    assert await wire.line() == b"QUIT"


async def test_the_end_comes_after_what_was_sent(wire: Wire) -> None:
    wire.feed_data(b"last\r\nhalf")
    wire.feed_eof()
    assert await wire.line() == b"last"
    with pytest.raises(EndOfInput):
        await wire.line()


async def test_an_interrupt_wakes_who_waits(wire: Wire) -> None:
    reading = asyncio.ensure_future(wire.line())
    await asyncio.sleep(0)
    assert wire.waiting
    wire.interrupt(TimeoutError("enough"))
    with pytest.raises(TimeoutError, match="enough"):
        await reading
    assert not wire.waiting


async def test_the_socket_rests_while_nobody_takes(wire: Wire) -> None:
    tap = Tap()
    wire.set_transport(tap)
    wire.feed_data(bytes(2 * CHUNK + 1))
    assert tap.paused
    assert len(await wire.more()) == 2 * CHUNK + 1
    assert not tap.paused


async def test_before_waiting_is_told_only_when_it_waits() -> None:
    told: list[int] = []
    wire = Wire(asyncio.get_running_loop(), lambda: told.append(1))
    wire.feed_data(b"a\n")
    await wire.line()
    assert not told
    reading = asyncio.ensure_future(wire.line())
    await asyncio.sleep(0)
    assert told == [1]
    wire.feed_data(b"b\n")
    assert await reading == b"b"


async def test_before_waiting_is_told_once_for_a_command_and_for_each_chunk_of_content() -> None:
    told: list[int] = []
    wire = Wire(asyncio.get_running_loop(), lambda: told.append(1))
    reading = asyncio.ensure_future(wire.line())
    for octet in b"NOOP\r\n":
        await asyncio.sleep(0)
        wire.feed_data(bytes([octet]))
        await asyncio.sleep(0)
    assert await reading == b"NOOP"
    assert told == [1]
    for times in (2, 3):
        taking = asyncio.ensure_future(wire.more())
        await asyncio.sleep(0)
        wire.feed_data(b"x")
        assert await taking == b"x"
        assert len(told) == times


async def test_after_a_move_the_new_transport_rests_and_the_old_one_runs(wire: Wire) -> None:
    clear, encrypted = Tap(), Tap()
    wire.set_transport(clear)
    wire.feed_data(bytes(2 * CHUNK + 1))
    wire.move(encrypted)
    assert not clear.paused
    wire.feed_data(b"x")
    assert encrypted.paused
    assert len(await wire.more()) == 2 * CHUNK + 2
    assert not encrypted.paused
