"""What one power's rulings read of a profile: the answers for it are the same for all profiles that are alike in this.

    Facet.of(edition, power).of_profile(profile)    # the profile without all that cannot matter to that power

Profiles are told apart by everything that anything in a plan reads; each power reads little of it. Where an area has
another end of reading, mail does not care for areas. So a plan is walked for far fewer facets than profiles. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schedules.blocks.scopes import Scope
from schedules.decisions import ENDED_BY, EXPIRING, SUSPENDED
from schedules.edition import Edition
from schedules.words import Capability, Power, Profile


@dataclass(frozen=True, slots=True)
class Facet:
    """Which facts of a profile one power's rulings read."""

    groups: frozenset[str]
    areas: frozenset[str]
    addresses: bool
    expiry: bool
    suspension: bool

    @classmethod
    def of(cls, edition: Edition, power: Power) -> "Facet":
        """What `edition` reads for `power`."""
        scopes = list(_scopes(edition, power))
        return cls(
            groups=frozenset(scope.group for scope in scopes if scope.group),
            areas=frozenset(scope.area for scope in scopes if scope.area),
            addresses=any(scope.address is not None for scope in scopes),
            expiry=power.capability in EXPIRING,
            suspension=power.capability in {*SUSPENDED, Capability.RECEIVE},
        )

    def of_profile(self, profile: Profile) -> Profile:
        """The profile, without what does not matter here."""
        return Profile(
            domain=profile.domain,
            group=profile.group if profile.group in self.groups else "",
            area=profile.area if profile.area in self.areas else "",
            contract_expiry=profile.contract_expiry if self.expiry else None,
            address_expiry=profile.address_expiry if self.expiry else None,
            suspended_since=profile.suspended_since if self.suspension else None,
            address=profile.address if self.addresses else None,
        )


def _scopes(edition: Edition, power: Power) -> Iterator[Scope]:
    """Whom dates and switches of the power's stages concern; a legal order counts wherever it is."""
    stages = ENDED_BY[power.capability]
    for exception in edition.standing.exceptions:
        if any(stage in exception.stages for stage in stages):
            yield exception.scope
    for held in edition.standing.holds:
        if held.legal_order or any(held.concerns(stage) for stage in stages):
            yield held.scope
    for switch in edition.plan.switches:
        if any(one.capability is power.capability for one in switch.capabilities):
            yield switch.scope
