"""The outcome of an attempt is written down, once, under the fence of its claim.

Records that are away are waited for, however long: forgetting an outcome would repeat the delivery. A stale fence
settles nothing. What cannot be written at all stays with its lease, and comes back as UNKNOWN when that has ended.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from mailsvc.kit.metrics import Metrics
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.in_hand import InHand
from mailsvc.outbox.pace import Pace
from mailsvc.records import deliveries
from mailsvc.records.deliveries import Deferred, Delivered, Delivery, Outcome, Undeliverable, Unsure
from mailsvc.records.errors import Distrusted, RecordsError
from mailsvc.records.store import Connection, Records, RecordsAway
from schedules.clock import Clock

NAMES: Mapping[type[Outcome], str] = {
    Delivered: "delivered",
    Deferred: "deferred",
    Unsure: "unsure",
    Undeliverable: "undeliverable",
}


# Hears, once it is written, what became of deliveries of one message; may raise RecordsError.
After = Callable[[Sequence[Delivery], Mapping[str, Outcome]], Awaitable[None]]


async def nothing_more(_group: Sequence[Delivery], _outcomes: Mapping[str, Outcome]) -> None:
    """Nobody else wants to know."""


class Settling:
    """Writes and tells outcomes, by delivery id."""

    def __init__(
        self, records: Records, in_hand: InHand, clock: Clock, pace: Pace, metrics: Metrics, log: Log, after: After
    ) -> None:
        self._records = records
        self._in_hand = in_hand
        self._clock = clock
        self._pace = pace
        self._metrics = metrics
        self._log = log
        self._after = after

    async def settle(self, group: Sequence[Delivery], outcomes: Mapping[str, Outcome]) -> None:
        """Settle all of the group and let it out of hand."""
        try:
            kept = await self._written(group, outcomes)
            for delivery, ours in zip(group, kept, strict=True):
                self._tell(delivery, outcomes[delivery.id], ours=ours)
            await self._after([one for one, ours in zip(group, kept, strict=True) if ours], outcomes)
        except RecordsError as error:
            self._log.error("a settlement could not be written", message=group[0].message_id, why=str(error))
        finally:
            for delivery in group:
                self._in_hand.drop(delivery)

    async def _written(self, group: Sequence[Delivery], outcomes: Mapping[str, Outcome]) -> Sequence[bool]:
        pause = self._pace.gap
        while True:
            try:
                return await self._records.committer.commit(lambda conn: self._write(conn, group, outcomes))
            except Distrusted:
                raise
            except RecordsAway as error:
                self._log.warning("a settlement waits for the records", message=group[0].message_id, why=str(error))
            pause = min(pause * 2, self._pace.longest_rest)
            await asyncio.sleep(pause)

    def _write(self, connection: Connection, group: Sequence[Delivery], outcomes: Mapping[str, Outcome]) -> list[bool]:
        now = self._clock.now()
        return [deliveries.settle(connection, self._in_hand.newest(one), outcomes[one.id], now) for one in group]

    def _tell(self, delivery: Delivery, outcome: Outcome, *, ours: bool) -> None:
        name = NAMES[type(outcome)] if ours else "stale"
        self._metrics.delivered(name)
        say = self._log.warning if isinstance(outcome, Undeliverable) or not ours else self._log.info
        say(
            name,
            message=delivery.message_id,
            recipient=delivery.recipient,
            lane=delivery.lane,
            attempt=delivery.attempts,
            reply=outcome.reply,
        )
