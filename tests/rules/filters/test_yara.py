"""YARA rules over parts and archives: found wherever they hide, bounded, and never called a virus scanner."""

import asyncio
import base64
import quopri
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.scanners import unpack
from filters.scanners.yara import BadRules, Yara
from tests.peers.clamd import EICAR
from tests.rules.filters.archives import broken_by_lzma, deep, encrypted, one_of_two_volumes, zipped
from tests.rules.filters.mime_cases import mixed
from tests.rules.filters.test_scanners import octets_of

pytest.importorskip("yara_x")
RULES = 'rule test_file { strings: $a = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" condition: $a }'


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    place = tmp_path / "rules.yar"
    place.write_text(RULES)
    return place


def attached(octets: bytes, encode: Callable[[bytes], bytes] = base64.encodebytes, name: str = "base64") -> bytes:
    text = encode(octets).decode("ascii")
    return mixed(f"--b\nContent-Type: application/zip\nContent-Transfer-Encoding: {name}\n\n{text}\n--b--\n")


INNER = attached(EICAR).decode().replace('"b"', "c").replace("--b", "--c").replace("\r", "")
FORWARDED = mixed(f"--b\nContent-Type: message/rfc822\n\n{INNER}\n--b--\n")


async def scanned(rules: Path, message: bytes) -> Scan:
    yara = Yara.compile(rules, timeout=300)
    try:
        return await yara.scan(octets_of(message), len(message))
    finally:
        await yara.close()


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: x\r\n\r\n" + EICAR,
        attached(EICAR),
        attached(EICAR, quopri.encodestring, "quoted-printable"),
        attached(zipped({"a": b"x", "eicar.com": EICAR})),
        attached(zipped({"a.zip": zipped({"b.zip": zipped({"eicar.com": EICAR})})})),
        attached(b"MZ self-extracting" + zipped({"eicar.com": EICAR})),
        attached(EICAR)[:-11],
        attached(b"?").replace(b"Pw==", b"Pw==\r\n" + base64.b64encode(EICAR)),
        attached(EICAR).replace(b"--b--", b"--bx"),
        FORWARDED,
        attached(zipped({"a": b"x" * 300_000, "eicar.com": EICAR})),
        b"Subject: x\r\n\r\n" + b"y" * 200_000 + EICAR,
    ],
    ids=[
        "plain",
        "base64",
        "qp",
        "zip",
        "zip3",
        "sfx",
        "cut",
        "behind padding",
        "odd",
        "forwarded",
        "large member",
        "large",
    ],
)
async def test_a_match_is_found_wherever_it_hides(rules: Path, message: bytes) -> None:
    scan = await scanned(rules, message)
    assert isinstance(scan, ScanInfected)
    assert scan.threat == "test_file"
    assert scan.scanner.endswith(", not a virus scanner")


async def test_what_matches_no_rule_is_clean_by_the_named_rules(rules: Path) -> None:
    scan = await scanned(rules, attached(zipped({"a": b"EICAR-STANDARD"})))
    assert isinstance(scan, ScanClean)
    assert "rules.yar sha256 " in scan.scanner


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (encrypted(zipped({"a": b"x"})), Unreadable.ENCRYPTED),
        (deep(b"x", 7), Unreadable.TOO_DEEP),
        (zipped({f"{number}": b"" for number in range(2500)}), Unreadable.TOO_DEEP),
        (zipped({"bomb": b"\0" * 101_000_000}), Unreadable.TOO_LARGE),
        (zipped({"a": b"x" * 500})[:200] + b"PK\x05\x06", Unreadable.AMBIGUOUS),
        (broken_by_lzma(), Unreadable.AMBIGUOUS),
        (one_of_two_volumes(), Unreadable.AMBIGUOUS),
        (b"PK\x01\x02" * 2500 + zipped({"a": b"x"}), Unreadable.TOO_DEEP),
    ],
    ids=["encrypted", "deep", "many", "bomb", "broken", "lzma", "volume", "list"],
)
async def test_what_cannot_be_unpacked_is_never_clean(rules: Path, octets: bytes, why: Unreadable) -> None:
    scan = await scanned(rules, attached(octets))
    assert isinstance(scan, ScanUnread)
    assert scan.why is why


async def test_words_that_begin_like_an_archive_are_words(rules: Path) -> None:
    assert isinstance(await scanned(rules, b"Subject: x\r\n\r\nPK are my initials.\r\n"), ScanClean)


def test_paddings_without_end_take_no_more_memory_than_the_message() -> None:
    message = b"Content-Transfer-Encoding: base64\r\n\r\n" + b"AA=\r\n" * 300_000
    tracemalloc.start()
    _, part = unpack.unpacked(message)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(part, bytes)
    assert most < 5 * len(message)


async def test_the_time_holds_for_all_parts_together(rules: Path) -> None:
    seconds = iter(range(1000))
    yara = Yara(Yara.compile(rules, timeout=300)._rules, "rules", 5, monotonic=lambda: float(next(seconds)))
    message = attached(zipped({f"{number}": b"x" for number in range(50)}))
    assert isinstance(await yara.scan(octets_of(message), len(message)), ScanAway)
    await yara.close()


async def test_a_match_wins_over_what_cannot_be_unpacked(rules: Path) -> None:
    message = attached(encrypted(zipped({"a": b"x"}))).replace(b"--b--", b"--b\r\n\r\n" + EICAR + b"\r\n--b--")
    assert isinstance(await scanned(rules, message), ScanInfected)


def test_a_member_that_lies_about_its_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "BUDGET", 1000)
    liar = bytearray(zipped({"a": b"y" * 5000}))
    at = liar.index(b"PK\x01\x02") + 24
    liar[at : at + 4] = (10).to_bytes(4, "little")
    found = list(unpack.unpacked(attached(bytes(liar))))
    assert all(not isinstance(one, bytes) or len(one) < 1500 for one in found)


SLOW = "rule slow { condition: for all i in (0..99999999) : (for all j in (0..99999) : (i * j >= 0)) }"


async def test_a_rule_that_takes_too_long_is_no_answer(rules: Path) -> None:
    await asyncio.to_thread(rules.write_text, SLOW)
    yara = Yara.compile(rules, timeout=0.5)
    scan = await yara.scan(octets_of(b"x"), 1)
    await yara.close()
    assert isinstance(scan, ScanAway)


@pytest.mark.parametrize("source", ["rule x {", "rule x { condition: nothing }"])
def test_rules_that_do_not_compile_are_told_with_their_place(rules: Path, source: str) -> None:
    rules.write_text(source)
    with pytest.raises(BadRules, match=r"rules\.yar: error.*line:1") as told:
        Yara.compile(rules, timeout=1)
    assert "compile" in told.value.remedy


def test_rules_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match="No such file"):
        Yara.compile(tmp_path / "none.yar", timeout=1)


def test_without_the_extra_it_says_how_to_get_it(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yara_x", None)
    with pytest.raises(BadRules, match=r"pip install 'lastpost\[yara\]'"):
        Yara.compile(rules, timeout=1)
