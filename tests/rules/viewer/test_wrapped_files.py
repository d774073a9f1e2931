"""Files within other things than MIME: uuencoded in a text, and in Outlook's winmail.dat."""

import binascii
import struct
import time
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.viewer.tnef import read_tnef
from tests.rules.viewer.made import leaf, message, multipart, rendered

TEXT = "text/plain; charset=utf-8"


def uuencoded(name: bytes, octets: bytes, *, backtick: bool = True, line: bytes = b"\r\n") -> bytes:
    pieces = (octets[at : at + 45] for at in range(0, len(octets), 45))
    lines = b"".join(binascii.b2a_uu(piece, backtick=backtick).replace(b"\n", line) for piece in pieces)
    return b"begin 644 " + name + line + lines + (b"`" if backtick else b" ") + line + b"end" + line


def files(octets: bytes) -> dict[str, bytes]:
    return {PurePosixPath(path).name: held for path, held in rendered(octets).attachments}


@given(st.binary(min_size=1, max_size=300), st.booleans(), st.sampled_from([b"\n", b"\r\n"]))
def test_uuencoded_files_come_out_of_the_text_around_them(octets: bytes, backtick: bool, line: bytes) -> None:
    coded = uuencoded(b"a.xls", octets, backtick=backtick, line=line)
    text = line.join((b"Subject: x", b"", b"before", b"", coded + b"between", coded.replace(b"a.xls", b"b.xls", 1)))
    assert files(text + b"after") == {"a.xls": octets, "b.xls": octets}
    shown = rendered(text + b"after").html.decode()
    assert [word in shown for word in ("before", "between", "after", "begin 644")] == [True, True, True, False]


def test_a_uuencoded_files_name_may_be_raw_shift_jis() -> None:
    text = b"Content-Type: text/plain; charset=Shift_JIS\r\n\r\n" + uuencoded("見積.xls".encode("cp932"), b"x")
    assert files(text) == {"見積.xls": b"x"}


def test_a_uuencoded_file_that_was_cut_is_kept_as_far_as_it_goes() -> None:
    whole = bytes(range(256))
    cut = b"".join(uuencoded(b"a.bin", whole).splitlines(keepends=True)[:3])
    assert files(b"\r\n" + cut) == {"a.bin": whole[:90]}


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 words\r\nof a poem that begins\r\nend\r\n",
        b"We begin 644 things.\r\nbegin 644 a\r\nend\r\n",
        b"begin 644 a\r\nM short\r\nend",
    ],
)
def test_what_only_looks_uuencoded_stays_text(text: bytes) -> None:
    assert files(b"\r\n" + text) == {}
    assert "begin 644" in rendered(b"\r\n" + text).html.decode()


def attribute(name: int, octets: bytes, level: int = 2) -> bytes:
    return struct.pack("<BII", level, name, len(octets)) + octets + struct.pack("<H", sum(octets) & 0xFFFF)


def text_property(tag: int, kind: int, octets: bytes) -> bytes:
    return struct.pack("<HHII", kind, tag, 1, len(octets)) + octets + bytes(-len(octets) % 4)


def tnef(*files: tuple[str, bytes]) -> bytes:
    """A winmail.dat as MS-OXTNEF writes it."""
    octets = struct.pack("<IH", 0x223E9F78, 1) + attribute(0x00089006, struct.pack("<I", 0x00010000), 1)
    for name, held in files:
        properties = struct.pack("<I", 4)
        properties += struct.pack("<HHi", 0x03, 0x3705, 1)  # a number
        properties += struct.pack("<HH16sIIH2x", 0x0B, 0x8001, bytes(16), 0, 7, 1)  # a named one
        properties += text_property(0x3704, 0x1E, b"SHORT~1.PDF\0")
        properties += text_property(0x3707, 0x1F, f"{name}\0".encode("utf-16-le"))
        octets += attribute(0x00069002, bytes(14)) + attribute(0x00018010, b"SHORT~1.PDF\0")
        octets += attribute(0x0006800F, held) + attribute(0x00069005, properties)
    return octets


def wrapped(octets: bytes, kind: str = "application/ms-tnef") -> bytes:
    part = leaf(kind, octets, content_disposition="attachment; filename=winmail.dat")
    return message("x", multipart("mixed", leaf(TEXT, "本文"), part))


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/octet-stream"])
def test_files_in_a_winmail_dat_are_attachments(kind: str) -> None:
    assert files(wrapped(tnef(("議事録.pdf", b"%PDF"), ("写真.jpg", b"\xff\xd8\xff")), kind)) == {
        "議事録.pdf": b"%PDF",
        "写真.jpg": b"\xff\xd8\xff",
    }


@pytest.mark.parametrize("octets", [tnef(), b"no TNEF at all"])
def test_a_winmail_dat_without_files_is_offered_with_a_plain_word(octets: bytes) -> None:
    assert files(wrapped(octets)) == {"winmail.dat": octets}
    assert "Outlook's own format" in rendered(wrapped(octets)).html.decode()


def test_no_winmail_dat_takes_long() -> None:
    count = struct.pack("<IHHI", 1, 0x1003, 1, 0xFFFFFFFF)  # one property of four thousand million numbers
    octets = tnef() + 400_000 * attribute(0x00069005, count)
    start = time.process_time()
    read_tnef(octets)
    assert time.process_time() - start < 2


@given(st.integers(0, 2000), st.integers(0, 255), st.integers(0, 2000))
def test_a_damaged_winmail_dat_harms_nothing(cut: int, octet: int, at: int) -> None:
    whole = bytearray(tnef(("a.pdf", bytes(300)), ("b.pdf", bytes(300))))
    whole[at % len(whole)] = octet
    read = read_tnef(bytes(whole[:cut]))
    assert all(0 <= file.start < file.end <= cut for file in read.files)
