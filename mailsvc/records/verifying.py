"""A backup looked at: whether it opens, is whole, acts on nothing by itself, and has every body its messages promise.

`verify(file, tell)` reads all of it and changes nothing. What is wrong is a sentence in `problems`.
Fails: NotABackup for what is no backup of this program or of a newer one; OSError where the file cannot be read.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mailsvc.records import schema
from mailsvc.records.backup import connect
from mailsvc.records.copying import Tell
from mailsvc.records.facts import Facts, NotABackup, read_facts, sums
from mailsvc.records.tables import APPEND_ONLY

_SAID = 10  # problems of one kind that are named one by one


@dataclass(frozen=True, slots=True)
class Verified:
    """What a backup is, and what is wrong with it."""

    facts: Facts
    schema: str  # version of its tables
    bodies: int  # that were read and summed
    octets: int  # of these bodies
    problems: tuple[str, ...]


def verify(file: Path, tell: Tell) -> Verified:
    """Read a backup wholly. Raises NotABackup, OSError, and what `tell` raises."""
    with file.open("rb"):
        pass  # says why it cannot be read, which SQLite does not
    try:
        with closing(connect(file, "ro")) as plain:
            return _verified(plain, tell)
    except sqlite3.DatabaseError as error:
        raise NotABackup(f"{file} cannot be read as a backup: {error}") from error


def _verified(plain: sqlite3.Connection, tell: Tell) -> Verified:
    facts = read_facts(plain)
    version = _version(plain)
    bodies = _Bodies(plain, tell)
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _integrity(plain),
        lambda: _references(plain),
        lambda: _foreign(plain),
        lambda: _contents(plain, facts),
        bodies.problems,
    )
    problems: list[str] = []
    for check in checks:
        try:
            problems += _shortened(list(check()))
        except sqlite3.DatabaseError as error:
            problems.append(f"the file is damaged: {error}")
    return Verified(facts, version, bodies.count, bodies.octets, tuple(dict.fromkeys(problems)))


def _version(plain: sqlite3.Connection) -> str:
    found = plain.execute("SELECT version_num FROM alembic_version").fetchone()
    version = str(found[0]) if found else "none"
    if not schema.knows(version):
        what = f"the backup's tables are of version {version}, which this program ({schema.VERSION}) does not know"
        raise NotABackup(f"{what}: use the newer program that made it")
    return version


def _shortened(problems: list[str]) -> list[str]:
    more = len(problems) - _SAID
    return problems if more <= 0 else [*problems[:_SAID], f"and {more} more like these"]


def _integrity(plain: sqlite3.Connection) -> Iterator[str]:
    for (said,) in plain.execute(f"PRAGMA integrity_check({_SAID + 1})"):
        if said != "ok":
            yield f"the file is damaged: {' '.join(str(said).split())}"


def _references(plain: sqlite3.Connection) -> Iterator[str]:
    for table, row, to, _ in plain.execute("PRAGMA foreign_key_check"):
        yield f"a row of {table} (number {row}) belongs to one of {to} that is not there"


def _foreign(plain: sqlite3.Connection) -> Iterator[str]:
    """A view or trigger that we have not made: restored, it would act with whatever we do."""
    ours = {_TRIGGER.format(table=one.name, verb=verb, small=verb.lower()) for one in APPEND_ONLY for verb in _GUARDED}
    for kind, name, sql in plain.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')"):
        if sql not in ours:
            yield f"the {kind} {' '.join(str(name).split())} is none that this program makes"


_GUARDED = ("UPDATE", "DELETE")
_TRIGGER = (
    "CREATE TRIGGER {table}_no_{small} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
)


def _contents(plain: sqlite3.Connection, facts: Facts) -> Iterator[str]:
    found = sums(plain)
    for name in sorted(facts.tables.keys() | found.keys()):
        was, is_ = facts.tables.get(name), found.get(name)
        if was is None or is_ is None:
            yield f"the table {name} {'is missing' if was else 'was not there when the backup was made'}"
        elif was.rows != is_.rows:
            yield f"the table {name} has {is_.rows} rows, but had {was.rows} when the backup was made"
        elif was.sha256 != is_.sha256:
            yield f"the table {name} is not as it was when the backup was made"


class _Bodies:
    """Sums every body that a message or a case of quarantine promises."""

    def __init__(self, plain: sqlite3.Connection, tell: Tell) -> None:
        self._plain = plain
        self._tell = tell
        self.count = 0
        self.octets = 0

    def problems(self) -> Iterator[str]:
        """What is wrong with them."""
        for table, which in _PROMISED:
            if not self._plain.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                continue  # a backup of older tables
            (whole,) = self._plain.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()  # noqa: S608
            promised = self._plain.execute(f"SELECT id, body_id, size, sha256 FROM {table} WHERE {which}")  # noqa: S608
            for number, (id_, body_id, size, sha256) in enumerate(promised, 1):
                if self._sum(body_id) != (size, sha256):
                    yield f"the body of {id_} ({table}) is not the one that was taken in"
                self._tell(number, whole)

    def _sum(self, body_id: str) -> tuple[int, str]:
        sum_, size = hashlib.sha256(), 0
        chunks = "SELECT CAST(data AS BLOB) FROM body_chunks WHERE body_id = ? ORDER BY number"
        for (data,) in self._plain.execute(chunks, (body_id,)):
            sum_.update(data)
            size += len(data)
        self.count += 1
        self.octets += size
        return size, sum_.hexdigest()


# Spent bodies are being removed piece by piece; what has left quarantine may have been, too.
_PROMISED = (("messages", "body = 'kept'"), ("quarantine", "state = 'kept'"))
