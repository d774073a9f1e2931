"""Which contracts a rule speaks of, and the facts of a contract that rules read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from pydantic import Field

from schedules.blocks.values import Block, Names, Words
from schedules.names import Address

# Words that a contract has by what its accounts say, beside the services they list.
MAIL, HOMEPAGE, ADDITIONAL_ADDRESS = "mail", "homepage", "additional-address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What rules read of a contract; days are in the plan's zone, the last day being one of use."""

    number: str = ""
    holder: str = ""
    contact: str = ""
    course: str = ""
    type: str = ""
    start: date | None = None
    expiry: date | None = None
    suspended_since: date | None = None
    group: str = ""
    area: str = ""
    has: frozenset[str] = frozenset()  # services, options and equipment, and MAIL, HOMEPAGE, ADDITIONAL_ADDRESS
    addresses: Mapping[Address, date | None] = field(default_factory=dict)  # each with its own expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom(Block):
    """Which contracts are meant; what is left out does not narrow it."""

    courses: Annotated[Names, Field(description="only these courses")] = ()
    types: Annotated[Names, Field(description="only these types of contract")] = ()
    groups: Annotated[Names, Field(description="only these groups")] = ()
    areas: Annotated[Names, Field(description="only these areas")] = ()
    has: Annotated[Words, Field(description="only who has all of these: services, options, mail, homepage, …")] = ()
    lacks: Annotated[Words, Field(description="only who has none of these")] = ()

    def covers(self, contract: Contract) -> bool:
        """Whether `contract` is meant."""
        named = (
            (self.courses, contract.course),
            (self.types, contract.type),
            (self.groups, contract.group),
            (self.areas, contract.area),
        )
        if not all(not allowed or value in allowed for allowed, value in named):
            return False
        return contract.has.issuperset(self.has) and contract.has.isdisjoint(self.lacks)
