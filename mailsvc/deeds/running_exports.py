"""Exports of subscribers' mail that run: what a gate asks before it lets a stage end them.

Use: give something with `running` to the gates (`mailsvc.deeds.gates`). `ExportJobs` reads them from the jobs of the
records; `NotCounted` is the source of a service that knows of no exports: it says so, and a gate that asks it does not
open by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailsvc.records import directory, exports
from mailsvc.records.store import Connection
from schedules.names import Address, BadName, DomainName


@dataclass(frozen=True, slots=True)
class RunningExport:
    """One subscriber's export that has begun and not ended."""

    address: Address
    contact: Address  # where its subscriber is told
    ready: datetime | None = None  # when it will have ended, as far as that can be said


class RunningExports(Protocol):
    """Knows which exports run."""

    def running(self, connection: Connection, domains: Collection[str]) -> tuple[RunningExport, ...] | None:
        """The exports that run for addresses of these domains of a plan; None: not known.

        Asked in a thread, outside of any transaction. Raises RecordsAway.
        """
        ...


class NotCounted:
    """No exports are kept account of."""

    def running(self, connection: Connection, domains: Collection[str]) -> tuple[RunningExport, ...] | None:
        """None: nothing is known."""
        del connection, domains
        return None


class ExportJobs:
    """The exports that wait, run or rest as jobs. Nobody promises when one is ready: it gets all the time there is."""

    def running(self, connection: Connection, domains: Collection[str]) -> tuple[RunningExport, ...]:
        """Those of these domains, by name or below a `*.`; told at the contact address, else at the mailbox itself."""
        mailboxes = (Address.parse(address) for _, address in exports.running(connection))
        return tuple(
            RunningExport(mailbox, contact_of(connection, mailbox))
            for mailbox in mailboxes
            if any(_covers(pattern, mailbox.domain) for pattern in domains)
        )


def contact_of(connection: Connection, mailbox: Address) -> Address:
    """Where the subscriber of a mailbox is told."""
    entry = directory.find(connection, mailbox.domain, mailbox.key)
    try:
        return Address.parse(entry.contact) if entry and entry.contact else mailbox
    except BadName:
        return mailbox


def _covers(pattern: str, domain: DomainName) -> bool:
    if pattern.startswith("*."):
        return domain.ascii.endswith(pattern.removeprefix("*"))
    return domain.ascii == pattern
