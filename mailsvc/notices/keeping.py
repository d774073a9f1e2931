"""Keeping a message in quarantine: its row, the rest of its body, and the notices of it are one transaction.

    await Quarantining(...).keep(case, staged, tell, now)

A message of an id that is there already is not kept twice, nor told twice. Raises RecordsAway: nothing was kept, the
client is answered 4xx and still has it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from filters.mail import ClientKind
from mailsvc.notices.notices import Notices
from mailsvc.notices.quarantined import Quarantined, Way
from mailsvc.records import quarantine
from mailsvc.records.bodies import StagedBody
from mailsvc.records.cases import Case, Recipient
from mailsvc.records.store import Connection, Records
from schedules.moments import end_of_day, months_after
from schedules.names import Address


@dataclass(frozen=True, slots=True)
class Quarantining:
    """Keeps messages for so many calendar months, which are asked each time, by the days of `zone` (KY-1)."""

    records: Records
    notices: Notices
    kind: Quarantined
    keep_months: Callable[[], int]
    zone: ZoneInfo

    async def keep(self, case: Case, staged: StagedBody, tell: Sequence[Address], now: datetime) -> None:
        """Keep the message and tell those of `tell` that are addresses of ours. Raises RecordsAway."""
        last_day = months_after(case.at.astimezone(self.zone).date(), self.keep_months())
        ours = {(one.domain.ascii, one.key): one for one in tell if self.notices.ours(one.domain)}
        told = [address for _, address in sorted(ours.items(), key=lambda found: found[0])]

        def work(connection: Connection) -> None:
            self._keep_in(connection, case, staged, told, last_day, now)

        await self.records.committer.commit(work)
        self.notices.wake()

    def _keep_in(
        self,
        connection: Connection,
        case: Case,
        staged: StagedBody,
        tell: Sequence[Address],
        last_day: date,
        now: datetime,
    ) -> None:
        recipients = tuple(replace(one, told=one.told or _among(one, tell)) for one in case.recipients)
        if not quarantine.keep_in(
            connection, replace(case, recipients=recipients), staged, end_of_day(last_day, self.zone)
        ):
            return
        for address in tell:
            item = self.kind.item(case, _way(case, address), last_day)
            self.notices.add(connection, self.kind, address, item, now)


def _way(case: Case, address: Address) -> Way:
    """A sender of ours is told of what it sent, also where it wrote to itself; elsewhere a sender is a mere claim."""
    received = any(_is(address, one.recipient) or _is(address, one.original) for one in case.recipients)
    ours = case.sender_local and case.client_kind == ClientKind.SUBMISSION
    sent = ours and (not received or _is(address, case.mail_from))
    return Way.SENT if sent else Way.RECEIVED


def _among(recipient: Recipient, tell: Sequence[Address]) -> bool:
    return any(_is(address, recipient.recipient) or _is(address, recipient.original) for address in tell)


def _is(address: Address, text: str) -> bool:
    return str(address).casefold() == text.casefold()
