"""The journal of a move as rows of the records, so that any worker goes on where another ended.

    journal = JobJournal(records, job, commit)     # a migrator.journals.journal.Journal

`job` is in hand: each change is written only while its lease is ours, in one transaction with that look, so a worker
whose job another has taken over writes nothing more. `commit` runs work in a transaction and returns when that is
durable: `Records.act`, or a service's committer from another thread. Raises LeaseLost, and RecordsError.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
    tuple_,
)

from mailsvc.records import jobs as held
from mailsvc.records import upsert
from mailsvc.records.job import Job
from mailsvc.records.store import Records
from mailsvc.records.tables import (
    journal_folders,
    journal_intents,
    journal_marks,
    journal_names,
    journal_notes,
    journal_subscribed,
)
from migrator.journals.journal import Intent, Key, Mark, Settled, Settlement
from migrator.journals.rows import folder_name, folder_text, key_of, mark_from, row_of, state_numbers, storable
from migrator.mailbox import FolderName, FolderState

T = TypeVar("T")
_PAGE = 1000  # marks read at a time
_STATE = ("uidvalidity", "uidnext", "messages", "modseq")
_MARK = [column for column in journal_marks.c if column.name not in {"move", "intent"}]
_COLUMNS = [column.name for column in (*_MARK, journal_marks.c.intent)]


class LeaseLost(Exception):
    """Another worker has the job by now."""

    def __init__(self) -> None:
        super().__init__("another worker has this job by now")


class Commit(Protocol):
    """Runs work in a transaction."""

    def __call__(self, work: Callable[[Connection], T]) -> T:
        """Its result, once that is durable. Raises what the work raises, and RecordsError."""
        ...


class JobJournal:
    """One move's journal, for one run of one job."""

    def __init__(self, records: Records, job: Job, commit: Commit) -> None:
        self._records = records
        self._job = job
        self._move = job.move
        self._commit = commit

    def write(self, changes: Sequence[Intent | Settlement]) -> None:
        """Keep what is about to be sent, and what came of messages; an intent is forgotten with its last message."""
        self._ours(lambda connection: self._write(connection, changes))

    def _write(self, connection: Connection, changes: Sequence[Intent | Settlement]) -> None:
        for change in changes:
            match change:
                case Intent(into, before, marks):
                    self._put(connection, marks, self._intend(connection, into, before))
                case Settlement(marks, instead_of):
                    self._drop(connection, instead_of)
                    self._put(connection, marks, None)
        connection.execute(_TIDY, {"of": self._move})

    def intended(self) -> Iterator[Intent]:
        """What was intended and never settled, oldest first."""
        mine = select(journal_intents.c.intent, journal_intents.c.into_folder, *_state(journal_intents))
        for number, into, *state in self._rows(
            mine.where(self._here(journal_intents)).order_by(journal_intents.c.intent)
        ):
            open_ = (journal_marks.c.intent == number, journal_marks.c.settled.is_(None))
            marks = self._rows(select(*_MARK).where(self._here(journal_marks), *open_).order_by(journal_marks.c.uid))
            yield Intent(folder_name(into), FolderState(*state), tuple(map(mark_from, marks)))

    def known(self, folder: FolderName, uidvalidity: int) -> Iterator[Mark]:
        """Every mark of a folder so numbered, by rising UID, a page at a time."""
        numbered = journal_marks.c.uidvalidity == uidvalidity
        return self._walk(folder, numbered)

    def state(self, folder: FolderName) -> FolderState | None:
        """The source folder's state when all of it was settled last."""
        named = journal_folders.c.folder == folder_text(folder)
        rows = self._rows(select(*_state(journal_folders)).where(self._here(journal_folders), named))
        return FolderState(*rows[0]) if rows else None

    def finish(self, states: Mapping[FolderName, FolderState]) -> None:
        """All that each folder held in this state is settled."""
        self._ours(lambda connection: self._finish(connection, states))

    def _finish(self, connection: Connection, states: Mapping[FolderName, FolderState]) -> None:
        for name, state in states.items():
            folder, numbers = folder_text(name), dict(zip(_STATE, state_numbers(state), strict=True))
            row = upsert.insert(connection, journal_folders).values(move=self._move, folder=folder, **numbers)
            key = [journal_folders.c.move, journal_folders.c.folder]
            connection.execute(row.on_conflict_do_update(index_elements=key, set_=numbers))
            other = (journal_marks.c.folder == folder, journal_marks.c.uidvalidity != state.uidvalidity)
            connection.execute(delete(journal_marks).where(self._here(journal_marks), *other))

    def former(self, folder: FolderName, uidvalidity: int) -> Iterator[Mark]:
        """Settled marks of a folder under other UIDVALIDITYs than this."""
        other = and_(journal_marks.c.uidvalidity != uidvalidity, journal_marks.c.settled.is_not(None))
        return self._walk(folder, other)

    def names(self) -> Mapping[FolderName, FolderName]:
        """Which folder of the source goes into which of the target."""
        query = select(journal_names.c.folder, journal_names.c.into_folder).where(self._here(journal_names))
        return {folder_name(folder): folder_name(into) for folder, into in self._rows(query)}

    def name(self, names: Mapping[FolderName, FolderName]) -> None:
        """Keep to these names from now on."""
        rows = [
            {"move": self._move, "folder": folder_text(folder), "into_folder": folder_text(into)}
            for folder, into in names.items()
        ]
        self._ours(lambda connection: self._upsert(connection, journal_names, ("move", "folder"), rows))

    def subscribed(self) -> frozenset[FolderName]:
        """Which folders of the source were subscribed when it was looked at last."""
        query = select(journal_subscribed.c.folder).where(self._here(journal_subscribed))
        return frozenset(folder_name(folder) for (folder,) in self._rows(query))

    def subscribe(self, folders: Collection[FolderName]) -> None:
        """These alone are subscribed at the source by now."""
        rows = [{"move": self._move, "folder": folder_text(folder)} for folder in sorted(folders)]

        def anew(connection: Connection) -> None:
            connection.execute(delete(journal_subscribed).where(self._here(journal_subscribed)))
            if rows:
                connection.execute(journal_subscribed.insert(), rows)

        self._ours(anew)

    def notes(self) -> Mapping[FolderName, Sequence[str]]:
        """What is to be told of each folder."""
        found: dict[FolderName, list[str]] = defaultdict(list)
        query = select(journal_notes.c.folder, journal_notes.c.text).where(self._here(journal_notes))
        for folder, text in self._rows(query.order_by(journal_notes.c.note)):
            found[folder_name(folder)].append(text)
        return found

    def note(self, folder: FolderName, text: str) -> None:
        """Tell this of a folder in every receipt from now on, once."""
        values = {"move": self._move, "folder": folder_text(folder), "text": storable(text)}
        self._ours(
            lambda connection: connection.execute(
                upsert.insert(connection, journal_notes).values(values).on_conflict_do_nothing()
            )
        )

    def counts(self) -> Mapping[FolderName, Mapping[Settled, tuple[int, int]]]:
        """Messages and octets by folder and outcome."""
        found: dict[FolderName, dict[Settled, tuple[int, int]]] = defaultdict(dict)
        alike = (journal_marks.c.folder, journal_marks.c.settled)
        query = (
            select(*alike, func.count(), func.sum(journal_marks.c.size))
            .where(self._here(journal_marks), journal_marks.c.settled.is_not(None))
            .group_by(*alike)
        )
        for folder, settled, messages, octets in self._rows(query):
            found[folder_name(folder)][Settled(settled)] = (int(messages), int(octets))
        return found

    def marks(self, folder: FolderName, settled: Settled | None = None) -> Iterator[Mark]:
        """Marks of a folder, by rising UIDVALIDITY and UID."""
        return self._walk(folder, *((journal_marks.c.settled == str(settled),) if settled is not None else ()))

    def _walk(self, folder: FolderName, *which: ColumnElement[bool]) -> Iterator[Mark]:
        place = tuple_(journal_marks.c.uidvalidity, journal_marks.c.uid)
        query = (
            select(*_MARK)
            .where(self._here(journal_marks), journal_marks.c.folder == folder_text(folder), *which)
            .order_by(journal_marks.c.uidvalidity, journal_marks.c.uid)
            .limit(_PAGE)
        )
        page = self._rows(query)
        while page:
            yield from map(mark_from, page)
            page = self._rows(query.where(place > page[-1][1:3]))

    def _intend(self, connection: Connection, into: FolderName, before: FolderState) -> int:
        numbers = dict(zip(_STATE, state_numbers(before), strict=True))
        row = journal_intents.insert().values(move=self._move, into_folder=folder_text(into), **numbers)
        return int(connection.execute(row.returning(journal_intents.c.intent)).scalar_one())

    def _put(self, connection: Connection, marks: Sequence[Mark], intent: int | None) -> None:
        rows = [{"move": self._move} | dict(zip(_COLUMNS, row_of(mark, intent), strict=True)) for mark in marks]
        self._upsert(connection, journal_marks, ("move", "folder", "uidvalidity", "uid"), rows)

    def _drop(self, connection: Connection, keys: Sequence[Key]) -> None:
        if keys:
            names = ("folder", "uidvalidity", "uid")
            rows = [{f"key_{name}": value for name, value in zip(names, key_of(key), strict=True)} for key in keys]
            connection.execute(_DROP, [{"key_move": self._move} | row for row in rows])

    def _upsert(
        self, connection: Connection, table: Table, key: Sequence[str], rows: Sequence[Mapping[str, object]]
    ) -> None:
        if not rows:
            return
        row = upsert.insert(connection, table)
        anew = {column.name: row.excluded[column.name] for column in table.c if column.name not in key}
        connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=anew), list(rows))

    def _ours(self, work: Callable[[Connection], object]) -> None:
        """Do it if the job is still ours: then nobody takes it before this is durable."""

        def checked(connection: Connection) -> None:
            if not held.still_ours(connection, self._job):
                raise LeaseLost
            work(connection)

        self._commit(checked)

    def _here(self, table: Table) -> ColumnElement[bool]:
        mine: ColumnElement[bool] = table.c.move == self._move
        return mine

    def _rows(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        with self._records.read() as connection:
            return [tuple(row) for row in connection.execute(query)]


_DROP = delete(journal_marks).where(
    *(journal_marks.c[name] == bindparam(f"key_{name}") for name in ("move", "folder", "uidvalidity", "uid"))
)
_OPEN = exists().where(journal_marks.c.intent == journal_intents.c.intent, journal_marks.c.settled.is_(None))
_TIDY = delete(journal_intents).where(journal_intents.c.move == bindparam("of"), ~_OPEN)


def _state(table: Table) -> list[Column[Any]]:
    return [table.c[name] for name in _STATE]
