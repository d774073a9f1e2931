"""The octets of one message on their way into the records: `reception.Body` over a BodyWriter.

What is not taken is discarded; what could not be discarded stays as an orphan that the records sweep. RecordsAway
becomes the reply to give, 451 4.3.0, or 452 4.3.1 where there is no room, and is logged with its cause.
"""

from collections.abc import Awaitable, Callable

from filters.replies import FACTS_AWAY, STORE_FULL, Reply
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.reception import Envelope, Mail
from mailsvc.kit.telemetry import Log
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.store import RecordsAway

Accept = Callable[[Envelope, StagedBody], Awaitable[Reply]]


class Incoming:
    """One body being written; `accept` is what becomes of it at the end."""

    def __init__(self, writer: BodyWriter, accept: Accept, mail: Mail, log: Log) -> None:
        self._writer = writer
        self._accept = accept
        self._mail = mail
        self._log = log

    async def write(self, octets: bytes | bytearray) -> None:
        """Take octets; returns when what does not fit in memory is durable."""
        try:
            await self._writer.write(octets)
        except RecordsAway as why:
            raise self._away(why) from why

    async def finish(self, envelope: Envelope) -> Reply:
        """Keep it, and answer."""
        try:
            return await self._accept(envelope, await self._writer.finish())
        except RecordsAway as why:
            await self.discard()
            raise self._away(why) from why
        except Unacceptable:
            await self.discard()
            raise

    async def discard(self) -> None:
        """Forget it."""
        try:
            await self._writer.discard()
        except RecordsAway as why:
            self._log.warning("body-left-to-sweep", message=self._mail.id, why=str(why))

    def _away(self, why: RecordsAway) -> Unacceptable:
        self._log.error("records-away", message=self._mail.id, why=str(why))
        return Unacceptable(STORE_FULL if why.full else FACTS_AWAY)
