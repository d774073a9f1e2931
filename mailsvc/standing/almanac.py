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
from schedules.plan import Plan
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
            version, stored = _stored(connection)
        self._take(version, self._read(stored))

    async def watch(self) -> None:
        """Role: follow the records until cancelled; while they cannot be read the last edition stands."""
        while True:
            try:
                if await self._records.ask(_version) != self._version:
                    version, stored = await self._records.ask(_stored)
                    # In a thread: a long plan takes seconds to read, and mail does not wait for it.
                    self._take(version, await asyncio.to_thread(self._read, stored))
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

    def _read(self, stored: list[StoredPlan]) -> tuple[Edition, ...]:
        """The editions; of a plan that was only amended, what its text says is known."""
        known = {edition.plan.name: edition.plan for edition in self._editions}
        return tuple(edition_of(one, known.get(one.name)) for one in stored)

    def _take(self, version: int, read: tuple[Edition, ...]) -> None:
        self._editions = read
        self._by_domain = {}
        self._version = version


def _version(connection: Connection) -> int:
    return versions.of(connection, "editions")


def _stored(connection: Connection) -> tuple[int, list[StoredPlan]]:
    # The version first: a change between the two reads is then seen again at the next look, never missed.
    return _version(connection), editions.load(connection)


def edition_of(stored: StoredPlan, known: Plan | None = None) -> Edition:
    """The edition that stands: a stored plan's newest text with every amendment. Raises UnreadableEdition.

    `known` is what was read of it before; it is read again where the text is another one.
    """
    try:
        same = known is not None and (known.text, known.source.file) == (stored.text, stored.file)
        plan = known if known is not None and same else read_plan(stored.text, stored.file)
        amendments = tuple(Amendment.from_json(text) for text in stored.amendments)
        return Edition(plan, stored.number, amendments)
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableEdition(f"the stored plan {stored.name} (number {stored.number}): {error}") from error
