"""The directory: who has which address, in the generation that is current for its domain.

`find` is asked at every RCPT: one statement, joined by primary keys, prepared once; on SQLite it runs inline in
some ten microseconds. Everything here only reads; `staging` writes. Fails as the connection does (RecordsAway).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select

from filters.mail import AddressKind
from mailsvc.records.entries import Entry, entry_of
from mailsvc.records.prepared import Prepared
from mailsvc.records.tables import addresses, contracts, domains, holders
from schedules.names import DomainName

__all__ = [
    "AddressCount",
    "Entry",
    "counts",
    "export",
    "find",
    "generation_of",
    "of_contract",
    "of_holder",
    "ours",
    "page",
]

_OF_CONTRACTS = domains.join(addresses, addresses.c.generation == domains.c.generation).join(
    contracts,
    and_(contracts.c.generation == domains.c.generation, contracts.c.contract == addresses.c.contract),
)
_JOIN = _OF_CONTRACTS.join(
    holders,
    and_(holders.c.generation == domains.c.generation, holders.c.holder == contracts.c.holder),
)

_ENTRIES = select(
    domains.c.domain,
    addresses.c.key,
    addresses.c.local,
    addresses.c.kind,
    holders.c.holder,
    holders.c.contact,
    holders.c.language,
    contracts.c.contract,
    contracts.c.course,
    contracts.c.type,
    contracts.c.start,
    contracts.c.expiry.label("contract_expiry"),
    contracts.c.suspended_since,
    contracts.c.in_group,
    contracts.c.area,
    contracts.c.services,
    addresses.c.expiry,
    addresses.c.has_left,
    addresses.c.moved_to,
    addresses.c.disclose,
    addresses.c.forward_to,
    addresses.c.forward_confirmed,
    addresses.c.forward_disclose,
    addresses.c.forward_keep,
    addresses.c.alias_of,
    addresses.c.quota,
    addresses.c.homepage,
).select_from(_JOIN)

_FIND = Prepared(_ENTRIES.where(domains.c.domain == bindparam("in_domain"), addresses.c.key == bindparam("by_key")))
_GENERATION = Prepared(select(domains.c.generation).where(domains.c.domain == bindparam("in_domain")))


@dataclass(frozen=True, slots=True)
class AddressCount:
    """How many addresses of a domain are alike in kind and state."""

    domain: str
    kind: AddressKind
    left: bool
    suspended: bool
    forwarding: bool
    count: int


def find(connection: Connection, domain: DomainName, key: str) -> Entry | None:
    """The entry of `key` (`Address.key`) in a domain; None if the domain has no such address."""
    row = _FIND.one(connection, in_domain=domain.ascii, by_key=key)
    return None if row is None else entry_of(domain, row)


def of_contract(connection: Connection, entry: Entry) -> list[Entry]:
    """All addresses of the contract that `entry` belongs to, in whichever domain, in order of (domain, key).

    Domains that are imported apart may have a contract of one number each: what has another holder is another's.
    """
    if not entry.contract:
        return [entry]
    same = and_(addresses.c.contract == entry.contract, contracts.c.holder == entry.holder)
    return list(_rows(connection, _selected(None, None, "").where(same)))


def of_holder(connection: Connection, entry: Entry) -> list[Entry]:
    """All addresses of all contracts of its holder; it reads every contract, which takes a moment for a million."""
    if not entry.holder:
        return of_contract(connection, entry)
    return list(_rows(connection, _selected(None, None, "").where(contracts.c.holder == entry.holder)))


def generation_of(connection: Connection, domain: DomainName) -> int | None:
    """The current generation of a domain; None: nothing was ever published, so nothing may be said of it."""
    row = _GENERATION.one(connection, in_domain=domain.ascii)
    return row["generation"] if row and isinstance(row["generation"], int) else None


def ours(connection: Connection) -> Mapping[str, int]:
    """All domains with a published directory, and their current generation."""
    return {row.domain: row.generation for row in connection.execute(select(domains.c.domain, domains.c.generation))}


def page(
    connection: Connection,
    domain: DomainName | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 100,
    search: str = "",
) -> list[Entry]:
    """Up to `limit` entries in order of (domain, key), beginning behind the pair `after`.

    `search` keeps those whose address, holder or contract contains it, without regard to case.
    """
    return list(_rows(connection, _selected(domain, after, search).limit(limit)))


def export(connection: Connection, domain: DomainName | None = None) -> Iterator[Entry]:
    """All entries in order of (domain, key), as one consistent whole, read as they are asked for."""
    streamed = connection.execution_options(stream_results=True, yield_per=1000)
    yield from _rows(streamed, _selected(domain, None, ""))


def counts(connection: Connection, domain: DomainName | None = None) -> list[AddressCount]:
    """How many addresses each domain has, by kind, left or not, suspended or not, forwarding or not.

    It reads every address, which takes seconds for a million: ask it in a thread, never in a transaction.
    """
    states = (
        domains.c.domain,
        addresses.c.kind,
        addresses.c.has_left,
        contracts.c.suspended_since.is_not(None).label("suspended"),
        addresses.c.forward_confirmed,
    )
    query = select(*states, func.count()).select_from(_OF_CONTRACTS).group_by(*states).order_by(*states)
    if domain is not None:
        query = query.where(domains.c.domain == domain.ascii)
    return [
        AddressCount(name, AddressKind(kind), bool(left), bool(suspended), bool(forwarding), int(count))
        for name, kind, left, suspended, forwarding, count in connection.execute(query)
    ]


def size_of(connection: Connection, generation: int) -> int:
    """How many addresses a generation holds."""
    query = select(func.count()).select_from(addresses).where(addresses.c.generation == generation)
    return int(connection.execute(query).scalar_one())


def _selected(domain: DomainName | None, after: tuple[str, str] | None, search: str) -> Select[tuple[object, ...]]:
    query = _ENTRIES.order_by(domains.c.domain, addresses.c.key)
    if domain is not None:
        query = query.where(domains.c.domain == domain.ascii)
    if after is not None:
        name, key = after
        beyond = and_(domains.c.domain == name, addresses.c.key > key)
        query = query.where(or_(domains.c.domain > name, beyond))
    if search:
        whole = addresses.c.key + "@" + domains.c.domain
        wanted = [
            column.icontains(search, autoescape=True) for column in (whole, holders.c.holder, contracts.c.contract)
        ]
        query = query.where(or_(*wanted))
    return query


def _rows(connection: Connection, query: Select[tuple[object, ...]]) -> Iterator[Entry]:
    for row in connection.execute(query).mappings():
        yield entry_of(DomainName(row["domain"]), dict(row))
