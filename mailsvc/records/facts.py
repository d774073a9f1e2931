"""What a backup says of itself, in its table `backup_facts`: when, from what, and what is in each table.

`write_facts` counts and sums the tables of a finished file, `read_facts` reads them back, `sums` counts anew.
A table's sum is the SHA-256 of its rows in order of the primary key; of body chunks it has the lengths alone, since
the octets are summed in the message's own row.
Fails: NotABackup for a file without facts; sqlite3.Error comes through.
"""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from mailsvc.records.errors import RecordsError

TABLE = "backup_facts"


class NotABackup(RecordsError):
    """The file is no backup of this program, or cannot be read as one."""


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows a table has, and their SHA-256."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a backup says of itself."""

    made_at: datetime
    program: str
    database: str  # SQLite or PostgreSQL: what the records were in
    tables: Mapping[str, Sum]


def write_facts(file: Path, at: datetime, database: str) -> Facts:
    """Write into a finished copy what it is."""
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        facts = Facts(at.astimezone(UTC), f"lastpost {version('lastpost')}", database, sums(plain))
        plain.execute(f"CREATE TABLE {TABLE} (name TEXT PRIMARY KEY, text TEXT NOT NULL)")
        told = {"made_at": facts.made_at.isoformat(), "program": facts.program, "database": database}
        told["tables"] = json.dumps({name: asdict(one) for name, one in facts.tables.items()})
        plain.executemany(f"INSERT INTO {TABLE} VALUES (?, ?)", told.items())  # noqa: S608 -- a name of ours
    return facts


def read_facts(plain: sqlite3.Connection) -> Facts:
    """What the backup says of itself. Raises NotABackup."""
    try:
        told: dict[str, str] = dict(plain.execute(f"SELECT name, text FROM {TABLE}"))  # noqa: S608 -- a name of ours
        tables = {name: Sum(**one) for name, one in json.loads(told["tables"]).items()}
        return Facts(datetime.fromisoformat(told["made_at"]), told["program"], told["database"], tables)
    except (sqlite3.OperationalError, KeyError, TypeError, ValueError) as error:
        raise NotABackup(f"the file is no backup that `lastpost backup` has made: {error}") from error


def drop_facts(plain: sqlite3.Connection) -> None:
    """Take the facts out of a copy that becomes records again."""
    plain.execute(f"DROP TABLE {TABLE}")


def sums(plain: sqlite3.Connection) -> dict[str, Sum]:
    """The sums of all tables as they are now."""
    names = [name for (name,) in plain.execute(_NAMES, (TABLE,))]
    return {name: _sum(plain, name) for name in names}


_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> ?"


def _sum(plain: sqlite3.Connection, name: str) -> Sum:
    info = plain.execute(f'PRAGMA table_info("{name}")').fetchall()
    key = [column for _, column in sorted((place, column) for _, column, _, _, _, place in info if place)]
    wanted = ", ".join("length(data)" if (name, one[1]) == ("body_chunks", "data") else f'"{one[1]}"' for one in info)
    order = ", ".join(f'"{column}"' for column in key) or "1"
    sum_, rows = hashlib.sha256(), 0
    for row in plain.execute(f'SELECT {wanted} FROM "{name}" ORDER BY {order}'):  # noqa: S608 -- names of our tables
        sum_.update(ascii(row).encode())
        rows += 1
    return Sum(rows, sum_.hexdigest())
