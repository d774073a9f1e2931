"""`lastpost plan diff`: plans in force, files, and a plan before its later amendments."""

from pathlib import Path

import pytest

from tests.rules.cli.conftest import Line
from tests.rules.desk.world import EXAMPLE_CSV, PLAN

LATER = PLAN.replace("read-end: 2027-06-30", "read-end: 2027-07-31")


@pytest.fixture
def two(closing: Line) -> Line:
    (closing.folder / "later.yaml").write_text(LATER, encoding="utf-8")
    return closing


def postponed(line: Line) -> None:
    words = ("plan", "postpone", "closing", "--stage", "purge", "--by", "31 days", "--reason", "more time")
    assert line(*words).code == 0


def test_a_file_against_the_plan_in_force(two: Line) -> None:
    ran = two("plan", "diff", "closing", "later.yaml")
    assert ran.code == 0
    assert "from 2027-06-30 00:00 +0900 to 2027-07-31 00:00 +0900" in ran.out
    assert "refused: This mail service has ended  ->  allowed" in ran.out
    assert "tell-administrators read-end: 2027-06-30 00:00 +0900  ->  2027-07-31 00:00 +0900" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_as_json_each_difference_is_an_element(two: Line) -> None:
    told = two("plan", "diff", "closing", "later.yaml", "--json").array()
    read = [row for row in told if row.get("capability") == "read"]
    assert {(row["since"], row["until"]) for row in read} == {
        ("2027-06-30T00:00:00+09:00", "2027-07-31T00:00:00+09:00")
    }
    assert [row["in_words"] for row in read] == [False, True]  # whoever is suspended is refused either way
    assert [row["id"] for row in told if row["what"] == "agenda"] == ["tell-administrators read-end"]


def test_an_edition_before_later_amendments(two: Line) -> None:
    postponed(two)
    ran = two("plan", "diff", "closing@0", "closing")
    assert "purge purge: 2027-09-30 00:00 +0900  ->  2027-10-31 00:00 +0900" in ran.out
    assert "get the same answers at all times" in ran.out
    assert "nothing differs" in two("plan", "diff", "closing@1", "closing").out


def test_that_nothing_differs_is_said_plainly(two: Line) -> None:
    ran = two("plan", "diff", "closing", "closing.yaml")
    assert (ran.code, ran.out.splitlines()[1].split(":")[0]) == (0, "nothing differs")
    assert two("plan", "diff", "closing", "closing.yaml", "--json").array() == []


def test_only_who_is_held_differs_and_is_named(two: Line) -> None:
    words = ("plan", "hold", "closing", "--address", "yamada@closing.example", "--until", "2028-01-01")
    assert two(*words, "--reason", "court").code == 0
    ran = two("plan", "diff", "closing@0", "closing")
    assert "1 of " in ran.out.splitlines()[1]
    assert "such as yamada@closing.example" in ran.out
    assert "such as" not in two("plan", "diff", "closing@0", "closing", "--examples", "0").out
    assert "hold-release address yamada@closing.example: 2028-01-01 00:00 +0900, in the second only" in ran.out


def test_other_words_stand_apart(two: Line) -> None:
    (two.folder / "words.yaml").write_text(PLAN.replace("This mail service has ended", "We closed"), encoding="utf-8")
    out = two("plan", "diff", "closing", "words.yaml").out
    assert "the same answer in other words" in out
    assert "another answer\n  from" not in out


def test_a_window_leaves_out_the_rest(two: Line) -> None:
    assert "nothing differs" in two("plan", "diff", "closing", "later.yaml", "--from", "2027-08-01").out
    out = two("plan", "diff", "closing", "later.yaml", "--from", "2027-07-01", "--to", "2027-07-15").out
    assert "from 2027-07-01 00:00 +0900 to 2027-07-15 00:00 +0900" in out


def test_two_files_over_an_accounts_file_need_nothing_else(lastpost: Line) -> None:
    for name, text in (("first.yaml", PLAN), ("second.yaml", LATER)):
        (lastpost.folder / name).write_text(text, encoding="utf-8")
    ran = lastpost("plan", "diff", "first.yaml", "second.yaml", "--accounts", str(EXAMPLE_CSV))
    assert ran.code == 0
    assert sorted(path.name for path in lastpost.folder.iterdir()) == ["first.yaml", "second.yaml"]


@pytest.mark.parametrize(
    ("first", "second", "code", "told"),
    [
        ("nothing", "closing", 1, "there is no plan 'nothing' in force"),
        ("closing", "closing@1", 1, "the plan 'closing' has no amendment 1"),
        ("closing", "closing@x", 1, "the plan 'closing' has no amendment x"),
        ("closing", "bad.yaml", 3, "bad.yaml:"),
    ],
)
def test_what_is_wrong_is_said_with_its_code(two: Line, first: str, second: str, code: int, told: str) -> None:
    Path("bad.yaml").write_text("plan: [\n", encoding="utf-8")
    ran = two("plan", "diff", first, second)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
