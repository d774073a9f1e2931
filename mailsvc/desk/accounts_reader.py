"""The rows of an accounts file, one at a time, in flat memory however long the file is.

Use: `for row in AccountsReader(stream, "accounts.csv"): ...`; `columns` holds the header once the first row is there.
Files of other columns are read the same way: `AccountsReader(stream, file, known=..., needed=...)`.
The reader owns the stream from then on.
Fails: `BadFile` where the file as a whole cannot be read (no header, unknown column, a quote that never closes);
a row with too few or too many cells is still a `Row`, and `Row.cells_by` says so.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mailsvc.desk.accounts_csv import COLUMNS, BadCell, BadRow
from schedules.positions import BadFile, Position, Problem
from schedules.yamlfile import did_you_mean

LINE_LIMIT = 65_536  # characters of one line
ROW_LINES_LIMIT = 100  # lines of one row, when cells hold line ends

_OTHER_MARKS = {"\t": "tabs", ";": "semicolons", "|": "bars"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row as written: where it begins and its cells."""

    line: int  # counts from 1, the header's included
    cells: tuple[str, ...]

    def by(self, columns: tuple[str, ...]) -> Mapping[str, str]:
        """The cells by column name. Raises BadRow where the row has more or fewer cells than the header."""
        if len(self.cells) != len(columns):
            found, wanted = len(self.cells), len(columns)
            name = columns[found] if found < wanted else columns[-1]
            raise BadRow(BadCell(name, f"the row has {found} cells where the header has {wanted}"))
        return dict(zip(columns, self.cells, strict=True))


class AccountsReader:
    """Reads UTF-8 (with or without a byte order mark), commas, double quotes, any line end (RFC 4180)."""

    def __init__(
        self, stream: BinaryIO, file: str, *, known: Sequence[str] = COLUMNS, needed: Sequence[str] = ("address",)
    ) -> None:
        self.file = file
        self._known = known
        self._needed = needed
        self.columns: tuple[str, ...] = ()
        # surrogateescape keeps bytes that are not UTF-8, so that only their row is rejected, as it was written
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._line = 0
        self._row_began = 1

    def __iter__(self) -> Iterator[Row]:
        reader = csv.reader(self._lines(), strict=True)
        try:
            self.columns = self._header(next(reader, None))
            while True:
                self._row_began = self._line + 1
                cells = next(reader, None)
                if cells is None:
                    return
                if cells:
                    yield Row(self._row_began, tuple(cells))
        except csv.Error as error:
            raise self._bad(
                self._row_began,
                f"the row is not well-formed CSV ({error})",
                "close every quote; double quotes in cells",
            ) from None

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(LINE_LIMIT + 1):
            self._line += 1
            if len(line) > LINE_LIMIT:
                raise self._bad(self._line, f"the line is longer than {LINE_LIMIT} characters", "write one row a line")
            if self._line - self._row_began >= ROW_LINES_LIMIT:
                raise self._bad(
                    self._row_began,
                    f"the row does not end within {ROW_LINES_LIMIT} lines",
                    "close the quote that opens in it",
                )
            yield line

    def _header(self, cells: list[str] | None) -> tuple[str, ...]:
        if not cells:
            raise self._bad(
                0,
                "the file has no header",
                f"write the column names into its first line: {','.join(self._known[:3])},…",
            )
        names = tuple(cell.strip().lower() for cell in cells)
        self._refuse_other_format(names)
        problems: list[Problem] = []
        column = 1
        for index, name in enumerate(names):
            place = Position(self.file, 1, column)
            if name not in self._known:
                problems.append(Problem(place, f"there is no column {name!r}", did_you_mean(name, self._known)))
            elif name in names[:index]:
                problems.append(Problem(place, f"the column {name!r} stands there twice", "remove one of them"))
            column += len(cells[index]) + 1
        missing = (name for name in self._needed if name not in names)
        first = Position(self.file, 1, 1)
        problems.extend(Problem(first, f"the column {name!r} is missing", "add it") for name in missing)
        if problems:
            raise BadFile(problems)
        return names

    def _refuse_other_format(self, names: tuple[str, ...]) -> None:
        if any("\x00" in name for name in names):
            raise self._bad(1, "the file looks like UTF-16", "save it as UTF-8")
        for mark, word in _OTHER_MARKS.items():
            if len(names) == 1 and mark in names[0]:
                raise self._bad(1, f"the cells are separated by {word}", "separate them by commas")

    def _bad(self, line: int, what: str, remedy: str) -> BadFile:
        return BadFile([Problem(Position(self.file, line, 1 if line else 0), what, remedy)])
