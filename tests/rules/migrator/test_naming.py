"""Folder names on their way into a target: each folder has one name of its own, always the same."""

from hypothesis import given
from hypothesis import strategies as st

from migrator.mailbox import INBOX, FolderName, NameRules
from migrator.naming import named, plainly_named

signs = st.sampled_from([*"abcAB ./\\*%\"'~&#_-é台😀\0\r\n\x7f\ud800", "INBOX", "inbox", "..", "x" * 60])
levels = st.lists(signs, min_size=1, max_size=5).map("".join)
folders = st.lists(levels, min_size=1, max_size=4).map(tuple)
rules = st.builds(
    NameRules,
    delimiter=st.sampled_from(["/", ".", "", "\\"]),
    forbidden=st.frozensets(st.sampled_from('*%"#'), max_size=3),
    longest=st.integers(40, 250),
)


@given(st.lists(folders, unique=True, max_size=8), rules)
def test_every_folder_gets_a_name_of_its_own_that_the_target_takes(wanted: list[FolderName], one: NameRules) -> None:
    names = named(wanted, one, {})
    assert list(names) == wanted
    assert len(set(names.values())) == len(wanted)
    for name in names.values():
        assert name
        assert one.length(name) <= one.longest
        assert not (set("".join(name)) & (one.forbidden | set(one.delimiter) | set("\0\r\n\x7f\ud800")))
        assert all(level.strip() not in {"", ".", ".."} for level in name)
        assert one.delimiter or len(name) == 1


@given(st.lists(folders, unique=True, max_size=8), folders, rules)
def test_names_are_the_same_in_every_run_whatever_comes_later(
    wanted: list[FolderName], later: FolderName, one: NameRules
) -> None:
    names = named(wanted, one, {})
    assert named(list(reversed(wanted)), one, {}) == names
    again = named([*wanted, later] if later not in wanted else wanted, one, names)
    assert {folder: again[folder] for folder in wanted} == names
    assert len(set(again.values())) == len(again)


plain = st.lists(st.text("abc 台é", min_size=1, max_size=5).filter(str.strip), min_size=1, max_size=3).map(tuple)


@given(st.lists(plain, unique=True, max_size=8))
def test_names_that_the_target_takes_stay_as_they_are(wanted: list[FolderName]) -> None:
    assert named(wanted, NameRules(), {}) == {folder: folder for folder in wanted}


def test_inbox_is_inbox_however_it_is_written_and_so_is_what_lies_in_it() -> None:
    names = named([("Inbox",), ("inbox", "a"), ("INBOX", "b")], NameRules(), {})
    assert names == {("Inbox",): INBOX, ("inbox", "a"): ("INBOX", "a"), ("INBOX", "b"): ("INBOX", "b")}


def test_what_lies_in_a_renamed_folder_lies_in_the_new_one() -> None:
    names = named([("a.b",), ("a.b", "c")], NameRules(delimiter="."), {})
    assert names["a.b",][0].startswith("a_b ")
    assert names["a.b", "c"] == (names["a.b",][0], "c")


def test_a_folder_that_needs_no_change_goes_before_one_that_does() -> None:
    names = named([("a/b",), ("a_b",)], NameRules(), {})
    assert names["a_b",] == ("a_b",)
    assert names["a/b",] != ("a_b",)


def test_over_long_names_that_begin_alike_stay_apart() -> None:
    names = named([("x" * 300 + "1",), ("x" * 300 + "2",)], NameRules(longest=100), {})
    assert len(set(names.values())) == 2
    assert all(level.startswith("xxxx") and len(level) <= 100 for (level,) in names.values())


def test_without_levels_a_path_becomes_one_name() -> None:
    (name,) = named([("a", "b")], NameRules(delimiter=""), {})["a", "b"]
    assert name.startswith("a_b ")


def test_a_name_of_very_many_levels_becomes_one_of_few_and_stays_its_own() -> None:
    deep = ("a",) * 5000
    names = named([deep, (*deep, "b"), ("a",) * 40], NameRules(), {})
    assert len(set(names.values())) == 3
    assert names[("a",) * 40] == ("a",) * 40
    assert max(len(name) for name in names.values()) <= 50


def test_a_plain_name_lies_in_the_folder_that_the_target_would_have_taken() -> None:
    folder = ("a\x07", "b")  # the server lists no folder "a\x07"
    names = named([folder], NameRules(), {})
    assert plainly_named([folder], names)[folder][0] == names[folder][0]
    assert "\x07" not in names[folder][0]
