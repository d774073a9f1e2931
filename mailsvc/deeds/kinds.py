"""What a kind of deed is: when it comes, how it catches up after an outage, and how its effect is made ready.

A kind prepares its effect outside of any transaction, since that may read a million rows; the effect itself is a
function that runs in the transaction of the ledger's mark, so that both happen or neither.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mailsvc.records.ledger import DeedKey
from mailsvc.records.store import Connection
from schedules.edition import Edition
from schedules.words import Stage

# Runs inside the transaction that marks the deed done; returns the evidence the ledger keeps.
Effect = Callable[[Connection], str]


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

    @property
    def stages(self) -> Collection[Stage]:
        """The stages it belongs to."""
        ...

    @property
    def offset(self) -> timedelta:
        """How long after its stage it is due; negative is before."""
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
