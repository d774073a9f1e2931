"""Which messages stand where in mbox files, in little memory (SQLite): of a target while it is written, and of sources.

    ledger = Ledger.open(path, source="imaps://…")  # a file: what it was told is durable before a call returns
    ledger.source                        # of the move that began it
    ledger = Ledger.open(None)           # nameless, gone with the process
    number = ledger.box(Box(("INBOX",), "INBOX.mbox"))
    ledger.add(number, rows, octets=end) # all of these or none

A file is either whole or as if it were not there. Threads may call it; one at a time is served.
Raises MailboxLimited where another process works with the file, MailboxRefused for what is told of twice, and OSError
where the disk says no.
"""

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import RLock

from migrator.mailbox import FolderName, MailboxLimited, MailboxRefused, SpecialUse
from migrator.mbox.rows import Box, Row

_FORMAT = 2
_PAGE = 500  # rows read at a time
_TABLES = """
CREATE TABLE move (source TEXT NOT NULL);
CREATE TABLE boxes (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, file TEXT NOT NULL UNIQUE, octets INTEGER NOT NULL,
  special_use TEXT, subscribed INTEGER NOT NULL
);
CREATE TABLE rows (
  box INTEGER NOT NULL, uid INTEGER NOT NULL, at INTEGER NOT NULL, octets INTEGER NOT NULL, size INTEGER NOT NULL,
  sha256 BLOB NOT NULL, flags TEXT NOT NULL, date TEXT NOT NULL, exact INTEGER NOT NULL,
  PRIMARY KEY (box, uid)
) WITHOUT ROWID;
CREATE UNIQUE INDEX rows_by_place ON rows (box, at);
"""
_COLUMNS = "uid, at, octets, size, sha256, flags, date, exact"


class Ledger:
    """Made by `open`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._lock = RLock()

    @classmethod
    def open(cls, path: Path | None, *, source: str = "", filled: Iterable[tuple[Box, Iterable[Row]]] = ()) -> "Ledger":
        """Open a ledger; one that is not there is made of `source` and `filled`, in one piece."""
        with _told():
            database = sqlite3.connect(path or "", isolation_level=None, check_same_thread=False, timeout=0)
        try:
            ledger = cls(database)
            with _told():
                if path is not None:
                    path.chmod(0o600)
                    database.execute("PRAGMA locking_mode = EXCLUSIVE")
                    database.execute("PRAGMA journal_mode = WAL")
                    database.execute("PRAGMA synchronous = FULL")
                ledger._begin(source, filled)
        except BaseException:
            database.close()
            raise
        return ledger

    def _begin(self, source: str, filled: Iterable[tuple[Box, Iterable[Row]]]) -> None:
        with self._whole():
            if self._database.execute("PRAGMA user_version").fetchone()[0] == _FORMAT:
                return
            for statement in _TABLES.split(";"):
                self._database.execute(statement)
            self._database.execute("INSERT INTO move VALUES (?)", (source,))
            for box, rows in filled:
                self.add(self.box(box), rows, octets=box.octets)
            self._database.execute(f"PRAGMA user_version = {_FORMAT}")

    def close(self) -> None:
        """Let the file go."""
        with self._lock, _told():
            self._database.close()

    @property
    def source(self) -> str:
        """Where the mail of the move comes from that began this ledger."""
        with self._lock, _told():
            return str(self._database.execute("SELECT source FROM move").fetchone()[0])

    def boxes(self) -> Mapping[int, Box]:
        """Every folder by its number."""
        asked = (
            "SELECT number, name, file, octets, (SELECT count(*) FROM rows WHERE box = number), special_use,"
            " subscribed FROM boxes ORDER BY number"
        )
        with self._lock, _told():
            return {
                number: Box(tuple(json.loads(name)), file, octets, count, SpecialUse(use) if use else None, bool(sub))
                for number, name, file, octets, count, use, sub in self._database.execute(asked)
            }

    def box(self, box: Box) -> int:
        """Remember a folder, or what is new of it; its number."""
        use = str(box.special_use) if box.special_use else None
        with self._whole():
            self._database.execute(
                "INSERT INTO boxes (name, file, octets, special_use, subscribed) VALUES (?, ?, ?, ?, ?) ON CONFLICT"
                " (name) DO UPDATE SET special_use = excluded.special_use, subscribed = excluded.subscribed",
                (_text(box.name), box.file, box.octets, use, box.subscribed),
            )
            asked = self._database.execute("SELECT number FROM boxes WHERE name = ?", (_text(box.name),))
            return int(asked.fetchone()[0])

    def forget(self, number: int) -> None:
        """Its file is gone: so are its messages."""
        with self._whole():
            self._database.execute("DELETE FROM rows WHERE box = ?", (number,))
            self._database.execute("UPDATE boxes SET octets = 0 WHERE number = ?", (number,))

    def add(self, number: int, rows: Iterable[Row], *, octets: int) -> None:
        """These messages stand in a folder's file, of which so many octets count now."""
        with self._whole():
            self._database.executemany(
                "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (_values(number, row) for row in rows)
            )
            self._database.execute("UPDATE boxes SET octets = ? WHERE number = ?", (octets, number))

    def add_free(self, number: int, row: Row) -> None:
        """Add a message under its UID, or under the next that is free: its twin has it."""
        with self._whole():
            while self._database.execute("SELECT 1 FROM rows WHERE box = ? AND uid = ?", (number, row.uid)).fetchone():
                row = replace(row, uid=row.uid + 1)
            self.add(number, [row], octets=row.at + row.octets)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is added within counts at its end."""
        with self._whole():
            yield

    def reflag(self, number: int, flags: Mapping[int, frozenset[str]]) -> None:
        """Messages have these flags now."""
        with self._whole():
            self._database.executemany(
                "UPDATE rows SET flags = ? WHERE box = ? AND uid = ?",
                ((_flags(some), number, uid) for uid, some in flags.items()),
            )

    def last(self, number: int) -> tuple[int, int]:
        """The highest UID of a folder, 0 where it is empty, and how many messages it has."""
        with self._lock, _told():
            asked = self._database.execute("SELECT max(uid), count(*) FROM rows WHERE box = ?", (number,))
            highest, count = asked.fetchone()
            return int(highest or 0), int(count)

    def rows(self, number: int, *, by: str = "uid", first: int = 0) -> Iterator[Row]:
        """The messages of a folder by rising `uid`, or `at` (their place in the file), from `first` on."""
        page: Sequence[Row] | None = None
        while page is None or len(page) == _PAGE:
            with self._lock, _told():
                asked = f"SELECT {_COLUMNS} FROM rows WHERE box = ? AND {by} >= ? ORDER BY {by} LIMIT {_PAGE}"  # noqa: S608 - no text of others
                page = [_row(values) for values in self._database.execute(asked, (number, first))]
            yield from page
            first = (page[-1].uid if by == "uid" else page[-1].at) + 1 if page else 0

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """One transaction; one within another is part of it."""
        with self._lock, _told():
            if self._database.in_transaction:
                yield
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.rollback()
                raise
            self._database.execute("COMMIT")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise MailboxRefused("the same folder or message of mbox files is told of twice") from error
    except sqlite3.OperationalError as error:
        match error.sqlite_errorcode & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise MailboxLimited("another process writes these mbox files", code="INUSE") from error
            case sqlite3.SQLITE_FULL:
                raise OSError(errno.ENOSPC, "no room for the ledger of the mbox files") from error
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
                raise OSError(errno.EACCES, f"the ledger of the mbox files: {error}") from error
            case _:
                raise OSError(errno.EIO, f"the ledger of the mbox files: {error}") from error


def _text(name: FolderName) -> str:
    return json.dumps(list(name))


def _flags(flags: frozenset[str]) -> str:
    return json.dumps(sorted(flags))


def _values(number: int, row: Row) -> tuple[object, ...]:
    flags, date = _flags(row.flags), row.date.isoformat()
    return number, row.uid, row.at, row.octets, row.size, row.sha256, flags, date, row.exact


def _row(values: tuple[int, int, int, int, bytes, str, str, int]) -> Row:
    uid, at, octets, size, sha256, flags, date, exact = values
    return Row(
        uid, at, octets, size, sha256, frozenset(json.loads(flags)), datetime.fromisoformat(date), exact=bool(exact)
    )
