import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.archive.names import AttachmentPaths
from migrator.viewer.pictures import file_name
from tests.rules.viewer.made import leaf, message, multipart, page, png, rendered

TEXT = "text/plain; charset=utf-8"


def body(octets: bytes) -> str:
    found = re.search(r"<article[^>]*>\n(.*)\n</article>", page(octets), re.DOTALL)
    assert found
    return found[1]


def test_a_page_says_who_wrote_what_when_to_whom() -> None:
    shown = page(message("会議の日程", leaf(TEXT, "本文")))
    for said in ("<h1>会議の日程</h1>", "山田 太郎 &lt;taro@example.jp&gt;", "hanako@closing.example"):
        assert said in shown
    assert "2019年5月12日(日) 14:03 (UTC+09:00)" in shown
    assert "Sunday, 12 May 2019, 14:03 (UTC+09:00)" in shown
    assert '<a href="../mail/1.eml"' in shown


def test_a_page_forbids_itself_scripts_and_the_network() -> None:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page(b"Subject: x\n\nx"))
    assert found
    assert found[1].startswith("default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'")


def test_everything_a_stranger_wrote_is_escaped() -> None:
    shown = page(b'Subject: <script>1</script>\nFrom: "<img src=x>" <a@b>\nDate: <b>\n\n<script>2</script>')
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;2&lt;/script&gt;" in shown


def test_quotations_stand_apart_and_links_go_to_the_web_alone() -> None:
    text = "hi\n> one\n>> two\n> three\nsee <https://e.example/?a=1&b=2>, javascript:alert(1)\n"
    shown = body(message("x", leaf(TEXT, text)))
    assert shown.count("<blockquote>") == shown.count("</blockquote>") == 2
    assert '<a href="https://e.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">' in shown
    assert 'href="javascript' not in shown


def test_a_page_can_be_read_where_no_style_is_known() -> None:
    """As by a browser in a terminal: lines stay lines, and words of two languages or two cells stay apart."""
    files = multipart(
        "mixed", leaf(TEXT, "一行目\n\n三行目"), leaf("text/plain", "x", content_disposition="attachment")
    )
    told = re.sub(r"<style>.*</style>", "", page(message("x", files)), flags=re.DOTALL)
    told = " ".join(told.split()).replace("<br>", "\n")
    shown = html.unescape(re.sub(r"<[^>]*>", "", told))
    for words in ("一行目\n\n三行目", "差出人 From", "日時 Date", "UTC+09:00) Sunday", "TXT 1.txt 1 B "):
        assert words in shown


def test_a_picture_without_words_of_its_own_has_some() -> None:
    pictures = '<img src="cid:a"><img src="cid:a" width=1><img src="cid:a" alt="">'
    parts = (leaf("text/html", pictures), leaf("image/png", png(), content_id="<a>"))
    assert re.findall('alt="[^"]*"', body(message("x", multipart("related", *parts)))) == [
        'alt="画像 picture"',
        'alt=""',
        'alt=""',
    ]


@pytest.mark.parametrize(("text", "told"), [("会議です", ""), ("カナ", ""), ("see you", ' lang=""'), ("", "")])
def test_words_that_are_not_japanese_are_not_said_to_be(text: str, told: str) -> None:
    shown = page(message(text, leaf(TEXT, text)))
    assert f"<h1{told}>" in shown
    assert f"<article{told}>" in shown


def test_html_goes_before_text_which_stays_reachable() -> None:
    for parts in (
        (leaf(TEXT, "plain"), leaf("text/html", "<b>rich</b>")),
        (leaf("text/html", "<b>rich</b>"), leaf(TEXT, "plain")),
    ):
        shown = body(message("x", multipart("alternative", *parts)))
        assert re.search(r"<b>rich</b>.*<details.*plain.*</details>", shown, re.DOTALL)


def test_small_pictures_are_in_the_page_and_large_ones_beside_it() -> None:
    small, large = png(), png() + bytes(200_000)
    octets = message(
        "x",
        multipart(
            "related",
            leaf("text/html", '<img src="cid:a"><img src="cid:b"><img src="cid:c">'),
            leaf("image/png", small, content_id="<a>"),
            leaf("image/png", large, content_id="<b>", content_disposition="inline; filename=big.png"),
            leaf("image/png", "<svg onload=alert(1)>", content_id="<c>"),
        ),
    )
    shown = rendered(octets)
    text = shown.html.decode()
    assert 'src="data:image/png;base64,' in text
    assert 'src="../attachments/000001/big.png"' in text
    assert [octets for path, octets in shown.attachments if path.endswith("big.png")] == [large]
    assert text.count("<img") - text.count("<img>") == 2  # what is no picture is not shown as one


def test_a_picture_that_is_shown_many_times_stands_in_the_page_a_few_times() -> None:
    pictures = leaf("image/png", png() + bytes(50_000), content_id="<a>")
    shown = rendered(message("x", multipart("related", leaf("text/html", '<img src="cid:a">' * 5000), pictures)))
    assert len(shown.html) < 2_500_000
    assert shown.html.count(b"<img") == 5000
    assert [path for path, _ in shown.attachments] == ["attachments/000001/1.png"]


def test_of_a_text_that_is_too_long_to_be_read_all_is_below_the_message() -> None:
    for kind in ("text/plain", "text/html"):
        shown = rendered(message("x", leaf(kind, bytes(9_000_000))))
        assert b"Too long" in shown.html
        assert len(shown.html) < 4_000_000
        assert [len(octets) for _, octets in shown.attachments] == [9_000_000]


def test_remote_pictures_are_left_out_and_counted() -> None:
    shown = page(message("x", leaf("text/html", '<img src="https://e.example/1"><img src="http://e.example/2">')))
    assert "Pictures from the internet (2) are left out" in shown
    assert "e.example" not in shown


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        (
            '<img src="https://e.example/1" alt="夏 &lt;b&gt;">',
            '夏 &lt;b&gt;<small><span class="ja" lang="ja">外部の画像',
        ),
        ('<img src="https://e.example/1" width=600 height=80>', "remote picture, left out"),
        ('<img src="cid:nowhere" alt="地図">', "picture that cannot be shown"),
        ('<img src="https://e.example/p" width=1 height=1>', ""),
        ('<img src="https://e.example/p" style="width:2px">', ""),
    ],
)
def test_a_picture_that_is_left_out_leaves_its_words_in_a_frame(picture: str, shown: str) -> None:
    text = body(message("x", leaf("text/html; charset=utf-8", f"<p>x{picture}y</p>")))
    assert "<img" not in text
    assert shown in text
    assert ("left-out" in text) == bool(shown)


def test_a_message_without_a_date_says_when_it_came() -> None:
    shown = page(b"Subject: x\n\nx")
    assert "受信日時" in shown
    assert "Sunday, 12 May 2019, 15:03" in shown
    assert "受信日時" not in page(message("x", leaf(TEXT, "x")))


def attachment(kind: str, name: str, octets: bytes = b"x") -> bytes:
    return leaf(kind, octets, content_disposition=f"attachment; filename*=utf-8''{name}")


@pytest.mark.parametrize(
    ("name", "stored", "shown"),
    [
        ("report.pdf", "report.pdf", "PDF"),
        ("holiday.jpg.exe", "holiday.jpg.exe", "EXE"),
        ("evil%E2%80%AEgpj.exe", "evilgpj.exe", "EXE"),
        ("..%2F..%2Fetc%2Fpasswd", "passwd", "?"),
        ("page.HTML", "page.HTML.txt", "TXT"),
        ("drawing.svg", "drawing.svg.txt", "TXT"),
        ("page.html%20.", "page.html ..txt", "TXT"),
        ("%20", "1.bin", "BIN"),
    ],
)
def test_attachments_are_files_whose_endings_are_shown(name: str, stored: str, shown: str) -> None:
    made = rendered(
        message("x", multipart("mixed", leaf(TEXT, "x"), attachment("application/octet-stream", name, b"\0\1")))
    )
    assert made.attachments == [(f"attachments/000001/{stored}", b"\0\1")]
    text = made.html.decode()
    assert f">{html.escape(shown)}</b>" in text
    assert ("This is a program" in text) == (shown == "EXE")


def test_two_attachments_of_one_name_are_two_files() -> None:
    parts = (attachment("text/plain", "a.txt", b"1"), attachment("text/plain", "a.txt", b"2"))
    made = rendered(message("x", multipart("mixed", leaf(TEXT, "x"), *parts)))
    assert len({path for path, _ in made.attachments}) == 2
    assert [octets for _, octets in made.attachments] == [b"1", b"2"]


def test_pictures_that_are_attached_are_shown() -> None:
    shown = page(message("x", multipart("mixed", leaf(TEXT, "x"), attachment("image/png", "p.png", png()))))
    assert '<figure><img src="../attachments/000001/p.png"' in shown


def test_an_invitation_is_shown_and_kept() -> None:
    calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:打ち\r\n 合わせ\\, 夏\r\n"
    calendar += "DTSTART;TZID=Asia/Tokyo:20190522T140000\r\n"
    calendar += 'ORGANIZER;CN="佐藤":mailto:a@b\r\nLOCATION:<b>\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
    made = rendered(message("x", multipart("mixed", leaf(TEXT, "x"), leaf("text/calendar; charset=utf-8", calendar))))
    text = made.html.decode()
    for said in ("打ち合わせ, 夏", "2019-05-22 14:00 (Asia/Tokyo)", "佐藤", "&lt;b&gt;"):
        assert said in text
    assert [path for path, _ in made.attachments] == ["attachments/000001/1.ics"]


def test_a_message_in_a_message_is_shown_with_its_header_and_files() -> None:
    inner = message(
        "中身", multipart("mixed", leaf(TEXT, "奥の本文"), attachment("application/pdf", "in.pdf"), boundary="i")
    )
    made = rendered(message("x", multipart("mixed", leaf(TEXT, "外"), b"Content-Type: message/rfc822\r\n\r\n" + inner)))
    assert re.search(r'class="message".*<h2>中身</h2>.*奥の本文', made.html.decode(), re.DOTALL)
    assert [path for path, _ in made.attachments] == ["attachments/000001/in.pdf"]


NOTED = {
    "two types": (b"Content-Type: text/html\nContent-Type: text/plain\n\nx", "not built by the rules"),
    "never closed": (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "not built by the rules"),
    "encrypted": (b"Content-Type: application/pkcs7-mime\n\nx", "This message is encrypted"),
    "unreadable signs": (b"Content-Type: text/plain; charset=utf-8\n\nabc\x81", "Some characters could not be read"),
    "too deep": (b"Content-Type: text/html\n\n" + b"<div>" * 2000 + b"deep", "Too long or too complex"),
    "too long": (b"\n" + b"x" * 1_100_000, "Too long or too complex"),
}


@pytest.mark.parametrize(("octets", "note"), NOTED.values(), ids=NOTED)
def test_what_a_page_cannot_show_as_it_was_meant_is_said(octets: bytes, note: str) -> None:
    assert note in page(octets)
    assert note not in page(b"Subject: x\n\nx")


def test_a_page_says_that_it_shows_only_the_beginning() -> None:
    assert "very large; only its beginning" in page(b"\nx", cut=True)


def test_text_too_long_for_a_page_is_a_file_beside_it() -> None:
    octets = b"x" * 1_100_000
    assert [held for _, held in rendered(b"\n" + octets).attachments] == [octets]


def test_text_that_flows_has_long_lines() -> None:
    flowed = leaf("text/plain; format=flowed", "one \ntwo \nthree\nfour\n-- \nname")
    assert "one two three<br>four<br>-- <br>name" in body(message("x", flowed))


def test_a_message_of_nothing_has_a_page() -> None:
    shown = page(b"")
    assert "(no subject)" in shown
    assert "(no text)" in shown


def test_raw_octets_in_a_header_are_read_by_the_charset_of_the_text() -> None:
    octets = "Subject: 会議\n".encode("euc_jp") + b"Content-Type: text/plain; charset=EUC-JP\n\nx"
    assert "<h1>会議</h1>" in page(octets)


@given(
    st.text(max_size=200),
    st.sampled_from(["html", "SVG", "xhtml", "shtml ", "html.", "h\u200btml", "htm" + "x" * 40, "foo"]),
    st.sampled_from([b"<svg onload=x>", b"\xef\xbb\xbf <!DOCTYPE html>", "<script>".encode("utf-16"), b"<x:script >"]),
)
def test_no_name_makes_a_browser_open_an_attachment_as_a_page(stem: str, last: str, octets: bytes) -> None:
    wished = file_name(f"{stem}.{last}", "application/octet-stream", 1, octets)
    paths = AttachmentPaths(1)
    assert paths.give(wished).endswith(".txt")
    assert paths.give(wished).endswith(".txt")


def test_a_long_name_keeps_its_ending_and_gets_no_other() -> None:
    for length in range(60, 130):
        name = AttachmentPaths(1).give("x" * length + ".html" + "y" * 40)
        assert not name.endswith((".h", ".ht", ".htm", ".html"))
        assert AttachmentPaths(1).give("長" * length + ".pdf").endswith("長.pdf")
