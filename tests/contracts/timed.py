"""How much work is done under SQLite's write lock: `held = timed(monkeypatch)` gathers each transaction's seconds.

They are seconds of the processor: what else the machine does meanwhile is no matter of ours.
"""

import sqlite3
import time
from collections.abc import Callable

import pytest

from mailsvc.records import engines


class _Connection(sqlite3.Connection):
    held: list[float]
    since = 0.0

    def cursor(self, *_: object) -> sqlite3.Cursor:  # type: ignore[override]
        return super().cursor(_Cursor)

    def commit(self) -> None:
        super().commit()
        if self.since:
            self.held.append(time.thread_time() - self.since)
            self.since = 0.0


class _Cursor(sqlite3.Cursor):
    def execute(self, statement: str, *parameters: object) -> sqlite3.Cursor:  # type: ignore[override]
        super().execute(statement, *parameters)  # type: ignore[arg-type]
        if statement == "BEGIN IMMEDIATE" and isinstance(self.connection, _Connection):
            self.connection.since = time.thread_time()
        return self


def timed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """From now on every connection the records open notes how long each of its transactions held the lock."""
    held: list[float] = []
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def noting(*arguments: object, **options: object) -> sqlite3.Connection:
        made = connect(*arguments, factory=_Connection, **options)
        assert isinstance(made, _Connection)
        made.held = held
        return made

    # A checkpoint inside commit() would be counted too, though the lock is given back before it begins.
    monkeypatch.setattr(engines, "_WAL_PAGES", 0)
    monkeypatch.setattr(sqlite3, "connect", noting)
    return held
