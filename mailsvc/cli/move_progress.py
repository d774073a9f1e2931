"""How far a move has come: a bar on a terminal, a line every five seconds elsewhere, or lines of JSON; on stderr.

Use: `with Told(how) as progress`, which is a `migrator.progress.Progress`; `async with ticking(progress)` tells that
nothing has come, too.
Fails: never.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mailsvc.cli.output import say
from mailsvc.kit.printable import json_printable, printable
from migrator.journals.journal import Mark
from migrator.mailbox import FolderName

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

EVERY = 5.0  # seconds between two lines
OFTEN = 1.0  # between two of JSON
_BAR = 16  # cells of a bar; the folder's name takes what is left of the line
_A_MESSAGE = 4096  # octets that take as long as what is done for each message whatever its size, roughly


class How(StrEnum):
    """How progress is told."""

    AUTO = "auto"  # a bar on a terminal, else lines
    LINES = "lines"
    JSON = "json"


def _bar() -> "Bar":
    """A line that stays where it is whatever a folder is called, which is cut where there is no room for it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    told = TextColumn("{task.fields[told]}", table_column=Column(no_wrap=True))
    folder = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
    columns = (BarColumn(_BAR), told, TimeRemainingColumn(compact=True), folder)
    return Progress(*columns, console=Console(stderr=True), transient=True, expand=True)


class Told:
    """Tells how many messages are settled, of how many."""

    def __init__(
        self, how: How, *, terminal: bool | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._json = how is How.JSON
        self._monotonic = monotonic
        self._began = self._told_at = monotonic()
        self._messages = self._octets = self._of = 0
        self._of_octets: int | None = None
        self._folder = ""
        self._bar: Bar | None = None
        if how is How.AUTO and (sys.stderr.isatty() if terminal is None else terminal):
            self._bar = _bar()
            self._task = self._bar.add_task("connecting", total=None, told="")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        elif self._json:
            self._say_json()

    @property
    def messages(self) -> int:
        """How many have been settled."""
        return self._messages

    def expects(self, messages: int, octets: int | None) -> None:
        """So many messages are still to come."""
        self._of = self._messages + messages
        self._of_octets = self._octets + octets if octets is not None else None
        self._show(at_once=True)

    def settled(self, folder: FolderName, marks: Sequence[Mark]) -> None:
        """What came of these messages is known."""
        self._messages += len(marks)
        self._octets += sum(mark.size for mark in marks)
        self._folder = "/".join(folder)
        self._show()

    def still(self) -> None:
        """Nothing more is known: what is known is told again, where it is time for that."""
        self._show()

    def says(self, sentence: str) -> None:
        """What is being done now."""
        if self._bar:
            self._bar.console.print(printable(sentence), markup=False, highlight=False, soft_wrap=True)
        else:
            say(_as_json({"says": sentence}) if self._json else printable(sentence))

    def _show(self, *, at_once: bool = False) -> None:
        if self._bar:
            done, total = self._share
            name = printable(self._folder) or "reading"
            self._bar.update(self._task, description=name, total=total or None, completed=done, told=self._line)
        elif at_once or self._monotonic() - self._told_at >= (OFTEN if self._json else EVERY):
            self._told_at = self._monotonic()
            if self._json:
                self._say_json()
            elif self._of:
                say(f"{self._line}{f', {printable(self._folder)}' if self._folder else ''}")

    @property
    def _share(self) -> tuple[int, int]:
        """How much is done, of how much: by octets too, so that one large message does not stop the clock."""
        messages = max(self._of, self._messages)
        if self._of_octets is None:
            return self._messages, messages
        octets = max(self._of_octets, self._octets)
        return self._octets + _A_MESSAGE * self._messages, octets + _A_MESSAGE * messages

    @property
    def _line(self) -> str:
        of = "" if self._of_octets is None else f" of {max(self._of_octets, self._octets) / 1e6:,.1f}"
        messages = max(self._of, self._messages)
        return f"{self._messages:,} of {messages:,} messages, {self._octets / 1e6:,.1f}{of} MB"

    def _say_json(self) -> None:
        told = {
            "messages": self._messages,
            "of_messages": max(self._of, self._messages),
            "octets": self._octets,
            "of_octets": self._of_octets,
            "folder": self._folder,
            "seconds": round(self._monotonic() - self._began, 3),
        }
        say(_as_json(told))


@asynccontextmanager
async def ticking(told: Told, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> AsyncIterator[None]:
    """Until the end of the block whoever looks on sees that it goes on, though a large message takes its time."""

    async def tick() -> None:
        while True:
            await sleep(OFTEN)
            told.still()

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


def _as_json(told: Mapping[str, object]) -> str:
    return json_printable(json.dumps(told, ensure_ascii=False))
