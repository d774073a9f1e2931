"""Whole messages as Japanese programs write them, rightly and wrongly: what is read is the true text."""

import re
from base64 import b64encode
from pathlib import PurePosixPath
from urllib.parse import quote

import pytest

from tests.rules.viewer.made import page, rendered

TEXT = "こんにちは、世界。山田です。"
CODECS = ("utf-8", "cp932", "euc_jp", "iso2022_jp")
DECLARED = ("UTF-8", "Shift_JIS", "EUC-JP", "ISO-2022-JP", "US-ASCII", "ISO-8859-1", "x-unknown", "")
NAME = "請求書 5月.pdf"


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("declared", DECLARED)
def test_subject_sender_and_text_are_read_whatever_is_declared(codec: str, declared: str) -> None:
    raw = TEXT.encode(codec)
    kind = f"Content-Type: text/plain; charset={declared}\r\n".encode() if declared else b""
    shown = page(b"Subject: " + raw + b"\r\nFrom: " + raw + b" <a@b.example>\r\n" + kind + b"\r\n" + raw)
    assert f"<h1>{TEXT}</h1>" in shown
    assert f"<dd>{TEXT} &lt;a@b.example&gt;</dd>" in shown
    assert f'<div class="text">{TEXT}</div>' in shown
    assert 'class="note"' not in shown


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("declared", [b"utf-8", b"Shift_JIS", b"ISO-2022-JP", b"us-ascii", b"x-unknown"])
def test_html_is_read_whatever_it_declares_itself_to_be(codec: str, declared: bytes) -> None:
    html = b"<meta http-equiv=content-type content='text/html; charset=" + declared + b"'><p>" + TEXT.encode(codec)
    assert f"<p>{TEXT}</p>" in page(b"Content-Type: text/html\r\n\r\n" + html)


def word(charset: str, codec: str, text: str = NAME) -> bytes:
    return f"=?{charset}?B?{b64encode(text.encode(codec)).decode()}?=".encode()


UTF8 = quote(NAME).encode()
NAMES = {
    "RFC 2231, UTF-8": (b"filename*=utf-8''" + UTF8, NAME),
    "RFC 2231, Shift_JIS": (b"filename*=Shift_JIS'ja'" + quote(NAME.encode("cp932")).encode(), NAME),
    "RFC 2231, ISO-2022-JP": (b"filename*=ISO-2022-JP''" + quote(NAME.encode("iso2022_jp")).encode(), NAME),
    "RFC 2231, without a charset": (b"filename*=''" + UTF8, NAME),
    "RFC 2231, in quotation marks": (b"filename*=\"utf-8''" + UTF8 + b'"', NAME),
    "RFC 2231, in pieces": (b"filename*0*=utf-8''" + UTF8[:27] + b";\r\n filename*1*=" + UTF8[27:], NAME),
    "RFC 2231, cut within an octet": (b"filename*0*=utf-8''" + UTF8[:25] + b"; filename*1*=" + UTF8[25:], NAME),
    "RFC 2231, pieces in disorder": (b"filename*1*=" + UTF8[27:] + b"; filename*0*=utf-8''" + UTF8[:27], NAME),
    "encoded word, UTF-8": (b'filename="' + word("utf-8", "utf-8") + b'"', NAME),
    "encoded word, ISO-2022-JP": (b'filename="' + word("ISO-2022-JP", "iso2022_jp") + b'"', NAME),
    "encoded word, not in quotation marks": (b"filename=" + word("Shift_JIS", "cp932"), NAME),
    "encoded word, wrongly declared": (b'filename="' + word("us-ascii", "euc_jp") + b'"', NAME),
    "encoded word without its end": (b'filename="' + word("utf-8", "utf-8")[:-2] + b'"', NAME),
    "two encoded words": (
        b'filename="' + word("utf-8", "utf-8", NAME[:4]) + b"\r\n " + word("utf-8", "utf-8", NAME[4:]) + b'"', NAME
    ),
    "as an address is written": (b'filename="' + UTF8 + b'"', NAME),
    **{f"raw {codec}": (b'filename="' + NAME.encode(codec) + b'"', NAME) for codec in CODECS},
    "raw Shift_JIS with backslashes in signs": (b'filename="' + "表示ソ能.pdf".encode("cp932") + b'"', "表示ソ能.pdf"),
    "raw Shift_JIS that ends in one": (b'filename="' + "予定表".encode("cp932") + b'"; size=1', "予定表"),
    "raw ISO-2022-JP with quotation marks in signs": (
        b'filename="' + "あいう漢字.pdf".encode("iso2022_jp") + b'"', "あいう漢字.pdf"
    ),
    "a quotation mark in it": (b'filename="a\\"b.pdf"', "a_b.pdf"),
}  # fmt: skip


@pytest.mark.parametrize(("parameter", "name"), NAMES.values(), ids=NAMES)
def test_a_files_name_is_read_however_it_is_written(parameter: bytes, name: str) -> None:
    octets = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + parameter + b"\r\n\r\n%PDF"
    (path, held), *rest = rendered(octets).attachments
    assert (PurePosixPath(path).name.replace('"', "_"), held, rest) == (name, b"%PDF", [])


def test_signs_that_show_as_boxes_elsewhere_are_read() -> None:
    """Half-width kana, NEC's and IBM's signs in ISO-2022-JP, as Outlook sends them."""
    octets = b"\x1b$B-!\x1b(I6E\x1b$B-j\x1b(B"
    assert '<div class="text">①ｶﾅ㈱</div>' in page(b"Content-Type: text/plain; charset=ISO-2022-JP\r\n\r\n" + octets)


def test_a_subject_cut_within_a_sign_is_joined() -> None:
    whole = "会議のお知らせ".encode()
    words = b" ".join(b"=?utf-8?B?" + b64encode(piece) + b"?=" for piece in (whole[:7], whole[7:]))
    found = re.search("<h1>(.*)</h1>", page(b"Subject: " + words + b"\r\n\r\nx"))
    assert found
    assert found[1] == "会議のお知らせ"
