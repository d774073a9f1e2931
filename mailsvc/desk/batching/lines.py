"""One row of a file of mailboxes, read into what is asked for.

    line = read_line(cells, reading)           # raises BadCells with everything that is wrong in the row

`Reading` holds what a row is read by: the folder of the file, the service's zone, and who finds a mailbox by its
address. Blocks for small files of secrets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TypeVar

from mailsvc.kit.mailbox_urls import MailboxUrl, known_as, parse_mailbox, same_mailbox
from mailsvc.kit.secrets import BadSecret, Secret, read_secret
from mailsvc.records.job import Side, Wishes, move_digest
from schedules.names import Address, BadName
from schedules.positions import Wrong

T = TypeVar("T")
CELL = 4000  # characters
PRIORITIES = range(-1_000_000, 1_000_001)


@dataclass(frozen=True, slots=True)
class BadCell:
    """What is wrong in one cell."""

    column: str
    what: str
    remedy: str


class BadCells(ValueError):
    """A row that cannot be taken."""

    def __init__(self, cells: list[BadCell]) -> None:
        self.cells = cells
        super().__init__("; ".join(f"{one.column}: {one.what}" for one in cells))


@dataclass(frozen=True, slots=True)
class Reading:
    """What rows are read by."""

    folder: Path
    zone: tzinfo
    find: Callable[[Address], str]  # the URL of an address's mailbox; raises Wrong
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """What one row asks for."""

    source: str
    target: str
    move: str
    hosts: Mapping[Side, str]
    address: str = ""
    priority: int = 0
    not_before: datetime | None = None
    wishes: Wishes = field(default_factory=Wishes)
    secrets: Mapping[Side, Secret] = field(default_factory=dict)


class _Cells:
    """The cells of a row; what is wrong is gathered."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells
        self.bad: list[BadCell] = []

    def text(self, column: str) -> str:
        """A cell without blanks around it."""
        text = self._cells.get(column, "").strip()
        if any("\udc80" <= sign <= "\udcff" for sign in text):  # octets that are not UTF-8, as the reader keeps them
            self.refuse(column, "the cell is not UTF-8", "save the file as UTF-8; Excel calls that `CSV UTF-8`")
            return ""
        if len(text) > CELL or not text.isprintable():
            self.refuse(column, "the cell holds what is no text of one line", "write it anew")
            return ""
        return text

    def refuse(self, column: str, what: str, remedy: str) -> None:
        """Say what is wrong."""
        self.bad.append(BadCell(column, what, remedy))

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        """A cell by its parser; None where it is empty or wrong."""
        text = self.text(column)
        if not text:
            return None
        try:
            return parse(text)
        except Wrong as wrong:
            self.refuse(column, wrong.what, wrong.remedy)
        except BadSecret as bad:
            self.refuse(column, bad.what, bad.remedy)
        except BadName as bad:
            self.refuse(column, str(bad), "write local@domain")
        return None


def read_line(row: Mapping[str, str], reading: Reading) -> Line:
    """What a row asks for; `row` has its cells by their column. Raises BadCells."""
    cells = _Cells(row)
    read = [(side, _mailbox(cells, side, reading)) for side in Side]
    found = {side: one for side, one in read if one is not None}
    urls = {side: url for side, (_, url) in found.items()}
    if len(urls) == len(Side) and same_mailbox(urls[Side.SOURCE], urls[Side.TARGET]):
        cells.refuse("target", "source and target are the same mailbox", "name another one")
    secrets = {side: _secret(cells, side, urls.get(side), reading) for side in Side}
    address = cells.read("address", Address.parse)
    line = Line(
        source=found[Side.SOURCE][0] if Side.SOURCE in found else "",
        target=found[Side.TARGET][0] if Side.TARGET in found else "",
        move=move_digest(*(known_as(urls[side]) if side in urls else "" for side in Side)),
        hosts={side: str(getattr(url, "host", "")).lower() for side, url in urls.items()},
        address=str(address or ""),
        priority=cells.read("priority", _priority) or 0,
        not_before=cells.read("not_before", lambda text: _moment(text, reading.zone)),
        wishes=Wishes(read_back=cells.read("read_back", _yes) or False, insecure=reading.insecure),
        secrets={side: secret for side, secret in secrets.items() if secret is not None},
    )
    if cells.bad:
        raise BadCells(cells.bad)
    return line


def _mailbox(cells: _Cells, side: Side, reading: Reading) -> tuple[str, MailboxUrl] | None:
    """A mailbox's URL as it is kept, and as it was read."""
    text = cells.text(side)
    if not text:
        if not any(one.column == side for one in cells.bad):
            cells.refuse(side, "the cell is empty", "write a URL, such as `imaps://USER@HOST`")
        return None

    def parse(text: str) -> tuple[str, MailboxUrl]:
        if ":" not in text and "@" in text:
            text = reading.find(Address.parse(text))
        scheme, _, path = text.partition(":")
        url = parse_mailbox(text, insecure=reading.insecure)
        if not getattr(url, "host", "") and not path.startswith("/"):
            raise Wrong("workers have a folder of their own", f"write the whole path: `{scheme}:/…`")
        return text, url

    return cells.read(side, parse)


def _secret(cells: _Cells, side: Side, url: MailboxUrl | None, reading: Reading) -> Secret | None:
    column, file = f"{side}_secret", f"{side}_secret_file"
    said, named = cells.text(column), cells.text(file)
    if said and named:
        cells.refuse(column, "the secret is there twice, here and in a file", f"empty this cell, or `{file}`")
        return None
    if url is not None and not getattr(url, "host", ""):
        if said or named:
            cells.refuse(column if said else file, "files have no secret", "empty the cell")
        return None
    if url is not None and not said and not named:
        cells.refuse(file, f"the {side} needs a secret", f"name the file that holds it, or write it as `{column}`")
    return Secret(said) if said else cells.read(file, lambda text: read_secret(reading.folder / text))


def _priority(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or number not in PRIORITIES:
        raise Wrong(f"{text!r} is no priority", "write a whole number up to a million; lower goes first")
    return number


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(f"{text!r} is no time", "write it as 2026-11-20T22:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _yes(text: str) -> bool:
    try:
        return {"yes": True, "no": False}[text.lower()]
    except KeyError:
        raise Wrong(f"{text!r} is neither yes nor no", "write yes or no, or leave it empty") from None
