from pathlib import Path

import jinja2
import pytest

import mailsvc.letters
from mailsvc.letters.templates import write
from schedules.names import Address
from schedules.text import Text

ADMIN = (Address.parse("postmaster@surviving.example"),)
STAGE = {"name": Text("受信の終了", "end of receiving"), "word": "receive-end", "at": "2026-11-22 09:00 JST"}
FACTS: dict[str, object] = {
    "domain": "closing.example",
    "title": Text("終了計画", "the end"),
    "stages": [STAGE],
    "coming": [],
    "counts": [],
    "total": 0,
    "forwards": 0,
    "holds": [],
    "host": "mx.provider.example",
}


def test_the_first_line_is_the_subject() -> None:
    letter = write("stage", FACTS, to=ADMIN, key="k")
    assert letter.subject.ja == "[closing.example] 受信の終了: 2026-11-22 09:00 JST"
    assert letter.subject.en == "[closing.example] end of receiving"
    assert letter.body.ja.startswith("管理者各位\n")
    assert letter.body.en.startswith("To the administrators:\n")


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_a_missing_fact_is_an_error_and_no_gap(fact: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        write("stage", {key: value for key, value in FACTS.items() if key != fact}, to=ADMIN, key="k")


def test_nothing_is_escaped_and_nothing_is_run() -> None:
    letter = write("stage", FACTS | {"title": Text("<終了> & {{ 7*7 }}", "<the end> & {{ 7*7 }}")}, to=ADMIN, key="k")
    assert "<the end> & {{ 7*7 }}" in letter.body.en
    assert "<終了> & {{ 7*7 }}" in letter.body.ja


def test_a_fact_in_the_subject_cannot_add_a_line() -> None:
    letter = write("stage", FACTS | {"domain": "x\r\nBcc: y@z.example"}, to=ADMIN, key="k")
    assert letter.subject.en == "[x Bcc: y@z.example] end of receiving"


def test_every_template_has_both_languages() -> None:
    folder = Path(mailsvc.letters.__file__).parent / "templates"
    names = {path.name for path in folder.iterdir()}
    assert names
    assert {name.replace(".ja.", ".en.") for name in names if ".ja." in name} == {n for n in names if ".en." in n}
