"""Names of files: they stay readable, every system takes them, and none is another one's."""

import unicodedata
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator.archive import names as naming
from migrator.archive.names import AttachmentPaths, eml_path, folder_path
from migrator.safe_names import key, plain, why_unsafe
from tests.support.noting import noting

TEXTS = st.text(max_size=300) | st.text('./\\:*?"<>|\0 \u202econNULaux.AUX~', max_size=40)
LEVELS = st.lists(TEXTS, min_size=1, max_size=70).map(tuple)
DATE = datetime(2001, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("請求書", "請求書"),
        ("a/b\\c:d", "a_b_c_d"),
        ("what?", "what_"),
        ("..", "_"),
        (".profile", "_profile"),
        ("", "_"),
        ("  two \t words. ", "two words"),
        ("nul", "_nul"),
        ("COM1.txt", "_COM1.txt"),
        ("con .x", "_con .x"),
        ("console", "console"),
        ("cod.exe\u202etxt.", "cod.exetxt"),
        ("a\0b\x1b", "a_b_"),
        ("\ud800", "_"),
        ("が", "が"),
    ],
)  # fmt: skip
def test_a_text_becomes_such_a_name(text: str, name: str) -> None:
    assert plain(text) == name


@given(TEXTS, st.integers(8, 240))
@example("\u0301" * 200, 8)
def test_whatever_a_text_is_its_name_is_safe_and_short(text: str, longest: int) -> None:
    name = plain(text, longest)
    assert why_unsafe(name) == ""
    assert len(name.encode()) <= longest
    assert plain(name, longest) == name
    assert unicodedata.is_normalized("NFC", name)
    assert PureWindowsPath(name).name == name
    assert not PureWindowsPath(name).is_reserved()


@given(st.lists(LEVELS, max_size=30, unique=True))
def test_folders_never_share_a_path_on_any_system(names: list[tuple[str, ...]]) -> None:
    taken = set[str]()
    for name in names:
        path = folder_path(name, taken)
        assert key(path) not in taken
        taken.add(key(path))
        assert why_unsafe(path) == ""
        assert path.startswith("mail/")
        assert len(path.encode()) <= 100


@given(LEVELS, TEXTS, st.integers(1, 10**9), st.datetimes(timezones=st.just(UTC)))
def test_a_message_s_path_is_safe_and_never_that_of_a_folder(
    name: tuple[str, ...], subject: str, number: int, date: datetime
) -> None:
    folder = folder_path(name, set())
    path = eml_path(folder, number, date, subject)
    assert why_unsafe(path) == ""
    assert PurePosixPath(path).parent == PurePosixPath(folder)
    assert path.endswith(f"({number}).eml")
    assert len(path.encode()) <= 180
    assert not folder_path((*name, PurePosixPath(path).name), set()).lower().endswith(".eml")


@given(st.lists(TEXTS, max_size=30))
def test_attachments_of_a_message_never_share_a_path(names: list[str]) -> None:
    paths = AttachmentPaths(7)
    taken = [paths.give(name) for name in names]
    assert set(taken) == paths.given
    assert len({key(path) for path in taken}) == len(names)
    assert {why_unsafe(path) for path in taken} <= {""}
    assert all(path.startswith("attachments/000007/") for path in taken)


def test_a_blank_before_the_ending_does_not_become_two() -> None:
    paths = AttachmentPaths(7)
    given = [paths.give(name) for name in ("請求書 .pdf", "請求書 .pdf", "請求書.pdf", "請求書.pdf")]
    assert [path.rpartition("/")[2] for path in given] == [
        "請求書 .pdf", "請求書 (2).pdf", "請求書.pdf", "請求書 (3).pdf",
    ]  # fmt: skip
    assert {why_unsafe(path) for path in given} == {""}


def test_a_thousand_attachments_of_one_name_take_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(naming, "key", noting(key, looked.append))
    paths = AttachmentPaths(7)
    given = [paths.give("長い名前.pdf") for _ in range(1000)]
    assert given[-1] == "attachments/000007/長い名前 (1000).pdf"
    assert len(looked) < 10_000, "work grows with their number, not with its square"


def test_japanese_stays_and_what_it_is_about_is_told() -> None:
    folder = folder_path(("受信", "2001年"), set())
    assert eml_path(folder, 12, DATE, "請求書 1/2") == "mail/受信/2001年/2001-02-03 請求書 1_2 (12).eml"
    assert eml_path(folder, 12, DATE, "  ") == "mail/受信/2001年/2001-02-03 (12).eml"


def test_folders_that_some_system_takes_for_one_are_told_apart() -> None:
    first = folder_path(("Straße",), set())
    second = folder_path(("STRASSE",), {key(first)})
    assert (first, second[:13]) == ("mail/Straße", "mail/STRASSE ")


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "\\x", "C:x", "c:/x", "../x", "a/../b", "a/./b", "a//b", "a\\..\\b", "a/", "nul", "a/con.txt",
     "a.", "a ", " a", "a:b", "a\0", "a\u202eb", "x" * 241, "/".join("a" * 65), "e\u0301"],
)  # fmt: skip
def test_these_paths_are_unsafe(path: str) -> None:
    assert why_unsafe(path)
