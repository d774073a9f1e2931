"""Accounts that live on at a successor: what each holder has there after a consolidation (II-1 to II-8). Pure.

    joined(contracts_of_one_holder, plan.consolidation, random=Random(seed))

A customer id and a code for each service are drawn from the random source that is handed in; `taken` holds what was
drawn before, so that nothing is drawn twice. Fails: ValueError where the contracts are not of one holder, or none.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from random import Random

from schedules.blocks.consolidation import Consolidation, Inherit, OptionMapping
from schedules.blocks.whom import Contract
from schedules.moments import later
from schedules.names import Address
from schedules.text import Text

# Neither 0 and O, nor 1 and I: codes are read aloud and typed.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LENGTH, _ID_LENGTH = 10, 8


class Account(StrEnum):
    """Whether a holder had an account at the successor before."""

    EXISTING = "existing"  # it stays as it is; services are added to it (II-4)
    NEW = "new"


@dataclass(frozen=True, slots=True)
class MovedService:
    """One service at the successor, and what it was made of."""

    contract: str
    old: tuple[str, ...]  # options of the contract; empty for what was added
    new: str
    code: str  # one for each service (II-7)
    titles: tuple[Text, ...]
    address: Address | None = None  # where each address becomes a service


@dataclass(frozen=True, slots=True)
class Option:
    """One option of one contract."""

    contract: str
    option: str


@dataclass(frozen=True, slots=True)
class Joined:
    """What a holder has at the successor."""

    holder: str
    account: Account
    customer_id: str  # new ones are drawn; empty: the one the successor knows already
    id_immutable: bool
    id_told_by: tuple[str, ...]  # how a new id is told; nothing is told of one that stays
    inherited_from: str | None  # the contract whose data the account takes over (II-5); None: nothing changes
    inherited: tuple[str, ...]  # what is taken over, such as credit-card
    contact: str | None  # the new contact address (II-6); None: unchanged
    services: tuple[MovedService, ...]
    added: tuple[Option, ...]  # given to those who lacked them (II-3)
    unmapped: tuple[Option, ...]  # that become nothing


def joined(
    contracts: Sequence[Contract], consolidation: Consolidation, *, random: Random, taken: Collection[str] = frozenset()
) -> Joined:
    """What the contracts of one holder become."""
    holders = {contract.holder for contract in contracts}
    if len(holders) != 1:
        raise ValueError(f"contracts of one holder are joined, not of {len(holders)}")
    drawn = _Drawn(random, taken)
    existing = any(consolidation.account in contract.has for contract in contracts)
    kept = None if existing else _first(contracts, consolidation.inherit)
    in_order = sorted(contracts, key=_age)
    return Joined(
        holder=holders.pop(),
        account=Account.EXISTING if existing else Account.NEW,
        customer_id="" if existing else drawn.draw(_ID_LENGTH),
        id_immutable=consolidation.id_immutable,
        id_told_by=() if existing else consolidation.id_told_by,
        inherited_from=kept.number if kept else None,
        inherited=consolidation.inherited if kept else (),
        contact=_base_address(kept) if kept else None,
        services=tuple(service for one in in_order for service in _moved(one, consolidation, drawn)),
        added=tuple(option for one in in_order for option in _added(one, consolidation)),
        unmapped=unmapped(in_order, consolidation),
    )


def unmapped(contracts: Iterable[Contract], consolidation: Consolidation) -> tuple[Option, ...]:
    """Options that become nothing: people look at them before the day (II-3), at `listed_at`."""
    known = {mapping.option for mapping in consolidation.options} | {consolidation.account}
    return tuple(Option(one.number, option) for one in contracts for option in sorted(one.has - known))


def listed_at(consolidation: Consolidation) -> datetime:
    """When unmapped options are listed."""
    return later(consolidation.at, -consolidation.unmapped_listed)


def price_of(service: str, at: datetime, consolidation: Consolidation) -> int | None:
    """The monthly price in yen of a service of the successor at an instant; None where the plan says none (II-3)."""
    change = next((price for price in consolidation.prices if price.service == service), None)
    if change is None:
        return None
    return change.new if at.timestamp() >= (change.at or consolidation.at).timestamp() else change.old


class Biller(StrEnum):
    """Who bills a month of use."""

    OLD = "old"  # the service that ends
    NEW = "new"  # the successor


def billed_by(month: date, consolidation: Consolidation) -> Biller:
    """Who bills the use of the month of the day `month`: the successor, once a month begins with it (II-8)."""
    begins = datetime.combine(month.replace(day=1), time())
    return Biller.NEW if begins >= consolidation.at.replace(tzinfo=None) else Biller.OLD


def _age(contract: Contract) -> tuple[date, str]:
    """The oldest first; whose start nobody knows is taken to be the youngest."""
    return contract.start or date.max, contract.number


def _first(contracts: Sequence[Contract], inherit: Inherit) -> Contract:
    known = [one for one in contracts if one.start is not None] or list(contracts)
    return min(known, key=_age) if inherit is Inherit.OLDEST else max(known, key=_age)


def _base_address(contract: Contract) -> str:
    return next((str(address) for address in contract.addresses), contract.contact)


def _added(contract: Contract, consolidation: Consolidation) -> Iterator[Option]:
    """What a contract gets that it lacked: all, or what belongs to a service that it has anyhow."""
    becomes = {mapping.option: mapping.becomes for mapping in consolidation.options}
    gets = {becomes[option] for option in contract.has if option in becomes}
    for option in consolidation.added:
        if option not in contract.has and becomes.get(option) in {None, *gets}:
            yield Option(contract.number, option)


def _moved(contract: Contract, consolidation: Consolidation, drawn: "_Drawn") -> Iterator[MovedService]:
    """One service for each that options of the contract become; for each address, where the plan says so."""
    own = [mapping for mapping in consolidation.options if mapping.option in contract.has]
    for new in dict.fromkeys(mapping.becomes for mapping in own):
        made_of = [mapping for mapping in own if mapping.becomes == new]
        for address in _each(contract, made_of):
            old = tuple(mapping.option for mapping in made_of)
            titles = tuple(dict.fromkeys(mapping.title for mapping in made_of))
            yield MovedService(contract.number, old, new, drawn.draw(_CODE_LENGTH), titles, address)


def _each(contract: Contract, made_of: Iterable[OptionMapping]) -> Sequence[Address | None]:
    each = any(mapping.each_address for mapping in made_of)
    return tuple(contract.addresses) or (None,) if each else (None,)


class _Drawn:
    """Codes from a random source, none of them twice."""

    def __init__(self, random: Random, taken: Collection[str]) -> None:
        self._random = random
        self._taken = set(taken)

    def draw(self, length: int) -> str:
        while (code := "".join(self._random.choices(_LETTERS, k=length))) in self._taken:
            pass
        self._taken.add(code)
        return code
