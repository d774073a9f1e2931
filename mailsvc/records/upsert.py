"""INSERT … ON CONFLICT, which both databases speak, in the dialect of the connection at hand."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that has `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def is_sqlite(connection: Connection) -> bool:
    """Whether the connection is to SQLite."""
    return connection.dialect.name == "sqlite"
