"""The words of time that all rooms speak: stages, capabilities, profiles and rulings.

A Profile is what an edition reads of an address; `Edition.at(profile, now)` answers with Rulings.
Everything here is a frozen value; datetimes are aware.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from schedules.names import Address, DomainName
from schedules.positions import Position
from schedules.text import Text


class Stage(StrEnum):
    """The named instants of a domain's end, as a plan file writes them."""

    ANNOUNCE = "announce"
    FREEZE = "freeze"
    SUCCESSOR = "successor"
    SEND_END = "send-end"
    RECEIVE_END = "receive-end"
    READ_ONLY = "read-only"
    READ_END = "read-end"
    EXPORT_END = "export-end"
    HOMEPAGE_UPLOAD_END = "homepage-upload-end"
    HOMEPAGE_END = "homepage-end"
    FORWARD_END = "forward-end"
    PURGE = "purge"
    DNS_END = "dns-end"


class Capability(StrEnum):
    """What an address may do; each is answered by one Ruling."""

    RECEIVE = "receive"
    SEND = "send"
    FORWARD = "forward"
    READ = "read"
    CHANGE_MAIL = "change_mail"
    CHANGE_SETTINGS = "change_settings"
    EXPORT = "export"
    HOMEPAGE_UPLOAD = "homepage_upload"
    HOMEPAGE_DOWNLOAD = "homepage_download"  # fetching one's own pages
    HOMEPAGE = "homepage"  # the pages are shown
    ADD_ADDRESS = "add_address"
    CHANGE_OPTIONS = "change_options"  # taking or giving up single options
    COURSE_CHANGE = "course_change"  # with a course: changing to it
    RENEW = "renew"
    RENEW_BEYOND_END = "renew_beyond_end"  # renewing for longer than the service lasts
    PAY_ONLINE = "pay_online"


# Capabilities that may be named for one course alone, as in `renew:two-year`.
COURSES_HAVE = frozenset(
    {Capability.COURSE_CHANGE, Capability.RENEW, Capability.RENEW_BEYOND_END, Capability.PAY_ONLINE}
)


@dataclass(frozen=True, slots=True, order=True)
class Power:
    """A capability; of one course where it is named so (`renew:two-year`), else of every course."""

    capability: Capability
    course: str = ""

    def __str__(self) -> str:
        return f"{self.capability}:{self.course}" if self.course else str(self.capability)


class Rule(StrEnum):
    """Which rule of a plan decided a ruling."""

    OPEN = "open"  # nothing in the plan speaks against it
    STAGE = "stage"  # the stage that ends it has come
    SOFT_START = "soft-start"  # the stage has come, but its first hours are answered softly
    BROWN_OUT = "brown-out"  # a rehearsal of the end, before the end
    SUSPENSION = "suspension"  # the contract is suspended
    EXPIRY = "expiry"  # the address's or the contract's own end has come
    HOLD = "hold"  # the stage has come, but a hold keeps it open
    SWITCH = "switch"  # a switch of the plan has it off
    WAITING = "waiting"  # the stage's date has come, but its gate has not opened, or the plan is paused


class Medium(StrEnum):
    """How somebody asks for something."""

    ONLINE = "online"
    PHONE = "phone"
    PAPER = "paper"


class Suspension(StrEnum):
    """What a plan does with mail to a suspended contract (KY-7)."""

    KEEP = "keep"  # accepted and kept; reading and sending are blocked
    DEFER = "defer"  # 450 4.2.1
    REFUSE = "refuse"  # 550 5.2.1


@dataclass(frozen=True, slots=True)
class Profile:
    """What an edition reads of an address; addresses with equal profiles get equal rulings.

    `Edition.profile` makes one; `address` is set only where the edition names that very address.
    """

    domain: DomainName
    group: str = ""
    area: str = ""
    course: str = ""
    contract_type: str = ""
    contract_expiry: date | None = None  # last day of use, in the plan's zone
    address_expiry: date | None = None  # last day of use, in the plan's zone
    suspended_since: date | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether one capability is allowed, why, and from when until when this answer stands.

    `deferred` marks a refusal that is meant to pass: SMTP answers it with a 4xx reply.
    """

    capability: Capability
    allowed: bool
    rule: Rule
    reason: Text
    source: Position  # the line of the plan that decided; line 0 where no line did
    since: datetime | None = None
    until: datetime | None = None
    deferred: bool = False
    stage: Stage | None = None  # the stage concerned, for STAGE, SOFT_START and HOLD


@dataclass(frozen=True, slots=True)
class Rulings:
    """Every capability's ruling at one instant, and the plan's position then."""

    of: Mapping[Capability, Ruling]
    position: Stage | None  # the latest stage that has come for this profile
    next_change: datetime | None  # when any of these rulings changes next
    courses: Mapping[Power, Ruling] = field(default_factory=dict)  # powers of single courses that the plan names

    def __getitem__(self, capability: Capability) -> Ruling:
        return self.of[capability]

    def power(self, power: Power) -> Ruling:
        """The ruling for a power; of a course the plan does not name, that of every course."""
        return self.courses.get(power) or self.of[power.capability]
