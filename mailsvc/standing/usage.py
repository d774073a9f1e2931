"""How full mailboxes are, what has been promised to them, and since when they have been over their limit.

    used = await book.of(mailbox, limit, now, claim=Claim(transaction, size))    # at RCPT: reserves, then counts
    fits = await book.still_fits(transaction, octets)                            # at the end of DATA

Promised is what messages in progress have reserved, and what waits in the outbox. Each message is looked for where it
is first: reserved, then waiting, then in the Maildir; one on its way between them is counted twice rather than never.

Counts come from the Maildirs and are remembered with the folders' mtimes, so a look without change costs some `stat`
calls; a large mailbox is counted in a thread. Since when a mailbox is over is kept in the records and survives
restarts. A grace time that has passed is believed only after a count made anew.
Raises FactsAway where a mailbox cannot be counted, RecordsAway where the records cannot be asked.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filters.mail import Usage
from filters.quota import WARNINGS, is_at, is_over
from mailsvc.kit.settings import Quota
from mailsvc.records import usage as kept
from mailsvc.records.store import Records
from mailsvc.records.usage import UsageRow
from mailsvc.standing.reservations import Reservations
from migrator.maildir.delivery import MaildirError
from migrator.maildir.usage import Held, MaildirCount
from schedules.names import Address

_REMEMBERED = 20_000
# Octets of an announced size that are reserved at once; the rest is asked for when it has come. Else whoever announces
# a large message to a mailbox and never sends it keeps everybody else out.
BELIEVED = 65_536
# How long a count made anew is good for, while nothing in the folders moves.
_FRESH_SECONDS = 60.0


class FactsAway(Exception):
    """What must be known to judge cannot be known now; the message tells the operator why. Answer 451."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message in progress that asks for room."""

    transaction: str
    octets: int  # as announced; 0 where it was not


@dataclass(slots=True)
class _Known:
    """What is remembered of one mailbox."""

    count: MaildirCount
    noted: bool = True  # the records may hold an over_since of it
    fresh_at: float = float("-inf")  # monotonic seconds of the last count made anew
    fresh_held: Held | None = None


class UsageBook:
    """The usage of mailboxes. `folder` names a mailbox's Maildir, None where it cannot be seen from here.

    What such a mailbox holds is for its own store to say, which answers when the mail is handed over.
    `quota` is asked each time, since settings may change.
    `filling` hears of each mailbox so full that its subscriber is warned of it.
    `stamp` is the time to write down when a mailbox is found over or under its limit; where it is missing or gives
    None (a command that only explains, a clock in doubt) nothing is written.
    """

    def __init__(
        self,
        records: Records,
        quota: Callable[[], Quota],
        folder: Callable[[Address], Path | None],
        *,
        reservations: Reservations | None = None,
        filling: Callable[[Address], None] = lambda _: None,
        stamp: Callable[[], datetime | None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._quota = quota
        self._folder = folder
        self._reservations = reservations or Reservations(monotonic)
        self._filling = filling
        self._stamp = stamp or (lambda: None)
        self._monotonic = monotonic
        self._known: OrderedDict[Address, _Known] = OrderedDict()

    async def of(
        self, mailbox: Address, limit: int | None, now: datetime, *, claim: Claim | None = None
    ) -> Usage | None:
        """How full `mailbox` is at `now`; `limit` in octets, None for the settings' own, 0 for none.

        `claim` reserves room. None where there is no limit, or nothing to count: then nothing is reserved either.
        """
        limit = self._quota().limit if limit is None else limit
        known = self._of(mailbox) if limit else None
        if known is None:
            return None
        promised = await self._reserved(mailbox, limit, claim) + await self._waiting(mailbox)
        usage = await self._usage(mailbox, known, limit, now)
        return replace(usage, promised=promised) if promised else usage

    async def still_fits(self, transaction: str, octets: int) -> bool:
        """Whether a message of `octets` still finds room wherever it takes more than it had reserved."""
        for grown in await self._reservations.correct(transaction, octets):
            known = self._of(grown.mailbox)
            promised = grown.others + await self._waiting(grown.mailbox)
            used = (await _counted(known)).octets if known else 0
            if is_over(used + promised, grown.limit):
                return False
        return True

    def confirm(self, transaction: str, mailboxes: Collection[Address]) -> None:
        """Keep what a transaction reserved where its recipient's verdict sends mail to, and give back the rest."""
        self._reservations.confirm(transaction, mailboxes)

    def release(self, transaction: str) -> None:
        """Give back what a transaction holds: its message waits in the outbox by now, or will never come."""
        self._reservations.release(transaction)

    async def _usage(self, mailbox: Address, known: _Known, limit: int, now: datetime) -> Usage:
        """What has been counted, and since when that is too much."""
        held = await _counted(known)
        if is_at(held.octets, limit, WARNINGS[0]):
            self._filling(mailbox)
        if not is_over(held.octets, limit):
            await self._under(mailbox, known, held)
            return Usage(held.octets, limit, None, grace_over=False, fresh=False)
        since = await self._over(mailbox, known, held)
        grace_over = since is not None and now >= since + self._quota().grace
        if not grace_over:
            return Usage(held.octets, limit, since, grace_over=False, fresh=False)
        held = await self._anew(known, held)
        if is_over(held.octets, limit):
            return Usage(held.octets, limit, since, grace_over=True, fresh=True)
        await self._under(mailbox, known, held)
        return Usage(held.octets, limit, None, grace_over=False, fresh=True)

    async def _reserved(self, mailbox: Address, limit: int, claim: Claim | None) -> int:
        """What others have reserved; a claim reserves first, so that whoever comes after it sees it."""
        if claim is None:
            return await self._reservations.reserved(mailbox)
        return await self._reservations.take(claim.transaction, mailbox, min(claim.octets, BELIEVED), limit)

    async def _waiting(self, mailbox: Address) -> int:
        return await self._records.ask(lambda connection: kept.waiting(connection, mailbox))

    async def recount(self, mailbox: Address) -> Held | None:
        """Count `mailbox` anew, whatever is remembered; None where it cannot be seen from here."""
        known = self._of(mailbox)
        return None if known is None else await _in_thread(known, fresh=True)

    def _of(self, mailbox: Address) -> _Known | None:
        key = Address(mailbox.key, mailbox.domain)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        folder = self._folder(mailbox)
        if folder is None:
            return None
        known = self._known[key] = _Known(MaildirCount(folder))
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known

    async def _anew(self, known: _Known, held: Held) -> Held:
        """A count made anew, at most once in a while for a mailbox in which nothing moves."""
        now = self._monotonic()
        if known.fresh_held != held or now - known.fresh_at > _FRESH_SECONDS:
            known.fresh_held, known.fresh_at = await _in_thread(known, fresh=True), now
            return known.fresh_held
        return held

    async def _over(self, mailbox: Address, known: _Known, held: Held) -> datetime | None:
        """Since when it has been over. Read each time: another process may have seen it empty meanwhile."""
        row = await self._records.ask(lambda connection: kept.get(connection, mailbox))
        known.noted = True
        since = row.over_since if row else None
        stamp = None if since else self._stamp()
        if stamp is not None:
            await self._records.committer.commit(
                lambda connection: kept.put(connection, mailbox, UsageRow(held.octets, stamp, stamp))
            )
        return since or stamp

    async def _under(self, mailbox: Address, known: _Known, held: Held) -> None:
        """Forget since when it was over, in the records too."""
        stamp = self._stamp() if known.noted else None
        if stamp is None:
            return
        row = await self._records.ask(lambda connection: kept.get(connection, mailbox))
        if row and row.over_since:
            await self._records.committer.commit(
                lambda connection: kept.put(connection, mailbox, UsageRow(held.octets, None, stamp))
            )
        known.noted = False


async def _counted(known: _Known) -> Held:
    try:
        held = known.count.quick()
    except MaildirError as error:
        raise FactsAway(str(error)) from error
    return held if held is not None else await _in_thread(known)


async def _in_thread(known: _Known, *, fresh: bool = False) -> Held:
    try:
        return await asyncio.to_thread(known.count.count, fresh=fresh)
    except MaildirError as error:
        raise FactsAway(str(error)) from error
