"""The role `returns`: each failure of mail we took is told to its sender once, or to nobody, with the reason on record.

    await Returner(records, addressees, dsns, now=watch.now, pace=Pace(), sent=outbox.wake, log=log).run()

A message is due when the last of its deliveries has ended, or an hour after the first one did. The report, its place in
the queue and the mark on each delivery are one transaction: killed anywhere, it is done again from nothing; of two
processes on one database one writes, the other is Overtaken. What cannot be judged now is tried later and keeps no
other back. `run` ends only by cancellation; while the records are away it waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mailsvc.kit.telemetry import Log
from mailsvc.letters.letter import BadLetter
from mailsvc.letters.post import ReadyLetter
from mailsvc.records import returns
from mailsvc.records.delivery import Delivery
from mailsvc.records.returns import Case, Overtaken
from mailsvc.records.store import Connection, Records, RecordsAway
from mailsvc.returns import telling
from mailsvc.returns.addressee import Addressees, Nobody, NotNow
from mailsvc.returns.dsns import Dsns

# Messages looked at in one round, besides those that rest.
ROUND: Final = 100
# Messages judged at once.
AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited; `look` and `rest` are seconds of real time."""

    patience: timedelta = timedelta(hours=1)  # from the first end on, while other recipients are still open
    delay_notice: timedelta = timedelta(hours=4)
    look: float = 1.0  # between two looks for what is due
    rest: float = 60.0  # before a message that could not be judged is looked at again


class Returner:
    """One per process. `now` is the trusted time; `sent` hears on which lanes reports wait."""

    def __init__(
        self,
        records: Records,
        addressees: Addressees,
        dsns: Dsns,
        *,
        now: Callable[[], datetime],
        pace: Pace,
        sent: Callable[[Collection[str]], None],
        log: Log,
    ) -> None:
        self._records = records
        self._addressees = addressees
        self._dsns = dsns
        self._now = now
        self._pace = pace
        self._sent = sent
        self._log = log
        self._wake = asyncio.Event()
        self._resting: dict[str, float] = {}  # by message id, until when

    def wake(self) -> None:
        """Something has ended: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.round()
            except RecordsAway as why:
                self._log.warning("returns wait for the records", why=str(why))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.look):
                    await self._wake.wait()

    async def round(self) -> None:
        """Report on everything that is due now. Raises RecordsAway."""
        now, limit = self._now(), ROUND + len(self._resting)
        due = await self._records.ask(lambda one: returns.due(one, now, self._pace.patience, limit))
        await self._each(due, self._ended)
        before = now - self._pace.delay_notice
        late = await self._records.ask(lambda one: returns.delayed(one, before, limit))
        await self._each(late, lambda case: self._late(case, late[case.message.id]))

    async def _each(self, message_ids: Iterable[str], work: Callable[[Case], Awaitable[None]]) -> None:
        """Several at once: one sender's slow DNS keeps no other waiting. Raises RecordsAway."""
        room = asyncio.Semaphore(AT_ONCE)

        async def in_turn(message_id: str) -> None:
            async with room:
                await self._one(message_id, work)

        for found in await asyncio.gather(*map(in_turn, message_ids), return_exceptions=True):
            if isinstance(found, BaseException):
                raise found

    async def _one(self, message_id: str, work: Callable[[Case], Awaitable[None]]) -> None:
        """One message; what is wrong with it keeps no other back."""
        clock = asyncio.get_running_loop().time
        if self._resting.get(message_id, 0.0) > clock():
            return
        self._resting.pop(message_id, None)
        try:
            case = await self._records.ask(lambda connection: returns.case(connection, message_id))
            if case is not None:
                await work(case)
        except RecordsAway:
            raise
        except Overtaken as why:
            self._log.info("a report was overtaken", message=message_id, why=str(why))
        except NotNow as why:
            self._resting[message_id] = clock() + self._pace.rest
            self._log.warning("a report waits", message=message_id, why=str(why))
        except Exception as error:  # noqa: BLE001 - a fault with one message must not keep the others
            self._resting[message_id] = clock() + self._pace.rest
            self._log.error("a report failed and will be tried again", message=message_id, exc_info=error)

    async def _ended(self, case: Case) -> None:
        """Decide for each delivery that has ended, then write it all down in one transaction."""
        message = case.message
        reasons = {one.number: telling.unwanted(one, case.deliveries) for one in case.untold}
        if not reasons:  # somebody else was quicker
            return
        told = [one for one in case.untold if not reasons[one.number]]
        dsn = await self._dsn(case, told, reasons)
        report = "" if dsn is None else f"returned {dsn.message.id}"
        marks = {number: f"nobody: {why}" if why else report for number, why in reasons.items()}
        now = self._now()

        def write(connection: Connection) -> None:
            returns.settle(connection, message.id, marks, now)
            if dsn is not None:
                dsn.queue(connection)

        await self._records.committer.commit(write)
        self._tell(case, marks, dsn)

    async def _late(self, case: Case, numbers: Sequence[int]) -> None:
        """RFC 3461 4.1: one notice of delay, to who asked for it."""
        waiting = [one for one in case.deliveries if one.number in numbers]
        reasons = dict.fromkeys(numbers, "")
        dsn = await self._dsn(case, waiting, reasons)
        now = self._now()

        def write(connection: Connection) -> None:
            returns.tell_delay(connection, case.message.id, numbers, now)
            if dsn is not None:
                dsn.queue(connection)

        await self._records.committer.commit(write)
        self._tell(case, {number: why or "delayed" for number, why in reasons.items()}, dsn)

    async def _dsn(self, case: Case, told: Sequence[Delivery], reasons: dict[int, str]) -> ReadyLetter | None:
        """The report on `told`; None where nobody is told of them, and then `reasons` has why for each."""
        if not told:
            return None
        addressee = await self._addressees.of(case.message)
        if isinstance(addressee, Nobody):
            reasons.update(dict.fromkeys((one.number for one in told), addressee.why))
            return None
        try:
            return await self._dsns.ready(case.message, told, addressee, self._now())
        except BadLetter as bad:
            reasons.update(dict.fromkeys((one.number for one in told), f"no report can be written: {bad}"))
            return None

    def _tell(self, case: Case, marks: dict[int, str], dsn: ReadyLetter | None) -> None:
        for one in case.deliveries:
            if one.number in marks:
                self._log.info("reported", message=case.message.id, recipient=one.recipient, report=marks[one.number])
        if dsn is not None:
            self._sent({new.lane for new in dsn.deliveries})
