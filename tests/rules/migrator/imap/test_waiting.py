"""A server is given time, and not for ever, whatever it says meanwhile."""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from migrator.imap.errors import Silent, Stalled
from migrator.imap.line import Line
from migrator.imap.source import ImapSource
from migrator.imap.waiting import ENDLESS, RATE, Waiting
from migrator.mailbox import MailboxStalled
from tests.faults.imap.ends import access, letter, octets, read, source
from tests.peers.imap import ImapPeer
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.support.deadline import movable_loop, settle, until
from tests.support.noting import noting

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
    assert not waiting.over("NOOP")
    time.now += 1
    over = waiting.over("NOOP")
    assert (type(over), str(over)) == (Silent, "the server said nothing for 60 s, asked for NOOP")


def test_who_says_that_it_is_still_there_gets_more_time_and_not_all(waiting: Waiting, time: Time) -> None:
    for _ in range(ENDLESS * 2):
        assert not waiting.over("NOOP")
        time.now += PATIENCE / 2
        waiting.heard()
    time.now += 1
    over = waiting.over("NOOP")
    told = "the server gave nothing of what it was asked for in 600 s, asked for NOOP"
    assert (type(over), str(over)) == (Stalled, told)


def test_who_gives_what_was_asked_for_gets_all_the_time_it_needs(waiting: Waiting, time: Time) -> None:
    for _ in range(1_000):
        time.now += PATIENCE
        assert not waiting.over("NOOP")
        waiting.got()


def test_a_large_message_may_come_slowly_and_not_an_octet_a_minute(waiting: Waiting, time: Time) -> None:
    for _ in range(1_000):
        time.now += PATIENCE
        waiting.heard()
        waiting.poured(int(RATE * PATIENCE))
        assert not waiting.over("NOOP")
    for _ in range(ENDLESS):
        assert not waiting.over("NOOP")
        time.now += PATIENCE
        waiting.heard()
        waiting.poured(1)
    time.now += 1
    assert isinstance(waiting.over("NOOP"), Stalled)


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
        with pytest.raises(Stalled, match="gave nothing of what it was asked for in 600 s, asked for NOOP"):
            await asked


class Working(Chattering):
    """Says for a while that it is still there, as Dovecot does, and answers in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.says = asyncio.Queue[bytes]()

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        tag = (await reader.readline()).split(b" ")[0]
        while (says := await self.says.get()) != b"done":
            writer.write(b"* OK %s\r\n" % says)
        writer.write(tag + b" OK done\r\n")


async def test_a_server_that_says_it_still_works_is_not_left_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Waiting] = []
    monkeypatch.setattr(Waiting, "heard", noting(Waiting.heard, heard.append))
    pass_by = movable_loop()
    async with Working() as peer:
        line = await Line.open("127.0.0.1", peer.port, tls=None, patience=PATIENCE)
        asked = asyncio.create_task(line.run(b"NOOP"))
        await until(lambda: line.busy, "it is asked")
        for _ in range(2 * ENDLESS - 4):
            pass_by(PATIENCE / 2)
            before = len(heard)
            peer.says.put_nowait(b"Hang in there..")
            await until(lambda before=before: len(heard) > before, "it is heard")  # type: ignore[misc]
        peer.says.put_nowait(b"done")
        assert (await asked).word == "OK"
        line.abandon()


class Locked(ImapPeer):
    """Greets, and lets nobody in."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        while await reader.readline():
            self.asked.set()


async def test_who_is_silent_before_one_is_in_has_had_all_its_time(tmp_path: Path) -> None:
    pass_by = movable_loop()
    async with Locked() as peer:
        opening = asyncio.create_task(ImapSource.open(access(peer.port, PATIENCE), spool=tmp_path))
        await peer.asked.wait()
        pass_by(PATIENCE + 1)
        with pytest.raises(MailboxStalled, match="said nothing for 60 s, asked for LOGIN"):
            await opening


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
        with pytest.raises(MailboxStalled, match="gave nothing of what it was asked for"):
            await read(old)
