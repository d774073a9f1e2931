"""Everything a judge needs to know of an address, gathered at one instant.

`await Standings(...).of(address, now)` resolves role addresses, plus-addressing, the catch-all and aliases, and adds
the plan's rulings and the mailbox's usage. On SQLite nothing is awaited but a large count, a new note of a full
mailbox, and a fresh count before a refusal for good.
Raises FactsAway where a domain of ours has no published directory, an alias leads nowhere or a mailbox cannot be
counted, and RecordsAway where the records cannot be asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filters.mail import AddressKind, Standing
from mailsvc.kit.settings import DomainSettings, Settings
from mailsvc.records import directory
from mailsvc.records.directory import Entry
from mailsvc.records.store import Connection, Records
from mailsvc.standing.almanac import Almanac
from mailsvc.standing.usage import FactsAway, UsageBook
from migrator.maildir import safe_user
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Capability, Profile, Rulings

# RFC 5321 4.5.1, RFC 2142 4.
ROLES = frozenset({"postmaster", "abuse"})
CATCH_ALL = "*"
# Aliases of aliases; more than this is a circle or a mistake.
_LONGEST_CHAIN = 10


@dataclass(frozen=True, slots=True)
class _Found:
    """What the directory says of an address: the entries from the one asked for to the mailbox itself."""

    kind: AddressKind | None  # None: unknown
    chain: tuple[Entry, ...] = ()


class Standings:
    """The standing of any address, ours or not."""

    def __init__(self, records: Records, almanac: Almanac, usage: UsageBook, settings: Settings) -> None:
        self._records = records
        self._almanac = almanac
        self._usage = usage
        self._settings = settings

    async def of(self, address: Address, now: datetime, *, usage: bool = True) -> Standing:
        """The standing of `address` at `now`; `usage` false leaves the mailbox uncounted, as for a sender.

        Raises FactsAway and RecordsAway.
        """
        domain = self._settings.domain(address.domain)
        if domain is None:
            return Standing(asked=address, ours=False, kind=None)
        found = await self._records.ask(lambda connection: _resolve(connection, address, domain))
        standing = self._known(address, found, now, domain)
        counts = usage and _takes_mail(standing)
        if not counts or standing.mailbox is None:
            return standing
        limit = found.chain[-1].quota if found.chain else None
        return replace(standing, usage=await self._usage.of(standing.mailbox, limit, now))

    def _known(self, address: Address, found: _Found, now: datetime, domain: DomainSettings) -> Standing:
        edition = self._almanac.of(address.domain)
        first, *rest = [self._rulings(entry, now) for entry in found.chain] or [
            edition.at(edition.profile(address), now)
        ]
        return Standing(
            asked=address,
            ours=True,
            kind=found.kind,
            mailbox=_mailbox(address, found, plus=domain.plus_addressing),
            rulings=_strictest(first, rest) if rest else first,
            left=next((entry.left for entry in found.chain if entry.left), None),
            forwarding=next((entry.forwarding for entry in found.chain if entry.forwarding), None),
            notice_url=edition.plan.notice_url or self._settings.service.notice_url,
        )

    def _rulings(self, entry: Entry, now: datetime) -> Rulings:
        edition = self._almanac.of(entry.address.domain)
        return edition.at(_profile(edition, entry), now)


def _mailbox(address: Address, found: _Found, *, plus: bool) -> Address | None:
    """Where its mail is kept: a role address without an entry has one mailbox of its own, whatever the tag."""
    if found.chain:
        return found.chain[-1].address
    if found.kind is None:
        return None
    return Address(_untagged(address.key) if plus else address.key, address.domain)


def mailbox_folders(settings: Settings) -> Callable[[Address], Path | None]:
    """Where the Maildir of a mailbox is by `settings`; None where it is not ours or cannot be seen from here."""

    def folder(mailbox: Address) -> Path | None:
        domain = settings.domain(mailbox.domain)
        target = domain.maildirs if domain else None
        return target.folder(mailbox.domain.ascii, safe_user(mailbox.local)) if target else None

    return folder


def _resolve(connection: Connection, address: Address, domain: DomainSettings) -> _Found:
    role = _untagged(address.key) in ROLES if domain.plus_addressing else address.key in ROLES
    entry = _entry(connection, address, plus=domain.plus_addressing)
    if entry is None and not role:
        entry = directory.find(connection, address.domain, CATCH_ALL)
    if entry is None:
        if role:
            return _Found(AddressKind.ROLE)
        if directory.generation_of(connection, address.domain) is None:
            raise FactsAway(f"{address.domain} has no published directory: import its accounts")
        return _Found(None)
    try:
        chain = _followed(connection, entry, plus=domain.plus_addressing)
    except FactsAway:
        if role:  # RFC 5321 4.5.1: better its own mailbox than an answer that it is away
            return _Found(AddressKind.ROLE)
        raise
    return _Found(AddressKind.ROLE if role else entry.kind, chain)


def _entry(connection: Connection, address: Address, *, plus: bool) -> Entry | None:
    """The directory's entry for `address` itself or without its tag (RFC 5233)."""
    entry = directory.find(connection, address.domain, address.key)
    if entry is None and plus and _untagged(address.key) != address.key:
        entry = directory.find(connection, address.domain, _untagged(address.key))
    return entry


def _untagged(key: str) -> str:
    return key.split("+", 1)[0] or key


def _followed(connection: Connection, entry: Entry, *, plus: bool) -> tuple[Entry, ...]:
    """The entries from an alias to its mailbox. Raises FactsAway for a chain that is broken or goes in a circle."""
    chain = [entry]
    while chain[-1].alias_of is not None:
        target = chain[-1].alias_of
        if len(chain) > _LONGEST_CHAIN:
            raise FactsAway(
                f"the alias {entry.address} leads in a circle, or through more than {_LONGEST_CHAIN} others"
            )
        following = _entry(connection, target, plus=plus)
        if following is None:
            raise FactsAway(f"the alias {entry.address} leads to {target}, which the directory does not know")
        chain.append(following)
    return tuple(chain)


def _takes_mail(standing: Standing) -> bool:
    """Whether the mailbox's usage can matter: it is counted only where nothing else refuses the mail first."""
    if standing.kind in {None, AddressKind.ROLE} or standing.left or standing.rulings is None:
        return False
    return standing.rulings[Capability.RECEIVE].allowed


def _profile(edition: Edition, entry: Entry) -> Profile:
    return edition.profile(
        entry.address,
        group=entry.group,
        area=entry.area,
        course=entry.course,
        contract_type=entry.contract_type,
        contract_expiry=entry.contract_expiry,
        address_expiry=entry.address_expiry,
        suspended_since=entry.suspended_since,
    )


def _strictest(first: Rulings, rest: list[Rulings]) -> Rulings:
    """What all of them allow: mail to an alias ends with the alias's domain or with its mailbox, whichever is first."""
    of = dict(first.of)
    for rulings in rest:
        of = {capability: of[capability] if not of[capability].allowed else rulings[capability] for capability in of}
    changes = [r.next_change for r in (first, *rest) if r.next_change]
    return Rulings(of, first.position, min(changes, default=None))
