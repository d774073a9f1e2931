import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.positions import BadFile, Position
from schedules.yamltree import DEPTH_LIMIT, FILE_LIMIT, load


def only_problem(text: str | bytes) -> str:
    with pytest.raises(BadFile) as caught:
        load(text, "f.yaml")
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_scalars_stay_as_they_were_written() -> None:
    tree = load('a: no\nb: 010\nc: 2024-02-01\nd: 12:30:00\ne: "null"\nf: null\ng:\nh: ~\n', "f.yaml")
    assert tree.value == {
        "a": "no",
        "b": "010",
        "c": "2024-02-01",
        "d": "12:30:00",
        "e": "null",
        "f": None,
        "g": None,
        "h": None,
    }


def test_every_key_and_value_has_its_place() -> None:
    places = load("a: 1\nlist:\n  - x\n  - {k: v}\n", "f.yaml").places
    assert places.of(("a",)) == Position("f.yaml", 1, 4)
    assert places.key(("a",)) == Position("f.yaml", 1, 1)
    assert places.of(("list", 1, "k")) == Position("f.yaml", 4, 9)
    assert places.key(("list", 1, "k")) == Position("f.yaml", 4, 6)
    assert places.of(("list", 1, "gone", "deeper")) == places.of(("list", 1))
    assert places.key(("list", 0)) == Position("f.yaml", 3, 5)


def test_a_path_is_known_as_far_as_the_file_goes_and_foreign_steps_are_passed_over() -> None:
    places = load("a:\n  b: 1\n", "f.yaml").places
    assert places.known(("a", "ModelName", "b", "function-after")) == ("a", "b")


def test_aliases_are_read_at_every_place() -> None:
    tree = load("a: &x {k: 1}\nb: *x\n", "f.yaml")
    assert tree.value == {"a": {"k": "1"}, "b": {"k": "1"}}
    assert tree.problems == ()


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases counted" in only_problem("\n".join(lines))


def test_an_alias_into_itself_is_refused() -> None:
    assert "leads back into itself" in only_problem("a: &a [*a]\n")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_at_its_place(opening: str) -> None:
    told = only_problem(opening * 5000)
    assert f"nested deeper than {DEPTH_LIMIT} levels" in told
    assert told.startswith("f.yaml:1:")


def test_a_duplicate_key_names_both_lines_and_the_first_value_stays() -> None:
    tree = load("a: 1\nb: 2\na: 3\n", "f.yaml")
    assert tree.value == {"a": "1", "b": "2"}
    assert [str(p) for p in tree.problems] == ["f.yaml:3:1: `a` is written twice, first in line 1: keep one of the two"]


def test_merge_keys_complex_keys_and_tags_are_problems_and_told_together() -> None:
    tree = load("a: &a {x: 1}\nb:\n  <<: *a\n? [k]\n: v\nc: !secret x\n", "f.yaml")
    assert [problem.position.line for problem in tree.problems] == [3, 4, 6]


def test_a_wildcard_without_quotes_is_told_its_remedy() -> None:
    told = only_problem("domains:\n  - *.example.jp\n")
    assert told.startswith("f.yaml:2:6:")
    assert "in quotes" in told


def test_a_tab_is_told_its_remedy() -> None:
    assert "not with tabs" in only_problem("a:\n\tb: 1\n")


def test_broken_syntax_has_a_place_and_a_remedy() -> None:
    told = only_problem("a: [1, 2\nb: 3\n")
    assert told.startswith("f.yaml:2:2: this is not YAML")


def test_octets_that_are_not_utf8_are_told_with_their_place() -> None:
    assert only_problem(b"a: 1\nb: " + b"\x93\xfa").startswith("f.yaml:2:4: this octet is not UTF-8")


def test_a_control_character_is_told_with_its_place() -> None:
    assert only_problem("a: 1\nb: \x07\n").startswith("f.yaml:2:4:")


def test_an_escape_beyond_unicode_is_told() -> None:
    assert "escape" in only_problem('a: "\\UFFFFFFFF"\n')


def test_a_byte_order_mark_is_passed_over() -> None:
    assert load(b"\xef\xbb\xbfa: 1\n", "f.yaml").places.key(("a",)) == Position("f.yaml", 1, 1)


def test_an_empty_file_and_a_second_document_are_told() -> None:
    assert "empty" in only_problem("# nothing\n")
    assert "document" in only_problem("a: 1\n---\nb: 2\n")


def test_a_file_that_is_too_long_is_refused() -> None:
    assert "longer" in only_problem("a" * (FILE_LIMIT + 1))


@given(st.text() | st.binary())
def test_any_input_gives_a_tree_or_bad_file(text: str | bytes) -> None:
    with contextlib.suppress(BadFile):
        assert () in load(text, "f.yaml").places.values
