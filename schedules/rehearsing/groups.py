"""Groups of addresses that are alike in all that plans and replies read, with their counts.

A million addresses are a few thousand groups. `reads(edition, …)` says which facts the editions look at, so that
whoever counts makes groups no finer than needed; `Group.profile(edition)` is what an edition reads of one. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from schedules.blocks.dates import Audience
from schedules.blocks.scopes import Scope
from schedules.blocks.whom import ADDITIONAL_ADDRESS, HOMEPAGE, MAIL, Contract, Whom
from schedules.edition import Edition
from schedules.names import Address, DomainName
from schedules.words import Profile


@dataclass(frozen=True, slots=True)
class Group:
    """Addresses that are alike; of what nobody reads the fields are empty."""

    domain: DomainName
    kind: str  # base, additional, alias or role
    group: str = ""
    area: str = ""
    course: str = ""
    contract_type: str = ""
    contract_expiry: date | None = None  # left out where the address has an expiry of its own
    address_expiry: date | None = None
    suspended_since: date | None = None
    left: bool = False
    forwarding: bool = False  # a forward that its target has confirmed
    disclosed: bool = False  # where they are now may be named to senders
    homepage: bool = False
    contact: bool = False  # their holder can be reached besides
    services: frozenset[str] = frozenset()
    address: Address | None = None  # the one address of a group of one that a plan names singly
    count: int = 1
    example: Address | None = None  # one of them

    def profile(self, edition: Edition) -> Profile:
        """What `edition` reads of them."""
        return edition.profile(
            self.address or Address("", self.domain),
            group=self.group,
            area=self.area,
            course=self.course,
            contract_type=self.contract_type,
            contract_expiry=self.contract_expiry,
            address_expiry=self.address_expiry,
            suspended_since=self.suspended_since,
        )

    def contract(self) -> Contract:
        """What rules of contracts read of them, as far as a group knows it."""
        has = {MAIL, *self.services} | ({HOMEPAGE} if self.homepage else set())
        return Contract(
            course=self.course,
            type=self.contract_type,
            expiry=self.contract_expiry,
            suspended_since=self.suspended_since,
            group=self.group,
            area=self.area,
            has=frozenset(has | ({ADDITIONAL_ADDRESS} if self.kind == "additional" else set())),
        )


@dataclass(frozen=True, slots=True)
class Reads:
    """Which facts of addresses some editions look at, beside dates and states."""

    groups: bool = False
    areas: bool = False
    courses: bool = False
    types: bool = False
    services: bool = False
    homepage: bool = False
    contacts: bool = False
    addresses: frozenset[Address] = frozenset()  # those named singly


def reads(*editions: Edition) -> Reads:
    """What `editions` look at, together."""
    scopes = [scope for edition in editions for scope in _scopes(edition)]
    notices = [notice for edition in editions for notice in edition.plan.notices]
    whoms = [notice.whom for notice in notices]
    powers = [power for edition in editions for switch in edition.plan.switches for power in switch.capabilities]
    words = {word for whom in whoms for word in (*whom.has, *whom.lacks)}
    return Reads(
        groups=any(scope.group for scope in scopes) or any(whom.groups for whom in whoms),
        areas=any(scope.area for scope in scopes) or any(whom.areas for whom in whoms),
        courses=any(whom.courses for whom in whoms) or any(power.course for power in powers),
        types=any(whom.types for whom in whoms),
        services=bool(words - {MAIL, HOMEPAGE, ADDITIONAL_ADDRESS}),
        homepage=HOMEPAGE in words,
        contacts=any(notice.to is Audience.CONTACTS for notice in notices),
        addresses=frozenset(scope.address for scope in scopes if scope.address is not None),
    )


def _scopes(edition: Edition) -> Iterator[Scope]:
    for exception in edition.plan.exceptions:
        yield exception.scope
    for switch in edition.plan.switches:
        yield switch.scope
    for held in edition.standing.holds:
        yield held.scope


def merged(groups: Iterable[Group], read: Reads) -> tuple[Group, ...]:
    """Groups without what nobody reads, equal ones as one: for groups that were made without asking what is read."""
    counts: dict[Group, int] = {}
    examples: dict[Group, Address | None] = {}
    named = {(one.domain, one.key) for one in read.addresses}
    for group in groups:
        alike = _plain(group, read, named)
        counts[alike] = counts.get(alike, 0) + group.count
        examples.setdefault(alike, group.example)
    return tuple(replace(group, count=count, example=examples[group]) for group, count in counts.items())


def _plain(group: Group, read: Reads, named: set[tuple[DomainName, str]]) -> Group:
    one = group.example
    return replace(
        group,
        group=group.group if read.groups else "",
        area=group.area if read.areas else "",
        course=group.course if read.courses else "",
        contract_type=group.contract_type if read.types else "",
        contract_expiry=None if group.address_expiry else group.contract_expiry,
        services=group.services if read.services else frozenset(),
        homepage=group.homepage and read.homepage,
        contact=group.contact and read.contacts,
        address=one if one is not None and (one.domain, one.key) in named else None,
        count=1,
        example=None,
    )


def known(whom: Whom) -> bool:
    """Whether groups of addresses tell all that `whom` asks; which contract has more addresses they do not."""
    return ADDITIONAL_ADDRESS not in {*whom.has, *whom.lacks}
