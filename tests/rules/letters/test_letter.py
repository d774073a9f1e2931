import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.letters.letter import BadLetter, Letter, compose, message_id, one_line
from schedules.names import Address, DomainName
from schedules.text import Text

ADMIN = Address.parse("postmaster@surviving.example")
SENDER = Address.parse("goodbye@surviving.example")
AT = datetime(2026, 11, 22, 0, 0, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo"))
SUBJECT = Text("受信の終了", "end of receiving")
BODY = Text("受信は終わりました。\n〜ありがとうございました", "Receiving has ended.\nThank you.")
KEY = "closing.example receive-end tell-administrators +0"


def octets(subject: Text = SUBJECT, body: Text = BODY, to: tuple[Address, ...] = (ADMIN,), key: str = KEY) -> bytes:
    return compose(Letter(to, subject, body, key), sender=SENDER, host="mx.provider.example", at=AT)


def read(letter: bytes) -> EmailMessage:
    found = message_from_bytes(letter, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_letter_says_the_same_twice_japanese_first() -> None:
    text = read(octets()).get_content().replace("\r\n", "\n")
    assert text.index("受信は終わりました。\n〜ありがとう") < text.index("Receiving has ended.\nThank you.")


def test_its_headers() -> None:
    found = read(octets())
    assert found["From"] == "goodbye@surviving.example"
    assert found["To"] == "postmaster@surviving.example"
    assert found["Subject"] == "受信の終了 / end of receiving"
    assert found["Date"] == "Sun, 22 Nov 2026 09:00:00 +0900"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Message-ID"] == message_id(KEY, "mx.provider.example")
    assert found.get_content_type() == "text/plain"
    assert found.get_content_charset() == "utf-8"
    assert not found.defects


def test_its_octets_are_7_bit_with_whole_line_ends() -> None:
    letter = octets(body=Text("あ" * 5000, "x" * 5000))
    assert letter.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", letter)
    assert max(map(len, letter.split(b"\r\n"))) <= 78


def test_the_message_id_depends_on_the_key_alone() -> None:
    assert read(octets(body=Text("別の文", "other words")))["Message-ID"] == read(octets())["Message-ID"]
    assert read(octets(key="another"))["Message-ID"] != read(octets())["Message-ID"]
    assert re.fullmatch(
        r"<letter\.[0-9a-f]{32}@mx\.provider\.example>", message_id("花子\r\nX: y", "mx.provider.example")
    )


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\x00", "\x85", "\u2028", "\u2029", "\x0b", "\x1b"])
def test_a_subject_cannot_add_a_header(sign: str) -> None:
    evil = f"end{sign}Bcc: everybody@x.example"
    with pytest.raises(BadLetter):
        octets(subject=Text("終了", evil))
    with pytest.raises(BadLetter):
        octets(subject=Text(evil, "end"))
    tamed = read(octets(subject=Text("終了", one_line(evil))))
    assert tamed["Bcc"] is None
    assert tamed["Subject"] == "終了 / end Bcc: everybody@x.example"


def test_an_encoded_word_in_a_subject_cannot_add_a_header() -> None:
    evil = "end =?utf-8?q?=0d=0aBcc:_everybody?="
    with pytest.raises(BadLetter):
        octets(subject=Text("終了", evil))
    assert read(octets(subject=Text("終了", one_line(evil))))["Bcc"] is None


@pytest.mark.parametrize(
    "local",
    [
        "x\r\nBcc: y",
        "x\ny",
        "=?utf-8?q?=0d=0aBcc:x?=",
        "a, b@c.example",
        'q"uote',
        "a..b.",
        "<x>",
        "x@y.example> z",
        "a b",
    ],
)
def test_an_address_cannot_add_a_header_or_a_recipient(local: str) -> None:
    address = Address(local, DomainName("surviving.example"))
    try:
        found = read(octets(to=(address,)))
    except BadLetter:
        assert re.search(r"[\r\n]|=\?", local)
        return
    assert found["Bcc"] is None
    assert len(found["To"].addresses) == 1
    assert found["To"].addresses[0].username == local


def test_a_letter_to_several_and_to_an_international_address() -> None:
    hanako = Address.parse("花子@surviving.example")
    letter = Letter((ADMIN, hanako), SUBJECT, BODY, KEY)
    assert letter.smtputf8
    octets = compose(letter, sender=SENDER, host="mx.example", at=AT)
    assert "To: postmaster@surviving.example, 花子@surviving.example\r\n".encode() in octets
    assert not Letter((ADMIN,), SUBJECT, BODY, KEY).smtputf8


def test_a_letter_to_nobody_is_none() -> None:
    with pytest.raises(BadLetter):
        Letter((), SUBJECT, BODY, KEY)


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_plan_says_the_header_stays_ours(subject: str, body: str) -> None:
    title = one_line(subject) if one_line(subject).strip() else "x"
    letter = octets(subject=Text("終了", title), body=Text("本文", f"text {body}"))
    head, _, _ = letter.partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in {b" ", b"\t"}]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted",
        b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version", b"Content-Language",
    ]  # fmt: skip
    assert message_from_bytes(letter, policy=SMTP).get_content_type() == "text/plain"


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    assert one_line(one_line(text)) == one_line(text)
