"""Whom a stage concerns: addresses of a domain pattern by kind and state, how many forward, which holds stand.

Counting reads every address of the domain, which takes about a second for a million: never do it in a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from filters.mail import AddressKind
from mailsvc.records import directory
from mailsvc.records.directory import AddressCount
from mailsvc.records.store import Connection
from schedules.edition import Edition
from schedules.names import DomainName


@dataclass(frozen=True, slots=True)
class KindCount:
    """The addresses of one kind in one domain; each counts in one of the three states."""

    domain: str
    kind: AddressKind
    live: int = 0
    suspended: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Affected:
    """The counts of one domain pattern."""

    rows: tuple[KindCount, ...]
    total: int
    forwards: int  # of `total`: addresses with a confirmed forwarding


def affected(connection: Connection, edition: Edition, pattern: str) -> Affected:
    """Count the addresses for which `pattern` of the edition's plan speaks; an exact name goes before a wildcard."""
    found = [
        row
        for domain in directory.ours(connection)
        if _speaks_for(edition, pattern, domain)
        for row in directory.counts(connection, DomainName(domain))
    ]
    kinds = dict.fromkeys((row.domain, row.kind) for row in found)
    return Affected(
        rows=tuple(_kind(domain, kind, found) for domain, kind in kinds),
        total=sum(row.count for row in found),
        forwards=sum(row.count for row in found if row.forwarding and not row.left),
    )


def _speaks_for(edition: Edition, pattern: str, domain: str) -> bool:
    if domain in edition.plan.domains or not pattern.startswith("*."):
        return domain == pattern
    wildcards = [one for one in edition.plan.domains if one.startswith("*.") and domain.endswith(one[1:])]
    return max(wildcards, key=len, default="") == pattern


def _kind(domain: str, kind: AddressKind, found: Sequence[AddressCount]) -> KindCount:
    rows = [row for row in found if (row.domain, row.kind) == (domain, kind)]
    return KindCount(
        domain,
        kind,
        live=sum(row.count for row in rows if not row.left and not row.suspended),
        suspended=sum(row.count for row in rows if not row.left and row.suspended),
        left=sum(row.count for row in rows if row.left),
    )
