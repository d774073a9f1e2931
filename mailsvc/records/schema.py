"""The version of the tables: made, upgraded and checked here; alembic runs inside this module only.

`check` is one SELECT, so that a program starts without loading alembic. Migrations are in `migrations/versions`.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, column, func, inspect, select, table

from mailsvc.records.errors import RecordsAway, WrongSchema, at_the_door
from mailsvc.records.upsert import is_sqlite

VERSION = "0005"
_KNOWN = ("0001", "0002", "0003", "0004", "0005")

_LOCK = 0x6C617374  # any number that only this program uses

_alembic_version = table("alembic_version", column("version_num"))


def migrate(engine: Engine) -> None:
    """Make the tables, or bring them to this program's version; refuses those of a newer program (WrongSchema)."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with at_the_door(), engine.connect() as connection, connection.begin():
        _alone(connection)
        found = _found(connection)
        if found is not None and found not in _KNOWN:
            raise _newer(found)
        if found != VERSION:
            config.attributes["connection"] = connection
            command.upgrade(config, VERSION)


def check(connection: Connection) -> None:
    """Raise WrongSchema, saying what to do, unless the tables are of this program's version."""
    found = _found(connection)
    if found == VERSION:
        return
    if found is None:
        raise WrongSchema("the records are empty: run `lastpost init` to make their tables")
    if found in _KNOWN:
        raise WrongSchema(
            f"the records are of the older version {found}, this program needs {VERSION}: "
            "run `lastpost init` to upgrade them",
        )
    raise _newer(found)


def knows(version: str) -> bool:
    """Whether this program can use tables of a version, or bring them to its own."""
    return version in _KNOWN


def _alone(connection: Connection) -> None:
    """Let no two programs migrate at once; on SQLite BEGIN IMMEDIATE has seen to it."""
    if not is_sqlite(connection):
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _newer(found: str) -> WrongSchema:
    return WrongSchema(
        f"the records are of version {found}, which this program (version {VERSION}) does not know: "
        "run the newer program that made them",
    )


def _found(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(select(_alembic_version.c.version_num)).scalar_one_or_none()
    if found is not None and not isinstance(found, str):
        raise RecordsAway("the records' version cannot be read")
    return found
