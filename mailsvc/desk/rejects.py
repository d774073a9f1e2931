"""The reject file of an import: every row that was not taken, with its line, column and reason.

Use: `with RejectFile(path) as rejects: rejects.begin(columns); rejects.add(row, column, reason)`. The file is written
under a temporary name and put in its place at the end; an import without rejects removes an older one.
Fails: `OSError` where it cannot be written.
"""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mailsvc.desk.accounts_csv import BadCell
from mailsvc.desk.accounts_reader import Row

if TYPE_CHECKING:
    from _csv import Writer

HEAD = ("line", "column", "reason")
MODE = 0o600  # rows hold people's names and addresses


class RejectFile:
    """Rows that were not taken. `count` rows were added so far, each counted once however much is wrong in it."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._coming = path.with_name(path.name + ".part")
        # what is not UTF-8 goes back into the file as the bytes it was
        descriptor = os.open(self._coming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, MODE)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="")
        self._writer: Writer = csv.writer(self._file, lineterminator="\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self.count:
            self._coming.replace(self._path)
        else:
            self._coming.unlink()
            if error is None:
                self._path.unlink(missing_ok=True)

    def begin(self, columns: Iterable[str]) -> None:
        """Forget what was added, and write the head for rows of these columns."""
        self.count = 0
        self._file.seek(0)
        self._file.truncate()
        self._writer.writerow((*HEAD, *columns))

    def add(self, row: Row, bad: Iterable[BadCell]) -> None:
        """Add one row and everything that is wrong in it."""
        cells = tuple(bad)
        reasons = cells[0].reason if len(cells) == 1 else "; ".join(f"{cell.column}: {cell.reason}" for cell in cells)
        self._writer.writerow((row.line, " ".join(cell.column for cell in cells), reasons, *row.cells))
        self.count += 1
