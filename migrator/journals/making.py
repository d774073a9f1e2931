"""A new journal's file: whole before its name can be seen, so that one without tables is never taken for a new one.

    made(path, {"format": "1", "source": "imaps://…", "target": "maildir:…"})

What is there already stays as it is. Mode 0600. Raises OSError and what sqlite3 raises.
"""

import os
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE folders (
  folder TEXT PRIMARY KEY, uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, messages INTEGER NOT NULL,
  modseq INTEGER
) WITHOUT ROWID;
CREATE TABLE names (folder TEXT PRIMARY KEY, into_folder TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE subscribed (folder TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE notes (note INTEGER PRIMARY KEY, folder TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (folder, text));
CREATE TABLE intents (
  intent INTEGER PRIMARY KEY, into_folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL,
  messages INTEGER NOT NULL, modseq INTEGER
);
CREATE TABLE marks (
  folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL,
  flags TEXT NOT NULL, settled TEXT, why TEXT NOT NULL, target_uidvalidity INTEGER, target_uid INTEGER,
  intent INTEGER,
  PRIMARY KEY (folder, uidvalidity, uid)
) WITHOUT ROWID;
CREATE INDEX marks_intended ON marks (intent) WHERE settled IS NULL;
"""


def made(path: Path, facts: Mapping[str, str]) -> None:
    """Make it; where another process was quicker, its file stays."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    os.close(descriptor)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as database:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("BEGIN")
            for statement in _TABLES.split(";"):
                database.execute(statement)
            database.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
            database.execute("COMMIT")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
