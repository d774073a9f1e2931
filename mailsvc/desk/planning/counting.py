"""Which edition is meant by a word of the command line, and which addresses it is walked over.

Use: `named(word, desk)` for `PLAN`, `FILE` or `PLAN@AMENDMENT`; `from_directory` and `from_accounts` give groups.
Fails: `BadFile` with every problem of a plan file or accounts file, `Refused` where there is no such plan or amendment.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mailsvc.desk.accounts_csv import BadRow, read_entry
from mailsvc.desk.accounts_reader import AccountsReader
from mailsvc.desk.desk import Desk
from mailsvc.desk.plans import read_plan_file, stored_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory, editions
from mailsvc.records.census import census
from mailsvc.records.entries import Entry
from mailsvc.standing.almanac import edition_of
from mailsvc.standing.resolving import ROLES
from schedules.edition import Edition, edition_for
from schedules.names import DomainName
from schedules.positions import BadFile, Position, Problem
from schedules.rehearsing.groups import Group, Reads, merged

_MOST_PROBLEMS = 100
_TELL_EVERY = 5_000
# Hears how far it is: parts done, of how many.
Tick = Callable[[int, int], None]


def is_file(word: str) -> bool:
    """Whether a word names a plan file, not a plan in force."""
    return Path(word).is_file()


def named(word: str, desk: Desk | None) -> Edition:
    """The edition that `word` means. Raises BadFile, and Refused where there is no such plan or amendment."""
    if is_file(word):
        return Edition(read_plan_file(Path(word)).plan, 0)
    if desk is None:
        raise Refused(f"there is no plan file {word}", "name a plan file, or a plan in force with the settings at hand")
    name, _, number = word.partition("@")
    with desk.records.read() as conn:
        edition = edition_of(stored_plan(conn, name))
    return edition if not number else _before_later_amendments(edition, name, number)


def _before_later_amendments(edition: Edition, name: str, number: str) -> Edition:
    numbers = [one.number for one in edition.amendments]
    if not number.isdecimal() or int(number) not in {0, *numbers}:
        known = ", ".join(map(str, numbers)) or "none yet"
        raise Refused(
            f"the plan {name!r} has no amendment {number}", f"its amendments: {known}; {name}@0 is the plan as written"
        )
    return replace(edition, amendments=tuple(one for one in edition.amendments if one.number <= int(number)))


def from_directory(desk: Desk, editions_meant: Sequence[Edition], read: Reads) -> list[Group]:
    """The groups of the directory's domains for which one of these editions speaks."""
    with desk.records.read() as conn:
        others = [edition_of(one) for one in editions.load(conn)]
        mine = sorted({name for name in directory.ours(conn) if _speaks(name, editions_meant, others)})
        return census(conn, read, ROLES, mine)


def _speaks(name: str, meant: Sequence[Edition], in_force: Sequence[Edition]) -> bool:
    """Whether one of `meant` names the domain more closely than any other plan in force."""
    names = {edition.plan.name for edition in meant}
    others = [edition for edition in in_force if edition.plan.name not in names]
    domain = DomainName(name)
    if any(not edition.plan.domains for edition in meant):
        return edition_for(domain, others) is None
    return any(edition_for(domain, (*others, edition)) is edition for edition in meant)


def from_accounts(
    file: Path, editions_meant: Sequence[Edition], read: Reads, tick: Tick = lambda _done, _whole: None
) -> tuple[Group, ...]:
    """The groups of an accounts file, without any records; of plans without domains all its addresses count."""
    everything = any(not edition.plan.domains for edition in editions_meant)
    entries = (
        entry
        for entry in _entries(file, tick)
        if everything or any(edition.covers(entry.address.domain) for edition in editions_meant)
    )
    return merged((group_of(entry) for entry in entries), read)


def _entries(file: Path, tick: Tick) -> Iterator[Entry]:
    """Every entry; raises BadFile with up to a hundred rows that cannot be read."""
    problems: list[Problem] = []
    try:
        stream = file.open("rb")
    except OSError as error:
        remedy = "name an accounts file (CSV); docs/ACCOUNTS.md tells its columns"
        raise BadFile([Problem(Position(str(file)), f"cannot be read ({error.strerror})", remedy)]) from None
    with stream:
        size = file.stat().st_size
        reader = AccountsReader(stream, str(file))
        for number, row in enumerate(reader):
            if not number % _TELL_EVERY:
                tick(stream.tell(), size)
            try:
                yield read_entry(row.by(reader.columns))
            except BadRow as bad:
                place = Position(str(file), row.line, 1)
                problems += [Problem(place, f"{one.column}: {one.reason}", "correct the cell") for one in bad.cells]
            if len(problems) >= _MOST_PROBLEMS:
                break
    if problems:
        raise BadFile(problems)


def group_of(entry: Entry) -> Group:
    """One entry as a group of one."""
    left, wish = entry.left, entry.forwarding
    confirmed = wish is not None and wish.confirmed
    disclosed = wish is not None and wish.confirmed and wish.disclose
    return Group(
        domain=entry.address.domain,
        kind="role" if entry.address.key in ROLES else str(entry.kind),
        group=entry.group,
        area=entry.area,
        course=entry.course,
        contract_type=entry.contract_type,
        contract_expiry=entry.contract_expiry,
        address_expiry=entry.address_expiry,
        suspended_since=entry.suspended_since,
        left=left is not None,
        forwarding=confirmed,
        disclosed=left.disclose and left.moved_to is not None if left else disclosed,
        homepage=bool(entry.homepage),
        contact=bool(entry.contact),
        services=entry.services,
        example=entry.address,
    )
