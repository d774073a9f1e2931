"""What a kind of deed is: when it comes, how it catches up after an outage, and how its effect is made ready.

A kind says its own moments; `at_stages` gives those of a kind that comes once for each of some stages.

A kind prepares its effect outside of any transaction, since that may read a million rows; the effect itself is a
function that runs in the transaction of the ledger's mark, so that both happen or neither.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mailsvc.records.ledger import DeedKey
from mailsvc.records.store import Connection
from schedules.edition import Edition
from schedules.names import DomainName
from schedules.words import Stage

# Runs inside the transaction that marks the deed done; returns the evidence the ledger keeps.
Effect = Callable[[Connection], str]


# When a deed comes: its key, its stage, the instant. A key holds no date of a stage, or a postponement would repeat it.
Moment = tuple[DeedKey, Stage, datetime]


class CatchUp(StrEnum):
    """What happens to several deeds of one kind and domain that are due at once."""

    NEWEST = "newest"  # notices: the newest speaks for all
    EACH = "each"  # every one is carried out, in order of time


class Timed(Protocol):
    """What a kind of deed is called, and when it comes."""

    @property
    def name(self) -> str:
        """Its word in the ledger; never changed once used."""
        ...

    def moments(self, edition: Edition, now: datetime) -> Iterable[Moment]:
        """When it comes under an edition, in any order. Pure.

        Complete up to `now`; of what comes later at least the next, so that a kind with daily rounds need not end.
        """
        ...


class Kind(Timed, Protocol):
    """One kind of deed."""

    @property
    def irreversible(self) -> bool:
        """Whether it must not be carried out at all while the clock is in doubt."""
        ...

    @property
    def catch_up(self) -> CatchUp:
        """How it catches up."""
        ...

    async def prepare(self, deed: "DueDeed", also: Sequence["DueDeed"], now: datetime) -> Effect:
        """Make the effect of `deed` ready; `also` are older ones it speaks for. Repeatable."""
        ...


@dataclass(frozen=True, slots=True)
class DueDeed:
    """A deed whose time has come."""

    key: DeedKey
    kind: Kind
    stage: Stage
    at: datetime  # when it became due
    edition: Edition


def at_stages(
    name: str, edition: Edition, stages: Collection[Stage], offset: timedelta = timedelta()
) -> Iterator[Moment]:
    """The kind `name` once for each domain of the plan and each of `stages` that comes for it, `offset` after that.

    A wildcard stands for its own scope here: a hold on "*.x" moves it, one on a single name below does not.
    """
    seconds = offset // timedelta(seconds=1)
    for pattern in edition.plan.domains:
        for stage in stages:
            at = edition.stage_instant(stage, DomainName(pattern))
            if at is not None:
                yield DeedKey(pattern, str(stage), name, seconds), stage, at.astimezone(UTC) + offset
