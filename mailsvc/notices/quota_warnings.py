"""Warnings to subscribers whose mailbox is 80 or 95 per cent full (KY-1): one letter each time that is reached.

    warnings.noticed(mailbox)      # mail has landed there, or it was found nearly full; costs next to nothing
    await warnings.run()           # a role: counts what was noticed, and writes

The letter is queued in the transaction that marks the mailbox as warned, so it is written once, by one service of
several. It goes into the mailbox itself, past every limit. What could not be looked at is noticed with the next mail;
while the records are away the role waits.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from filters import quota
from mailsvc.kit.quantities import parse_size
from mailsvc.kit.settings import Quota
from mailsvc.kit.telemetry import Log
from mailsvc.letters.letter import BadLetter, Letter
from mailsvc.letters.post import Post
from mailsvc.letters.templates import write
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import directory, usage
from mailsvc.records.store import Connection, Records, RecordsAway
from schedules.names import Address

_MEGABYTE: Final = parse_size("1 MB")
# A mailbox is looked at once for all the mail of so many seconds.
_ROUND_SECONDS: Final = 2.0
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Wording:
    """What the letter says besides numbers: `host` is the writer, `zone` dates it, `end` is when receiving ends."""

    host: str
    zone: ZoneInfo
    end: Callable[[Address], datetime | None] = lambda _: None


class CannotCount(Exception):
    """How full a mailbox is cannot be known now; the message says why."""


class QuotaWarnings:
    """Warns subscribers. `used` says how many octets a mailbox holds, None where nobody knows; raises CannotCount.

    `settings` is asked each time, since they may change.
    """

    def __init__(
        self,
        records: Records,
        post: Post,
        settings: Callable[[], Quota],
        used: Callable[[Address], Awaitable[int | None]],
        now: Callable[[], datetime],
        wording: Wording,
        log: Log,
        *,
        wake_outbox: Callable[[Collection[str]], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._records = records
        self._post = post
        self._settings = settings
        self._used = used
        self._now = now
        self._wording = wording
        self._log = log
        self._wake_outbox = wake_outbox
        self._sleep = sleep
        self._noticed: OrderedDict[tuple[str, str], Address] = OrderedDict()
        self._some = asyncio.Event()

    def noticed(self, mailbox: Address) -> None:
        """Have `mailbox` looked at soon; of more than there is room for, those noticed first are left out."""
        self._noticed[mailbox.key, mailbox.domain.ascii] = mailbox
        if len(self._noticed) > _REMEMBERED:
            self._noticed.popitem(last=False)
        self._some.set()

    async def run(self) -> None:
        """Look at what is noticed, until cancelled."""
        while True:
            await self._some.wait()
            await self._sleep(_ROUND_SECONDS)
            try:
                await self.round()
            except RecordsAway as why:
                self._log.warning("quota-warnings-wait", why=str(why))

    async def round(self) -> None:
        """Look at everything noticed by now. Raises RecordsAway; what was not looked at then stays noticed."""
        self._some.clear()
        while self._noticed:
            mailbox = next(iter(self._noticed.values()))
            try:
                await self._look(mailbox)
            except RecordsAway:
                self._some.set()
                raise
            except (CannotCount, BadLetter, NoRoute) as why:
                self._log.warning("quota-warning-failed", mailbox=str(mailbox), why=str(why))
            self._noticed.pop((mailbox.key, mailbox.domain.ascii), None)

    async def _look(self, mailbox: Address) -> None:
        """Count one mailbox, and write to it or forget what was written."""
        limit = await self._limit(mailbox)
        used = await self._used(mailbox) if limit else None
        if used is None:
            return
        row = await self._records.ask(lambda connection: usage.get(connection, mailbox))
        before = row.warned if row else 0
        percent = quota.warned(used, limit, before)
        if percent > before:
            await self._warn(mailbox, before, percent, used, limit)
        elif percent < before:
            forget = partial(usage.warn, mailbox=mailbox, before=before, percent=percent, octets=used, now=self._now())
            await self._records.committer.commit(forget)

    async def _limit(self, mailbox: Address) -> int:
        """Its limit in octets; 0 for none, and for a mailbox without an entry, such as postmaster's."""
        entry = await self._records.ask(lambda connection: directory.find(connection, mailbox.domain, mailbox.key))
        if entry is None:
            return 0
        return self._settings().limit if entry.quota is None else entry.quota

    async def _warn(self, mailbox: Address, before: int, percent: int, used: int, limit: int) -> None:
        now = self._now()
        ready = await self._post.ready(self.letter(mailbox, percent, used, limit, now), now)

        def queue(connection: Connection) -> bool:
            first = usage.warn(connection, mailbox, before, percent, used, now)
            if first:
                ready.queue(connection)
            return first

        if await self._records.committer.commit(queue):
            self._log.info("quota-warned", mailbox=str(mailbox), percent=percent)
            self._wake_outbox({delivery.lane for delivery in ready.deliveries})

    def letter(self, mailbox: Address, percent: int, used: int, limit: int, now: datetime) -> Letter:
        """The letter to `mailbox`, which holds `used` of `limit` octets."""
        wording, end = self._wording, self._wording.end(mailbox)
        facts = {
            "address": str(mailbox),
            "domain": str(mailbox.domain),
            "percent": percent,
            "used": _megabytes(used),
            "limit": _megabytes(limit),
            "full": quota.is_over(used, limit),
            "grace_days": self._settings().grace // timedelta(days=1),
            "end": end.astimezone(wording.zone).strftime("%Y-%m-%d %H:%M %Z") if end and end > now else "",
            "contact": f"postmaster@{mailbox.domain}",
            "host": wording.host,
        }
        return write("quota-warning", facts, to=(mailbox,), key=f"quota {percent} {mailbox} {now.isoformat()}")


def _megabytes(octets: int) -> str:
    return f"{octets / _MEGABYTE:.1f} MB"
