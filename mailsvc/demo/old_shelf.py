"""The demo world's Maildirs as its own old IMAP server shows them: folders, and messages with numbers that stay.

    shelf = Shelf(world.mail, world.state / "old-imap" / "numbers.json")
    shelf.folders("hanako@closing.example")              # ["INBOX", "家族", …]
    shelf.mails("hanako@closing.example", "家族")         # [Mail(uid, …)], None where there is no such folder

Messages are numbered in the order in which they are first seen; the numbers are kept in a file. Raises OSError.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from mailsvc.demo.plan import ZONE
from mailsvc.kit.files import write_atomic
from migrator.maildir.folders import look
from migrator.maildir.listing import listed, unique_part
from migrator.maildir.names import safe_user

_FLAGS = {"S": "\\Seen", "R": "\\Answered", "F": "\\Flagged", "T": "\\Deleted", "D": "\\Draft"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message; `file` is where it is, `flags` as IMAP writes them."""

    uid: int
    file: Path
    flags: str

    def octets(self) -> bytes:
        """The whole of it."""
        return self.file.read_bytes()

    @property
    def date(self) -> str:
        """When it came, as INTERNALDATE is written."""
        at = datetime.fromtimestamp(self.file.stat().st_mtime, ZoneInfo(ZONE))
        return f"{at.day:02d}-{_MONTHS[at.month - 1]}-{at.year:04d} {at:%H:%M:%S %z}"


class Shelf:
    """Everybody's Maildirs: DOMAIN/USER below `mail`."""

    def __init__(self, mail: Path, numbers: Path) -> None:
        self._mail = mail
        self._file = numbers
        self._numbers: dict[str, dict[str, int]] = (
            json.loads(numbers.read_text(encoding="utf-8")) if numbers.exists() else {}
        )

    def folders(self, address: str) -> list[str]:
        """The folders of an address, levels joined by a slash."""
        return sorted({"INBOX", *self._folders(address)})

    def mails(self, address: str, folder: str) -> list[Mail] | None:
        """The messages of a folder, by rising number."""
        path = self._folders(address).get(folder)
        if path is None:
            return [] if folder == "INBOX" else None
        entries = listed(path)
        numbers = self._numbered(f"{address}/{folder}", [unique_part(one.file) for one in entries])
        found = [
            Mail(numbers[unique_part(one.file)], path / one.part / one.file, _flags(one.letters)) for one in entries
        ]
        return sorted(found, key=lambda mail: mail.uid)

    def _folders(self, address: str) -> dict[str, Path]:
        local, _, domain = address.rpartition("@")
        home = self._mail / domain / safe_user(local)
        return {"/".join(name): path for name, path in look(home).folders.items()} if home.exists() else {}

    def _numbered(self, folder: str, uniques: list[str]) -> dict[str, int]:
        """A number for each message; what is new gets the next ones, which are kept before they are told."""
        numbers = self._numbers.setdefault(folder, {})
        fresh = [unique for unique in uniques if unique not in numbers]
        for unique in fresh:
            numbers[unique] = max(numbers.values(), default=0) + 1
        if fresh:
            write_atomic(self._file, json.dumps(self._numbers).encode())
        return numbers


def _flags(letters: str) -> str:
    return " ".join(_FLAGS[letter] for letter in letters if letter in _FLAGS)
