"""What follows from a settlement: a mailbox that fills up is looked at, a forward may rest, a sender is told.

The outbox calls `settled` once a settlement is written. Nothing here is promised to anybody by that: what is lost by a
crash is found again, by the next mail to the mailbox, by the next refusal, by the returner's own look.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailsvc.notices.forward_paused import ForwardPauses
from mailsvc.notices.quota_warnings import QuotaWarnings
from mailsvc.records import messages
from mailsvc.records.deliveries import Delivered, Delivery, Outcome, Undeliverable
from mailsvc.records.store import Records
from mailsvc.returns.returner import Returner
from schedules.names import Address, BadName, DomainName


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Tells whom it concerns; `ours` tells whether a domain is one of ours."""

    records: Records
    warnings: QuotaWarnings
    pauses: ForwardPauses
    returner: Returner
    ours: Callable[[DomainName], bool]
    now: Callable[[], datetime]

    async def settled(self, group: Sequence[Delivery], outcomes: Mapping[str, Outcome]) -> None:
        """Deliveries of one message were settled. Raises RecordsAway."""
        for delivery in group:
            outcome = outcomes[delivery.id]
            if isinstance(outcome, Delivered):
                self._landed(delivery)
            elif isinstance(outcome, Undeliverable):
                await self._failed(delivery, outcome)
        self.returner.wake()

    def _landed(self, delivery: Delivery) -> None:
        try:
            mailbox = Address.parse(delivery.recipient)
        except BadName:
            return
        if self.ours(mailbox.domain):
            self.warnings.noticed(mailbox)

    async def _failed(self, delivery: Delivery, outcome: Undeliverable) -> None:
        message = await self.records.ask(lambda connection: messages.find(connection, delivery.message_id))
        if message is not None:
            await self.pauses.refused(delivery, message, outcome.reply, at_rcpt=outcome.at_rcpt, now=self.now())
