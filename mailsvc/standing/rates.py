"""How much each sender and client has done lately, and whether more is too much (KY-5).

    if not await rates.count(SENDER, "hanako@closing.example", now): ...     # 450 4.7.1

What is over the limit is not counted, so that a client that tries again and again gets in as soon as there is room.
`Rates` keeps the counts in memory, for the one service on SQLite; `SharedRates` in the records, for several on
PostgreSQL, and raises RecordsAway. A scope without a limit costs nothing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from filters.rate import Window, window, within
from mailsvc.kit.rates import Rate
from mailsvc.kit.settings import RateSettings
from mailsvc.records import rates as kept
from mailsvc.records.rates import Counter
from mailsvc.records.store import Records

T = TypeVar("T")

_REMEMBERED: Final = 50_000
_PAUSES: Final = 60


class Scope(StrEnum):
    """What is counted."""

    SENDER = "sender"  # recipients taken of one sender of ours
    CLIENT = "client"  # messages of one IP address of the world
    REFUSED = "refused"  # recipients refused to one IP address of the world


class Rates:
    """Counts of one service, in memory; beyond 50,000 subjects the one that was quiet longest is forgotten.

    `limits` is asked each time, since settings may change.
    """

    def __init__(self, limits: Callable[[], Mapping[Scope, Rate]]) -> None:
        self._limits = limits
        self._counts: OrderedDict[Counter, tuple[int, int, int]] = OrderedDict()  # slot, its count, the one before
        self._over: OrderedDict[Counter, datetime] = OrderedDict()

    async def count(self, scope: Scope, subject: str, now: datetime, amount: int = 1) -> bool:
        """Count `amount` more; False, counting nothing, where that is over the limit."""
        limit, counter = self._limits().get(scope), Counter(scope, subject)
        if limit is None or await self._count(counter, window(limit.per, now), limit.count, amount):
            return True
        _remember(self._over, counter, now + limit.per / _PAUSES)
        return False

    def is_over(self, scope: Scope, subject: str, now: datetime) -> bool:
        """Whether its last count was over the limit, a sixtieth of the window ago at most; asks nobody."""
        until = self._over.get(Counter(scope, subject))
        return until is not None and now < until

    async def _count(self, counter: Counter, at: Window, limit: int, amount: int) -> bool:
        slot, counted, before = self._counts.get(counter, (at.slot, 0, 0))
        if slot != at.slot:
            before = counted if slot == at.slot - 1 else 0
            counted = 0
        if not within(limit, counted + amount, before, at.weight):
            return False
        _remember(self._counts, counter, (at.slot, counted + amount, before))
        return True


class SharedRates(Rates):
    """Counts of several services, in the records."""

    def __init__(self, limits: Callable[[], Mapping[Scope, Rate]], records: Records) -> None:
        super().__init__(limits)
        self._records = records

    async def _count(self, counter: Counter, at: Window, limit: int, amount: int) -> bool:
        work = partial(kept.count, counter=counter, window=at, limit=limit, amount=amount)
        return await asyncio.to_thread(self._records.act, work)


def outdated(settings: RateSettings, now: datetime) -> Mapping[str, int]:
    """By scope, the first slot whose count still matters at `now`: `records.rates.sweep` removes those before it."""
    return {scope: window(rate.per, now).slot - 1 for scope, rate in _limits(settings).items()}


def rates_in(records: Records, settings: Callable[[], RateSettings]) -> Rates:
    """In memory where one service writes alone, in the records where several share them."""
    if records.where.inline:
        return Rates(lambda: _limits(settings()))
    return SharedRates(lambda: _limits(settings()), records)


def _remember(known: OrderedDict[Counter, T], counter: Counter, what: T) -> None:
    known[counter] = what
    known.move_to_end(counter)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)


def _limits(settings: RateSettings) -> Mapping[Scope, Rate]:
    named = {Scope.SENDER: settings.sender, Scope.CLIENT: settings.client, Scope.REFUSED: settings.refused}
    return {scope: rate for scope, rate in named.items() if rate is not None}
