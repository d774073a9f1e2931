"""Accounts imported from a file: read as a stream, staged in slices, checked as a whole, published at one blow.

Use: `import_accounts(desk, file, reject_file, ...)` answers with a report; docs/ACCOUNTS.md tells the rules.
Fails: `BadFile` where the file as a whole cannot be read; `Refused` where nothing may be published: a domain would
shrink, or another import is running; `Conflict` where another import was published meanwhile. The old directory stays
in force in all of these, and whenever the import is interrupted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailsvc.desk.accounts_blame import Blame
from mailsvc.desk.accounts_csv import BadCell, BadRow, read_entry
from mailsvc.desk.accounts_reader import AccountsReader, Row
from mailsvc.desk.accounts_staging import Staged
from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.desk.rejects import RejectFile
from mailsvc.records import directory, staging
from mailsvc.records.entries import Entry
from mailsvc.records.store import Connection

BAD_PERCENT = 1  # of all rows; with more of them nothing is published
ROUNDS = 20  # leaving a row out can leave an alias aimless, and so on
_TELL_EVERY = 1000  # rows
_LEAST_FINDINGS = 1000  # of each sort, so that a small file is told all at once

Progress = Callable[[int, int], None]  # rows and octets read so far


@dataclass(frozen=True, slots=True)
class DomainChange:
    """How many addresses a domain had and has."""

    domain: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Report:
    """How an import ended."""

    rows: int
    rejected: int
    published: bool
    domains: tuple[DomainChange, ...]

    def lines(self) -> tuple[str, ...]:
        """What is told to the person who imports."""
        if not self.published:
            why = (
                "no row can be taken"
                if self.rejected == self.rows
                else f"more than {BAD_PERCENT} % of the rows are bad"
            )
            return (f"nothing was published: {why}; the directory stays as it was",)
        return tuple(f"{one.domain}: {one.after} addresses (before: {one.before})" for one in self.domains)


@dataclass(slots=True)
class _Import:
    """One import at work."""

    desk: Desk
    file: Path
    rejects: RejectFile
    progress: Progress
    blame: Blame
    rows: int = 0

    def read(self, staged: Staged) -> None:
        """Read the file once: good rows are staged, bad ones rejected."""
        self.rows = 0
        self.blame.read_again()
        with self.file.open("rb") as stream:
            reader = AccountsReader(stream, str(self.file))
            for row in reader:
                if self.rows == 0:
                    self.rejects.begin(reader.columns)
                self.rows += 1
                entry = self._entry(row, reader.columns)
                if entry is not None:
                    staged.add(entry)
                if self.rows % _TELL_EVERY == 0:
                    self.progress(self.rows, stream.tell())
            staged.flush()
            self.progress(self.rows, stream.tell())

    def _entry(self, row: Row, columns: tuple[str, ...]) -> Entry | None:
        try:
            entry = read_entry(row.by(columns))
            bad = self._not_ours(entry) or self.blame.of(entry)
        except BadRow as problem:
            entry, bad = None, problem.cells
        if bad:
            self.rejects.add(row, bad)
            return None
        return entry

    def _not_ours(self, entry: Entry) -> tuple[BadCell, ...]:
        if self.desk.settings.domain(entry.address.domain) is not None:
            return ()
        return (BadCell("address", f"{entry.address.domain} is not among the domains of the settings"),)

    @property
    def too_many_bad(self) -> bool:
        return 100 * self.rejects.count > BAD_PERCENT * self.rows

    def found_more(self, staged: Staged) -> bool:
        """Whether the staged generations, looked at as a whole, show more that must be left out."""
        limit = max(_LEAST_FINDINGS, self.rows * BAD_PERCENT // 100 + 1)
        with self.desk.records.read() as conn:
            findings = staging.check(conn, list(staged.generations.values()), limit)
        return sum(map(self.blame.add, findings)) > 0


def import_accounts(
    desk: Desk, file: Path, reject_file: Path, *, allow_shrink: bool = False, progress: Progress = lambda _, __: None
) -> Report:
    """Replace the directory of every domain in `file`; rows that cannot be taken go to `reject_file`."""
    if not file.is_file():
        raise Refused(f"{file} is not a file that can be read", "name a CSV file; docs/ACCOUNTS.md tells its columns")
    with RejectFile(reject_file) as rejects, Staged(desk) as staged:
        work = _Import(desk, file, rejects, progress, Blame())
        work.read(staged)
        _leave_out_what_does_not_fit(work, staged)
        if work.rows == 0:
            raise Refused(f"{file} holds no accounts", "write one row for each address below the header")
        if work.too_many_bad or not staged.generations:
            return Report(work.rows, rejects.count, published=False, domains=())
        changes = _publish(work, staged, allow_shrink=allow_shrink)
        return Report(work.rows, rejects.count, published=True, domains=changes)


def _leave_out_what_does_not_fit(work: _Import, staged: Staged) -> None:
    """Read again without the rows that do not fit together, until those that are left do."""
    for _ in range(ROUNDS):
        if not work.found_more(staged):
            return
        staged.start_again()
        work.read(staged)
        if work.too_many_bad:
            return
    raise Refused(f"{work.file}: too many aliases hang on each other and on rejected rows", "correct those rows first")


def _publish(work: _Import, staged: Staged, *, allow_shrink: bool) -> tuple[DomainChange, ...]:
    desk, generations = work.desk, staged.generations
    with desk.records.read() as conn:
        changes = tuple(
            _change(conn, domain.ascii, number, directory.ours(conn)) for domain, number in generations.items()
        )
    if not allow_shrink:
        _refuse_shrinking(changes, desk.settings.accounts.shrink_percent)
    detail = {one.domain: f"{one.before} -> {one.after}" for one in changes}
    detail |= {"rows": str(work.rows), "rejected": str(work.rejects.count)}

    def publish(conn: Connection) -> None:
        at = desk.note(conn, "accounts import", str(work.file), "", detail)
        staging.publish(conn, list(generations.values()), at)
        staged.published(conn)

    desk.records.act(publish)
    return changes


def _change(conn: Connection, domain: str, generation: int, current: Mapping[str, int]) -> DomainChange:
    before = directory.size_of(conn, current[domain]) if domain in current else 0
    return DomainChange(domain, before, directory.size_of(conn, generation))


def _refuse_shrinking(changes: tuple[DomainChange, ...], percent: int) -> None:
    shrunk = [one for one in changes if 100 * (one.before - one.after) > percent * one.before]
    if shrunk:
        told = ", ".join(f"{one.domain} from {one.before} to {one.after} addresses" for one in shrunk)
        raise Refused(
            f"nothing was published: the import would shrink {told}, which is more than {percent} %",
            "look whether the file is whole; if it is, import it with --allow-shrink",
        )
