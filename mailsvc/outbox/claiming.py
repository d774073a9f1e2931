"""Which deliveries are taken in hand next: from lanes that are open, as many as these have room for.

`next()` claims in one short transaction; nothing is claimed while everything is held. `expired()` claims what has
waited too long behind a hop that is away, since its lane makes no attempts of its own. Raises RecordsAway.
"""

from collections.abc import Sequence

from mailsvc.outbox.lanes import Lanes
from mailsvc.outbox.pace import Pace
from mailsvc.records import deliveries, held
from mailsvc.records.deliveries import Delivery
from mailsvc.records.store import Connection, Records
from schedules.clock import Clock

# Deliveries claimed per free connection, so that recipients of one message meet in one parcel.
PER_CONNECTION = 4
# Deliveries claimed in one transaction, so that it stays short.
PER_ROUND = 64
# Lanes looked at in one round, the longest waiting first.
LANES = 256


class Claiming:
    """Claims for `owner`; `all_held` is known once the first round has asked."""

    def __init__(self, records: Records, lanes: Lanes, clock: Clock, pace: Pace, *, owner: str) -> None:
        self._records = records
        self._lanes = lanes
        self._clock = clock
        self._pace = pace
        self._owner = owner
        self.all_held = True

    async def next(self) -> Sequence[Delivery]:
        """What may be worked on now; nothing where nothing is due, or every lane is full or at rest."""
        due = await self._records.ask(self._due)
        rooms = {lane: room for lane in due if (room := self._room(lane))}
        if not rooms:
            return []
        return await self._records.committer.commit(lambda connection: self._claim(connection, rooms))

    async def expired(self) -> Sequence[Delivery]:
        """Some of what has expired in lanes at rest."""
        resting = [lane for lane in self._lanes.known() if self._lanes.resting(lane)]
        if not resting:
            return []
        return await self._records.committer.commit(lambda connection: self._claim_expired(connection, resting))

    def _due(self, connection: Connection) -> Sequence[str]:
        self.all_held = held.since(connection) is not None
        if self.all_held:
            return []
        now = self._clock.now()
        closed = self._lanes.closed(self._clock.monotonic())
        return [lane for lane in deliveries.due_lanes(connection, now, LANES + len(closed)) if lane not in closed]

    def _room(self, lane: str) -> int:
        room = self._lanes.room(lane, self._clock.monotonic())
        return min(room, 1) if self._lanes.resting(lane) else room * PER_CONNECTION

    def _claim(self, connection: Connection, rooms: dict[str, int]) -> list[Delivery]:
        claimed: list[Delivery] = []
        if held.since(connection) is not None:
            return claimed
        now = self._clock.now()
        for lane, room in rooms.items():
            limit = min(room, PER_ROUND - len(claimed))
            if limit:
                claimed += deliveries.claim_in(connection, lane, self._owner, now, self._pace.lease, limit)
        return claimed

    def _claim_expired(self, connection: Connection, lanes: Sequence[str]) -> list[Delivery]:
        claimed: list[Delivery] = []
        if held.since(connection) is not None:
            return claimed
        now = self._clock.now()
        for lane in lanes:
            limit = PER_ROUND - len(claimed)
            if limit:
                claimed += deliveries.claim_in(
                    connection, lane, self._owner, now, self._pace.lease, limit, expired=True
                )
        return claimed
