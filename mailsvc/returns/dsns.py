"""Reports on their way out: composed, staged, and ready to be queued in the transaction of what they tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mailsvc.letters.dsn import compose
from mailsvc.letters.post import ReadyLetter, our_own
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.delivery import Delivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from mailsvc.returns import telling
from mailsvc.returns.addressee import Addressee
from schedules.names import Address


@dataclass(frozen=True, slots=True)
class Dsns:
    """Writes reports from `sender`; `zone` dates what people read."""

    records: Records
    sender: Address
    hostname: str
    zone: ZoneInfo
    new_id: Callable[[], str]

    async def ready(
        self, message: Message, told: Sequence[Delivery], addressee: Addressee, now: datetime
    ) -> ReadyLetter:
        """A report on the deliveries `told`. Raises BadLetter, RecordsAway."""
        report = telling.report(message, addressee.address, told, addressee.octets)
        octets = compose(report, sender=self.sender, host=self.hostname, at=now.astimezone(self.zone))
        writer = BodyWriter(self.records, self.new_id, lambda: now)
        await writer.write(octets)
        staged = await writer.finish()
        utf8, eight_bit = report.needs_smtputf8, report.eight_bit
        dsn = our_own(self.new_id(), staged, now, origin="dsn", smtputf8=utf8, eight_bit=eight_bit)
        return ReadyLetter(dsn, tuple(replace(way, notify="never") for way in addressee.ways), staged)
