"""What folders are called on disk, and that no name leaves the root."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.folder_names import BadFolderName
from migrator.mailbox import INBOX, FolderName
from migrator.maildir.folders import LONGEST, directory_name, level_read, look, name_length
from tests.rules.migrator.maildir.trees import folder

LEVELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
HOSTILE = st.text(st.sampled_from("./\\~%&-\0\n\r:,2e5cf台🎏 *\"'|"), min_size=1, max_size=8)
NAMES = st.lists(LEVELS | HOSTILE, min_size=1, max_size=4).map(tuple)


def read_back(directory: str) -> FolderName:
    return tuple(level_read(level) for level in directory[1:].split("."))


class TestNames:
    @pytest.mark.parametrize(
        ("name", "directory"),
        [
            (INBOX, ""),
            (("Sent",), ".Sent"),
            (("A", "B c"), ".A.B c"),
            (("台北",), ".&U,BTFw-"),
            (("a.b", "c/d"), ".a\\2eb.c\\2fd"),
            (("a & b",), ".a &- b"),
            (("..", ".", "~root"), ".\\2e\\2e.\\2e.~root"),
            (("x\\y", "x\\2ey"), ".x\\y.x\\5c2ey"),
            (("INBOX", "under"), ".INBOX.under"),
            (("nul\0",), ".nul&AAA-"),
        ],
    )
    def test_each_is_written_so(self, name: FolderName, directory: str) -> None:
        assert directory_name(name) == directory

    @given(NAMES)
    def test_what_is_written_is_read_again(self, name: FolderName) -> None:
        if name != INBOX:
            assert read_back(directory_name_of_any_length(name)) == name

    @given(NAMES)
    def test_none_leaves_the_root(self, name: FolderName) -> None:
        written = directory_name_of_any_length(name)
        assert "/" not in written
        assert "\0" not in written
        assert written not in {".", ".."}
        assert os.path.normpath(f"/root/{written}") == f"/root/{written}".rstrip("/")

    @given(NAMES, NAMES)
    def test_two_never_share_a_directory(self, one: FolderName, other: FolderName) -> None:
        if one != other:
            assert directory_name_of_any_length(one) != directory_name_of_any_length(other)

    @given(NAMES)
    def test_the_length_is_that_of_the_directory(self, name: FolderName) -> None:
        if name != INBOX:
            assert name_length(name) == len(os.fsencode(directory_name_of_any_length(name)))

    @pytest.mark.parametrize("name", [(), ("",), ("a", ""), ("", ""), ("x" * LONGEST,), ("台" * 100,)])
    def test_what_cannot_be_a_directory_is_refused(self, name: FolderName) -> None:
        with pytest.raises(BadFolderName):
            directory_name(name)

    @given(st.binary(min_size=1, max_size=20).filter(lambda octets: b"/" not in octets and b"\0" not in octets))
    def test_any_octets_on_disk_say_something_that_can_be_printed_as_utf8(self, octets: bytes) -> None:
        assert level_read(os.fsdecode(octets)).encode("utf-8")


def directory_name_of_any_length(name: FolderName) -> str:
    """Its directory; a name that is too long for one is shortened here, since only its form matters."""
    while name_length(name) > LONGEST:
        name = tuple(level[: max(1, len(level) // 2)] for level in name)
    return directory_name(name)


class TestLooking:
    def test_folders_of_every_kind_are_found(self, tmp_path: Path) -> None:
        for name in ("", ".Sent", ".A.B", ".&U,BTFw-", "Nested/Deep", ".raw\udcff"):
            folder(tmp_path, name)
        (tmp_path / ".no-folder").mkdir()
        (tmp_path / "subscriptions").write_text("Sent\n")
        tree = look(tmp_path)
        assert set(tree.folders) == {
            INBOX, ("Sent",), ("A", "B"), ("台北",), ("Nested", "Deep"), ("raw\\xff",),
        }  # fmt: skip
        assert next(iter(tree.folders)) == INBOX
        assert tree.nested

    def test_a_folder_that_is_called_inbox_is_another_one(self, tmp_path: Path) -> None:
        folder(tmp_path)
        path = folder(tmp_path, ".INBOX")
        tree = look(tmp_path)
        assert tree.folders == {INBOX: tmp_path, ("INBOX (2)",): path}

    def test_two_directories_that_say_the_same_stay_two_folders(self, tmp_path: Path) -> None:
        for name in ("", ".a\\2eb", "a\\2eb"):
            folder(tmp_path, name)
        assert set(look(tmp_path).folders) == {INBOX, ("a.b",), ("a.b (2)",)}

    def test_a_symbolic_link_is_left_out_by_name(self, tmp_path: Path) -> None:
        folder(tmp_path / "box")
        outside = folder(tmp_path / "outside")
        (tmp_path / "box" / ".Link").symlink_to(outside)
        (tmp_path / "box" / "nested").symlink_to(outside)
        tree = look(tmp_path / "box")
        assert set(tree.folders) == {INBOX}
        assert set(tree.left_out) == {("Link",)}

    def test_what_dovecot_is_deleting_is_no_folder(self, tmp_path: Path) -> None:
        folder(tmp_path)
        folder(tmp_path, "..DOVECOT-TRASHED")
        assert set(look(tmp_path).folders) == {INBOX}
