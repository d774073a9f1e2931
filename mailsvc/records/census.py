"""The census: the whole directory as groups of addresses that are alike, by one statement.

Use: `census(connection, reads(edition), roles)`. `rehearsing.groups.merged` makes the same of an accounts file.
It reads every address: three seconds for a million, so ask it in a thread of its own and never in a transaction.
Only columns that some plan reads are grouped by. Addresses that a plan names singly come as groups of one.
Fails as the connection does (RecordsAway).
"""

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, null, select, text

from mailsvc.records.tables import addresses, contracts, domains, holders
from schedules.names import Address, DomainName
from schedules.rehearsing.groups import Group, Reads

_JOIN = domains.join(addresses, addresses.c.generation == domains.c.generation).join(
    contracts, and_(contracts.c.generation == domains.c.generation, contracts.c.contract == addresses.c.contract)
)
_HOLDERS = _JOIN.join(
    holders, and_(holders.c.generation == domains.c.generation, holders.c.holder == contracts.c.holder)
)


def census(
    connection: Connection, read: Reads, roles: Collection[str] = (), only: Collection[str] | None = None
) -> list[Group]:
    """Every address that the directory has now, in groups, in no order.

    `roles` are the local parts that are role addresses whatever the directory calls them (RFC 5321 4.5.1); `only` are
    the domains to count, None for all.
    """
    columns = _columns(read, roles)
    labelled = [column.label(name) for name, column in columns.items()]
    count, example = func.count().label("count"), func.min(addresses.c.key).label("example")
    # By place: a name could mean a column of a table too, and PostgreSQL sees no two parameters as the same.
    places = [text(str(place)) for place in range(1, len(labelled) + 1)]
    query = select(*labelled, count, example).select_from(_HOLDERS if read.contacts else _JOIN).group_by(*places)
    if only is not None:
        query = query.where(domains.c.domain.in_(sorted(only)))
    return [_group(dict(row)) for row in connection.execute(query).mappings()]


def _columns(read: Reads, roles: Collection[str]) -> dict[str, ColumnElement[object] | ColumnElement[bool]]:
    """What is grouped by."""
    key = addresses.c.key
    found: dict[str, ColumnElement[object] | ColumnElement[bool]] = {
        "domain": domains.c.domain,
        "kind": case((key.in_(sorted(roles)), "role"), else_=addresses.c.kind) if roles else addresses.c.kind,
        "address_expiry": addresses.c.expiry,
        # An address's own end goes before its contract's, which then tells nothing.
        "contract_expiry": case((addresses.c.expiry.is_not(None), null()), else_=contracts.c.expiry),
        "suspended_since": contracts.c.suspended_since,
        "left": addresses.c.has_left,
        "forwarding": addresses.c.forward_confirmed,
        "disclosed": case(
            (addresses.c.has_left, and_(addresses.c.disclose, addresses.c.moved_to.is_not(None))),
            else_=and_(addresses.c.forward_confirmed, addresses.c.forward_disclose),
        ),
    }
    wanted: dict[str, tuple[bool, ColumnElement[object] | ColumnElement[bool]]] = {
        "group": (read.groups, contracts.c.in_group),
        "area": (read.areas, contracts.c.area),
        "course": (read.courses, contracts.c.course),
        "contract_type": (read.types, contracts.c.type),
        "services": (read.services, contracts.c.services),
        "homepage": (read.homepage, addresses.c.homepage != literal("")),
        "contact": (read.contacts, holders.c.contact != literal("")),
    }
    found |= {name: column for name, (needed, column) in wanted.items() if needed}
    if read.addresses:
        names = sorted({one.key for one in read.addresses})
        found["single"] = case((key.in_(names), key), else_=literal(""))
    return found


def _group(row: Mapping[str, object]) -> Group:
    domain = DomainName(_text(row, "domain"))
    example = Address(_text(row, "example"), domain)
    return Group(
        domain=domain,
        kind=_text(row, "kind"),
        group=_text(row, "group"),
        area=_text(row, "area"),
        course=_text(row, "course"),
        contract_type=_text(row, "contract_type"),
        contract_expiry=_day(row["contract_expiry"]),
        address_expiry=_day(row["address_expiry"]),
        suspended_since=_day(row["suspended_since"]),
        left=bool(row["left"]),
        forwarding=bool(row["forwarding"]),
        disclosed=bool(row["disclosed"]),
        homepage=bool(row.get("homepage")),
        contact=bool(row.get("contact")),
        services=frozenset(_text(row, "services").split()),
        address=example if row.get("single") else None,
        count=int(str(row["count"])),
        example=example,
    )


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name, "")
    return value if isinstance(value, str) else ""


def _day(value: object) -> date | None:
    """SQLite has days as text; where the type of a column is lost in an expression, it comes as such."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value if isinstance(value, date) else None
