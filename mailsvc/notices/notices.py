"""Notices: the first of a kind goes to an address at once, further ones within a time are collected into one letter.

    records.committer.commit(lambda connection: notices.add(connection, QUARANTINED, address, item, now))
    notices.wake()                      # so that a letter that is due does not wait for the next look

`add` notes an item in the transaction of what it tells of; `run` is the role that writes the letters. A letter and the
mark that it was sent are one transaction, so it is queued once, however many services run and whenever one is killed.
Letters go to addresses of ours alone, by the post, past every quota. While the records are away the role waits.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from mailsvc.kit.telemetry import Log
from mailsvc.letters.letter import BadLetter, Letter
from mailsvc.letters.post import Post, ReadyLetter
from mailsvc.records import directory
from mailsvc.records import notices as rows
from mailsvc.records.notices import Item, Pending
from mailsvc.records.store import Connection, Records, RecordsAway
from schedules.names import Address, DomainName

_AT_ONCE = 100
_POLL_SECONDS = 1.0


class Kind(Protocol):
    """One kind of notice."""

    @property
    def name(self) -> str:
        """Stable: it stands in the records."""

    @property
    def collect(self) -> timedelta:
        """At most one letter goes to an address in this time, by the settings as they are now."""

    def letter(self, to: Address, items: Sequence[Item], count: int, key: str) -> Letter:
        """The letter about `count` events, of which `items` are told one by one; `key` makes its Message-ID."""


class Notices:
    """Notes and sends; `ours` tells whether a domain is one of ours, `wake_outbox` hears the lanes of letters."""

    def __init__(
        self,
        records: Records,
        post: Post,
        kinds: Collection[Kind],
        log: Log,
        *,
        now: Callable[[], datetime],
        ours: Callable[[DomainName], bool],
        wake_outbox: Callable[[Collection[str]], None],
    ) -> None:
        self._records = records
        self._post = post
        self._kinds = {kind.name: kind for kind in kinds}
        self._log = log
        self._now = now
        self.ours = ours
        self._wake_outbox = wake_outbox
        self._woken = asyncio.Event()

    def add(self, connection: Connection, kind: Kind, address: Address, item: Item, now: datetime) -> None:
        """Note an item in the caller's transaction. Raises ValueError for an address that is not ours.

        For several addresses call it in the order of domain and key.
        """
        if not self.ours(address.domain):
            raise ValueError(f"{address.domain} is not ours: nobody outside is told")
        rows.add(connection, address, kind.name, item, now, kind.collect)

    def wake(self) -> None:
        """Something may be due; call it after the commit."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self.round()
            except RecordsAway as why:
                self._log.warning("notices wait for the records", why=str(why))
            with suppress(TimeoutError):  # not wait_for, which may lose a cancellation in Python 3.11
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._woken.wait()

    async def round(self) -> int:
        """Send what is due now; the number of letters. Raises RecordsAway."""
        now = self._now()
        waiting = await self._records.ask(lambda connection: rows.due(connection, self._kinds, now, _AT_ONCE))
        return sum([await self._sent(pending, self._kinds[pending.kind], now) for pending in waiting])

    async def _sent(self, pending: Pending, kind: Kind, now: datetime) -> bool:
        """One letter; what fails by a fault of ours stays due and must not keep the others."""
        try:
            return await self._send(pending, kind, now)
        except RecordsAway:
            raise
        except Exception as error:  # noqa: BLE001 - one notice's fault must not end the house
            self._log.error("a notice failed and will be tried again", kind=kind.name, exc_info=error)
            return False

    async def _send(self, pending: Pending, kind: Kind, now: datetime) -> bool:
        """Queue one letter together with its mark; False where another service was quicker, or nobody may be told."""
        ready = await self._ready(pending, kind, now)

        def work(connection: Connection) -> bool:
            settled = rows.settle(connection, pending, now, kind.collect)
            if settled and ready is not None:
                ready.queue(connection)
            return settled

        if not await self._records.committer.commit(work) or ready is None:
            return False
        self._log.info("notice queued", kind=kind.name, message=ready.message.id, events=pending.count)
        self._wake_outbox({delivery.lane for delivery in ready.deliveries})
        return True

    async def _ready(self, pending: Pending, kind: Kind, now: datetime) -> ReadyLetter | None:
        """The letter; None for an address that is no longer ours or cannot be written to."""
        to = await self._records.ask(lambda connection: _address(connection, pending))
        if not self.ours(to.domain):
            return None
        letter = kind.letter(to, pending.items, pending.count, f"{kind.name} {to} {pending.due_at.isoformat()}")
        try:
            return await self._post.ready(letter, now)
        except BadLetter as why:
            self._log.error("a notice cannot be written", kind=kind.name, domain=str(to.domain), why=str(why))
            return None


def _address(connection: Connection, pending: Pending) -> Address:
    """As the directory writes it; role addresses need no entry there."""
    domain = DomainName(pending.domain)
    entry = directory.find(connection, domain, pending.key)
    return entry.address if entry else Address(pending.key, domain)
