"""Room in mailboxes that messages in progress have been promised, from RCPT until they wait in the outbox.

    others = await reservations.take(transaction, mailbox, octets, limit)    # at RCPT, then the mailbox is counted
    reservations.confirm(transaction, mailboxes)                             # once the verdict is there
    for grown in await reservations.correct(transaction, octets): ...        # at the end of DATA, count again
    reservations.release(transaction)                                        # after the commit, or without one

First reserve, then look how full the mailbox is: of two messages that come at once, one sees the other. `take` and
`correct` answer what others hold at that moment. What nobody releases counts for `LEASE` only.
`Reservations` keeps them in memory, for the one service on SQLite; `SharedReservations` in the records, for several on
PostgreSQL, and raises RecordsAway.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from mailsvc.records import reservations as kept
from mailsvc.records.reservations import Box, box
from mailsvc.records.store import Connection, Records, RecordsAway
from schedules.clock import Clock
from schedules.names import Address

# Longer than most messages need from RCPT to their end; a slower one is checked as a new one then.
LEASE: Final = timedelta(minutes=10)
# Of more transactions than this, the oldest is forgotten once its lease is over: whoever took it never released it.
_REMEMBERED: Final = 20_000


@dataclass(slots=True)
class _Held:
    """What a transaction holds in one mailbox."""

    mailbox: Address
    limit: int  # octets the mailbox may hold
    octets: int
    until: float  # monotonic seconds
    firm: bool = False  # a verdict has promised it


@dataclass(slots=True)
class _Transaction:
    touched: float
    held: dict[Box, _Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grown:
    """A mailbox in which a message takes more room than it had reserved."""

    mailbox: Address
    limit: int
    others: int  # octets that others hold there


class Reservations:
    """Reservations of one service, in memory. Sizes are octets."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._transactions: OrderedDict[str, _Transaction] = OrderedDict()
        self._boxes: dict[Box, dict[str, _Held]] = {}

    async def take(self, transaction: str, mailbox: Address, octets: int, limit: int) -> int:
        """Reserve `octets` in `mailbox`, and answer what others hold there. What is held already never shrinks."""
        held = self._hold(transaction, mailbox, octets, limit)
        return (await self._set(transaction, {box(mailbox): held}))[box(mailbox)]

    def confirm(self, transaction: str, mailboxes: Collection[Address]) -> None:
        """Keep what was taken for `mailboxes`, which a verdict has promised; give back what was taken for none."""
        promised = {box(mailbox) for mailbox in mailboxes}
        for where, held in list(self._held(transaction).items()):
            held.firm = held.firm or where in promised
            if not held.firm:
                self._give_up(transaction, where)

    async def correct(self, transaction: str, octets: int) -> list[Grown]:
        """Set the true size; the mailboxes where that is more than was reserved must be counted once more."""
        now, more = self._monotonic(), dict[Box, _Held]()
        for where, held in self._held(transaction).items():
            if octets > held.octets or held.until <= now:
                more[where] = held
            held.octets, held.until = octets, now + LEASE.total_seconds()
        others = await self._set(transaction, more) if more else {}
        return [Grown(held.mailbox, held.limit, others[where]) for where, held in more.items()]

    def release(self, transaction: str) -> None:
        """Give everything back. Harmless for a transaction that holds nothing."""
        for where in list(self._held(transaction)):
            self._drop(transaction, where)
        self._transactions.pop(transaction, None)

    async def reserved(self, mailbox: Address) -> int:
        """What all transactions together hold in `mailbox`."""
        return self._sum(box(mailbox))

    async def close(self) -> None:
        """Wait for what is still being given back."""

    def _held(self, transaction: str) -> Mapping[Box, _Held]:
        found = self._transactions.get(transaction)
        return found.held if found else {}

    def _hold(self, transaction: str, mailbox: Address, octets: int, limit: int) -> _Held:
        now, where = self._monotonic(), box(mailbox)
        self._forget(now)
        mine = self._transactions.setdefault(transaction, _Transaction(now))
        mine.touched = now
        self._transactions.move_to_end(transaction)
        held = mine.held.setdefault(where, _Held(mailbox, limit, octets, now))
        held.octets, held.until = max(held.octets, octets), now + LEASE.total_seconds()
        self._boxes.setdefault(where, {})[transaction] = held
        return held

    async def _set(self, transaction: str, changed: Mapping[Box, _Held]) -> Mapping[Box, int]:
        return {where: self._sum(where, but=transaction) for where in changed}

    def _sum(self, where: Box, but: str = "") -> int:
        now = self._monotonic()
        there = self._boxes.get(where, {})
        return sum(held.octets for whose, held in there.items() if whose != but and held.until > now)

    def _give_up(self, transaction: str, where: Box) -> None:
        self._drop(transaction, where)

    def _drop(self, transaction: str, where: Box) -> None:
        del self._transactions[transaction].held[where]
        there = self._boxes[where]
        del there[transaction]
        if not there:
            del self._boxes[where]

    def _forget(self, now: float) -> None:
        while len(self._transactions) > _REMEMBERED:
            oldest, what = next(iter(self._transactions.items()))
            if what.touched + LEASE.total_seconds() > now:
                return
            self.release(oldest)


class SharedReservations(Reservations):
    """Reservations of several services, in the records. Giving back never waits: it is done soon after."""

    def __init__(self, records: Records, clock: Clock) -> None:
        super().__init__(clock.monotonic)
        self._records = records
        self._clock = clock
        self._giving_back: set[asyncio.Task[None]] = set()

    async def reserved(self, mailbox: Address) -> int:
        """What all transactions of all services hold in `mailbox`. Raises RecordsAway."""
        now = self._clock.now()
        return await self._records.ask(lambda connection: kept.reserved(connection, box(mailbox), now))

    def release(self, transaction: str) -> None:
        """Give everything back, soon."""
        holds = bool(self._held(transaction))
        super().release(transaction)
        if holds:
            self._soon(partial(kept.release, transaction=transaction))

    async def close(self) -> None:
        """Wait for what is still being given back."""
        if self._giving_back:
            await asyncio.wait(self._giving_back)

    async def _set(self, transaction: str, changed: Mapping[Box, _Held]) -> Mapping[Box, int]:
        now: datetime = self._clock.now()
        wanted = {where: held.octets for where, held in changed.items()}
        reserve = partial(kept.reserve, transaction=transaction, wanted=wanted, now=now, until=now + LEASE)
        return await asyncio.to_thread(self._records.act, reserve)

    def _give_up(self, transaction: str, where: Box) -> None:
        super()._give_up(transaction, where)
        self._soon(partial(kept.release, transaction=transaction, where=where))

    def _soon(self, work: Callable[[Connection], None]) -> None:
        task = asyncio.ensure_future(self._give_back(work))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)

    async def _give_back(self, work: Callable[[Connection], None]) -> None:
        with suppress(RecordsAway):  # then it counts until its lease ends
            await asyncio.to_thread(self._records.act, work)


def reservations_in(records: Records, clock: Clock) -> Reservations:
    """In memory where one service writes alone, in the records where several share them."""
    return Reservations(clock.monotonic) if records.where.inline else SharedReservations(records, clock)
