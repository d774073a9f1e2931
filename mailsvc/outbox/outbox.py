"""The outbox: a role that delivers what is committed, again and again until each recipient is settled.

`run()` claims due deliveries lane by lane, never more than a lane may have at once and none for a lane that rests,
groups those of one message, makes the attempts, and settles them. `wake()` says that something new is due. Claims and
settlements go through the committer, so they share its group commits. Ends only by cancellation: then running attempts
get a moment to end, and what they held is given back.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from mailsvc.kit.metrics import Metrics
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.attempts import Attempted, Attempts
from mailsvc.outbox.in_hand import InHand
from mailsvc.outbox.lanes import Lanes
from mailsvc.records import deliveries
from mailsvc.records.deliveries import Deferred, Delivered, Delivery, DeliveryState, Outcome, Undeliverable
from mailsvc.records.errors import Distrusted, RecordsError
from mailsvc.records.store import Connection, Records, RecordsAway
from schedules.clock import Clock

# Recipients of one message that go in one transaction: every server takes 100 (RFC 5321 4.5.3.1.8).
RECIPIENTS = 100
# Deliveries claimed per free connection, so that recipients of one message meet in one parcel.
PER_CONNECTION = 4
# Deliveries claimed in one transaction, so that it stays short.
PER_ROUND = 64


@dataclass(frozen=True, slots=True)
class Pace:
    """How eagerly the outbox works; seconds of real time, but for the lease."""

    lease: timedelta
    share: int = 10  # attempts on one lane at once
    poll: float = 1.0  # look for what is due at least this often
    gap: float = 0.02  # and at most this often
    first_rest: float = 1.0  # pauses of a lane whose hop is away
    longest_rest: float = 60.0
    farewell: float = 5.0  # what running attempts get when the service ends, and their settlements then
    count: float = 5.0  # between two counts of the queue for the metrics


class Outbox:
    """One per process; `owner` names this worker in the records."""

    def __init__(
        self,
        records: Records,
        attempts: Attempts,
        clock: Clock,
        pace: Pace,
        metrics: Metrics,
        log: Log,
        *,
        owner: str,
    ) -> None:
        self._records = records
        self._attempts = attempts
        self._clock = clock
        self._pace = pace
        self._metrics = metrics
        self._log = log
        self._owner = owner
        self._wake = asyncio.Event()
        self._in_hand = InHand(clock.monotonic, pace.lease.total_seconds())
        self._lanes = Lanes(share=pace.share, first_pause=pace.first_rest, longest_pause=pace.longest_rest)
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._running: set[asyncio.Task[None]] = set()

    def wake(self, lanes: Collection[str]) -> None:
        """Something is due now on these lanes; those at rest are not disturbed."""
        if not all(map(self._lanes.resting, lanes)):
            self._wake.set()

    @property
    def resting(self) -> Mapping[str, str]:
        """The lanes at rest and why."""
        return {lane: self._lanes.why(lane) for lane in self._lanes.known() if self._lanes.resting(lane)}

    async def run(self) -> None:
        """Deliver until cancelled."""
        besides = (asyncio.create_task(self._renew_forever()), asyncio.create_task(self._count_forever()))
        try:
            while True:
                self._wake.clear()
                if not await self._round():
                    await self._rest()
                await asyncio.sleep(self._pace.gap)
        finally:
            for task in besides:
                task.cancel()
            await self._farewell()

    async def _rest(self) -> None:
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with what it waits for.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause()):
                await self._wake.wait()

    def _pause(self) -> float:
        probe = self._lanes.next_probe()
        soon = self._pace.poll if probe is None else probe - self._clock.monotonic()
        return min(max(soon, self._pace.gap), self._pace.poll)

    async def _round(self) -> bool:
        """Claim what may be worked on and begin; False where there was nothing."""
        try:
            rooms = await self._rooms()
            if not rooms:
                return False
            claimed = await self._records.committer.commit(lambda connection: self._claim(connection, rooms))
        except RecordsAway as error:
            self._log.warning("outbox waits for the records", why=str(error))
            return False
        fresh = [delivery for delivery in claimed if self._in_hand.take(delivery)]
        for lane, group in _grouped(fresh):
            self._begin(lane, group)
        return bool(fresh)

    async def _rooms(self) -> Mapping[str, int]:
        now = self._clock.monotonic()
        rooms = {}
        for lane in await self._records.ask(deliveries.lanes):
            room = self._lanes.room(lane, now)
            if room:
                rooms[lane] = 1 if self._lanes.resting(lane) else room * PER_CONNECTION
        return rooms

    def _claim(self, connection: Connection, rooms: Mapping[str, int]) -> list[Delivery]:
        now, everything = self._clock.now(), set(deliveries.lanes(connection))
        claimed: list[Delivery] = []
        for lane in sorted(everything & rooms.keys()):
            limit = min(rooms[lane], PER_ROUND - len(claimed))
            claimed += deliveries.claim(connection, self._owner, now, self._pace.lease, limit, everything - {lane})
        return claimed

    def _begin(self, lane: str, group: Sequence[Delivery]) -> None:
        self._lanes.begin(lane)
        task = asyncio.create_task(self._work(lane, group, probing=self._lanes.resting(lane)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _work(self, lane: str, group: Sequence[Delivery], *, probing: bool) -> None:
        made = Attempted({one.id: Deferred(self._clock.now(), "the service ended in mid-attempt") for one in group})
        try:
            async with self._slots.setdefault(lane, asyncio.Semaphore(self._pace.share)):
                if self._lanes.resting(lane) and not probing:
                    made = self._put_back(lane, group)
                else:
                    made = await self._attempt(group)
        finally:
            self._lanes.end(lane)
            self._hear(lane, made)
            await self._settle(group, made.outcomes)
            self._wake.set()

    async def _attempt(self, group: Sequence[Delivery]) -> Attempted:
        try:
            return await self._attempts.make(group, lambda: all(map(self._in_hand.ours, group)))
        except RecordsAway as error:
            why = f"4.3.0 {error}"
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost anybody's mail
            fault = "an attempt failed by a fault of the program"
            self._log.error(fault, message=group[0].message_id, exc_info=error)
            why = f"4.3.0 a fault of the program: {type(error).__name__}"
        return Attempted({one.id: self._attempts.later(one, why) for one in group})

    def _put_back(self, lane: str, group: Sequence[Delivery]) -> Attempted:
        why = f"the next hop is away: {self._lanes.why(lane)}"
        return Attempted({one.id: Deferred(self._clock.now(), why) for one in group})

    def _hear(self, lane: str, made: Attempted) -> None:
        if made.away and self._lanes.away(lane, self._clock.monotonic(), made.away):
            self._log.warning("a next hop is away, its lane rests", lane=lane, why=made.away)
        if made.heard and self._lanes.back(lane):
            self._log.info("a next hop is back", lane=lane)

    async def _settle(self, group: Sequence[Delivery], outcomes: Mapping[str, Outcome]) -> None:
        """Write down what came of it; a stale fence settles nothing. What cannot be written stays with its lease."""
        try:
            kept = await self._written(group, outcomes)
            for delivery, ours in zip(group, kept, strict=True):
                self._tell(delivery, outcomes[delivery.id], ours=ours)
        except RecordsError as error:
            self._log.error("a settlement could not be written", message=group[0].message_id, why=str(error))
        finally:
            for delivery in group:
                self._in_hand.drop(delivery)

    async def _written(self, group: Sequence[Delivery], outcomes: Mapping[str, Outcome]) -> Sequence[bool]:
        """Wait for the records however long they are away: forgetting an outcome would repeat the delivery."""
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
        name = _NAMES[type(outcome)] if ours else "stale"
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
                counted = await self._attempts.in_thread(self._counted)
                for state, count in counted.items():
                    self._metrics.queue.labels(str(state)).set(count)
            await asyncio.sleep(self._pace.count)

    def _counted(self) -> Mapping[DeliveryState, int]:
        with self._records.read() as connection:
            found = deliveries.counts(connection)
        return {state: count for state, count in found.items() if state is not DeliveryState.DELIVERED}

    async def _farewell(self) -> None:
        """Let attempts end, then let them give back what they hold; records that are away cannot keep us."""
        for _ in range(3):
            if self._running:
                await asyncio.wait(self._running, timeout=self._pace.farewell)
            for task in tuple(self._running):
                task.cancel()


_NAMES: Mapping[type[Outcome], str] = {
    Delivered: "delivered",
    Deferred: "deferred",
    Undeliverable: "undeliverable",
}


def _grouped(claimed: Sequence[Delivery]) -> list[tuple[str, list[Delivery]]]:
    """Deliveries of one message on one lane together, at most so many as every server takes."""
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in claimed:
        groups.setdefault((delivery.lane, delivery.message_id), []).append(delivery)
    return [
        (lane, group[start : start + RECIPIENTS])
        for (lane, _), group in groups.items()
        for start in range(0, len(group), RECIPIENTS)
    ]
