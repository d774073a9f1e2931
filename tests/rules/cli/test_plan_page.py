"""`lastpost plan page`: the notice page of a file, or of the plan in force."""

from pathlib import Path

import pytest

from tests.rules.cli.conftest import Line
from tests.rules.desk.noticed import Read

SEIKYOU = Path(__file__).parents[3] / "examples" / "plans" / "seikyou.yaml"


def test_a_file_needs_no_settings(lastpost: Line) -> None:
    ran = lastpost("plan", "page", str(SEIKYOU))
    assert (ran.code, ran.err) == (0, "")
    page = Read.of(ran.out)
    assert ("html", {"lang": "ja"}) in page.elements
    assert "生協インターネット 全サービス終了のご案内" in page.text


def test_a_language_is_chosen(lastpost: Line) -> None:
    page = Read.of(lastpost("plan", "page", str(SEIKYOU), "--language", "en").out)
    assert ("html", {"lang": "en"}) in page.elements
    assert "Until Wed 31 January 2024" in page.text


def test_a_plan_in_force_is_told_with_its_amendments(closing: Line) -> None:
    assert closing("plan", "apply", "closing.yaml", "--reason", "decided").code == 0
    assert "Until 18:00 on Wed 31 March 2027" in closing("plan", "page", "closing", "--language", "en").out
    moved = (
        "plan",
        "postpone",
        "closing",
        "--stage",
        "forward-end",
        "--by",
        "14 days",
        "--reason",
        "they asked for it",
    )
    assert closing(*moved).code == 0
    page = closing("plan", "page", "closing", "--language", "en").out
    assert "Until Thu 13 May 2027" in page
    assert "<s>Until Thu 29 April 2027</s>" in page
    assert "they asked for it" not in page


@pytest.mark.parametrize(
    ("words", "code"), [(("nothing",), 1), (("closing", "--language", "de"), 2), ((), 2)], ids=["unknown", "de", "none"]
)
def test_what_is_not_there_is_a_sentence(closing: Line, words: tuple[str, ...], code: int) -> None:
    ran = closing("plan", "page", *words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err


def test_a_file_with_mistakes_makes_no_page(lastpost: Line) -> None:
    bad = lastpost.folder / "bad.yaml"
    bad.write_text("plan: bad\n", encoding="utf-8")
    ran = lastpost("plan", "page", str(bad))
    assert (ran.code, ran.out) == (3, "")
    assert "bad.yaml:" in ran.err
