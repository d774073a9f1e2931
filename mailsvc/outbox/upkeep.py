"""What goes on beside the deliveries: leases are prolonged, the queue is counted for the metrics.

`duties()` gives the endless tasks. Records that are away are asked again in the next turn.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import datetime

from mailsvc.kit.metrics import Metrics
from mailsvc.outbox.attempts import Attempts
from mailsvc.outbox.in_hand import InHand
from mailsvc.outbox.pace import Pace
from mailsvc.records import deliveries
from mailsvc.records.deliveries import DeliveryState
from mailsvc.records.store import Records, RecordsAway
from schedules.clock import Clock


class Upkeep:
    """For one outbox; counting blocks and runs in the threads of `attempts`."""

    def __init__(
        self, records: Records, in_hand: InHand, attempts: Attempts, clock: Clock, pace: Pace, metrics: Metrics
    ) -> None:
        self._records = records
        self._in_hand = in_hand
        self._attempts = attempts
        self._clock = clock
        self._pace = pace
        self._metrics = metrics

    def duties(self) -> tuple[Coroutine[None, None, None], ...]:
        """What is to be done until cancelled."""
        return self._renew_forever(), self._count_forever()

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            await self.renew()

    async def renew(self) -> None:
        """Prolong the leases of everything in hand."""
        held = self._in_hand.all()
        until = self._clock.now() + self._pace.lease
        with suppress(RecordsAway):
            ours = await self._records.committer.commit(
                lambda connection: [deliveries.renew(connection, one, until) for one in held]
            )
            for delivery, still in zip(held, ours, strict=True):
                self._in_hand.renewed(delivery, ours=still)

    async def _count_forever(self) -> None:
        while True:
            with suppress(RecordsAway, RuntimeError):  # RuntimeError: the machine has no thread left for it now
                counted, oldest = await self._attempts.in_thread(self._counted)
                for state, count in counted.items():
                    self._metrics.queue.labels(str(state)).set(count)
                self._metrics.oldest.set(max((self._clock.now() - oldest).total_seconds(), 0.0) if oldest else 0.0)
            await asyncio.sleep(self._pace.count)

    def _counted(self) -> tuple[Mapping[DeliveryState, int], datetime | None]:
        with self._records.read() as connection:
            found = deliveries.counts(connection)
            oldest = deliveries.oldest(connection)
        return {state: count for state, count in found.items() if state is not DeliveryState.DELIVERED}, oldest
