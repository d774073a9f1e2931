"""What callers ask of the committer: rows to insert, or work to do, each with the future its caller waits on.

An order is answered once: with its result after the COMMIT, or with its own error.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection, Table

from mailsvc.records.prepared import insert_into

Row = tuple[Table, Mapping[str, object]]
T = TypeVar("T")


class Order(Protocol):
    """One caller's part of a batch."""

    weight: int

    def perform(self, connection: Connection) -> None:
        """Do it inside the batch's transaction and keep the result."""

    def succeed(self) -> None:
        """Tell the caller that it is durable."""

    def fail(self, error: BaseException) -> None:
        """Tell the caller that nothing of it was kept."""


class Rows:
    """Rows to insert; the batch gathers them with those of other callers."""

    def __init__(self, rows: Sequence[Row], answer: "asyncio.Future[None]") -> None:
        self.rows = rows
        self.weight = sum(_weight(values) for _, values in rows)
        self._answer = answer

    def perform(self, connection: Connection) -> None:
        """Insert these rows alone."""
        insert_rows(connection, self.rows)

    def succeed(self) -> None:
        """Tell the caller that the rows are durable."""
        if not self._answer.done():
            self._answer.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Tell the caller that no row was kept."""
        if not self._answer.done():
            self._answer.set_exception(error)


class Work(Generic[T]):
    """A function to run inside a transaction."""

    weight = 0

    def __init__(self, work: Callable[[Connection], T], answer: "asyncio.Future[T]") -> None:
        self._work = work
        self._answer = answer
        self._results: list[T] = []

    def perform(self, connection: Connection) -> None:
        """Run it; its result counts only once committed."""
        self._results = [self._work(connection)]

    def succeed(self) -> None:
        """Give the caller its result."""
        if not self._answer.done():
            self._answer.set_result(self._results[0])

    def fail(self, error: BaseException) -> None:
        """Give the caller its error."""
        if not self._answer.done():
            self._answer.set_exception(error)


def insert_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert rows, one executemany per table and columns, in the order in which these first appear."""
    alike: dict[tuple[Table, tuple[str, ...]], list[Mapping[str, object]]] = {}
    for table, values in rows:
        alike.setdefault((table, tuple(values)), []).append(values)
    for (table, columns), many in alike.items():
        insert_into(table, columns).many(connection, many)


def _weight(values: Mapping[str, object]) -> int:
    """About how many octets a row adds to the write-ahead log."""
    return 200 + sum(len(value) for value in values.values() if isinstance(value, bytes))
