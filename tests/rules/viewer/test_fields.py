import pytest

from migrator.viewer.fields import read_content_type, read_fields

WORDS = {
    "two words of one charset share a sign": (b"=?UTF-8?B?5bGx55Sw5aSq?= =?UTF-8?B?6YOO?=", "山田太郎"),
    "a sign that is cut between words": (b"=?UTF-8?B?5bGx55Q=?= =?UTF-8?B?sA==?=", "山田"),
    "words of two charsets": (b"=?UTF-8?B?5bGx?= =?ISO-2022-JP?B?GyRCRUQbKEI=?=", "山田"),
    "quoted-printable": (b"=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"),
    "white space within a word": (b"=?utf-8?Q?two words?=", "two words"),
    "a lost end": (b"=?UTF-8?B?5bGx55Sw", "山田"),
    "padding that lacks": (b"=?UTF-8?B?5bGx55SwYQ?=", "山田a"),
    "text around a word": (b"Re: =?UTF-8?B?5bGx?= (2)", "Re: 山 (2)"),
    "a language": (b"=?us-ascii*en?Q?hi?=", "hi"),
    "raw UTF-8": ("山田".encode(), "山田"),
    "raw Shift_JIS": ("会議の日程です".encode("cp932"), "会議の日程です"),
    "raw ISO-2022-JP": ("会議".encode("iso2022_jp"), "会議"),
    "a wrong charset": (b"=?utf-8?B?" + b"ie+LYw==" + b"?=", "会議"),
    "no word at all": (b"=?=?=", "=?=?="),
    "folded": (b"one\r\n two", "one two"),
}


@pytest.mark.parametrize(("octets", "text"), WORDS.values(), ids=WORDS)
def test_a_subject_is_read(octets: bytes, text: str) -> None:
    assert read_fields(b"Subject: " + octets + b"\r\nTo: x\r\n").text("subject") == text


NAMES = {
    "plain": (b"a/b; name=x.pdf", "x.pdf"),
    "quoted": (b'a/b; name="a; b.pdf"', "a; b.pdf"),
    "RFC 2231": (b"a/b; name*=utf-8'ja'%E8%AB%8B%E6%B1%82.pdf", "請求.pdf"),
    "RFC 2231 in pieces": (b"a/b; name*0*=utf-8''%E8%AB; name*1*=%8B; name*2=.pdf", "請.pdf"),
    "pieces in any order": (b'a/b; name*1="b.pdf"; name*0="a"', "ab.pdf"),
    "encoded words": (b'a/b; name="=?UTF-8?B?6KuL5rGC?=.pdf"', "請求.pdf"),
    "raw Shift_JIS": (b'a/b; name="' + "請求書です.pdf".encode("cp932") + b'"', "請求書です.pdf"),
    "a quote that never ends": (b'a/b; name="x.pdf', "x.pdf"),
    "none": (b"a/b; charset=x", ""),
}


@pytest.mark.parametrize(("octets", "name"), NAMES.values(), ids=NAMES)
def test_the_name_of_a_file_is_read(octets: bytes, name: str) -> None:
    assert read_content_type(octets).parameter("name") == name


def test_the_first_of_two_fields_counts_and_all_people_are_named() -> None:
    fields = read_fields(b"To: a\r\nSubject: one\r\nsubject: two\r\nTO: b\r\n")
    assert (fields.text("subject"), fields.text("to")) == ("one", "a, b")


def test_what_names_no_type_is_plain_text() -> None:
    assert read_content_type(b"text").name == "text/plain"
    assert read_content_type(b" TEXT/Html ;charset=x").name == "text/html"
