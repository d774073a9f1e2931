"""How full mailboxes are, what has been promised to them, and since when they have been over their limit.

    used = await book.of(mailbox, limit, now, claim=Claim(transaction, size))    # at RCPT: reserves, then counts
    fits = await book.still_fits(transaction, octets)                            # at the end of DATA

Promised is what messages in progress have reserved, and what waits in the outbox. Each message is looked for where it
is first: reserved, then waiting, then in the mailbox; one on its way between them is counted twice rather than never.

Counts come from the Maildirs (`usage_counts.py`), or from a server elsewhere (`usage_asked.py`), whose answers are some
time old: what came meanwhile is seen before mail is put off, not before it is taken. Since when a mailbox is over is
kept in the records and survives restarts. A grace time that has passed is believed only after a count made anew.
Raises FactsAway where a mailbox cannot be counted, RecordsAway where the records cannot be asked.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from filters.mail import Usage
from filters.quota import WARNINGS, is_at, is_over
from mailsvc.kit.settings import Quota
from mailsvc.records import usage as kept
from mailsvc.records.store import Records
from mailsvc.records.usage import UsageRow
from mailsvc.standing.reservations import Reservations
from mailsvc.standing.usage_counts import Counted, Counting, MaildirCounting
from schedules.names import Address

_REMEMBERED = 20_000
# Octets of an announced size that are reserved at once; the rest is asked for when it has come. Else whoever announces
# a large message to a mailbox and never sends it keeps everybody else out.
BELIEVED = 65_536


@dataclass(frozen=True, slots=True)
class Claim:
    """A message in progress that asks for room."""

    transaction: str
    octets: int  # as announced; 0 where it was not


@dataclass(slots=True)
class _Known:
    """What is remembered of one mailbox."""

    counting: Counting
    noted: bool = True  # the records may hold an over_since of it


class UsageBook:
    """The usage of mailboxes. `folder` names a mailbox's Maildir, `asked` who else knows; None where it cannot be seen.

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
        asked: Callable[[Address], Counting | None] = lambda _: None,
        reservations: Reservations | None = None,
        filling: Callable[[Address], None] = lambda _: None,
        stamp: Callable[[], datetime | None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._quota = quota
        self._folder = folder
        self._asked = asked
        self._reservations = reservations or Reservations(monotonic)
        self._filling = filling
        self._stamp = stamp or (lambda: None)
        self._monotonic = monotonic
        self._known: OrderedDict[Address, _Known] = OrderedDict()

    async def of(
        self, mailbox: Address, limit: int | None, now: datetime, *, claim: Claim | None = None
    ) -> Usage | None:
        """How full `mailbox` is at `now`; `limit` in octets, None for the settings' own, 0 for none.

        `claim` reserves room. None where there is no limit, or nobody has ever said what the mailbox holds.
        """
        limit = self._quota().limit if limit is None else limit
        known = self._of(mailbox) if limit else None
        if known is None:
            return None
        promised = await self._reserved(mailbox, limit, claim) + await self._waiting(mailbox)
        counted = await _counted(known, limit - promised) or await self._earlier(mailbox, now)
        if counted is None:
            return None
        usage = await self._usage(mailbox, known, counted, limit, now)
        return replace(usage, promised=promised) if promised else usage

    async def held(self, mailbox: Address, now: datetime) -> Counted | None:
        """What `mailbox` holds, as far as it is known at `now`; None where nobody has ever said so."""
        known = self._of(mailbox)
        if known is None:
            return None
        return await known.counting.held() or await self._earlier(mailbox, now)

    async def still_fits(self, transaction: str, octets: int) -> bool:
        """Whether a message of `octets` still finds room wherever it takes more than it had reserved."""
        for grown in await self._reservations.correct(transaction, octets):
            known = self._of(grown.mailbox)
            promised = grown.others + await self._waiting(grown.mailbox)
            counted = await _counted(known, grown.limit - promised) if known else None
            if is_over((counted.octets if counted else 0) + promised, grown.limit):
                return False
        return True

    def renew(self) -> None:
        """The settings were read again: mailboxes may be elsewhere."""
        self._known.clear()

    def confirm(self, transaction: str, mailboxes: Collection[Address]) -> None:
        """Keep what a transaction reserved where its recipient's verdict sends mail to, and give back the rest."""
        self._reservations.confirm(transaction, mailboxes)

    def release(self, transaction: str) -> None:
        """Give back what a transaction holds: its message waits in the outbox by now, or will never come."""
        self._reservations.release(transaction)

    async def _earlier(self, mailbox: Address, now: datetime) -> Counted | None:
        """What the records know, of before a restart."""
        row = await self._records.ask(lambda connection: kept.get(connection, mailbox))
        age = (now - row.counted_at).total_seconds() if row else 0.0
        return Counted(row.octets, "an earlier count", max(0.0, age)) if row else None

    async def _usage(self, mailbox: Address, known: _Known, counted: Counted, limit: int, now: datetime) -> Usage:
        """What has been counted, and since when that is too much."""
        if is_at(counted.octets, limit, WARNINGS[0]):
            self._filling(mailbox)
        if not is_over(counted.octets, limit):
            await self._under(mailbox, known, counted)
            return Usage(counted.octets, limit, None, grace_over=False, fresh=False)
        since = await self._over(mailbox, known, counted)
        grace_over = since is not None and now >= since + self._quota().grace
        fresh = await known.counting.anew() if grace_over else None
        if fresh is None:
            return Usage(counted.octets, limit, since, grace_over=grace_over, fresh=False)
        if is_over(fresh.octets, limit):
            return Usage(fresh.octets, limit, since, grace_over=True, fresh=True)
        await self._under(mailbox, known, fresh)
        return Usage(fresh.octets, limit, None, grace_over=False, fresh=True)

    async def _reserved(self, mailbox: Address, limit: int, claim: Claim | None) -> int:
        """What others have reserved; a claim reserves first, so that whoever comes after it sees it."""
        if claim is None:
            return await self._reservations.reserved(mailbox)
        return await self._reservations.take(claim.transaction, mailbox, min(claim.octets, BELIEVED), limit)

    async def _waiting(self, mailbox: Address) -> int:
        return await self._records.ask(lambda connection: kept.waiting(connection, mailbox))

    def _of(self, mailbox: Address) -> _Known | None:
        key = Address(mailbox.key, mailbox.domain)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        folder = self._folder(mailbox)
        counting = MaildirCounting(folder, self._monotonic) if folder is not None else self._asked(mailbox)
        if counting is None:
            return None
        known = self._known[key] = _Known(counting)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known

    async def _over(self, mailbox: Address, known: _Known, counted: Counted) -> datetime | None:
        """Since when it has been over. Read each time: another process may have seen it empty meanwhile."""
        row = await self._records.ask(lambda connection: kept.get(connection, mailbox))
        known.noted = True
        since = row.over_since if row else None
        stamp = None if since else self._stamp()
        if stamp is not None:
            row = UsageRow(counted.octets, stamp, _at(counted, stamp))
            await self._records.committer.commit(lambda connection: kept.put(connection, mailbox, row))
        return since or stamp

    async def _under(self, mailbox: Address, known: _Known, counted: Counted) -> None:
        """Forget since when it was over, in the records too."""
        stamp = self._stamp() if known.noted else None
        if stamp is None:
            return
        row = await self._records.ask(lambda connection: kept.get(connection, mailbox))
        if row and row.over_since:
            left = UsageRow(counted.octets, None, _at(counted, stamp))
            await self._records.committer.commit(lambda connection: kept.put(connection, mailbox, left))
        known.noted = False


async def _counted(known: _Known, room: int) -> Counted | None:
    """What has been counted; where that does not fit into `room` octets, a moment ago if it can be had."""
    counted = await known.counting.held()
    return await known.counting.checked() if counted is not None and counted.octets >= room else counted


def _at(counted: Counted, now: datetime) -> datetime:
    """When it was counted."""
    return now - timedelta(seconds=counted.age)
