"""The form of an accounts file: what is read, what is refused as a whole, and that memory stays flat."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from mailsvc.desk.accounts_csv import BadRow
from mailsvc.desk.accounts_reader import LINE_LIMIT, AccountsReader, Row
from schedules.positions import BadFile, Problem


def rows(content: bytes | str) -> list[Row]:
    octets = content if isinstance(content, bytes) else content.encode("utf-8")
    return list(AccountsReader(io.BytesIO(octets), "accounts.csv"))


def refused(content: bytes | str) -> list[Problem]:
    with pytest.raises(BadFile) as caught:
        rows(content)
    return list(caught.value.problems)


def test_rows_are_told_with_the_line_they_begin_on() -> None:
    read = rows('address,group\na@x.example,"one\ntwo"\nb@x.example,three\n')
    assert read == [Row(2, ("a@x.example", "one\ntwo")), Row(4, ("b@x.example", "three"))]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_any_line_end_are_read(end: str) -> None:
    content = b"\xef\xbb\xbf" + f"address,area{end}a@x.example,noto{end}".encode()
    reader = AccountsReader(io.BytesIO(content), "accounts.csv")
    assert list(reader) == [Row(2, ("a@x.example", "noto"))]
    assert reader.columns == ("address", "area")


def test_empty_lines_are_no_rows() -> None:
    assert [row.line for row in rows("address\n\na@x.example\n\nb@x.example\n")] == [3, 5]


def test_the_last_line_needs_no_end() -> None:
    assert rows("address\na@x.example") == [Row(2, ("a@x.example",))]


def test_columns_come_in_any_order_and_case() -> None:
    reader = AccountsReader(io.BytesIO(b" Area ,ADDRESS\nnoto,a@x.example\n"), "accounts.csv")
    (row,) = reader
    assert row.by(reader.columns) == {"area": "noto", "address": "a@x.example"}


@pytest.mark.parametrize(
    ("content", "place", "what", "remedy"),
    [
        ("", "accounts.csv", "the file has no header", "write the column names into its first line"),
        ("area\n", "accounts.csv:1:1", "the column 'address' is missing", "add it"),
        ("address,forwad_to\n", "accounts.csv:1:9", "there is no column 'forwad_to'", "did you mean `forward_to`?"),
        ("address,area,area\n", "accounts.csv:1:14", "the column 'area' stands there twice", "remove one of them"),
        ("address;area\n", "accounts.csv:1:1", "the cells are separated by semicolons", "separate them by commas"),
        ("address\tarea\n", "accounts.csv:1:1", "the cells are separated by tabs", "separate them by commas"),
        ("address\n".encode("utf-16"), "accounts.csv:1:1", "the file looks like UTF-16", "save it as UTF-8"),
        ('address\na@x.example\n"b"c@x.example\n', "accounts.csv:3:1", "is not well-formed CSV", "close every quote"),
        ('address\n"a@x.example\n', "accounts.csv:2:1", "is not well-formed CSV", "close every quote"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_place_and_remedy(
    content: bytes | str, place: str, what: str, remedy: str
) -> None:
    problems = refused(content)
    assert any(str(one.position) == place and what in one.what and remedy in one.remedy for one in problems), problems


def test_every_unknown_column_is_told_at_once() -> None:
    assert len(refused("adress,gruop,homepage\n")) == 3  # two unknown, one missing


def test_a_quote_that_never_closes_does_not_swallow_the_file() -> None:
    (problem,) = refused('address\n"a@x.example\n' + "b@x.example\n" * 1000)
    assert (problem.position.line, "does not end within 100 lines" in problem.what) == (2, True)


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    (problem,) = refused("address\n" + "x" * (LINE_LIMIT + 5))
    assert "longer than 65536 characters" in problem.what


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("a@x.example", "area", "has 1 cells where the header has 2"),
        ("a@x.example,noto,3", "area", "has 3 cells where the header has 2"),
    ],
)
def test_a_row_with_another_number_of_cells_is_that_row_s_fault(line: str, column: str, said: str) -> None:
    first, second = rows(f"address,area\n{line}\nb@x.example,noto\n")
    with pytest.raises(BadRow, match=said) as caught:
        first.by(("address", "area"))
    assert caught.value.cells[0].column == column
    assert second.by(("address", "area"))["address"] == "b@x.example"


def test_bytes_that_are_not_utf_8_reach_their_row_unharmed() -> None:
    first, second = rows(b"address,area\na@x.example,caf\xe9\nb@x.example,noto\n")
    assert first.cells[1].encode("utf-8", "surrogateescape") == b"caf\xe9"
    assert second.cells == ("b@x.example", "noto")


class _Endless(io.RawIOBase):
    """Rows without end, as far as they are asked for."""

    def __init__(self, count: int) -> None:
        self._parts = self._rows(count)
        self._left = b""

    def readable(self) -> bool:
        return True

    @staticmethod
    def _rows(count: int) -> Iterator[bytes]:
        yield b"address,area\n"
        for number in range(count):
            yield b"a%d@x.example,noto\n" % number

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while len(self._left) < len(view) and (part := next(self._parts, b"")):
            self._left += part
        taken, self._left = self._left[: len(view)], self._left[len(view) :]
        view[: len(taken)] = taken
        return len(taken)


def test_memory_does_not_grow_with_the_file() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        assert sum(1 for _ in AccountsReader(io.BufferedReader(_Endless(count)), "accounts.csv")) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    small, large = peak(2_000), peak(40_000)
    assert large < small + 200_000
