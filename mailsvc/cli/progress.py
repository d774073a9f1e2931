"""How far an import has come: a bar on a terminal, a line every five seconds elsewhere; always on stderr.

Use: `with Progress(file) as progress`, then `progress(rows, octets)` as often as wished.
Fails: with what `look` raises, which is asked each time: the place where an import may be interrupted.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from mailsvc.cli.output import say

EVERY = 5.0  # seconds between two lines


class Progress:
    """Tells how many rows were read, and of how much of the file."""

    def __init__(
        self,
        file: Path,
        *,
        terminal: bool | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._look = look
        self._size = file.stat().st_size if file.exists() else 0
        self._monotonic = monotonic
        self._told_at = monotonic()
        self._bar: Bar | None = None
        if sys.stderr.isatty() if terminal is None else terminal:
            columns = (TextColumn("{task.fields[rows]:>10,} rows"), BarColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("import", total=self._size or None, rows=0)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, rows: int, octets: int) -> None:
        """Tell that `rows` rows, which are `octets` of the file, have been read."""
        self._look()
        if self._bar:
            self._bar.update(self._task, completed=octets, rows=rows)
        elif self._monotonic() - self._told_at >= EVERY:
            self._told_at = self._monotonic()
            share = f", {100 * octets // self._size} %" if self._size else ""
            say(f"{rows:,} rows{share}")


class Steps:
    """Tells how much of a long work is done: a bar on a terminal, nothing elsewhere."""

    def __init__(self, name: str, *, look: Callable[[], None] = lambda: None) -> None:
        self._look = look
        self._bar = Bar(
            TextColumn(name), BarColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True,
            disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._task = self._bar.add_task(name, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, done: int, whole: int) -> None:
        """Tell that `done` parts of `whole` are done; raises what `look` raises."""
        self._look()
        self._bar.update(self._task, completed=done, total=whole)
