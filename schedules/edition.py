"""Editions: a plan with its amendments, answering what an address may do at an instant.

    edition = Edition(read_plan(text, file), number=1)
    profile = edition.profile(address, contract_expiry=date(2024, 1, 31))
    edition.at(profile, now)[Capability.RECEIVE].allowed

`at` is pure: time travel is the same call with another `now`. Which rules it follows stands in `schedules.decisions`.
Amendments that cannot follow one another raise BadAmendment when the edition is made.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache, partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from schedules.amendments import Amendment
from schedules.amendments.coming import end_of_domain
from schedules.applied import Applied, applied
from schedules.decisions import expiry_matters_until
from schedules.names import Address, DomainName
from schedules.plan import Plan
from schedules.positions import Position
from schedules.text import Text
from schedules.timeline import Timeline, compile_timeline
from schedules.words import Profile, Rulings, Stage, Suspension

# A million addresses are a few thousand profiles; one timeline takes about 10 KB.
TIMELINES_KEPT = 8192


@dataclass(frozen=True, slots=True)
class _Named:
    """The groups, areas and mailboxes that a plan and its amendments speak of."""

    groups: frozenset[str]
    areas: frozenset[str]
    addresses: frozenset[tuple[DomainName, str]]


@dataclass(frozen=True)
class Edition:
    """A plan in one of its versions (`number`, as it was applied) and the amendments made to it since."""

    plan: Plan
    number: int = 1
    amendments: tuple[Amendment, ...] = ()
    standing: Applied = field(init=False, repr=False, compare=False)
    _named: _Named = field(init=False, repr=False, compare=False)
    _expiry_matters_until: Callable[[Profile], date | None] = field(init=False, repr=False, compare=False)
    _timeline: Callable[[Profile], Timeline] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        standing = applied(self.plan, self.amendments)
        compiled = lru_cache(maxsize=TIMELINES_KEPT)(partial(compile_timeline, self.plan, standing))
        object.__setattr__(self, "standing", standing)
        object.__setattr__(self, "_timeline", compiled)
        object.__setattr__(self, "_named", _named(self.plan, standing))
        matters = lru_cache(maxsize=TIMELINES_KEPT)(partial(expiry_matters_until, self.plan, standing))
        object.__setattr__(self, "_expiry_matters_until", matters)

    def covers(self, domain: DomainName) -> bool:
        """Whether the plan names `domain`, exactly or by a wildcard; the apex is not in "*.x"."""
        return self.plan.closeness(domain) is not None

    def profile(
        self,
        address: Address,
        *,
        group: str = "",
        area: str = "",
        course: str = "",  # noqa: ARG002 - courses and types of contract are read by rules of contracts, not of plans
        contract_type: str = "",  # noqa: ARG002 - see course
        contract_expiry: date | None = None,
        address_expiry: date | None = None,
        suspended_since: date | None = None,
    ) -> Profile:
        """What this edition reads of an address: only what some rule or hold asks for, so that profiles are few.

        Expiry dates are the last day of use; an address's own goes before its contract's (SK-5).
        """
        named = self._named
        profile = Profile(
            domain=address.domain,
            group=group if group in named.groups else "",
            area=area if area in named.areas else "",
            address=address if named.addresses and (address.domain, address.key) in named.addresses else None,
        )
        expiry = address_expiry or contract_expiry
        last = self._expiry_matters_until(profile) if expiry is not None else None
        told = last is None or expiry is None or expiry < last
        return replace(
            profile,
            contract_expiry=contract_expiry if told and address_expiry is None else None,
            address_expiry=address_expiry if told else None,
            suspended_since=suspended_since,
        )

    def at(self, profile: Profile, now: datetime) -> Rulings:
        """Every ruling for `profile` at `now`, an aware datetime; a few microseconds once a profile is known."""
        if now.tzinfo is None:
            raise ValueError("now must name its zone")
        return self._timeline(profile).at(now.timestamp())

    def stage_instant(self, stage: Stage, domain: DomainName | None = None) -> datetime | None:
        """When `stage` comes for `domain` as a whole, after amendments; None where it waits, or the plan has it not.

        Exceptions and holds on the whole domain count; holds on some of its addresses move only purge and dns-end,
        which must not come while anything is held. Without a domain: what stands of the whole plan, likewise.
        """
        if stage not in self.standing.dates:
            return None
        comes = end_of_domain(self.standing, stage, domain.ascii if domain is not None else None).comes
        return comes.at if comes is not None else None

    def successor(self, domain: DomainName, now: datetime) -> str:
        """Where all mail for `domain` goes at `now`, as `smtp://HOST:PORT`; empty while it stays with us (II-1)."""
        line = self.plan.stages.get(Stage.SUCCESSOR)
        if line is None:
            return ""
        at = self.stage_instant(Stage.SUCCESSOR, domain)
        return line.to if at is not None and at.timestamp() <= now.timestamp() else ""

    def waiting(self, stage: Stage) -> str:
        """Why `stage` waits, for an operator; empty where it does not."""
        return str(self.standing.waiting.get(stage, ""))

    def timeline(self, profile: Profile) -> Timeline:
        """All rulings for `profile` at all times, with the instants at which any of them changes."""
        return self._timeline(profile)

    def stages(self) -> tuple[tuple[Stage, datetime], ...]:
        """The stages and their instants after postponements, in order of time, then of `Stage`."""
        ranks = {stage: rank for rank, stage in enumerate(Stage)}
        return tuple(sorted(self.standing.instants.items(), key=lambda item: (item[1].timestamp(), ranks[item[0]])))

    def amended(self, amendment: Amendment) -> "Edition":
        """This edition with one more amendment. Raises BadAmendment where it cannot follow the others."""
        return replace(self, amendments=(*self.amendments, amendment))


def _named(plan: Plan, standing: Applied) -> _Named:
    scopes = [one.scope for many in (standing.holds, standing.exceptions, plan.switches) for one in many]
    addresses = (scope.address for scope in scopes if scope.address is not None)
    return _Named(
        frozenset(scope.group for scope in scopes),
        frozenset(scope.area for scope in scopes),
        frozenset((address.domain, address.key) for address in addresses),
    )


def edition_for(domain: DomainName, editions: Iterable[Edition]) -> Edition | None:
    """The edition that names `domain` most closely: exactly, else by the longest wildcard; None where none does."""
    ranked = [(closeness, edition) for edition in editions if (closeness := edition.plan.closeness(domain)) is not None]
    return max(ranked, key=lambda pair: pair[0], default=(0, None))[1]


def open_edition(zone: ZoneInfo) -> Edition:
    """For domains that no plan covers: nothing ends, only expiry and suspension speak, dated in `zone`."""
    no_text = Text("終了の予定はありません", "no end is planned")
    plan = Plan(
        "open", zone, (), MappingProxyType({}), (), Suspension.KEEP, "", no_text, no_text, source=Position("no plan")
    )
    return Edition(plan, number=0)
