import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.viewer.charsets import decoded
from migrator.viewer.decoding import base64

GREETING = "こんにちは、世界。山田です。"
SPECIAL = "①㈱髙﨑"  # NEC's and IBM's additions to JIS X 0208


def jis_ms(text: str) -> bytes:
    """ISO-2022-JP as Windows writes it: additions of vendors, and half-width kana."""
    octets = b""
    for sign in text:
        pair = sign.encode("cp932")
        if len(pair) == 1:
            octets += b"\x1b(B" + pair if pair < b"\x80" else b"\x1b(I" + bytes([pair[0] & 0x7F])
            continue
        row = (pair[0] - (0x41 if pair[0] > 0x9F else 0x01) - 0x80) * 2 + 0x21
        if pair[1] >= 0x9F:
            octets += b"\x1b$B" + bytes((row + 1, pair[1] - 0x7E))
        else:
            octets += b"\x1b$B" + bytes((row, pair[1] - (0x20 if pair[1] > 0x7F else 0x1F)))
    return octets + b"\x1b(B"


DECLARED = {
    "as declared, UTF-8": (GREETING.encode(), "utf-8", GREETING),
    "as declared, Shift_JIS": (GREETING.encode("cp932"), "Shift_JIS", GREETING),
    "as declared, EUC-JP": (GREETING.encode("euc_jp"), "EUC-JP", GREETING),
    "as declared, ISO-2022-JP": (GREETING.encode("iso2022_jp"), "ISO-2022-JP", GREETING),
    "ISO-2022-JP-1 with JIS X 0212": ("丂".encode("iso2022_jp_1"), "iso-2022-jp-1", "丂"),
    "ISO-2022-JP-2 with Korean and Latin": ("안녕ä".encode("iso2022_jp_2"), "iso-2022-jp-2", "안녕ä"),
    "ISO-2022-JP-2004": ("俱𠮟".encode("iso2022_jp_2004"), "iso-2022-jp-3", "俱𠮟"),
    "ISO-2022-JP with additions of vendors": (jis_ms(SPECIAL), "iso-2022-jp", SPECIAL),
    "ISO-2022-JP with half-width kana": (jis_ms("ﾃｽﾄです"), "iso-2022-jp", "ﾃｽﾄです"),
    "half-width kana by shifts": (b"\x0eCO\x0f ok", "cp50222", "ﾃﾏ ok"),
    "Shift_JIS with additions of vendors": (SPECIAL.encode("cp932"), "Shift_JIS", SPECIAL),
    "half-width kana in Shift_JIS": ("ﾃｽﾄ".encode("cp932"), "shift_jis", "ﾃｽﾄ"),
    "EUC-JP with additions of vendors": (GREETING.encode("euc_jp") + b"\xad\xa1", "euc-jp", GREETING + "①"),
    "UTF-8 declared Shift_JIS": (GREETING.encode(), "Shift_JIS", GREETING),
    "UTF-8 declared ISO-8859-1": ("café".encode(), "iso-8859-1", "café"),
    "Shift_JIS declared UTF-8": (GREETING.encode("cp932"), "utf-8", GREETING),
    "Shift_JIS declared EUC-JP": ("佐藤です".encode("cp932"), "euc-jp", "佐藤です"),
    "Shift_JIS declared ISO-8859-1": ("佐藤".encode("cp932"), "iso-8859-1", "佐藤"),
    "EUC-JP declared Shift_JIS": ("佐藤一郎です".encode("euc_jp"), "shift_jis", "佐藤一郎です"),
    "ISO-2022-JP declared us-ascii": (GREETING.encode("iso2022_jp"), "us-ascii", GREETING),
    "ISO-2022-JP declared UTF-8": (GREETING.encode("iso2022_jp"), "utf-8", GREETING),
    "ISO-2022-JP without its escapes": (b"$B$3$s$K$A$O(B", "iso-2022-jp", "こんにちは"),
    "nothing declared, Shift_JIS": (GREETING.encode("cp932"), "", GREETING),
    "nothing declared, EUC-JP": (GREETING.encode("euc_jp"), "", GREETING),
    "nothing declared, UTF-8": (GREETING.encode(), "", GREETING),
    "nothing declared, Latin": ("café au lait".encode("latin-1"), "", "café au lait"),
    "an unknown charset": (GREETING.encode("cp932"), "x-user-defined", GREETING),
    "the name of a codec that is no charset": (b"uryyb", "rot13", "uryyb"),
    "as declared, Latin": ("père, été".encode("latin-1"), "iso-8859-1", "père, été"),
    "UTF-7": (GREETING.encode("utf-7"), "utf-7", GREETING),
    "UTF-16 with its mark": (GREETING.encode("utf-16"), "", GREETING),
    "UTF-8 with its mark": (GREETING.encode("utf-8-sig"), "us-ascii", GREETING),
    "simplified Chinese": ("你好，世界".encode("gb2312"), "gb2312", "你好，世界"),
    "traditional Chinese": ("你好世界".encode("big5"), "Big5", "你好世界"),
    "HZ": ("你好".encode("hz"), "hz-gb-2312", "你好"),
    "Korean": ("안녕하세요".encode("cp949"), "ks_c_5601-1987", "안녕하세요"),
    "ISO-2022-KR": ("안녕하세요".encode("iso2022_kr"), "iso-2022-kr", "안녕하세요"),
}  # fmt: skip


@pytest.mark.parametrize(("octets", "declared", "text"), DECLARED.values(), ids=DECLARED)
def test_text_is_read_whatever_is_declared(octets: bytes, declared: str, text: str) -> None:
    read = decoded(octets, declared)
    assert (read.text, read.damaged) == (text, False)


DAMAGED = {
    "UTF-8 cut in a sign": (GREETING.encode()[:-1], "utf-8", GREETING[:-1]),
    "an escape sequence that is cut": (GREETING.encode("iso2022_jp")[:-2], "iso-2022-jp", GREETING),
    "a sign of two octets that is cut": (b"\x1b$B$3$", "iso-2022-jp", "こ"),
    "an octet no charset has there": (b"abc\x81", "utf-8", "abc"),
}


@pytest.mark.parametrize(("octets", "declared", "start"), DAMAGED.values(), ids=DAMAGED)
def test_what_cannot_be_read_is_marked_and_said(octets: bytes, declared: str, start: str) -> None:
    read = decoded(octets, declared)
    assert read.damaged
    assert read.text.startswith(start)
    assert "\ufffd" in read.text


@given(
    st.binary(max_size=60), st.sampled_from(["", "iso-2022-jp", "shift_jis", "euc-jp", "utf-7", "utf-16", "big5", "x"])
)
def test_any_octets_become_text_that_can_be_written(octets: bytes, declared: str) -> None:
    read = decoded(octets, declared)
    read.text.encode()
    assert read.damaged or "\ufffd" not in read.text or "\ufffd".encode() in octets or declared in {"utf-7", "utf-16"}


@given(text=st.text(st.characters(min_codepoint=0x3041, max_codepoint=0x3093), min_size=2))
@pytest.mark.parametrize("charset", ["utf-8", "cp932", "euc_jp", "iso2022_jp"])
@pytest.mark.parametrize("declared", ["utf-8", "Shift_JIS", "EUC-JP", "ISO-2022-JP", "us-ascii", ""])
def test_kana_are_kana_in_any_charset_under_any_name(text: str, charset: str, declared: str) -> None:
    assert decoded(text.encode(charset), declared).text == text


def test_lost_escapes_are_looked_for_in_letters_and_not_in_bombs() -> None:
    """Each sign could begin a stretch; looking ahead from each of millions would take minutes."""
    lost = b"$B%F%9%H(B " * 100
    assert decoded(lost, "iso-2022-jp").text == "テスト " * 100
    bomb = b"$B" * 2_000_000
    assert decoded(bomb, "iso-2022-jp").text == bomb.decode()


def test_base64_that_is_padded_after_each_octet_is_read_in_as_much_memory_as_it_has() -> None:
    tracemalloc.start()
    try:
        assert base64(b"QQ==" * 500_000) == b"A" * 500_000
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
