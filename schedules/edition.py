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
from schedules.applied import Applied, applied
from schedules.decisions import expiry_matters_until, held_until
from schedules.names import Address, DomainName
from schedules.plan import IRREVERSIBLE, Plan
from schedules.positions import Position
from schedules.text import Text
from schedules.timeline import Timeline, compile_timeline
from schedules.words import Profile, Rulings, Stage, Suspension

# A million addresses are a few thousand profiles; one timeline takes about 10 KB.
TIMELINES_KEPT = 8192


@dataclass(frozen=True)
class Edition:
    """A plan in one of its versions (`number`, as it was applied) and the amendments made to it since."""

    plan: Plan
    number: int = 1
    amendments: tuple[Amendment, ...] = ()
    standing: Applied = field(init=False, repr=False, compare=False)
    _expiry_matters_until: date | None = field(init=False, repr=False, compare=False)
    _timeline: Callable[[Profile], Timeline] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        standing = applied(self.plan, self.amendments)
        compiled = lru_cache(maxsize=TIMELINES_KEPT)(partial(compile_timeline, self.plan, standing))
        object.__setattr__(self, "standing", standing)
        object.__setattr__(self, "_timeline", compiled)
        last = expiry_matters_until(standing)
        object.__setattr__(self, "_expiry_matters_until", last and last.astimezone(self.plan.zone).date())

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
        scopes = [hold.scope for hold in self.standing.holds]
        return Profile(
            domain=address.domain,
            group=group if any(scope.group == group for scope in scopes) else "",
            area=area if any(scope.area == area for scope in scopes) else "",
            contract_expiry=None if address_expiry else self._told(contract_expiry),
            address_expiry=self._told(address_expiry),
            suspended_since=suspended_since,
            address=address if any(s.address is not None and s.address.same_mailbox(address) for s in scopes) else None,
        )

    def _told(self, expiry: date | None) -> date | None:
        """The expiry, where it can still end anything before the plan does."""
        last = self._expiry_matters_until
        return None if expiry is not None and last is not None and expiry >= last else expiry

    def at(self, profile: Profile, now: datetime) -> Rulings:
        """Every ruling for `profile` at `now`, an aware datetime; a few microseconds once a profile is known."""
        if now.tzinfo is None:
            raise ValueError("now must name its zone")
        return self._timeline(profile).at(now.timestamp())

    def stage_instant(self, stage: Stage, domain: DomainName | None = None) -> datetime | None:
        """When `stage` comes for `domain` as a whole, after amendments; None where the plan has no such stage.

        Holds on the whole domain count; those on some of its addresses move only purge and dns-end, which must not
        come while anything is held. Without a domain: holds on the whole plan, likewise.
        """
        at = self.standing.instants.get(stage)
        if at is None:
            return None
        name = domain.ascii if domain is not None else None
        counted = [
            hold
            for hold in self.standing.holds
            if (name is None or hold.scope.touches(name))
            and (stage in IRREVERSIBLE or (hold.scope.whole_domain and (name is not None or not hold.scope.domain)))
        ]
        return held_until(stage, at, counted)[0]

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
