"""The reject file: every row as it was, with what is wrong in it; there wholly, or not at all."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.desk.accounts_csv import BadCell
from mailsvc.desk.accounts_reader import Row
from mailsvc.desk.rejects import HEAD, RejectFile

TWICE = (BadCell("address", "the address is there twice"),)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file))


def test_a_row_stands_with_its_line_column_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectFile(path) as rejects:
        rejects.begin(("address", "quota"))
        rejects.add(Row(7, ("a@b.example", "1 MB")), TWICE)
    assert rows(path) == [
        [*HEAD, "address", "quota"],
        ["7", "address", "the address is there twice", "a@b.example", "1 MB"],
    ]


def test_all_that_is_wrong_with_a_row_stands_in_one_line_and_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectFile(path) as rejects:
        rejects.begin(("address",))
        rejects.add(Row(2, ("x",)), (BadCell("address", "no"), BadCell("quota", "lots is not a size")))
        assert rejects.count == 1
    assert rows(path)[1][:3] == ["2", "address quota", "address: no; quota: lots is not a size"]


def test_without_rejects_there_is_no_file_and_an_older_one_goes(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("of last time")
    with RejectFile(path) as rejects:
        rejects.begin(("address",))
    assert list(tmp_path.iterdir()) == []


def test_what_was_found_is_kept_when_the_import_fails(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("of last time")

    def fail() -> None:
        with RejectFile(path) as rejects:
            rejects.begin(("address",))
            rejects.add(Row(2, ("x",)), TWICE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert rows(path)[1][0] == "2"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_without_rejects_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("of last time")
    with pytest.raises(RuntimeError), RejectFile(path):
        raise RuntimeError
    assert path.read_text() == "of last time"
    assert list(tmp_path.iterdir()) == [path]


def test_until_the_end_the_older_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("of last time")
    with RejectFile(path) as rejects:
        rejects.begin(("address",))
        rejects.add(Row(2, ("x",)), TWICE)
        assert path.read_text() == "of last time"
    assert path.read_text() != "of last time"


def test_beginning_again_forgets_what_was_added(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectFile(path) as rejects:
        rejects.begin(("address",))
        for line in range(2, 500):
            rejects.add(Row(line, ("x" * 50,)), TWICE)
        rejects.begin(("address", "kind"))
        rejects.add(Row(3, ("y", "base")), TWICE)
        assert rejects.count == 1
    assert [row[0] for row in rows(path)] == ["line", "3"]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectFile(path) as rejects:
        rejects.begin(("address",))
        rejects.add(Row(2, ("x",)), TWICE)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_in_its_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("years of work")
    (tmp_path / "rejects.csv.part").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match=r"rejects\.csv\.part"):
        RejectFile(tmp_path / "rejects.csv")
    assert (tmp_path / "precious").read_text() == "years of work"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        RejectFile(tmp_path / "nowhere" / "rejects.csv")


# What a reader hands over: any text, and octets that were no UTF-8.
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0") | st.just("\udcff"), max_size=20)


@given(cells=st.lists(CELLS, min_size=1, max_size=4))
def test_a_row_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, cells: list[str]) -> None:
    path = tmp_path_factory.mktemp("rejects") / "rejects.csv"
    with RejectFile(path) as rejects:
        rejects.begin([f"c{number}" for number in range(len(cells))])
        rejects.add(Row(2, tuple(cells)), TWICE)
    assert rows(path)[1][3:] == cells
