"""The old mail of the demo world is what such mail is: of its time, in its charsets, and whole."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailsvc.demo.old_mail import Letter, letters, written
from mailsvc.demo.old_things import thing
from mailsvc.demo.people import DOMAIN, addresses


def read(letter: Letter) -> EmailMessage:
    return message_from_bytes(written(letter), policy=policy.default)


@pytest.mark.parametrize("letter", letters(), ids=lambda letter: letter.id)
def test_each_letter_is_read_as_it_was_meant(letter: Letter) -> None:
    mail = read(letter)
    assert [part.defects for part in mail.walk() if part.defects] == []
    assert " ".join(str(mail["Subject"]).split()) == letter.subject
    assert mail["Date"].datetime == letter.date
    text = mail.get_body(("plain",))
    assert text is not None
    if not letter.declares:
        assert text.get_content().replace("\r\n", "\n") == letter.text
    assert [part.get_filename() for part in mail.iter_attachments()] == list(letter.attach)
    assert f"{letter.owner}@{DOMAIN}" in addresses()


def test_there_is_mail_of_every_kind() -> None:
    all_of_them = letters()
    assert {letter.charset for letter in all_of_them} == {"iso-2022-jp", "shift_jis", "utf-8"}
    assert any(letter.declares for letter in all_of_them)
    assert any(letter.inline for letter in all_of_them)
    assert any("https://" in letter.html and letter.list for letter in all_of_them)
    ids = [letter.id for letter in all_of_them]
    assert len(set(ids)) == len(ids)
    assert {letter.reply for letter in all_of_them} - {""} <= set(ids)


def test_pictures_and_papers_are_what_they_say() -> None:
    assert thing("夕日.png").octets.startswith(b"\x89PNG")
    assert thing("お見積書.pdf").octets.endswith(b"%%EOF\n")
    with pytest.raises(ValueError, match="nothing of that kind"):
        thing("virus.exe")
