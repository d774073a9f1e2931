"""The post: a letter becomes a message with deliveries, inside the transaction of the act it belongs to.

    ready = await post.ready(letter, now)
    records.committer.commit(lambda connection: ready.queue(connection))

`ready` does everything that can fail by itself; `queue` only inserts. Letters carry the null reverse-path, so that no
automatic answer to them can loop (RFC 3834 3.3); an undeliverable one stays visible in the records.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from filters.verdict import Because
from mailsvc.letters.letter import Letter, compose
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.deliveries import NewDelivery
from mailsvc.records.messages import Message, Origin
from mailsvc.records.store import Connection, Records
from schedules.names import Address


@dataclass(frozen=True, slots=True)
class ReadyLetter:
    """A letter that only waits to be queued."""

    message: Message
    deliveries: tuple[NewDelivery, ...]
    staged: StagedBody

    def queue(self, connection: Connection) -> str:
        """Insert it with its deliveries into the caller's transaction; its message id."""
        messages.accept_in(connection, self.message, self.deliveries, self.staged)
        return self.message.id


def our_own(
    message_id: str, staged: StagedBody, now: datetime, *, origin: Origin, smtputf8: bool, eight_bit: bool = False
) -> Message:
    """The row of a message that we write: nobody's client, and the null reverse-path (RFC 3464 2, RFC 3834 3.3)."""
    return Message(
        id=message_id,
        body_id=staged.id,
        size=staged.size,
        sha256=staged.sha256,
        received_at=now,
        client_kind="",
        client_ip="",
        helo="",
        mail_from="",
        smtputf8=smtputf8,
        eight_bit=eight_bit,
        trace=b"",
        origin=origin,
    )


class Post:
    """Writes letters from `sender`; `lane` names the outbox lane of an address, `zone` dates what people read."""

    def __init__(
        self,
        records: Records,
        *,
        sender: Address,
        hostname: str,
        zone: ZoneInfo,
        new_id: Callable[[], str],
        lane: Callable[[Address], str],
    ) -> None:
        self._records = records
        self._sender = sender
        self._hostname = hostname
        self._zone = zone
        self._new_id = new_id
        self._lane = lane

    async def ready(self, letter: Letter, now: datetime) -> ReadyLetter:
        """Compose the letter, dated `now`. Raises BadLetter, and what `lane` raises where there is no way."""
        octets = compose(letter, sender=self._sender, host=self._hostname, at=now.astimezone(self._zone))
        writer = BodyWriter(self._records, self._new_id, lambda: now)
        await writer.write(octets)
        staged = await writer.finish()
        message = our_own(self._new_id(), staged, now, origin="letter", smtputf8=letter.smtputf8)
        news = tuple(NewDelivery(str(to), str(to), Because.LIVE, self._lane(to)) for to in letter.to)
        return ReadyLetter(message, news, staged)
