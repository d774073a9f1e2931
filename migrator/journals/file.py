"""The journal of one move in one file (SQLite): every change durable before it returns, one process at a time.

    with JournalFile.open(path, source="imaps://…", target="maildir:…") as journal: ...

The file is made with mode 0600, its folder with 0700; it holds no secret and no message. A second process that opens it
gets JournalBusy; a file of another move, or of a later version, JournalUnusable. What the disk says comes as
JournalUnusable too, `full` where it is a matter of room: then nothing further is sent, and the next run goes on.
"""

import errno
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from migrator.disk.files import make_directories
from migrator.journals.journal import Intent, Mark, Settled, Settlement
from migrator.journals.making import made
from migrator.journals.rows import folder_name, folder_text, key_of, mark_from, row_of, state_numbers, storable
from migrator.mailbox import FolderName, FolderState

FORMAT = 1
_ANEW = "delete it to begin anew, which brings again what an earlier run has moved"
_PAGE = 1000  # marks read at a time


class JournalUnusable(Exception):
    """The journal cannot be used; `full`: there is no room for it."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full


class JournalBusy(JournalUnusable):
    """Another process works with this journal."""


class JournalFile:
    """One move's journal. Made by `open`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._database = connection
        self._path = path
        self._alone = Lock()

    @classmethod
    def open(cls, path: Path, *, source: str, target: str) -> Self:
        """Open or begin the journal of the move from `source` to `target`, both told without secrets.

        Raises JournalBusy and JournalUnusable.
        """
        facts = {"format": str(FORMAT), "source": source, "target": target}
        with _told(path):
            make_directories(path.parent)
            if not os.path.lexists(path):
                made(path, facts)
            os.close(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC))
            connection = sqlite3.connect(path, isolation_level=None, timeout=0.2, check_same_thread=False)
        journal = cls(connection, path)
        try:
            journal._begin(facts)
        except BaseException:
            connection.close()
            raise
        return journal

    def _begin(self, facts: Mapping[str, str]) -> None:
        with _told(self._path):
            # One process alone, from the first statement on: the lock ends with the process, however that ends.
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                self._database.execute(f"PRAGMA {pragma}")
            tables = {name for (name,) in self._database.execute("SELECT name FROM sqlite_master")}
            if not tables:
                raise JournalUnusable(f"{self._path} is empty, and what it knew is lost: {_ANEW}")
            if "facts" not in tables:
                raise JournalUnusable(f"{self._path} is a database of another program, and no journal")
            known = dict(self._database.execute("SELECT name, text FROM facts"))
        if known.get("format") != facts["format"]:
            said = known.get("format")
            raise JournalUnusable(f"{self._path} is a journal of format {said}, and this program reads {FORMAT}")
        for name, text in facts.items():
            if known.get(name) != text:
                raise JournalUnusable(f"{self._path} is the journal of another move: its {name} is {known.get(name)}")

    def write(self, changes: Sequence[Intent | Settlement]) -> None:
        """Keep what is about to be sent, and what came of messages; an intent is forgotten with its last message."""
        with self._together():
            for change in changes:
                match change:
                    case Intent(into, before, marks):
                        number = self._database.execute(_INTEND, (folder_text(into), *state_numbers(before))).lastrowid
                        self._put(marks, number)
                    case Settlement(marks, instead_of):
                        self._database.executemany(_DROP, [key_of(key) for key in instead_of])
                        self._put(marks, None)
            self._database.execute(_TIDY)

    def intended(self) -> Iterator[Intent]:
        """What was intended and never settled, oldest first."""
        for number, into, *state in self._rows("SELECT * FROM intents ORDER BY intent"):
            rows = self._rows(f"{_MARKS} WHERE intent = ? AND settled IS NULL ORDER BY uid", (number,))
            with _sound(self._path):
                intent = Intent(folder_name(into), FolderState(*state), tuple(map(mark_from, rows)))
            yield intent

    def known(self, folder: FolderName, uidvalidity: int) -> Iterator[Mark]:
        """Every mark of a folder so numbered, by rising UID, a page at a time."""
        page = f"{_MARKS} WHERE folder = ? AND uidvalidity = ? AND uid > ? ORDER BY uid LIMIT {_PAGE}"
        after = 0
        while rows := self._rows(page, (folder_text(folder), uidvalidity, after)):
            yield from self._read(rows)
            after = rows[-1][2]

    def state(self, folder: FolderName) -> FolderState | None:
        """The source folder's state when all of it was settled last."""
        rows = self._rows(
            "SELECT uidvalidity, uidnext, messages, modseq FROM folders WHERE folder = ?", (folder_text(folder),)
        )
        return FolderState(*rows[0]) if rows else None

    def finish(self, states: Mapping[FolderName, FolderState]) -> None:
        """All that each folder held in this state is settled."""
        with self._together():
            for name, state in states.items():
                row = (folder_text(name), *state_numbers(state))
                self._database.execute("INSERT OR REPLACE INTO folders VALUES (?, ?, ?, ?, ?)", row)
                self._database.execute("DELETE FROM marks WHERE folder = ? AND uidvalidity <> ?", row[:2])

    def former(self, folder: FolderName, uidvalidity: int) -> Iterator[Mark]:
        """Settled marks of a folder under other UIDVALIDITYs than this."""
        where = "WHERE folder = ? AND uidvalidity <> ? AND settled IS NOT NULL"
        yield from self._read(self._rows(f"{_MARKS} {where}", (folder_text(folder), uidvalidity)))

    def names(self) -> Mapping[FolderName, FolderName]:
        """Which folder of the source goes into which of the target."""
        rows = self._rows("SELECT folder, into_folder FROM names")
        with _sound(self._path):
            return {folder_name(folder): folder_name(into) for folder, into in rows}

    def name(self, names: Mapping[FolderName, FolderName]) -> None:
        """Keep to these names from now on."""
        with self._together():
            rows = [(folder_text(folder), folder_text(into)) for folder, into in names.items()]
            self._database.executemany(
                "INSERT INTO names VALUES (?, ?) ON CONFLICT (folder) DO UPDATE SET into_folder = excluded.into_folder",
                rows,
            )

    def subscribed(self) -> frozenset[FolderName]:
        """Which folders of the source were subscribed when it was looked at last."""
        rows = self._rows("SELECT folder FROM subscribed")
        with _sound(self._path):
            return frozenset(folder_name(folder) for (folder,) in rows)

    def subscribe(self, folders: Collection[FolderName]) -> None:
        """These alone are subscribed at the source by now."""
        with self._together():
            self._database.execute("DELETE FROM subscribed")
            self._database.executemany("INSERT INTO subscribed VALUES (?)", [(folder_text(one),) for one in folders])

    def notes(self) -> Mapping[FolderName, Sequence[str]]:
        """What is to be told of each folder."""
        found: dict[FolderName, list[str]] = defaultdict(list)
        rows = self._rows("SELECT folder, text FROM notes ORDER BY note")
        with _sound(self._path):
            for folder, text in rows:
                found[folder_name(folder)].append(text)
        return found

    def note(self, folder: FolderName, text: str) -> None:
        """Tell this of a folder in every receipt from now on, once."""
        with self._together():
            self._database.execute(
                "INSERT OR IGNORE INTO notes (folder, text) VALUES (?, ?)", (folder_text(folder), storable(text))
            )

    def counts(self) -> Mapping[FolderName, Mapping[Settled, tuple[int, int]]]:
        """Messages and octets by folder and outcome."""
        found: dict[FolderName, dict[Settled, tuple[int, int]]] = defaultdict(dict)
        rows = self._rows(
            "SELECT folder, settled, COUNT(*), SUM(size) FROM marks WHERE settled IS NOT NULL GROUP BY folder, settled"
        )
        with _sound(self._path):
            for folder, settled, messages, octets in rows:
                found[folder_name(folder)][Settled(settled)] = (messages, octets)
        return found

    def marks(self, folder: FolderName, settled: Settled | None = None) -> Iterator[Mark]:
        """Marks of a folder, by rising UIDVALIDITY and UID."""
        which = "settled = ?" if settled is not None else "settled IS NOT ?"  # every mark, whatever it says
        page = f"{_MARKS} WHERE folder = ? AND {which} AND (uidvalidity, uid) > (?, ?)"
        said, after = str(settled) if settled is not None else "", (0, 0)
        while rows := self._rows(
            f"{page} ORDER BY uidvalidity, uid LIMIT {_PAGE}", (folder_text(folder), said, *after)
        ):
            yield from self._read(rows)
            after = rows[-1][1:3]

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, marks: Sequence[Mark], intent: int | None) -> None:
        self._database.executemany(_PUT, [row_of(mark, intent) for mark in marks])

    def _read(self, rows: list[tuple[Any, ...]]) -> list[Mark]:
        with _sound(self._path):
            return list(map(mark_from, rows))

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with _told(self._path), self._alone:
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """One transaction: all of it is durable, or nothing has happened."""
        with _told(self._path), self._alone:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                _quietly(self._database.rollback)
                raise


_INTEND = "INSERT INTO intents (into_folder, uidvalidity, uidnext, messages, modseq) VALUES (?, ?, ?, ?, ?)"
_DROP = "DELETE FROM marks WHERE folder = ? AND uidvalidity = ? AND uid = ?"
_TIDY = (
    "DELETE FROM intents WHERE NOT EXISTS (SELECT 1 FROM marks WHERE settled IS NULL AND marks.intent = intents.intent)"
)
_PUT = "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MARKS = "SELECT folder, uidvalidity, uid, size, sha256, flags, settled, why, target_uidvalidity, target_uid FROM marks"


def _quietly(act: Callable[[], None]) -> None:
    """Do what may fail after a failure that is told already."""
    try:
        act()
    except sqlite3.Error:
        return


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """What cannot have been written so, as JournalUnusable."""
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:
        raise JournalUnusable(f"{path} is a damaged journal: {error}") from error


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the disk and the database say, as JournalUnusable."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # none where Python itself cannot read a text
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise JournalBusy(f"{path} is in use by another run of this move: wait until it has ended") from None
        said = f"the journal {path} cannot be used: {error}"
        raise JournalUnusable(said, full=code == sqlite3.SQLITE_FULL) from error
    except (sqlite3.DatabaseError, UnicodeError) as error:  # the latter in what SQLite says of a damaged file
        raise JournalUnusable(f"{path} is no journal, or a damaged one: {error}") from error
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise JournalUnusable(f"the journal {path} cannot be opened: {error.strerror or error}", full=full) from error
