"""The acts that amend a plan: what an administrator, or a gate that has been asked, changes in it afterwards.

They are closed: whoever reads them matches on the type. An act that contradicts itself raises BadAmendment, whose
message is fit for the person who asked for it. What they do to dates is said by `schedules.applied`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schedules.blocks.scopes import Scope
from schedules.words import Stage

ANNOUNCED = timedelta(days=14)  # how long before its end the release of a hold is told, where nothing else is said
_LONGEST = timedelta(days=36_525)
_LAST_YEAR = 2999
_LONGEST_ORDER = 200


class BadAmendment(ValueError):
    """An amendment that contradicts itself, its plan or the amendments before it; the message says how."""


@dataclass(frozen=True, slots=True)
class Postpone:
    """Stages moved `by` a length of time (whole days keep the local time of day) or `to` an instant.

    No stages named: all that had not come when the amendment was made; that needs `by`.
    """

    stages: tuple[Stage, ...] = ()
    by: timedelta | None = None
    to: datetime | None = None

    def __post_init__(self) -> None:
        if (self.by is None) == (self.to is None):
            raise BadAmendment("say by how long, or to when, and not both")
        if self.by is not None and self.by <= timedelta():
            raise BadAmendment("a postponement must be longer than nothing")
        if self.by is not None and self.by > _LONGEST:
            raise BadAmendment("a postponement must be shorter than a hundred years")
        if self.to is not None:
            if not self.stages:
                raise BadAmendment("name the stages that move to that instant")
            object.__setattr__(self, "to", in_utc(self.to))


@dataclass(frozen=True, slots=True)
class Hold:
    """Stages (none named: every stage but the announcement) come no earlier than `until` for addresses in `scope`.

    With a `legal_order` (court and number) it goes before every hold without one, and only a Release ends it early.
    Its end is told `announced` before.
    """

    scope: Scope
    until: datetime
    stages: tuple[Stage, ...] = ()
    legal_order: str = ""
    announced: timedelta = ANNOUNCED

    def __post_init__(self) -> None:
        if Stage.ANNOUNCE in self.stages:
            raise BadAmendment("the announcement cannot be held: name other stages")
        if len(self.legal_order) > _LONGEST_ORDER:
            raise BadAmendment(f"a legal order is named in {_LONGEST_ORDER} characters at most")
        if not timedelta() <= self.announced <= _LONGEST:
            raise BadAmendment("a release is told some time before it, a hundred years at most")
        object.__setattr__(self, "legal_order", self.legal_order.strip())
        object.__setattr__(self, "until", in_utc(self.until))


@dataclass(frozen=True, slots=True)
class Pause:
    """The whole plan rests: what has not come comes later by the pause, in whole days; never a contract's dates.

    It lasts from when the amendment was made until `until`, or without one until a Resume.
    """

    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.until is not None:
            object.__setattr__(self, "until", in_utc(self.until))


@dataclass(frozen=True, slots=True)
class Resume:
    """The pause ends when this is made."""


@dataclass(frozen=True, slots=True)
class Release:
    """Every hold of exactly this scope, a legal order too, lets go at `at` at the latest."""

    scope: Scope
    at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", in_utc(self.at))


@dataclass(frozen=True, slots=True)
class RollBack:
    """Back to the amendments up to number `to`; 0 is the plan as it was written. Legal orders stay."""

    to: int


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """What the gates of a stage answered when they were asked, and what each of them found.

    `overridden`: somebody opened it, or keeps it closed, whatever was found.
    """

    stage: Stage
    opened: bool
    findings: tuple[str, ...] = ()
    overridden: bool = False


Act = Postpone | Hold | Pause | Resume | Release | RollBack | GateAnswer


def in_utc(at: datetime) -> datetime:
    """`at` in UTC. Raises BadAmendment where it names no zone or lies outside the years amendments may speak of."""
    if at.tzinfo is None:
        raise BadAmendment(f"{at.isoformat()} names no zone")
    if not 1970 <= at.year <= _LAST_YEAR:
        raise BadAmendment(f"{at.isoformat()} is outside the years 1970 to {_LAST_YEAR}")
    return at.astimezone(UTC)
