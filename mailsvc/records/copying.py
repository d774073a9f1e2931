"""All rows of all tables, from one database into another, in slices; either may be SQLite or PostgreSQL.

`copy_tables` takes the tables as the metadata names them, so that a new one is never forgotten, and in an order in
which references hold. The target has the tables and none of their rows; the transactions are the caller's.
Raises what the drivers raise, and whatever `tell` raises: that is where long work is interrupted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import Column, Connection, Table, column, func, select, table, text, update

from mailsvc.records.prepared import insert_into
from mailsvc.records.tables import body_chunks, metadata
from mailsvc.records.upsert import is_sqlite

Tell = Callable[[int, int], None]  # how much is done, and how much that is in all
_ROWS = 2000
_CHUNKS = 16  # rows that may hold 1 MiB each


def copy_tables(source: Connection, target: Connection, tell: Tell) -> None:
    """Copy every row, and where the numbers go on that the database counts itself."""
    whole = sum(count(source, one) for one in metadata.sorted_tables)
    copied = 0
    for one in metadata.sorted_tables:
        into = insert_into(one, tuple(one.columns.keys()))
        for rows in _slices(source, one):
            into.many(target, rows)
            copied += len(rows)
            tell(copied, whole)
    for numbered in _numbered():
        _put_last(target, numbered, _last(source, numbered))


def count(connection: Connection, one: Table) -> int:
    """How many rows a table has."""
    return int(connection.execute(select(func.count()).select_from(one)).scalar_one())


def _slices(source: Connection, one: Table) -> Iterator[Sequence[Mapping[str, object]]]:
    size = _CHUNKS if one is body_chunks else _ROWS
    options = {"stream_results": True, "yield_per": size}
    with source.execute(select(one).order_by(*one.primary_key), execution_options=options) as found:
        for rows in found.mappings().partitions():
            yield [dict(row) for row in rows]


def _numbered() -> list[Column[int]]:
    """The columns whose next value the database itself counts; a number that was used is never used again."""
    return [one.autoincrement_column for one in metadata.sorted_tables if one.autoincrement_column is not None]


_SEQUENCES = table("sqlite_sequence", column("name"), column("seq"))


def _last(source: Connection, numbered: Column[int]) -> int:
    """The last number given out; 0 where there was none."""
    if is_sqlite(source):
        asked = select(_SEQUENCES.c.seq).where(_SEQUENCES.c.name == numbered.table.name)
        return int(source.execute(asked).scalar_one_or_none() or 0)
    return int(source.execute(text(f"SELECT pg_sequence_last_value({_sequence(numbered)})")).scalar_one() or 0)


def _put_last(target: Connection, numbered: Column[int], last: int) -> None:
    """Count on from `last`, never back: PostgreSQL keeps this even where the transaction is rolled back."""
    before = _last(target, numbered)
    if last <= before:
        return
    if not is_sqlite(target):
        target.execute(text(f"SELECT setval({_sequence(numbered)}, {last})"))
    elif before:
        here = _SEQUENCES.c.name == numbered.table.name
        target.execute(update(_SEQUENCES).where(here).values(seq=last))
    else:
        target.execute(_SEQUENCES.insert().values(name=numbered.table.name, seq=last))


def _sequence(numbered: Column[int]) -> str:
    return f"pg_get_serial_sequence('{numbered.table.name}', '{numbered.name}')::regclass"
