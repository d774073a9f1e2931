"""A batch asked for by a file: read to its end and checked, then asked for in slices.

    told = import_batch(desk, file, name="friday", find=finder, dry_run=False)
    told.rows, told.added, told.there, told.elsewhere

Nothing is asked for while anything in the file is wrong: `BadFile` has every problem with line, column and remedy.
Asked for twice, a file adds nothing twice: a batch is known by its name and has each move once, so that a corrected or
longer file adds what is new. Whatever ends it in the middle, the same again goes on. Raises Refused where the
settings name no key for secrets.
"""

import io
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import SystemRandom

from mailsvc.desk.accounts_csv import BadRow
from mailsvc.desk.accounts_reader import AccountsReader, Row
from mailsvc.desk.batching import columns
from mailsvc.desk.batching.lines import BadCell, BadCells, Line, Reading, read_line
from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.kit.ids import new_id
from mailsvc.kit.sealing import Sealer
from mailsvc.records import job_batches, jobs
from mailsvc.records.job import JobKind, NewJob, Side
from mailsvc.records.store import Connection
from schedules.names import Address
from schedules.positions import BadFile, Position, Problem

SLICE = 500  # rows of one transaction
LIMIT = 64 * 1024 * 1024  # octets of a file
PROBLEMS = 1000  # told at most
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file. `there`: in this batch already; `elsewhere`: open as another job of the same mailboxes."""

    batch: str  # its name
    id: str
    rows: int
    added: int
    there: int
    elsewhere: int
    secrets_inside: bool  # the file itself holds passwords
    dry_run: bool


@dataclass(frozen=True, slots=True)
class _File:
    """A file in memory, so that what was checked is what is asked for."""

    path: Path
    octets: bytes
    reading: Reading

    def rows(self) -> Iterator[tuple[Row, tuple[str, ...]]]:
        reader = AccountsReader(io.BytesIO(self.octets), str(self.path), known=columns.names(), needed=columns.needed())
        for row in reader:
            yield row, reader.columns

    def lines(self) -> Iterator[Line]:
        for row, names in self.rows():
            yield read_line(row.by(names), self.reading)


def import_batch(
    desk: Desk,
    path: Path,
    *,
    name: str = "",
    find: Callable[[Address], str],
    insecure: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Ask for every mailbox of a file. Raises BadFile, Refused."""
    zone = desk.settings.service.zoneinfo
    file = _File(path, _octets(path), Reading(path.parent, zone, find, insecure))
    name = name or path.stem
    rows, inside = _checked(file)
    sealer = None if dry_run else _sealer(desk)
    counts = {"added": 0, "there": 0, "elsewhere": 0}
    lines = list[Line]()
    for line in file.lines():
        lines.append(line)
        if len(lines) == SLICE:
            _asked(desk, name, lines, sealer, counts, dry_run=dry_run)
            lines.clear()
    id_ = _asked(desk, name, lines, sealer, counts, dry_run=dry_run)
    return Imported(name, id_, rows, **counts, secrets_inside=inside, dry_run=dry_run)


def _asked(
    desk: Desk, name: str, lines: list[Line], sealer: Sealer | None, counts: dict[str, int], *, dry_run: bool
) -> str:
    """One slice, in one transaction; the batch's id."""
    ids = sorted(new_id(desk.clock, SystemRandom()) for _ in lines)  # jobs are listed as the file has them
    news = [_new(desk, id_, line, sealer) for id_, line in zip(ids, lines, strict=True)]
    if dry_run:
        with desk.records.read() as conn:
            batch = job_batches.id_of(name)
            there = job_batches.moves_in(conn, batch, [one.move for one in news])
        found: Mapping[str, int] = {"added": len(news) - len(there), "there": len(there), "elsewhere": 0}
    else:
        batch, found = desk.records.act(partial(_slice, desk, name, news))
    for key, number in found.items():
        counts[key] += number
    return batch


def _slice(desk: Desk, name: str, news: list[NewJob], conn: Connection) -> tuple[str, Mapping[str, int]]:
    now = desk.clock.now()
    batch = job_batches.join(conn, name, desk.actor, now)
    there = job_batches.moves_in(conn, batch.id, [one.move for one in news])
    fresh = [one for one in news if one.move not in there]
    added = [one.is_new for one in jobs.add_all(conn, [job_batches.within(one, batch.id) for one in fresh], now)]
    if any(added):
        desk.note(conn, "batch ask", name, "", {"jobs": str(sum(added)), "batch": batch.id})
    return batch.id, {"added": sum(added), "there": len(there), "elsewhere": len(added) - sum(added)}


def _new(desk: Desk, id_: str, line: Line, sealer: Sealer | None) -> NewJob:
    secrets = dict[Side, bytes]()
    if sealer is not None:
        secrets = {side: sealer.seal(secret, job=id_, side=side) for side, secret in line.secrets.items()}
    return NewJob(
        id=id_,
        kind=JobKind.MAILBOX,
        source=line.source,
        target=line.target,
        move=line.move,
        asked_by=desk.actor,
        source_host=line.hosts[Side.SOURCE],
        target_host=line.hosts[Side.TARGET],
        address=line.address,
        priority=line.priority,
        not_before=line.not_before,
        wishes=line.wishes,
        secrets=secrets,
    )


def _octets(path: Path) -> bytes:
    with path.open("rb") as opened:
        octets = opened.read(LIMIT + 1)
    if len(octets) > LIMIT:
        raise BadFile([Problem(Position(str(path)), f"the file is over {LIMIT} octets", "make several of it")])
    return octets


def _checked(file: _File) -> tuple[int, bool]:
    """How many rows there are, and whether secrets stand in them. Raises BadFile with everything that is wrong."""
    problems, seen, rows, inside = list[Problem](), dict[str, int](), 0, False
    for row, names in file.rows():
        rows += 1
        inside = inside or any(
            name in columns.SECRETS and cell.strip() for name, cell in zip(names, row.cells, strict=False)
        )
        try:
            line = read_line(row.by(names), file.reading)
        except BadCells as bad:
            problems += [_problem(file, row, names, cell) for cell in bad.cells]
        except BadRow as bad:
            problems += [_problem(file, row, names, BadCell(one.column, one.reason, _ALIGN)) for one in bad.cells]
        else:
            first = seen.setdefault(line.move, row.line)
            if first != row.line:
                twice = BadCell(
                    "source", f"line {first} moves the same mailbox to the same place", "remove one of them"
                )
                problems.append(_problem(file, row, names, twice))
        if len(problems) > PROBLEMS:
            break
    if not rows:
        problems.append(Problem(Position(str(file.path)), "the file has no rows", "write one for each mailbox"))
    if inside and file.path.stat().st_mode & _OTHERS:
        others = f"others may read this file, and it holds passwords: chmod 600 {file.path}"
        problems.append(Problem(Position(str(file.path)), *others.split(": ", 1)))
    if problems:
        raise BadFile(problems)
    return rows, inside


_ALIGN = "give each row as many cells as the header has; a comma within a cell needs quotes around the cell"


def _problem(file: _File, row: Row, names: tuple[str, ...], bad: BadCell) -> Problem:
    index = names.index(bad.column) if bad.column in names else 0
    place = Position(str(file.path), row.line, _column(row.cells, index))
    return Problem(place, f"{bad.column}: {bad.what}", bad.remedy)


def _column(cells: tuple[str, ...], index: int) -> int:
    """Where a cell begins, in characters, if those are quoted that must be."""
    return 1 + sum(_width(cell) + 1 for cell in cells[:index])


def _width(cell: str) -> int:
    quoted = any(sign in cell for sign in ',"\r\n')
    return len(cell) + (2 + cell.count('"') if quoted else 0)


def _sealer(desk: Desk) -> Sealer:
    keys = desk.settings.jobs.keys
    if keys is None:
        raise Refused("nobody here carries jobs out", "name `jobs.folder` in the settings")
    return Sealer.open(keys)
