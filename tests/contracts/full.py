"""Rows for every table there is, made from the metadata alone: a new table is filled without being named here."""

from datetime import date, timedelta

from sqlalchemy import Boolean, Column, Date, LargeBinary, Table, Text, select

from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import metadata
from mailsvc.records.tables.columns import Instant
from tests.contracts.made import NOW

ROWS = 3
Dump = dict[str, list[tuple[object, ...]]]


def fill(connection: Connection) -> None:
    """Some rows into every table; a nullable column is empty in the first of them."""
    for table in metadata.sorted_tables:
        connection.execute(table.insert(), [row(table, number) for number in range(ROWS)])


def row(table: Table, number: int) -> dict[str, object]:
    return {column.name: cell(column, number) for column in table.columns}


def cell(column: Column[object], number: int) -> object:
    if column.nullable and number == 0:
        return None
    for key in column.foreign_keys:
        return cell(key.column, number)
    value: object = number + 1
    match column.type:
        case Instant():
            value = NOW + timedelta(microseconds=number)
        case Text():
            value = f"{column.table.name}.{column.name} {number} 日本\\'\n" if number else f"plain {column.name}"
        case Boolean():
            value = bool(number % 2)
        case Date():
            value = date(2027, 3, 1 + number)
        case LargeBinary():
            value = bytes(range(256)) * (number + 1)
    return value


def dump(records: Records) -> Dump:
    """Every row of every table, in order."""
    with records.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }
