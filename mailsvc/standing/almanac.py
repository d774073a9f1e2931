"""The editions in force, by domain, kept in step with the records.

`refresh()` reads them once, at start; `watch()` is a role that looks for a change every quarter of a second, so that a
new plan or amendment holds in every process within a second. `of(domain)` never waits.
A stored plan that cannot be read any more raises UnreadableEdition, which ends the role: to go on by an older
edition would be to refuse or take mail by rules nobody wrote.
"""

import asyncio
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from mailsvc.records import editions, versions
from mailsvc.records.editions import StoredPlan
from mailsvc.records.errors import RecordsAway
from mailsvc.records.store import Connection, Records
from schedules.amendments import Amendment
from schedules.edition import Edition, edition_for, open_edition
from schedules.names import DomainName
from schedules.planfile import read_plan

_POLL_SECONDS = 0.25
_REMEMBERED = 65_536


class UnreadableEdition(Exception):
    """A stored plan or amendment that this version cannot read; the message names it and says why."""


class Almanac:
    """The current editions. `zone` is that of domains no plan covers, for which expiry and suspension alone speak."""

    def __init__(
        self, records: Records, zone: ZoneInfo, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._records = records
        self._sleep = sleep
        self._open = open_edition(zone)
        self._editions: tuple[Edition, ...] = ()
        self._by_domain: dict[DomainName, Edition] = {}
        self._version = -1

    def refresh(self) -> None:
        """Read all editions from the records. Raises UnreadableEdition or RecordsAway."""
        with self._records.read() as connection:
            self._take(*_stored(connection))

    async def watch(self) -> None:
        """Role: follow the records until cancelled; while they cannot be read the last edition stands."""
        while True:
            try:
                if await self._records.ask(_version) != self._version:
                    self._take(*await self._records.ask(_stored))
            except RecordsAway:
                pass  # whoever asks for an address hears of it: the directory is in the same place
            except (OSError, MemoryError):
                pass  # a shortage: a plan's zone cannot be looked up now; the next look tries again
            await self._sleep(_POLL_SECONDS)

    def of(self, domain: DomainName) -> Edition:
        """The edition that speaks for `domain`: of the plan that names it most closely, else the open one."""
        known = self._by_domain.get(domain)
        if known is None:
            if len(self._by_domain) >= _REMEMBERED:
                self._by_domain.clear()
            known = self._by_domain[domain] = edition_for(domain, self._editions) or self._open
        return known

    @property
    def editions(self) -> tuple[Edition, ...]:
        """All editions in force."""
        return self._editions

    def _take(self, version: int, stored: list[StoredPlan]) -> None:
        self._editions = tuple(edition_of(plan) for plan in stored)
        self._by_domain = {}
        self._version = version


def _version(connection: Connection) -> int:
    return versions.of(connection, "editions")


def _stored(connection: Connection) -> tuple[int, list[StoredPlan]]:
    # The version first: a change between the two reads is then seen again at the next look, never missed.
    return _version(connection), editions.load(connection)


def edition_of(stored: StoredPlan) -> Edition:
    """The edition that stands: a stored plan's newest text with every amendment. Raises UnreadableEdition."""
    try:
        amendments = tuple(Amendment.from_json(text) for text in stored.amendments)
        return Edition(read_plan(stored.text, stored.file), stored.number, amendments)
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableEdition(f"the stored plan {stored.name} (number {stored.number}): {error}") from error
