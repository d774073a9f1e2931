"""A clamd that is down, slow, silent in the middle, gone or mad: ScanAway within the deadline, never clean."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import pytest

from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.scanners.clamd import Clamd
from filters.scanners.clamd_session import FRONT
from tests.peers.clamd import EICAR, FOUND, OK, TOO_LARGE, ClamdPeer, Fault, Gone, Half, Say, Slow
from tests.rules.filters.test_scanners import octets_of
from tests.support.deadline import until
from tests.support.ports import free_port

DEADLINE = 30.0  # seconds: what answers, answers long before
SHORT = 0.5  # for what never answers
MESSAGE = b"Subject: x\r\n\r\n" + b"hello\r\n" * 1500
LARGE = MESSAGE * 300  # over 3 MB, so it is streamed in chunks


class Asking(Protocol):
    """Makes a scanner over clamd on these ports; all are closed when the test ends."""

    def __call__(
        self,
        *ports: int,
        deadline: float = DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
        sessions: int = 5,
    ) -> Clamd: ...


@pytest.fixture
async def clamd() -> AsyncIterator[Asking]:
    made = []

    def asking(
        *ports: int, deadline: float = DEADLINE, monotonic: Callable[[], float] = time.monotonic, sessions: int = 5
    ) -> Clamd:
        places = [("127.0.0.1", port) for port in ports]
        made.append(Clamd(places, deadline=deadline, monotonic=monotonic, sessions=sessions))
        return made[-1]

    yield asking
    for one in made:
        await one.close()


async def scanned(scanner: Clamd, message: bytes = MESSAGE) -> Scan:
    async with asyncio.timeout(DEADLINE + 20):
        return await scanner.scan(octets_of(message), len(message))


FAULTS: dict[str, Fault] = {
    "half an answer": Half(b"2: stream: O"),
    "half a verdict, the end missing": Half(b"2: stream: OK"),
    "no answer": Half(b""),
    "slow": Slow(60),
    "garbage": Say(b"\xff\x00\xfe\r\nstream: OK"),
    "an empty line": Say(b""),
    "an error": Say(b"stream: Can't create temporary file ERROR"),
    "another protocol": Say(b"220 mx.example ESMTP"),
    "a wrong number": Half(b"7: stream: OK\0"),
    "an answer given before": Half(b"1: stream: OK\0"),
    "no number": Half(b"stream: OK\0"),
    "an answer without end": Half(b"2: " + b"x" * 100_000),
    "two answers": Half(b"3: stream: OK\0002: stream: OK\0"),
    "gone at once": Gone(0),
    "gone in mid-stream": Gone(5000),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_no_trustworthy_answer_is_away(clamd: Asking, name: str) -> None:
    for message in (MESSAGE, LARGE):
        async with ClamdPeer(FAULTS[name]) as peer:
            scanner = clamd(peer.port, deadline=SHORT)
            scan = await scanned(scanner, message)
            await scanner.close()
            assert isinstance(scan, ScanAway)
            assert str(peer.port) in scan.why


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 14, 100, 9000, 1_000_000, 2_500_000])
async def test_gone_in_mid_stream_at_any_octet(clamd: Asking, cut: int) -> None:
    async with ClamdPeer(Gone(cut)) as peer:
        scanner = clamd(peer.port)
        assert isinstance(await scanned(scanner, LARGE), ScanAway)


async def test_down_is_away_at_once(clamd: Asking) -> None:
    scan = await scanned(clamd(free_port()))
    assert isinstance(scan, ScanAway)
    assert "refused" in scan.why


async def test_a_socket_that_is_not_there_is_away(tmp_path: Path) -> None:
    scan = await Clamd([tmp_path / "no.sock"], deadline=30, monotonic=time.monotonic).scan(octets_of(b"x"), 1)
    assert scan == ScanAway(f"{tmp_path / 'no.sock'}: No such file or directory")


async def test_no_clamd_at_all_is_away(clamd: Asking) -> None:
    assert await clamd().scan(octets_of(b"x"), 1) == ScanAway("no clamd is named")


async def test_honest_answers(clamd: Asking) -> None:
    async with ClamdPeer() as peer:
        scanner = clamd(peer.port)
        assert await scanned(scanner) == ScanClean("ClamAV 1.0.7/27500/2024-01-01")
        assert await scanned(scanner, LARGE + EICAR) == ScanInfected(
            "Eicar-Test-Signature", "ClamAV 1.0.7/27500/2024-01-01"
        )
        assert await scanned(scanner, b"") == ScanClean("ClamAV 1.0.7/27500/2024-01-01")
        await scanner.close()
        assert peer.streams == [FRONT + MESSAGE, FRONT + LARGE + EICAR, FRONT]
        assert peer.connections == 1
        assert peer.commands == ["IDSESSION", "VERSION", "INSTREAM", "INSTREAM", "INSTREAM"]


async def test_too_large_is_told_apart_from_an_outage(clamd: Asking) -> None:
    async with ClamdPeer(Say(TOO_LARGE)) as peer:
        scan = await scanned(clamd(peer.port))
        assert isinstance(scan, ScanUnread)
        assert scan.why is Unreadable.TOO_LARGE


class Early(ClamdPeer):
    """Answers in the middle of the stream and hangs up, as clamd does at StreamMaxLength."""

    def __init__(self, words: bytes) -> None:
        super().__init__()
        self.words = words

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        await reader.readexactly(100_000)
        writer.write(b"2: " + self.words + b"\0")
        await writer.drain()
        raise ConnectionError


@pytest.mark.parametrize("words", [TOO_LARGE, OK, FOUND, b"nonsense"])
async def test_only_too_large_is_believed_before_the_end_of_the_stream(clamd: Asking, words: bytes) -> None:
    async with Early(words) as peer:
        scan = await scanned(clamd(peer.port), LARGE * 10)
        assert isinstance(scan, ScanUnread if words == TOO_LARGE else ScanAway)


async def test_another_endpoint_stands_in_and_the_failed_one_rests(clamd: Asking) -> None:
    async with ClamdPeer(Half(b"")) as bad, ClamdPeer() as good:
        scanner = clamd(bad.port, good.port)
        for _ in range(10):
            assert isinstance(await scanned(scanner), ScanClean)
        assert bad.connections == 1
        assert len(good.streams) == 10


async def test_a_hanging_endpoint_leaves_time_for_the_other(clamd: Asking) -> None:
    async with ClamdPeer(Slow(60)) as slow, ClamdPeer() as good:
        scanner = clamd(slow.port, good.port, deadline=8)
        assert [type(await scanned(scanner)) for _ in range(4)] == [ScanClean] * 4
        assert slow.connections <= 1


async def test_endpoints_take_turns(clamd: Asking) -> None:
    async with ClamdPeer() as one, ClamdPeer() as other:
        scanner = clamd(one.port, other.port)
        for _ in range(10):
            await scanned(scanner)
        assert [len(one.streams), len(other.streams)] == [5, 5]


async def test_a_rest_grows_and_ends(clamd: Asking) -> None:
    now = 1000.0
    async with ClamdPeer(Half(b"")) as bad, ClamdPeer() as good:
        scanner = clamd(bad.port, good.port, deadline=30, monotonic=lambda: now)
        for step, asked in ((0.0, 1), (0.9, 1), (0.2, 2), (1.9, 2), (0.2, 3), (3.9, 3), (0.2, 4)):
            now += step
            for _ in range(2):  # each gets its turn
                assert isinstance(await scanner.scan(octets_of(b"x"), 1), ScanClean)
            assert bad.connections == asked, f"at {now - 1000:g} s"


async def test_all_resting_are_asked_all_the_same(clamd: Asking) -> None:
    async with ClamdPeer(Half(b"")) as peer:
        scanner = clamd(peer.port)
        assert isinstance(await scanned(scanner), ScanAway)
        peer.fault = None
        assert isinstance(await scanned(scanner), ScanClean)


async def test_a_session_closed_meanwhile_is_opened_again_unnoticed(clamd: Asking) -> None:
    async with ClamdPeer() as peer:
        scanner = clamd(peer.port)
        await scanned(scanner)
        for session in list(peer._sessions):
            session.cancel()
        await until(lambda: not peer._sessions, "the peer hangs up")
        assert isinstance(await scanned(scanner), ScanClean)
        assert peer.connections == 2


async def test_an_idle_session_is_not_trusted_for_long_and_the_version_is_asked_again(clamd: Asking) -> None:
    now = 1000.0
    async with ClamdPeer() as peer:
        scanner = clamd(peer.port, deadline=30, monotonic=lambda: now)
        for step in (0, 4, *[4] * 16, 6):
            now += step
            assert isinstance(await scanner.scan(octets_of(MESSAGE), len(MESSAGE)), ScanClean)
        assert peer.connections == 2
        assert peer.commands.count("VERSION") == 3  # opened, a minute later, opened


async def test_many_at_once_use_few_sessions(clamd: Asking) -> None:
    async with ClamdPeer() as peer:
        scanner = clamd(peer.port, deadline=30, sessions=3)
        messages = [b"message %d" % number for number in range(60)]
        scans = await asyncio.gather(*(scanner.scan(octets_of(one), len(one)) for one in [*messages, EICAR]))
        assert [type(scan) for scan in scans] == [ScanClean] * 60 + [ScanInfected]
        assert peer.connections <= 3
        assert sorted(peer.streams) == sorted(FRONT + one for one in [*messages, EICAR])


async def test_what_the_content_raises_is_no_fault_of_clamd(clamd: Asking) -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        raise LookupError("the database is away")

    async with ClamdPeer() as peer:
        scanner = clamd(peer.port)
        with pytest.raises(LookupError):
            await scanner.scan(gone, 3_000_000)
        assert isinstance(await scanned(scanner), ScanClean)
        assert peer.connections == 2  # half a stream is never gone on with


async def test_a_scan_that_is_cancelled_leaves_nothing_behind(clamd: Asking) -> None:
    async with ClamdPeer(Slow(60)) as peer:
        scanner = clamd(peer.port, deadline=30)
        task = asyncio.create_task(scanner.scan(octets_of(MESSAGE), len(MESSAGE)))
        await until(lambda: peer.streams, "the content has arrived")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        peer.fault = None
        assert isinstance(await scanned(scanner), ScanClean)
        assert peer.connections == 2
