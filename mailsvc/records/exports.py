"""Exports in the records: which jobs make one, what files came of it, and whether its subscriber was told.

    add(connection, Export(job, form, place))            # in the transaction that asks for the job
    for one in ended(connection, limit): ...             # jobs that are done and were not handed over
    hand_over(connection, job, files, at, problem="")    # False: somebody else did

`turn` makes those who ask for an export of one domain wait for each other, so that of two one finds the other.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, insert, select, update

from mailsvc.records.job import JobKind
from mailsvc.records.tables import domains, export_files, exports, jobs
from migrator.job import State

DONE = (str(State.DONE), str(State.DONE_WITH_NAMED))
_OPEN = jobs.c.ended_at.is_(None)


class ExportForm(StrEnum):
    """What a subscriber is given."""

    MBOX = "mbox"
    MAILDIR = "maildir"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Export:
    """What a job makes: `place` is a file or folder of this machine."""

    job: str
    form: ExportForm
    place: str
    address: str = ""
    source: str = ""  # where its job reads
    handed_at: datetime | None = None
    problem: str = ""  # why its subscriber was not told
    removed_at: datetime | None = None  # its files go from the disk


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export, as it was when it was handed over."""

    number: int  # from 1
    name: str  # below the export's place, slashes between folders
    size: int
    sha256: str


_COLUMNS = (*exports.c, jobs.c.address, jobs.c.source)
_JOINED = exports.join(jobs, jobs.c.id == exports.c.job)


def turn(connection: Connection, domain: str) -> None:
    """Wait until nobody else asks for an export of this domain, and let others wait until this transaction ends."""
    connection.execute(select(domains.c.domain).where(domains.c.domain == domain).with_for_update())


def running(
    connection: Connection, address: str = "", *, after: str = "", limit: int | None = None
) -> Sequence[tuple[str, str]]:
    """The open exports, as pairs of job and address, in order of jobs: of one address, or of all behind `after`."""
    conditions: list[ColumnElement[bool]] = [jobs.c.kind == str(JobKind.EXPORT), _OPEN]
    if address:
        conditions += _whose(address)
    if after:
        conditions.append(jobs.c.id > after)
    query = select(jobs.c.id, jobs.c.address).where(*conditions).order_by(jobs.c.id).limit(limit)
    return [(job, whose) for job, whose in connection.execute(query)]


def add(connection: Connection, export: Export) -> None:
    """Say what a job makes, in the transaction that asks for it."""
    values = {"job": export.job, "form": str(export.form), "place": export.place, "problem": ""}
    connection.execute(insert(exports).values(values))


def find(connection: Connection, job: str) -> Export | None:
    """What a job makes."""
    row = connection.execute(select(*_COLUMNS).select_from(_JOINED).where(exports.c.job == job)).mappings().first()
    return None if row is None else _export(row)


def newest(connection: Connection, address: str) -> Export | None:
    """The export of an address that was handed over last, and whose files are kept."""
    there = (exports.c.handed_at.is_not(None), exports.c.removed_at.is_(None))
    query = select(*_COLUMNS).select_from(_JOINED).where(*_whose(address), *there)
    row = connection.execute(query.order_by(exports.c.handed_at.desc()).limit(1)).mappings().first()
    return None if row is None else _export(row)


def begun(connection: Connection, address: str, form: ExportForm) -> Sequence[Export]:
    """The exports of an address in one form that were not removed, the newest first, whatever became of them."""
    here = (exports.c.form == str(form), exports.c.removed_at.is_(None))
    query = select(*_COLUMNS).select_from(_JOINED).where(*_whose(address), *here)
    return [_export(row) for row in connection.execute(query.order_by(exports.c.job.desc())).mappings()]


def is_kept(connection: Connection, place: str) -> bool:
    """Whether there is an export of this place that was not removed."""
    here = (exports.c.place == place, exports.c.removed_at.is_(None))
    return connection.execute(select(exports.c.job).where(*here).limit(1)).first() is not None


def over(connection: Connection, jobs_: Collection[str]) -> str | None:
    """Whose export one of these jobs made that has been handed over, or whose files are gone; None where none did."""
    mine = (jobs.c.id.in_(jobs_), jobs.c.kind == str(JobKind.EXPORT), jobs.c.ended_at.is_not(None), ~is_coming())
    found: str | None = connection.scalar(select(jobs.c.address).where(*mine).limit(1))
    return found


def is_coming() -> ColumnElement[bool]:
    """Whether what a row of jobs makes is still to be handed over: a condition."""
    return exists().where(exports.c.job == jobs.c.id, exports.c.handed_at.is_(None), exports.c.removed_at.is_(None))


def ended(connection: Connection, limit: int) -> Sequence[Export]:
    """Exports that are done and were not handed over, the oldest first."""
    query = select(*_COLUMNS).select_from(_JOINED).where(exports.c.handed_at.is_(None), jobs.c.state.in_(DONE))
    return [_export(row) for row in connection.execute(query.order_by(exports.c.job).limit(limit)).mappings()]


def hand_over(
    connection: Connection, job: str, files: Sequence[ExportFile], at: datetime, *, problem: str = ""
) -> bool:
    """Write down what an export consists of, and that it is handed over; False where that was done already."""
    free = update(exports).where(exports.c.job == job, exports.c.handed_at.is_(None))
    done = connection.execute(free.values(handed_at=at, problem=problem).returning(exports.c.job))
    if done.scalar_one_or_none() is None:
        return False
    connection.execute(delete(export_files).where(export_files.c.job == job))
    if files:
        values = ("number", "name", "size", "sha256")
        rows = [{"job": job, **{name: getattr(one, name) for name in values}} for one in files]
        connection.execute(insert(export_files), rows)
    return True


def files_of(connection: Connection, job: str) -> Sequence[ExportFile]:
    """The files of an export that was handed over, in their order."""
    columns = (export_files.c.number, export_files.c.name, export_files.c.size, export_files.c.sha256)
    query = select(*columns).where(export_files.c.job == job).order_by(export_files.c.number)
    return [ExportFile(*row) for row in connection.execute(query)]


def _export(row: RowMapping) -> Export:
    return Export(**{**row, "form": ExportForm(row["form"])})


def _whose(address: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return jobs.c.domain == address.rpartition("@")[2], jobs.c.address == address
