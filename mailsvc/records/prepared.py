"""What is asked at every RCPT and written for every message: compiled once by SQLAlchemy, kept prepared by the driver.

On SQLite such a look-up takes some ten microseconds, a third of what a full Core execution costs, and so do rows.
Values come as the driver gives them (`instant` in tables.columns reads an Instant); PostgreSQL gets them through Core.
Raises the driver's errors, which `errors.at_the_door` translates wherever a connection is handed out.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import sqlite

from mailsvc.records.upsert import is_sqlite


class Prepared:
    """One SELECT with named parameters, of which at most one row is wanted."""

    def __init__(self, query: Select[tuple[object, ...]]) -> None:
        compiled = query.compile(dialect=sqlite.dialect())
        self._query = query
        self._text = str(compiled)
        self._order: Sequence[str] = compiled.positiontup or ()
        self._names = tuple(query.selected_columns.keys())

    def one(self, connection: Connection, **parameters: str) -> Mapping[str, object] | None:
        """The row by column names, or None."""
        if not is_sqlite(connection):
            found = connection.execute(self._query, parameters).mappings().one_or_none()
            return None if found is None else dict(found)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._text, [parameters[name] for name in self._order])
            row = cursor.fetchone()
        finally:
            cursor.close()  # a statement left open would hold the snapshot of this connection
        return None if row is None else dict(zip(self._names, row, strict=True))


class PreparedInsert:
    """One INSERT of rows that name the same columns of a table."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        dialect = sqlite.dialect()
        compiled = table.insert().compile(dialect=dialect, column_keys=list(columns))
        self._text = str(compiled)
        self._plain = table.insert()
        types = {name: table.c[name].type.dialect_impl(dialect) for name in columns}
        self._columns = [(name, types[name].bind_processor(dialect)) for name in compiled.positiontup or ()]

    def many(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert all rows."""
        if not is_sqlite(connection):
            connection.execute(self._plain, rows)
            return
        bound = [[bind(row[name]) if bind else row[name] for name, bind in self._columns] for row in rows]
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._text, bound)
        finally:
            cursor.close()


@lru_cache(maxsize=256)
def insert_into(table: Table, columns: tuple[str, ...]) -> PreparedInsert:
    """The prepared INSERT into these columns."""
    return PreparedInsert(table, columns)
