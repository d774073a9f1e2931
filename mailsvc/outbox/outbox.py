"""The outbox: a role that delivers what is committed, again and again until each recipient is settled.

`run()` claims due deliveries lane by lane, never more than a lane may have at once and none for a lane that rests,
groups those of one message, makes the attempts, and settles them. `wake()` says that something new is due.
`first_try()` makes the first attempt at a message that is not committed yet; `adopt()` takes over one that still runs.
Ends only by cancellation: then running attempts get a moment to end, and what they held is given back.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from mailsvc.kit.metrics import Metrics
from mailsvc.kit.targets import MaildirTarget
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.attempts import Attempted, Attempts, Load, later
from mailsvc.outbox.claiming import PER_CONNECTION, Claiming
from mailsvc.outbox.first_try import FirstTry, Grip
from mailsvc.outbox.in_hand import InHand
from mailsvc.outbox.lanes import Lanes
from mailsvc.outbox.pace import Pace
from mailsvc.outbox.parcel import Content
from mailsvc.outbox.routes import NoRoute
from mailsvc.outbox.settling import After, Settling, nothing_more
from mailsvc.outbox.slots import Slots
from mailsvc.outbox.upkeep import Upkeep
from mailsvc.records.deliveries import Claimed, Delivery, NewDelivery, Outcome
from mailsvc.records.delivery import begun
from mailsvc.records.messages import Message
from mailsvc.records.store import Records, RecordsAway
from schedules.clock import Clock
from schedules.names import Address, BadName

__all__ = ["Outbox", "Pace"]

# Recipients of one message that go in one transaction: every server takes 100 (RFC 5321 4.5.3.1.8).
RECIPIENTS = 100
ENDED = "the service ended in mid-attempt"


class Outbox:
    """One per process; `owner` names this worker in the records, `after` hears of each settlement."""

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
        after: After = nothing_more,
    ) -> None:
        self._attempts = attempts
        self._clock = clock
        self._pace = pace
        self._log = log
        self._owner = owner
        self._wake = asyncio.Event()
        self._in_hand = InHand(clock.monotonic, pace.lease.total_seconds())
        self._lanes = Lanes(share=pace.of, first_pause=pace.first_rest, longest_pause=pace.longest_rest)
        self._slots = Slots(pace.of)
        self._claiming = Claiming(records, self._lanes, clock, pace, owner=owner)
        self._settling = Settling(records, self._in_hand, clock, pace, metrics, log, after)
        self._upkeep = Upkeep(records, self._in_hand, attempts, clock, pace, metrics)
        self._running: set[asyncio.Task[None]] = set()
        self._first: set[asyncio.Task[Attempted]] = set()

    def wake(self, lanes: Collection[str]) -> None:
        """Something is due now on these lanes; those at rest are not disturbed."""
        if not all(map(self._lanes.resting, lanes)):
            self._wake.set()

    @property
    def resting(self) -> Mapping[str, str]:
        """The lanes at rest and why."""
        return {lane: self._lanes.why(lane) for lane in self._lanes.known() if self._lanes.resting(lane)}

    # ── what is committed ───────────────────────────────────────────────────────────────────────────────
    async def run(self) -> None:
        """Deliver until cancelled."""
        besides = [asyncio.create_task(one) for one in (*self._upkeep.duties(), self._expire_forever())]
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
            claimed = await self._claiming.next()
        except RecordsAway as error:
            self._log.warning("outbox waits for the records", why=str(error))
            return False
        fresh = [delivery for delivery in claimed if self._in_hand.take(delivery)]
        for lane, group in _grouped(fresh):
            self._lanes.begin(lane)
            self._keep(asyncio.create_task(self._work(lane, group, probing=self._lanes.resting(lane))))
        return bool(fresh)

    async def _work(self, lane: str, group: Sequence[Delivery], *, probing: bool) -> None:
        grip = Grip(lambda: all(map(self._in_hand.ours, group)))
        made: Attempted | None = None
        try:
            made = await self._in_lane(lane, group, grip, probing=probing)
        finally:
            await self._settling.settle(group, self._outcomes(group, made, grip))
            self._wake.set()

    async def _in_lane(
        self, lane: str, group: Sequence[Delivery], grip: Grip, load: Load | None = None, *, probing: bool = False
    ) -> Attempted:
        """One attempt in one of the lane's slots; the caller has let it begin."""
        made = Attempted()
        try:
            async with self._slots.one(lane):
                if self._lanes.resting(lane) and not probing:
                    made.put_back = f"the next hop is away: {self._lanes.why(lane)}"
                    made.answers = later(group, made.put_back)
                else:
                    made = await self._attempt(group, grip, load)
        finally:
            self._hear(lane, made)
            self._lanes.end(lane)
        return made

    async def _attempt(self, group: Sequence[Delivery], grip: Grip, load: Load | None) -> Attempted:
        try:
            return await self._attempts.make(group, grip, load)
        except RecordsAway as error:
            why = f"4.3.0 {error}"
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost anybody's mail
            fault = "an attempt failed by a fault of the program"
            self._log.error(fault, message=group[0].message_id, exc_info=error)
            why = f"4.3.0 a fault of the program: {type(error).__name__}"
        return Attempted(later(group, why))

    def _outcomes(self, group: Sequence[Delivery], made: Attempted | None, grip: Grip) -> Mapping[str, Outcome]:
        outcomes = self._attempts.outcomes
        if made is None or made.put_back:
            why = made.put_back if made else ENDED
            return {one.id: outcomes.at_once(let_go=grip.let_go, why=why) for one in group}
        return {one.id: outcomes.of(one, made.answers[one.id]) for one in group}

    def _hear(self, lane: str, made: Attempted) -> None:
        if made.away and self._lanes.away(lane, self._clock.monotonic(), made.away):
            self._log.warning("a next hop is away, its lane rests", lane=lane, why=made.away)
        if made.heard and self._lanes.back(lane):
            self._log.info("a next hop is back", lane=lane)

    async def _expire_forever(self) -> None:
        while True:
            await asyncio.sleep(self._pace.expire)
            with suppress(RecordsAway):
                await self.expire()

    async def expire(self) -> None:
        """Give up what has waited too long behind a hop that is away. Raises RecordsAway."""
        while claimed := [one for one in await self._claiming.expired() if self._in_hand.take(one)]:
            for lane, group in _grouped(claimed):
                made = Attempted(later(group, f"the next hop is away: {self._lanes.why(lane)}"))
                await self._settling.settle(group, self._outcomes(group, made, Grip(lambda: False)))

    async def renew(self) -> None:
        """Prolong the leases of everything in hand."""
        await self._upkeep.renew()

    # ── what is not committed yet ───────────────────────────────────────────────────────────────────────
    def first_try(self, message: Message, news: Sequence[NewDelivery], content: Content) -> FirstTry | None:
        """Begin the first attempt at a message whose client still waits; `content` opens its body from its start.

        None where it is to be committed first: its recipients have no common next hop of ours by SMTP or LMTP, the
        lane rests or has no room, or everything is held.
        """
        lane = self._first_lane(news)
        if lane is None or self._claiming.all_held or self._lanes.resting(lane):
            return None
        if self._lanes.active(lane) >= self._pace.of(lane) * PER_CONNECTION:
            return None
        ours = [begun(message.id, number, new, message.received_at) for number, new in enumerate(news)]
        if len({self._attempts.means.outgoing(message, delivery) for delivery in ours}) != 1:
            return None
        first = FirstTry(news, ours, self._attempts.outcomes)
        self._lanes.begin(lane)
        first.task = asyncio.create_task(self._in_lane(lane, ours, first.grip, Load(message, content)))
        self._first.add(first.task)
        first.task.add_done_callback(self._first.discard)
        return first

    def _first_lane(self, news: Sequence[NewDelivery]) -> str | None:
        """The one lane of ours, to a server, on which all of them go by the settings of this moment."""
        if len(news) > RECIPIENTS:
            return None
        try:
            routes = {self._attempts.means.routes.of(Address.parse(new.recipient)) for new in news}
        except (BadName, NoRoute):
            return None
        only = routes.pop()
        return None if routes or not only.ours or isinstance(only.target, MaildirTarget) else only.lane

    def claimed(self) -> Claimed:
        """How the rows of a message are written whose first attempt still runs."""
        return Claimed(self._owner, self._clock.now() + self._pace.lease)

    def adopt(self, first: FirstTry, claimed: Sequence[Delivery]) -> None:
        """A first attempt still runs and its rows are committed as ours: settle them when it ends."""
        for delivery in claimed:
            self._in_hand.take(delivery)
        self._keep(asyncio.create_task(self._see_through(first, claimed)))

    async def _see_through(self, first: FirstTry, claimed: Sequence[Delivery]) -> None:
        made: Attempted | None = None
        try:
            made = await asyncio.shield(first.task)
        finally:
            await self._settling.settle(claimed, self._outcomes(claimed, made, first.grip))

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────
    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _farewell(self) -> None:
        """Let attempts end, then let them give back what they hold; records that are away cannot keep us."""
        for _ in range(3):
            tasks = {*self._running, *self._first}
            if tasks:
                await asyncio.wait(tasks, timeout=self._pace.farewell)
            for task in (*self._running, *self._first):
                task.cancel()
        await self._attempts.close()


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
