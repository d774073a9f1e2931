"""clamd's replies read strictly, and the check over several scanners."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from filters.scan import Octets, Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.scanners.checker import Checker, CheckLimits
from filters.scanners.clamd_replies import Away, numbered, product, verdict
from tests.rules.filters.mime_cases import ODD, SOUND

V = "ClamAV 1.4.6/27800/2026-11-20"


def octets_of(message: bytes, piece: int = 1 << 20) -> Octets:
    async def content() -> AsyncIterator[bytes]:
        for start in range(0, len(message), piece):
            yield message[start : start + piece]

    return content


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        (b"stream: OK", ScanClean(V)),
        (b"stream: Eicar-Test-Signature FOUND", ScanInfected("Eicar-Test-Signature", V)),
        (b"stream: Win.Test.EICAR_HDB-1(44d88612:68) FOUND", ScanInfected("Win.Test.EICAR_HDB-1(44d88612:68)", V)),
        (b"stream: FOUND FOUND", ScanInfected("FOUND", V)),
        (
            b"INSTREAM size limit exceeded. ERROR",
            ScanUnread(Unreadable.TOO_LARGE, "larger than clamd's StreamMaxLength", V),
        ),
        *(
            (f"stream: {name} FOUND".encode(), ScanUnread(why, name, V))
            for name, why in {
                "Heuristics.Limits.Exceeded.MaxRecursion": Unreadable.TOO_DEEP,
                "Heuristics.Limits.Exceeded.MaxFiles": Unreadable.TOO_DEEP,
                "Heuristics.Limits.Exceeded.MaxFileSize": Unreadable.TOO_LARGE,
                "Heuristics.Limits.Exceeded.MaxScanSize": Unreadable.TOO_LARGE,
                "Heuristics.Limits.Exceeded": Unreadable.TOO_LARGE,
                "Heuristics.Encrypted.Zip": Unreadable.ENCRYPTED,
                "Heuristics.Encrypted.PDF": Unreadable.ENCRYPTED,
            }.items()
        ),
    ],
)
def test_verdicts(text: bytes, scan: Scan) -> None:
    assert verdict(text, V) == scan


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"OK",
        b"stream: ok",
        b"stream: OK ",
        b" stream: OK",
        b"stream: OK\n",
        b"stream:OK",
        b"stream: O",
        b"fd[11]: OK",
        b"stream:  FOUND",
        b"stream: x FOUN",
        b"stream: a\nb FOUND",
        b"stream: \xff FOUND",
        b"stream: " + b"x" * 300 + b" FOUND",
        b"stream: Can't allocate memory ERROR",
        b"COMMAND READ TIMED OUT",
        b"UNKNOWN COMMAND",
        b"PONG",
        b"\xff\xfe",
    ],
)
def test_anything_else_is_no_verdict(text: bytes) -> None:
    with pytest.raises(Away, match="it said"):
        verdict(text, V)


@pytest.mark.parametrize("reply", [b"", b"stream: OK", b"0: x", b"1:x", b"-1: x", b"a: x", b"12345678901: x", b" 1: x"])
def test_a_reply_without_its_number_is_refused(reply: bytes) -> None:
    with pytest.raises(Away):
        numbered(reply)


def test_numbers() -> None:
    assert numbered(b"12: stream: OK") == (12, b"stream: OK")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"ClamAV 1.0.9/27800/Fri Nov 20 08:26:14 2026", "ClamAV 1.0.9/27800/2026-11-20"),
        (b"ClamAV 1.4.6", "ClamAV 1.4.6"),
        (b"ClamAV 1.5.0-rc/1/yesterday", "ClamAV 1.5.0-rc/1/yesterday"),
    ],
)
def test_versions(text: bytes, told: str) -> None:
    assert product(text) == told


@pytest.mark.parametrize("text", [b"", b"UNKNOWN COMMAND", b"ClamAV", b"ClamAV 1\n2", b"ClamAV 1/2/" + b"x" * 99])
def test_what_is_no_version_is_no_clamd(text: bytes) -> None:
    with pytest.raises(Away, match="version"):
        product(text)


@dataclass
class Says:
    """A scanner that always says the same, or never anything."""

    scan_: Scan | None
    closed: bool = False

    async def scan(self, content: Octets, size: int) -> Scan:
        assert len(b"".join([octets async for octets in content()])) == size
        if self.scan_ is None:
            await asyncio.Event().wait()
        assert self.scan_ is not None
        return self.scan_

    async def close(self) -> None:
        self.closed = True


CLEAN, INFECTED, AWAY = ScanClean("a 1"), ScanInfected("worm", "b 2"), ScanAway("down")
SEALED = ScanUnread(Unreadable.ENCRYPTED, "zip", "a 1")
LARGE = ScanUnread(Unreadable.TOO_LARGE, "zip", "b 2")


async def checked(message: bytes, scans: Sequence[Scan | None], size: int = 1_000_000, deadline: float = 300.0) -> Scan:
    checker = Checker([Says(scan) for scan in scans], CheckLimits(size, deadline))
    return await checker.scan(octets_of(message), len(message))


@pytest.mark.parametrize(
    ("scans", "wins"),
    [
        ([CLEAN], CLEAN),
        ([CLEAN, ScanClean("b 2")], ScanClean("a 1 + b 2")),
        ([CLEAN, INFECTED], INFECTED),
        ([AWAY, INFECTED], INFECTED),
        ([SEALED, INFECTED], INFECTED),
        ([SEALED, AWAY], AWAY),
        ([CLEAN, AWAY], AWAY),
        ([CLEAN, SEALED], SEALED),
        ([SEALED, LARGE], LARGE),
    ],
)
async def test_the_worst_answer_counts(scans: Sequence[Scan], wins: Scan) -> None:
    assert await checked(SOUND["mixed"], scans) == wins


async def test_ambiguous_mime_is_never_clean() -> None:
    message, oddity = ODD["two types"]
    assert await checked(message, [CLEAN]) == ScanUnread(Unreadable.AMBIGUOUS, oddity)
    assert await checked(message, [SEALED]) == ScanUnread(Unreadable.AMBIGUOUS, oddity)
    assert await checked(message, [INFECTED]) == INFECTED
    assert await checked(message, [AWAY]) == AWAY


async def test_too_large_is_not_even_read() -> None:
    scan = await checked(SOUND["mixed"], [None], size=10)
    assert isinstance(scan, ScanUnread)
    assert scan.why is Unreadable.TOO_LARGE


async def test_a_scanner_that_never_answers_ends_with_the_deadline() -> None:
    scan = await checked(SOUND["mixed"], [CLEAN, None], deadline=0.05)
    assert isinstance(scan, ScanAway)
    assert "0.05 s" in scan.why


async def test_what_the_content_raises_passes_through() -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"Subject: x\r\n"
        raise LookupError("the database is away")

    with pytest.raises(LookupError, match="database"):
        await Checker([Says(CLEAN)], CheckLimits(100, 5.0)).scan(gone, 50)


async def test_closing_closes_every_scanner() -> None:
    scanners = [Says(CLEAN), Says(CLEAN)]
    await Checker(scanners, CheckLimits(100, 5.0)).close()
    assert [scanner.closed for scanner in scanners] == [True, True]


async def test_a_large_message_is_read_in_turns_with_others() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await checked(b"Subject: x\r\n\r\n" + b"y" * 3_000_000, [CLEAN], size=4_000_000)
    task.cancel()
    assert turns >= 6
