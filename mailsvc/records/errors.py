"""What goes wrong with the records, as the rooms above see it; driver errors never pass the door.

RecordsError
├── RecordsAway      the database is locked, full, read-only or gone: answer 4xx, try again
│   └── Distrusted   an fsync failed: nothing may be written until the process has started anew
├── WrongSchema      the database is of another version of the program
├── AlreadyServing   another service process writes to the same SQLite file
├── Conflict         the row is already there, or what was read has changed since: look again, then decide
└── Unstorable       a value that the database cannot hold
"""

import errno
import sqlite3

from sqlalchemy import exc

_FSYNC_FAILED = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"})
# No descriptors or memory for the moment: no fault of whoever asks.
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
# PostgreSQL classes: 53100 disk_full, 53200 out_of_memory; SQLite says SQLITE_FULL for ENOSPC.
_PG_DISK_FULL = "53100"
_PG_DEADLOCK = "40P01"


class RecordsError(Exception):
    """Something the records cannot do; the message is fit for an administrator."""


class RecordsAway(RecordsError):
    """The database is locked, full, read-only or gone; nothing of the act was kept. `full`: there is no room."""

    def __init__(self, why: str, *, full: bool = False) -> None:
        super().__init__(why)
        self.full = full


class Contended(RecordsAway):
    """Two transactions waited for each other, and this one was rolled back; it may be done again at once."""


class Distrusted(RecordsAway):
    """An fsync failed, so the kernel may have dropped what it said it holds; only a new start may write again."""


class WrongSchema(RecordsError):
    """The database was made by another version of the program; the message names the remedy."""


class AlreadyServing(RecordsError):
    """Another service process holds this SQLite file."""


class Conflict(RecordsError):
    """Another one was first: the row exists, or what the act was based on has changed."""


class Unstorable(RecordsError):
    """A value the database cannot hold, such as a NUL character in PostgreSQL text."""


class _Door:
    """A context manager without state; passed at every look-up, so it is no generator."""

    def __enter__(self) -> None:
        """Open to everybody."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Raise what a driver's error means; let anything else pass."""
        ours = _ours(error) if isinstance(error, Exception) else None
        if ours is not None:
            raise ours from error


_DOOR = _Door()


def at_the_door() -> _Door:
    """Translate every driver error that passes into one of ours, with the cause attached."""
    return _DOOR


def _ours(error: Exception) -> RecordsError | None:
    """What an error means to the rooms above; None where it is nobody's but its maker's."""
    said = error.orig if isinstance(error, exc.DBAPIError) else error
    ours: RecordsError | None = None
    match error:
        case exc.IntegrityError() | sqlite3.IntegrityError():
            ours = Conflict(f"the records refuse a row: {_plain(said)}")
        case exc.DataError() | sqlite3.DataError():
            ours = Unstorable(f"the records cannot hold a value: {_plain(said)}")
        case UnicodeEncodeError():
            ours = Unstorable("the records cannot hold a text that is not Unicode")
        case exc.ProgrammingError() | sqlite3.ProgrammingError() if not _cut_off(said):
            pass  # a mistake in our own SQL: never to be taken for a passing fault
        case exc.DBAPIError() | sqlite3.Error():
            ours = away(said)
        case exc.TimeoutError():
            ours = RecordsAway("the records are away: no free connection to the database in time")
        case MemoryError():
            ours = RecordsAway("the records are away: no memory")
        case OSError() if error.errno in _SHORTAGES:
            ours = RecordsAway(f"the records are away: {_plain(error)}")
    return ours


def _cut_off(error: BaseException | None) -> bool:
    """Whether psycopg itself complains, not the server: its connection was cut off in the middle of something."""
    return getattr(error, "sqlstate", "") is None


def away(error: BaseException | None) -> RecordsAway:
    """The RecordsAway that says what a driver's error means."""
    name = getattr(error, "sqlite_errorname", "") or ""
    full = name == "SQLITE_FULL" or getattr(error, "sqlstate", "") == _PG_DISK_FULL
    if name in _FSYNC_FAILED:
        return Distrusted(f"the records are not trusted any more: {_plain(error)}")
    if getattr(error, "sqlstate", "") == _PG_DEADLOCK:
        return Contended(f"the records are away: {_plain(error)}")
    return RecordsAway(f"the records are away: {_plain(error)}", full=full)


def _plain(error: BaseException | None) -> str:
    """A driver's message on one line, at most 300 characters."""
    text = " ".join(str(error).split()) if error is not None else "unknown cause"
    return text if len(text) <= 300 else text[:299] + "…"
