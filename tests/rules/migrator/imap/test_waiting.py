"""A server is given time, and not for ever, whatever it says meanwhile."""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from migrator.imap.errors import Silent
from migrator.imap.line import Line
from migrator.imap.waiting import ENDLESS, RATE, Waiting
from migrator.mailbox import MailboxAway
from tests.faults.imap.ends import letter, octets, read, source
from tests.peers.imap import ImapPeer
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.support.deadline import movable_loop, settle

PATIENCE = 60.0


class Time:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def waiting(time: Time) -> Waiting:
    return Waiting(PATIENCE, time)


def test_who_says_nothing_is_waited_for_as_long_as_agreed(waiting: Waiting, time: Time) -> None:
    time.now += PATIENCE
    assert not waiting.over()
    time.now += 1
    assert waiting.over() == "said nothing for 60 s"


def test_who_says_that_it_is_still_there_gets_more_time_and_not_all(waiting: Waiting, time: Time) -> None:
    for _ in range(ENDLESS * 2):
        assert not waiting.over()
        time.now += PATIENCE / 2
        waiting.heard()
    time.now += 1
    assert waiting.over() == "gave nothing of what it was asked for in 600 s"


def test_who_gives_what_was_asked_for_gets_all_the_time_it_needs(waiting: Waiting, time: Time) -> None:
    for _ in range(1_000):
        time.now += PATIENCE
        assert not waiting.over()
        waiting.got()


def test_a_large_message_may_come_slowly_and_not_an_octet_a_minute(waiting: Waiting, time: Time) -> None:
    for _ in range(1_000):
        time.now += PATIENCE
        waiting.heard()
        waiting.poured(int(RATE * PATIENCE))
        assert not waiting.over()
    for _ in range(ENDLESS):
        assert not waiting.over()
        time.now += PATIENCE
        waiting.heard()
        waiting.poured(1)
    time.now += 1
    assert "gave nothing" in waiting.over()


class Chattering(ImapPeer):
    """Says something all the time, and never an end."""

    def __init__(self, *says: bytes, first: bytes = b"") -> None:
        super().__init__()
        self._says = says
        self._first = first

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        await reader.readline()
        writer.write(self._first)
        for number in count():
            writer.write(self._says[number % len(self._says)])
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "peer",
    [
        Chattering(b"* OK still here\r\n"),
        Chattering(b"* 1 EXISTS\r\n", b"* 1 FETCH (FLAGS ())\r\n", b'* LIST () "/" INBOX\r\n'),
        Chattering(b"x", first=b"* 1 FETCH (UID 1 BODY[] {200000}\r\n"),
        Chattering(b"x", first=b"* OK "),
    ],
    ids=["still here", "what nobody asked for", "a literal octet by octet", "a line octet by octet"],
)
async def test_chatter_without_an_end_ends_the_line(peer: Chattering) -> None:
    pass_by = movable_loop()
    async with peer:
        line = await Line.open("127.0.0.1", peer.port, tls=None, patience=PATIENCE)
        asked = asyncio.create_task(line.run(b"NOOP"))
        for _ in range(ENDLESS * 2):
            await settle()
            pass_by(40)
        with pytest.raises(Silent, match="gave nothing of what it was asked for in 600 s, asked for NOOP"):
            await asked


async def test_one_message_told_for_ever_is_left_and_many_that_take_long_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migrator.imap.waiting.ENDLESS", 3)
    pass_by = movable_loop()
    mails = [Mail(uid, letter(uid)) for uid in range(1, 21)]

    class Slow(BoxPeer):
        async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            whole = writer.write

            def write(octets: bytes) -> None:
                asyncio.get_running_loop().create_task(self.slowly(whole, octets))

            writer.write = write  # type: ignore[method-assign,assignment]
            await super().session(reader, writer)

        same = False

        async def slowly(self, write: object, octets: bytes) -> None:
            assert callable(write)
            lines = octets.split(b")\r\n") if b"BODY[]" in octets else []
            if not lines:
                write(octets)
            for line in lines[:-1]:
                for _ in range(10**6 if self.same else 1):
                    write(line + b")\r\n")
                    await settle()
                    pass_by(15)
            if lines:
                write(lines[-1])

    async with Slow({"INBOX": Box(mails)}) as peer, source(peer.port, tmp_path, patience=PATIENCE) as old:
        assert [octets(one) for one in await read(old)] == [mail.octets for mail in mails]  # 300 s, and 180 are had
        peer.same = True
        with pytest.raises(MailboxAway, match="gave nothing of what it was asked for"):
            await read(old)
