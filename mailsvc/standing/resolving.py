"""Which entries of the directory an address of ours leads to: role addresses, tags, the catch-all, aliases, forwards.

`resolve` is asked at every RCPT, inline on a reading connection; `forwarder` says whose forward led to a target.
Raises FactsAway where a domain has no published directory or an alias leads nowhere; else as the connection does.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from filters.mail import AddressKind, Forwarding
from mailsvc.kit.settings import DomainSettings
from mailsvc.records import directory, forward_pauses
from mailsvc.records.directory import Entry
from mailsvc.records.store import Connection
from mailsvc.standing.usage_counts import FactsAway
from schedules.names import Address, DomainName

# RFC 5321 4.5.1, RFC 2142 4.
ROLES = frozenset({"postmaster", "abuse"})
CATCH_ALL = "*"
# Aliases of aliases, forwards to forwards; more than this is a circle or a mistake.
LONGEST_CHAIN = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What the directory says of an address: the entries from the one asked for to the mailbox itself."""

    kind: AddressKind | None  # None: unknown
    chain: tuple[Entry, ...] = ()
    paused: bool = False  # its forward rests

    @property
    def forwarder(self) -> Entry | None:
        """The first of them that forwards."""
        return next((entry for entry in self.chain if entry.forwarding), None)

    @property
    def forwarding(self) -> Forwarding | None:
        """Its wish."""
        wish = self.forwarder.forwarding if self.forwarder else None
        return replace(wish, paused=True) if wish and self.paused else wish


def resolve(connection: Connection, address: Address, domain: DomainSettings) -> Found:
    """What the directory says of `address`, which is of `domain`. Raises FactsAway."""
    found = _resolve(connection, address, domain)
    wish = found.forwarding
    holder = found.forwarder
    if wish is None or holder is None or not forward_pauses.is_paused(connection, holder.address, wish.target):
        return found
    return replace(found, paused=True)


def forwarder(
    connection: Connection,
    original: Address,
    target: Address,
    domain_of: Callable[[DomainName], DomainSettings | None],
) -> Entry | None:
    """The entry by whose forward mail for `original` goes to `target`, through other addresses of ours if need be.

    None where it does so no longer. Raises FactsAway.
    """
    address = original
    for _ in range(LONGEST_CHAIN):
        domain = domain_of(address.domain)
        holder = _resolve(connection, address, domain).forwarder if domain else None
        if holder is None or holder.forwarding is None:
            return None
        address = holder.forwarding.target
        if address.same_mailbox(target):
            return holder
    return None


def _resolve(connection: Connection, address: Address, domain: DomainSettings) -> Found:
    role = untagged(address.key) in ROLES if domain.plus_addressing else address.key in ROLES
    entry = _entry(connection, address, plus=domain.plus_addressing)
    if entry is None and not role:
        entry = directory.find(connection, address.domain, CATCH_ALL)
    if entry is None:
        if role:
            return Found(AddressKind.ROLE)
        if directory.generation_of(connection, address.domain) is None:
            raise FactsAway(f"{address.domain} has no published directory: import its accounts")
        return Found(None)
    try:
        chain = _followed(connection, entry, plus=domain.plus_addressing)
    except FactsAway:
        if role:  # RFC 5321 4.5.1: better its own mailbox than an answer that it is away
            return Found(AddressKind.ROLE)
        raise
    return Found(AddressKind.ROLE if role else entry.kind, chain)


def _entry(connection: Connection, address: Address, *, plus: bool) -> Entry | None:
    """The directory's entry for `address` itself or without its tag (RFC 5233)."""
    entry = directory.find(connection, address.domain, address.key)
    if entry is None and plus and untagged(address.key) != address.key:
        entry = directory.find(connection, address.domain, untagged(address.key))
    return entry


def untagged(key: str) -> str:
    """The local part without its tag (RFC 5233)."""
    return key.split("+", 1)[0] or key


def _followed(connection: Connection, entry: Entry, *, plus: bool) -> tuple[Entry, ...]:
    """The entries from an alias to its mailbox. Raises FactsAway for a chain that is broken or goes in a circle."""
    chain = [entry]
    while chain[-1].alias_of is not None:
        target = chain[-1].alias_of
        if len(chain) > LONGEST_CHAIN:
            raise FactsAway(f"the alias {entry.address} leads in a circle, or through more than {LONGEST_CHAIN} others")
        following = _entry(connection, target, plus=plus)
        if following is None:
            raise FactsAway(f"the alias {entry.address} leads to {target}, which the directory does not know")
        chain.append(following)
    return tuple(chain)
