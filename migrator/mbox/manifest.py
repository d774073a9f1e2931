"""`manifest.json` beside mbox files: what an mbox cannot say of its messages, and the SHA-256 of each.

    with Manifest.read(path) as manifest: manifest.boxes, manifest.rows(number)
    write(path, ledger)

One JSON object, {"format": "mboxrd", "version": 1, "folders": [...], "messages": [...]}, each folder and each message
on a line of its own, so that it can be read in little memory; messages are grouped by folder ("folder" is its place in
"folders", from 0). Raises BadManifest for what is none, OSError.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from migrator.disk.files import NEW_FILE, READ_FILE
from migrator.mailbox import MailboxRefused
from migrator.mbox.ledger import Ledger
from migrator.mbox.rows import Box, Row, box_from, box_text, row_from, row_text
from migrator.safe_names import why_unsafe

NAME = "manifest.json"
_HEAD = '{"format": "mboxrd", "version": 1, "folders": ['
_MIDDLE = '], "messages": ['
_END = "]}"
_LONGEST = 1_048_576  # octets of a line


class BadManifest(MailboxRefused):
    """A manifest is damaged, or none of ours."""


class Manifest:
    """Made by `read`; its messages are read once, in the order of its folders."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._number = 0
        self._ended = False
        self._held: tuple[int, Row] | None = None
        if self._line() != _HEAD:
            raise self._bad("it is no manifest of mbox files")
        self.boxes = tuple(self._boxes())

    @classmethod
    @contextmanager
    def read(cls, path: Path) -> "Iterator[Manifest]":
        """Open a manifest."""
        with open(os.open(path, READ_FILE), "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            yield cls(path, file)

    def filled(self) -> Iterator[tuple[Box, Iterator[Row]]]:
        """Every folder and its messages; each folder's are to be read before the next is asked for."""
        for number, box in enumerate(self.boxes):
            yield box, self._rows(number)
        if self._next() is not None:
            raise self._bad("a message is of no folder")

    def _rows(self, number: int) -> Iterator[Row]:
        while (found := self._next()) is not None and found[0] == number:
            self._held = None
            yield found[1]

    def _next(self) -> tuple[int, Row] | None:
        """The next message; it stays the next until it is taken."""
        if self._held is None and not self._ended:
            line = self._line()
            self._ended = line == _END
            try:
                self._held = None if self._ended else row_from(_object(line))
            except ValueError as why:
                raise self._bad(str(why)) from None
        return self._held

    def _boxes(self) -> Iterator[Box]:
        while (line := self._line()) != _MIDDLE:
            try:
                box = box_from(_object(line))
            except ValueError as why:
                raise self._bad(str(why)) from None
            if unsafe := why_unsafe(box.file):
                raise self._bad(f"a folder's file: {unsafe}")
            yield box

    def _line(self) -> str:
        self._number += 1
        octets = self._file.readline(_LONGEST)
        if not octets.endswith(b"\n"):
            raise self._bad("it is cut short")
        try:
            return octets.decode().rstrip("\n").rstrip(",")
        except UnicodeDecodeError:
            raise self._bad("it is no UTF-8") from None

    def _bad(self, why: str) -> BadManifest:
        return BadManifest(f"{self._path}, line {self._number}: {why}")


def write(path: Path, ledger: Ledger) -> None:
    """Replace the manifest by what the ledger holds; the old one stands until the new one is durable."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, NEW_FILE, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.writelines(_lines(ledger))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _lines(ledger: Ledger) -> Iterator[bytes]:
    boxes = ledger.boxes()
    yield from _joined(_HEAD, (box_text(box) for box in boxes.values()))
    yield from _joined(
        _MIDDLE, (row_text(place, row) for place, number in enumerate(boxes) for row in ledger.rows(number))
    )
    yield f"{_END}\n".encode()


def _joined(first: str, lines: Iterator[str]) -> Iterator[bytes]:
    """Lines with a comma behind each but the last."""
    yield f"{first}\n".encode()
    held = next(lines, None)
    while held is not None:
        following = next(lines, None)
        yield f"{held}{',' if following is not None else ''}\n".encode()
        held = following


def _object(line: str) -> dict[str, object]:
    try:
        told = json.loads(line)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(told, dict):
        raise ValueError("a line tells of nothing")  # noqa: TRY004 - a matter of what was read
    return told
