"""Bodies: the octets of a message, kept as chunk rows of at most 1 MiB.

`BodyWriter` takes octets as they come. Each full chunk is committed, so memory stays flat; what is left at the end
(the whole of a small body) rides in the commit of its message. A body that no message and no row kept in quarantine
has is an orphan: it was never promised to anyone, or was given up, and `sweep_orphans` removes it. Fails with
RecordsAway; a writer that failed must be discarded.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, bindparam, delete, exists, or_, select

from mailsvc.records.orders import Row
from mailsvc.records.store import Records, RecordsAway
from mailsvc.records.tables import body_chunks, body_spills, messages, quarantine
from mailsvc.records.tables.columns import EPOCH
from mailsvc.records.upsert import insert

CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StagedBody:
    """A body written to its end, waiting for its message; `tail` are the rows the message's commit still inserts."""

    id: str
    size: int
    sha256: str
    tail: tuple[Row, ...]

    def in_memory(self) -> tuple[bytes, ...]:
        """The octets at the end that only the message's commit will write: all of a small body."""
        return tuple(values["data"] for _, values in self.tail if isinstance(values["data"], bytes))


class BodyWriter:
    """Writes one body. `new_id` gives its id; `clock` dates it, so that an orphan's age is known."""

    def __init__(
        self, records: Records, new_id: Callable[[], str], clock: Callable[[], datetime] | None = None
    ) -> None:
        self.id = new_id()
        self.size = 0
        self._records = records
        self._clock = clock or _wall_clock
        self._hash = hashlib.sha256()
        self._held = bytearray()
        self._chunks = 0

    async def write(self, octets: bytes | bytearray | memoryview) -> None:
        """Take octets; returns when what no longer fits in memory is durable. Raises RecordsAway."""
        self._hash.update(octets)
        self._held += octets
        self.size += len(octets)
        while len(self._held) >= CHUNK:
            await self._spill()

    async def finish(self) -> StagedBody:
        """End the body; what is still in memory is committed with the message."""
        tail: tuple[Row, ...] = ()
        if self._held or not self._chunks:
            tail = (self._chunk(bytes(self._held)),)
        self._held.clear()
        return StagedBody(self.id, self.size, self._hash.hexdigest(), tail)

    async def discard(self) -> None:
        """Forget the body: the client gave up, or the message was refused."""
        self._held.clear()
        while self._chunks:
            first = max(0, self._chunks - 8)
            await self._records.committer.commit(partial(_remove_from, body_id=self.id, first=first))
            self._chunks = first

    async def _spill(self) -> None:
        rows = [self._chunk(bytes(memoryview(self._held)[:CHUNK]))]
        if not self._chunks:
            rows.append((body_spills, {"body_id": self.id, "begun_at": self._clock()}))
        del self._held[:CHUNK]
        # Counted before it is durable: a discard after a failure then removes what may have been written.
        self._chunks += 1
        await self._records.committer.insert(rows)

    def _chunk(self, data: bytes) -> Row:
        return body_chunks, {"body_id": self.id, "number": self._chunks, "data": data}


async def read_body(records: Records, body_id: str) -> AsyncIterator[bytes]:
    """The octets of a body, chunk by chunk; ends at once for a body that is not there."""
    number = 0
    while (data := await records.ask(partial(chunk, body_id=body_id, number=number))) is not None:
        yield data
        if len(data) < CHUNK:
            return
        number += 1


async def staged_octets(records: Records, staged: StagedBody) -> AsyncGenerator[bytes, None]:
    """The octets of a body whose message may not be written yet, from the start; may be opened again and again."""
    held = staged.in_memory()
    number, left = 0, staged.size - sum(map(len, held))
    while left > 0:
        octets = await records.ask(partial(chunk, body_id=staged.id, number=number))
        if octets is None:
            raise RecordsAway(f"the records are away: chunk {number} of the body {staged.id} is not there")
        yield octets
        number, left = number + 1, left - len(octets)
    for octets in held:
        yield octets


def chunk(connection: Connection, body_id: str, number: int) -> bytes | None:
    """One chunk, counted from 0; None after the last."""
    return connection.execute(_ONE_CHUNK, {"id_": body_id, "place": number}).scalar_one_or_none()


# Asked for every piece of every body, so built once.
_ONE_CHUNK = select(body_chunks.c.data).where(
    body_chunks.c.body_id == bindparam("id_"), body_chunks.c.number == bindparam("place")
)


def remove_chunks(connection: Connection, body_id: str, limit: int) -> int:
    """Delete up to `limit` chunks of a body from its end; returns how many are left, so that locks stay short."""
    count = body_chunks.c.number
    last = connection.execute(
        select(count).where(body_chunks.c.body_id == body_id).order_by(count.desc()).limit(1),
    ).scalar_one_or_none()
    if last is None:
        return 0
    first = max(0, int(last) + 1 - limit)
    connection.execute(delete(body_chunks).where(body_chunks.c.body_id == body_id, count >= first))
    return first


def give_up(connection: Connection, body_ids: Sequence[str]) -> None:
    """Hand bodies that nobody needs any more to the sweep for orphans, which removes them in slices."""
    if body_ids:
        row = insert(connection, body_spills)
        again = row.on_conflict_do_update(index_elements=[body_spills.c.body_id], set_={"begun_at": EPOCH})
        connection.execute(again, [{"body_id": body_id, "begun_at": EPOCH} for body_id in body_ids])


def sweep_orphans(connection: Connection, older_than: datetime, limit: int) -> int:
    """Remove up to `limit` chunks of bodies begun before `older_than` that nobody has; returns how many rows went.

    Call it again until it returns 0. Bodies that have got their message, or are kept in quarantine, are only struck
    from the list.
    """
    old = select(body_spills.c.body_id).where(body_spills.c.begun_at < older_than)
    sent = exists().where(messages.c.body_id == body_spills.c.body_id)
    kept_back = exists().where(quarantine.c.body_id == body_spills.c.body_id, quarantine.c.state == "kept")
    kept = or_(sent, kept_back)
    struck = connection.execute(
        delete(body_spills).where(body_spills.c.body_id.in_(old.where(kept).limit(limit))),
    ).rowcount
    orphan = connection.execute(old.where(~kept).limit(1)).scalar_one_or_none()
    if orphan is None:
        return struck
    remove_orphan(connection, orphan, limit)
    return struck + 1


def remove_orphan(connection: Connection, body_id: str, limit: int) -> int:
    """Remove up to `limit` chunks of a body that was given up; returns how many are left."""
    left = remove_chunks(connection, body_id, limit)
    if not left:
        connection.execute(delete(body_spills).where(body_spills.c.body_id == body_id))
    return left


def _remove_from(connection: Connection, body_id: str, first: int) -> None:
    connection.execute(
        delete(body_chunks).where(body_chunks.c.body_id == body_id, body_chunks.c.number >= first),
    )
    if not first:
        connection.execute(delete(body_spills).where(body_spills.c.body_id == body_id))


def _wall_clock() -> datetime:
    return datetime.now(UTC)
