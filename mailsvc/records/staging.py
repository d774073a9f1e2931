"""Staging: a new generation of a domain's directory, written in slices, checked, published at one blow.

    begin ──stage, stage, …──▶ check ──▶ publish   (or discard)     sweep_generations clears what is retired
Nobody sees a generation before `publish`, which is one UPDATE of the domain's current generation. `stage` takes the
entries of one transaction; `stage_all` cuts a whole import into transactions so short that none locks others out for
50 ms, fitting their length to the disk.
`publish` raises Conflict where another import was published since `begin`.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import islice

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, exists, or_, select, update

from mailsvc.records import versions
from mailsvc.records.entries import Entry, address_row, contract_row, holder_row
from mailsvc.records.errors import Conflict
from mailsvc.records.store import Records
from mailsvc.records.tables import addresses, contracts, domains, generations, holders
from mailsvc.records.upsert import insert
from schedules.names import DomainName

# Entries of one transaction: the first, the fewest, the most; and the seconds one should take.
SLICE, FEWEST, MOST = 100, 25, 200
SECONDS = 0.010
# Seconds between two transactions, so that whoever waits for the write lock takes it there.
BREATH = 0.003


class Trouble(StrEnum):
    """What keeps a staged generation from being published, in the words it is told in."""

    REPEATED = "the address is there twice"
    FORWARDS_TO_ITSELF = "it forwards to itself"
    AIMLESS = "its alias target does not exist"
    TWO_CONTRACTS = "the contract is described in two ways"
    TWO_HOLDERS = "the holder is described in two ways"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a staged generation that must not be published."""

    domain: str
    key: str  # the local part, or the id of the contract or holder
    what: Trouble


def begin(connection: Connection, domain: DomainName, at: datetime, by: str) -> int:
    """Open a new generation for a domain; returns its number."""
    current = connection.execute(
        select(domains.c.generation).where(domains.c.domain == domain.ascii),
    ).scalar_one_or_none()
    number = connection.execute(
        generations.insert()
        .values(domain=domain.ascii, based_on=current, begun_at=at, begun_by=by, state="staging")
        .returning(generations.c.generation),
    ).scalar_one()
    return int(number)


def stage(connection: Connection, generation: int, entries: Iterable[Entry]) -> int:
    """Add entries to a generation that is still being staged; returns how many.

    The first of two entries for one address, and of two descriptions of one contract or holder, stays; `check` tells.
    """
    _of_domain(connection, generation)
    given = list(entries)
    if not given:
        return 0
    _put(connection, holders, "holder", [holder_row(generation, entry) for entry in given])
    _put(connection, contracts, "contract", [contract_row(generation, entry) for entry in given])
    repeated = insert(connection, addresses)
    connection.execute(
        repeated.on_conflict_do_update(
            index_elements=[addresses.c.generation, addresses.c.key],
            set_={"repeated": addresses.c.repeated + 1},
        ),
        [address_row(generation, entry) for entry in given],
    )
    return len(given)


def stage_all(records: Records, generation: int, entries: Iterable[Entry]) -> int:
    """Stage any number of entries in short transactions of this thread; returns how many."""
    return sum(records.act(partial(stage, generation=generation, entries=part)) for part in slices(entries))


class Pace:
    """How many entries the next transaction should take: `size`, fitted by telling `took` the seconds of each."""

    def __init__(self) -> None:
        self.size = SLICE
        self._before = 0.0

    def took(self, seconds: float) -> None:
        """Grow after a quick one, shrink after two slow ones: one alone may only have met a checkpoint."""
        if seconds <= SECONDS:
            self.size = min(MOST, self.size + self.size // 8)
        elif self._before > SECONDS:
            self.size = max(FEWEST, self.size // 2)
        self._before = seconds


def slices(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Cut entries into parts for one transaction each, paced by how long each part's handling takes."""
    rest, pace = iter(entries), Pace()
    while part := list(islice(rest, pace.size)):
        began = time.perf_counter()
        yield part
        pace.took(time.perf_counter() - began)
        time.sleep(BREATH)


def check(connection: Connection, staged: Sequence[int], limit: int = 1000) -> list[Finding]:
    """What is wrong in generations that are to be published together; at most `limit` findings of each sort."""
    sorts = (
        (addresses.c.key, addresses.c.repeated > 0, Trouble.REPEATED),
        (addresses.c.key, addresses.c.forwards_to_itself, Trouble.FORWARDS_TO_ITSELF),
        (addresses.c.key, _aimless(staged), Trouble.AIMLESS),
        (contracts.c.contract, contracts.c.contradictions > 0, Trouble.TWO_CONTRACTS),
        (holders.c.holder, holders.c.contradictions > 0, Trouble.TWO_HOLDERS),
    )
    return [finding for key, wrong, what in sorts for finding in _found(connection, key, staged, wrong, what, limit)]


def publish(connection: Connection, staged: Sequence[int], at: datetime) -> None:
    """Make generations the current ones of their domains, all in one transaction. Raises Conflict."""
    for generation in staged:
        domain, based_on = _of_domain(connection, generation)
        if not _turn(connection, domain, based_on, generation):
            raise Conflict(f"another import of {domain} was published since this one began: import again")
        connection.execute(
            update(generations).where(generations.c.generation == based_on).values(state="retired"),
        )
        connection.execute(
            update(generations).where(generations.c.generation == generation).values(state="current", published_at=at),
        )
    versions.bump(connection, "directory")


def _turn(connection: Connection, domain: str, based_on: int | None, generation: int) -> bool:
    """Make `generation` the current one if `based_on` still is; the primary key decides between two first imports."""
    if based_on is None:
        first = insert(connection, domains).values(domain=domain, generation=generation)
        added = first.on_conflict_do_nothing().returning(domains.c.generation)
        return connection.execute(added).first() is not None
    current = and_(domains.c.domain == domain, domains.c.generation == based_on)
    return connection.execute(update(domains).where(current).values(generation=generation)).rowcount == 1


def discard(connection: Connection, generation: int) -> None:
    """Give a staged generation up; its rows are swept later."""
    connection.execute(
        update(generations)
        .where(generations.c.generation == generation, generations.c.state == "staging")
        .values(state="retired"),
    )


def sweep_generations(connection: Connection, limit: int) -> int:
    """Delete up to `limit` rows of retired generations; returns how many went, 0 when there are none left."""
    retired = connection.execute(
        select(generations.c.generation).where(generations.c.state == "retired").limit(1),
    ).scalar_one_or_none()
    if retired is None:
        return 0
    for table, column in ((addresses, addresses.c.key), (contracts, contracts.c.contract), (holders, holders.c.holder)):
        some = select(column).where(table.c.generation == retired).limit(limit)
        gone = connection.execute(
            delete(table).where(table.c.generation == retired, column.in_(some)),
        ).rowcount
        if gone:
            return gone
    connection.execute(delete(generations).where(generations.c.generation == retired))
    return 1


def _of_domain(connection: Connection, generation: int) -> tuple[str, int | None]:
    row = connection.execute(
        select(generations.c.domain, generations.c.based_on).where(
            generations.c.generation == generation,
            generations.c.state == "staging",
        ),
    ).one_or_none()
    if row is None:
        raise Conflict(f"generation {generation} is not being staged any more")
    return row.domain, row.based_on


def _put(connection: Connection, table: Table, key: str, rows: Sequence[dict[str, object]]) -> None:
    """Insert rows; one that is there and says something else is counted as a contradiction."""
    statement = insert(connection, table)
    facts = [column.name for column in table.c if column.name not in {"generation", key, "contradictions"}]
    differs = or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in facts))
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.generation, table.c[key]],
            set_={"contradictions": table.c.contradictions + 1},
            where=differs,
        ),
        rows,
    )


def _aimless(staged: Sequence[int]) -> ColumnElement[bool]:
    """Aliases whose target is neither in the generations to be published nor in what stays current."""
    target, of_target, coming = addresses.alias("target"), generations.alias("of_target"), generations.alias("coming")
    replaced = exists().where(coming.c.generation.in_(staged), coming.c.domain == addresses.c.alias_domain)
    stays = and_(of_target.c.state == "current", ~replaced)
    there = (
        exists()
        .where(of_target.c.domain == addresses.c.alias_domain)
        .where(or_(of_target.c.generation.in_(staged), stays))
        .where(target.c.generation == of_target.c.generation, target.c.key == addresses.c.alias_key)
    )
    return and_(addresses.c.alias_key.is_not(None), ~there)


def _found(
    connection: Connection,
    key: Column[str],
    staged: Sequence[int],
    wrong: ColumnElement[bool],
    what: Trouble,
    limit: int,
) -> list[Finding]:
    table = key.table
    query = (
        select(generations.c.domain, key)
        .join(generations, generations.c.generation == table.c.generation)
        .where(table.c.generation.in_(staged), wrong)
        .order_by(generations.c.domain, key)
        .limit(limit)
    )
    return [Finding(domain, name, what) for domain, name in connection.execute(query)]
