"""Look-ups that are asked at every RCPT: SQLAlchemy compiles them once, the driver keeps them prepared.

On SQLite such a look-up takes some ten microseconds, a third of what a full Core execution costs. The values come as
the driver gives them (`instant` in tables.columns reads an Instant); on PostgreSQL Core runs the same statement.
Raises the driver's errors, which `errors.at_the_door` translates wherever a connection is handed out.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Select
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
